"""The error codes of the Graph API that icesync knows: pure data (Graph API facts, section Errors)."""

from typing import Final

from icesync.graph.catalogue.entry import (
    HANDLING,
    INFERRED,
    RATES,
    REFERENCE,
    SEEN,
    Entry,
    Retry,
    Who,
    entries,
)
from icesync.model import FailureKind

PASSES: Final = "This passes by itself most times: run it again."
WAIT: Final = "Too many calls: run it again later; nothing is lost."
RENEW: Final = "Create a new token and store it where the account's reference points."
GRANT: Final = (
    "The token needs instagram_business_basic and instagram_business_manage_messages; "
    "grant them and create a new token."
)
COMPARE: Final = "Compare the account's id with Instagram's: a professional account's begins with 1784."
CORRECT: Final = (
    "Correct in the files what the message names; where they are right, report it with its trace."
)

OTHER_HOST: Final = (
    "Most times the token is dead or belongs to the other host: compare the token with api.url "
    "(graph.instagram.com or graph.facebook.com), or create a new one."
)

_TRANSIENT: Final = entries(
    FailureKind.TRANSIENT,
    Retry.SOON,
    Who.RUNNER,
    HANDLING,
    (
        "1",
        "Something went wrong inside the API, which does not say what.",
        "This passes by itself most times: run it again; if it stays, look at api.url and api.version.",
    ),
    ("2", "A part of the API is out of service for the moment.", PASSES),
)
_THROTTLED: Final = (
    *entries(
        FailureKind.THROTTLED,
        Retry.LATER,
        Who.RUNNER,
        HANDLING,
        ("4", "The whole app has made too many calls: every account of it has to wait.", WAIT),
        ("17", "The token's user has made too many calls.", WAIT),
        ("341", "A limit of the app is reached, or the API itself is short of room.", WAIT),
    ),
    *entries(
        FailureKind.THROTTLED,
        Retry.LATER,
        Who.RUNNER,
        RATES,
        ("32", "The Page has had too many calls.", WAIT),
        ("613", "This part of the API has had more calls than it allows.", WAIT),
        (
            "80000-80014",
            "One of Meta's products for businesses has had too many calls; Meta lists most of these codes.",
            WAIT,
        ),
        ("80002", "The Instagram account has had too many calls.", WAIT),
        ("80006", "The account has had too many calls of Messenger's API.", WAIT),
    ),
)
_TOKEN: Final = (
    *entries(
        FailureKind.TOKEN,
        Retry.NO,
        Who.KEEPER,
        HANDLING,
        ("102", "There is no session for the token: it has expired or was revoked.", RENEW),
        ("190", "The token is dead: it has expired, was revoked, or never was one.", RENEW),
        (
            "190/463",
            "The token has expired: a long-lived one lives 60 days from its last refresh.",
            "The token has expired: create a new one and store it where the reference points.",
        ),
        (
            "190/467",
            "The token is not valid: it has expired, was revoked, or is damaged.",
            "The token is not valid: create a new one and store it where the reference points.",
        ),
    ),
    *entries(
        FailureKind.TOKEN,
        Retry.NO,
        Who.OWNER,
        HANDLING,
        (
            "190/458",
            "The app was removed from the account, and its tokens died with that.",
            "The app was removed from the account: connect it again, then store the new token.",
        ),
        (
            "190/459",
            "The account is held at a checkpoint until its owner passes it.",
            "Instagram wants the account's owner to log in and pass a checkpoint.",
        ),
        (
            "190/460",
            "The account's password was changed, and its tokens died with that.",
            "The password was changed: log in again, then store the new token.",
        ),
        (
            "190/464",
            "The account was never confirmed, or has to be confirmed again.",
            "The account is not confirmed: its owner must log in and confirm it.",
        ),
        (
            "190/492",
            "The token's user has lost the role that lets it act for the account.",
            "The token's user has no role on this account any more: give it one, or store another's token.",
        ),
    ),
    *entries(
        FailureKind.TOKEN,
        Retry.NO,
        Who.KEEPER,
        SEEN,
        ("104", "The API found no token in the call, or one whose signature does not hold.", RENEW),
    ),
)
_PERMISSION: Final = (
    *entries(
        FailureKind.PERMISSION,
        Retry.NO,
        Who.DEVELOPER,
        HANDLING,
        ("3", "The app lacks a capability or a permission for this call.", GRANT),
    ),
    *entries(
        FailureKind.PERMISSION,
        Retry.NO,
        Who.OWNER,
        HANDLING,
        ("10", "A permission was not granted, or was taken back.", GRANT),
        ("200-299", "A permission was not granted, or was taken back; the message names it.", GRANT),
    ),
    *entries(
        FailureKind.PERMISSION,
        Retry.NO,
        Who.OWNER,
        INFERRED,
        ("36103", "A permission seems to be missing; Meta's documents do not explain this code.", GRANT),
    ),
)
_INVALID: Final = (
    *entries(
        FailureKind.INVALID,
        Retry.NO,
        Who.RUNNER,
        REFERENCE,
        ("100", "The API does not accept a value of the request.", CORRECT),
    ),
    *entries(
        FailureKind.INVALID,
        Retry.NO,
        Who.RUNNER,
        SEEN,
        (
            "100/33",
            "There is no such account, or the token may not see it.",
            "The id is wrong, or the token belongs to another account: compare the two.",
        ),
        (
            "100/IGApiException",
            "Instagram's host does not serve this call for this token.",
            OTHER_HOST,
        ),
        ("110", "The id is no user's.", COMPARE),
        ("803", "Nothing has the id, or the name, that the request names.", COMPARE),
        (
            "2500",
            "The API cannot read the path of the request, or finds no token for it.",
            "Look at api.url, api.version and the account's id; where they are right, create a new token.",
        ),
    ),
)
_BLOCKED: Final = entries(
    FailureKind.BLOCKED,
    Retry.LATER,
    Who.OWNER,
    HANDLING,
    (
        "368",
        "Meta holds that the account broke a policy, and has blocked the action for now.",
        "Meta has blocked this action for now: look into the account before you try again.",
    ),
)

CODES: Final[tuple[Entry, ...]] = (
    *_TRANSIENT,
    *_THROTTLED,
    *_TOKEN,
    *_PERMISSION,
    *_INVALID,
    *_BLOCKED,
)
