"""Failures to which the Graph API gave no code: pure data. The kinds, odd answers, and calls not sent."""

from typing import Final

from icesync.graph.catalogue.codes import CORRECT, GRANT, PASSES, RENEW, WAIT
from icesync.graph.catalogue.entry import INSTAGRAM, OURS, SEEN, Entry, Retry, Who
from icesync.model import FailureKind

_NOT_THE_API: Final = (
    "Something else than the Graph API answers: look at api.url, --api-url and the network's proxy."
)
_AGAIN: Final = "Run it again then; `icesync apply --wait` waits for it."

TOKEN: Final = Entry(
    "token",
    FailureKind.TOKEN,
    "The API does not take the account's token.",
    Retry.NO,
    Who.KEEPER,
    RENEW,
    SEEN,
)
PERMISSION: Final = Entry(
    "permission",
    FailureKind.PERMISSION,
    "The token, or the app that it was made for, may not do this.",
    Retry.NO,
    Who.OWNER,
    GRANT,
    SEEN,
)
THROTTLED: Final = Entry(
    "throttled",
    FailureKind.THROTTLED,
    "The account or the whole app has no calls left for now.",
    Retry.LATER,
    Who.RUNNER,
    WAIT,
    SEEN,
)
INVALID: Final = Entry(
    "invalid",
    FailureKind.INVALID,
    "The API refuses the request, or answers what nobody understands. Codes that icesync does not know count"
    " as this.",
    Retry.NO,
    Who.RUNNER,
    CORRECT,
    SEEN,
)
BLOCKED: Final = Entry(
    "blocked",
    FailureKind.BLOCKED,
    "Meta lets nobody do this on the account for now.",
    Retry.LATER,
    Who.OWNER,
    "Look into the account before you try again.",
    SEEN,
)
TRANSIENT: Final = Entry(
    "transient",
    FailureKind.TRANSIENT,
    "The call failed, and nothing says that it would fail again.",
    Retry.SOON,
    Who.RUNNER,
    PASSES,
    SEEN,
)
CREDENTIAL: Final = Entry(
    "credential",
    FailureKind.CREDENTIAL,
    "The token could not be had from where the account's reference points, so nothing was sent.",
    Retry.NO,
    Who.KEEPER,
    "Mend the account's token reference, or put a token where it points.",
    OURS,
)
KINDS: Final = (TOKEN, PERMISSION, THROTTLED, INVALID, BLOCKED, TRANSIENT, CREDENTIAL)

HTTP_3XX: Final = Entry(
    "http-3xx",
    FailureKind.INVALID,
    "The answer sends icesync to another place, where it does not take the token.",
    Retry.NO,
    Who.RUNNER,
    _NOT_THE_API,
    OURS,
)
HTTP_4XX: Final = Entry(
    "http-4xx",
    FailureKind.INVALID,
    "The answer refuses the request, but not in the words of the Graph API.",
    Retry.NO,
    Who.RUNNER,
    _NOT_THE_API,
    SEEN,
)
HTTP_429: Final = Entry(
    "http-429",
    FailureKind.THROTTLED,
    "The answer says that there were too many calls, but not in the words of the Graph API.",
    Retry.LATER,
    Who.RUNNER,
    WAIT,
    SEEN,
)
HTTP_5XX: Final = Entry(
    "http-5xx",
    FailureKind.TRANSIENT,
    "The API, or a gateway before it, has stumbled.",
    Retry.SOON,
    Who.RUNNER,
    PASSES,
    SEEN,
)
NO_ANSWER: Final = Entry(
    "no-answer",
    FailureKind.TRANSIENT,
    "There was no connection, or no whole answer in time.",
    Retry.SOON,
    Who.RUNNER,
    "This passes by itself most times: run it again; if it stays, look at the network, the proxy, api.url.",
    SEEN,
)
NOT_JSON: Final = Entry(
    "not-json",
    FailureKind.TRANSIENT,
    "The answer is no JSON object: it was cut short, or something else than the Graph API gave it.",
    Retry.SOON,
    Who.RUNNER,
    PASSES,
    SEEN,
)
CALLED_TRANSIENT: Final = Entry(
    "is-transient",
    FailureKind.TRANSIENT,
    "The API itself calls the error transient.",
    Retry.SOON,
    Who.RUNNER,
    PASSES,
    INSTAGRAM,
)
NOT_ACCEPTED: Final = Entry(
    "not-accepted",
    FailureKind.TRANSIENT,
    "A write was answered without an error, but not with success either.",
    Retry.SOON,
    Who.RUNNER,
    PASSES,
    SEEN,
)
ODD_ANSWER: Final = Entry(
    "odd-answer",
    FailureKind.INVALID,
    "The answer has no shape that is known, so what is live is unknown too; icesync does not guess.",
    Retry.NO,
    Who.RUNNER,
    "Look for a newer icesync; if there is none, report the message.",
    OURS,
)
BAD_URL: Final = Entry(
    "bad-url",
    FailureKind.INVALID,
    "The API's address makes no URL, so nothing was sent.",
    Retry.NO,
    Who.RUNNER,
    "Correct api.url or --api-url.",
    OURS,
)

