"""What is wrong with an account, or soon will be, although no call has failed: pure data."""

from typing import Final

from icesync.graph.catalogue.codes import RENEW
from icesync.graph.catalogue.entry import OURS, SEEN, VERSIONING, Entry, Retry, Who
from icesync.model import FailureKind

_WEBHOOKS: Final = SEEN._replace(name="the project's Graph API facts, section Webhooks")
_REQUESTS: Final = SEEN._replace(name="the project's Graph API facts, section Requests")
_LATER: Final = "Set `api.version` in the files to a later version, and look whether plans stay as they were."

SHARED_TOKEN: Final = Entry(
    "shared-token",
    FailureKind.INVALID,
    "Several accounts hold one token, which can be one account's only; no apply begins like that.",
    Retry.NO,
    Who.KEEPER,
    "Give each account a token of its own.",
    OURS,
)
NOT_TOLD: Final = Entry(
    "identity-not-told",
    FailureKind.INVALID,
    "The API does not tell whose token it gets, so one that was mixed up may go unseen.",
    Retry.NO,
    Who.KEEPER,
    "Nothing, as long as you know which token is whose.",
    OURS,
)
NOT_SUBSCRIBED: Final = Entry(
    "not-subscribed",
    FailureKind.INVALID,
    "The account is not subscribed to a webhook field: its events go nowhere, and nothing reports the lack.",
    Retry.NO,
    Who.RUNNER,
    "Ask for them where the files do not yet, `webhooks: [messages, messaging_postbacks]`, and apply.",
    _WEBHOOKS,
)
TOKEN_ENDS: Final = Entry(
    "token-ends-soon",
    FailureKind.TOKEN,
    "The token ends within two weeks: a long-lived one lives 60 days from its last refresh.",
    Retry.NO,
    Who.KEEPER,
    "Refresh it before that, `icesync tokens refresh`, or store a new one.",
    _REQUESTS,
)
TOKEN_ENDED: Final = Entry(
    "token-ended",
    FailureKind.TOKEN,
    "The token has ended, by what its last refresh said; one that has ended cannot be refreshed.",
    Retry.NO,
    Who.KEEPER,
    RENEW,
    _REQUESTS,
)
VERSION_ENDS: Final = Entry(
    "version-ends-soon",
    FailureKind.INVALID,
    "The API's version ends within three months; then calls are answered by a later one.",
    Retry.NO,
    Who.RUNNER,
    _LATER,
    VERSIONING,
)
VERSION_ENDED: Final = Entry(
    "version-ended",
    FailureKind.INVALID,
    "The API's version has ended, and calls are answered by a later one that nobody chose.",
    Retry.NO,
    Who.RUNNER,
    _LATER,
    VERSIONING,
)
VERSION_UNKNOWN: Final = Entry(
    "version-unknown",
    FailureKind.INVALID,
    "This icesync does not know the API's version: it is newer than its table, or a typing mistake.",
    Retry.NO,
    Who.RUNNER,
    "Look for a newer icesync, or correct `api.version` in the files.",
    VERSIONING,
)

AILMENTS: Final = (
    *(SHARED_TOKEN, NOT_TOLD, NOT_SUBSCRIBED, TOKEN_ENDS, TOKEN_ENDED),
    *(VERSION_ENDS, VERSION_ENDED, VERSION_UNKNOWN),
)