OTHER_ACCOUNT: Final = Entry(
    "other-account",
    FailureKind.INVALID,
    "The token belongs to another account than the files say, so nothing was written with it.",
    Retry.NO,
    Who.KEEPER,
    "Perhaps two tokens have changed places: compare the account's id with what its reference points to.",
    OURS,
)
NO_NEW_TOKEN: Final = Entry(
    "no-new-token",
    FailureKind.TRANSIENT,
    "A refresh was answered, but not with a token; whether the old one still lives is not known.",
    Retry.NO,
    Who.KEEPER,
    "Look whether the account's token still works; where it does not, create a new one and store it.",
    OURS,
)

NO_ROOM: Final = Entry(
    "no-room",
    FailureKind.THROTTLED,
    "The account's budget has no calls left for this now, so nothing was sent.",
    Retry.LATER,
    Who.RUNNER,
    _AGAIN,
    OURS,
)
TOO_SMALL: Final = Entry(
    "budget-too-small",
    FailureKind.THROTTLED,
    "The budget allows an account fewer calls than this takes, however long one waits.",
    Retry.NO,
    Who.RUNNER,
    "Give accounts a larger budget: `api.budget`, or --budget.",
    OURS,
)
NEAR_LIMIT: Final = Entry(
    "near-limit",
    FailureKind.THROTTLED,
    "Meta tells that its limit is nearly reached, so icesync stopped before it.",
    Retry.LATER,
    Who.RUNNER,
    _AGAIN,
    OURS,
)
NO_TURN: Final = Entry(
    "no-turn",
    FailureKind.THROTTLED,
    "The run ended, or went on, before the account's turn came; nothing was sent.",
    Retry.SOON,
    Who.RUNNER,
    "Run it again.",
    OURS,
)
UNCOUNTED: Final = Entry(
    "uncounted",
    FailureKind.TRANSIENT,
    "Calls could not be counted in the state folder, and what is not counted is not sent.",
    Retry.NO,
    Who.RUNNER,
    "Give the state folder room and rights, then run it again.",
    OURS,
)
NOT_KEPT: Final = Entry(
    "not-in-snapshot",
    FailureKind.TRANSIENT,
    "The snapshot says nothing about the account, and live state was not asked.",
    Retry.NO,
    Who.RUNNER,
    "Take a new snapshot, with this account in its files: `icesync pull --snapshot FILE`.",
    OURS,
)
WORKER_LOST: Final = Entry(
    "worker-lost",
    FailureKind.TRANSIENT,
    "The part of the run that the account is in did not come back from the cluster.",
    Retry.SOON,
    Who.RUNNER,
    "Run it again.",
    OURS,
)

CASES: Final[tuple[Entry, ...]] = (
    *(HTTP_3XX, HTTP_4XX, HTTP_429, HTTP_5XX),
    *(NO_ANSWER, NOT_JSON, CALLED_TRANSIENT, NOT_ACCEPTED, ODD_ANSWER, BAD_URL),
    *(OTHER_ACCOUNT, NO_NEW_TOKEN),
    *(NO_ROOM, TOO_SMALL, NEAR_LIMIT, NO_TURN, UNCOUNTED, NOT_KEPT, WORKER_LOST),
)
