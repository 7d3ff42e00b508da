"""What one entry of the error catalogue says, and how well that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from icesync.model import FailureKind, GraphFailure


class Confidence(StrEnum):
    """How well a fact is known, in the letters of the project's Graph API facts."""

    HIGH = "H"
    MIDDLE = "M"
    LOW = "L"

    @property
    def told(self) -> str:
        return _CONFIDENCES[self]


_CONFIDENCES: Final = {
    Confidence.HIGH: "Meta's documents say so",
    Confidence.MIDDLE: "several independent programs agree",
    Confidence.LOW: "one source, or an inference",
}


class Source(NamedTuple):
    """Where a fact is from. `confidence` is None for what icesync does by itself."""

    name: str
    confidence: Confidence | None
    url: str | None = None


class Retry(StrEnum):
    """Whether the same call can go well without anybody doing anything."""

    NO = "no"
    SOON = "soon"
    LATER = "later"

    @property
    def told(self) -> str:
        return _RETRIES[self]


_RETRIES: Final = {
    Retry.NO: "no, not before the next step is done",
    Retry.SOON: "yes, at once; icesync itself tries three times",
    Retry.LATER: "yes, later; plans and reports tell when, where that is known",
}


class Who(StrEnum):
    """The person who must act."""

    RUNNER = "whoever runs icesync"
    KEEPER = "whoever keeps the tokens"
    OWNER = "the owner of the Instagram account"
    DEVELOPER = "an administrator of the Meta app"


@dataclass(frozen=True, slots=True)
class Entry:
    """One cause of failure. `step` is what `who` does next, and the hint of every such failure.

    `name` is a code of the API (`190`), a range of codes (`200-299`), a code with its subcode or
    type (`190/463`, `100/IGApiException`), or a word for what has no code (`no-answer`).
    """

    name: str
    kind: FailureKind
    cause: str
    retry: Retry
    who: Who
    step: str
    source: Source

    @property
    def keys(self) -> Sequence[str]:
        """Everything that the entry is found by: its name, and each code of a range."""
        first, dash, last = self.name.partition("-")
        if dash and first.isdigit():
            return [self.name, *map(str, range(int(first), int(last) + 1))]
        return [self.name]

    def failure(self, message: str) -> GraphFailure:
        """A failure of this cause that the API gave no code for."""
        return GraphFailure(self.kind, message, hint=self.step)


def entries(
    kind: FailureKind, retry: Retry, who: Who, source: Source, *rows: tuple[str, str, str]
) -> tuple[Entry, ...]:
    """Entries that have much in common, from rows of name, cause and step."""
    return tuple(Entry(name, kind, cause, retry, who, step, source) for name, cause, step in rows)


HANDLING: Final = Source(
    "Meta, Graph API: Handling Errors",
    Confidence.HIGH,
    "https://developers.facebook.com/docs/graph-api/guides/error-handling",
)
RATES: Final = Source(
    "Meta, Graph API: Rate Limits",
    Confidence.HIGH,
    "https://developers.facebook.com/docs/graph-api/overview/rate-limiting",
)
REFERENCE: Final = Source(
    "Meta, Marketing API: Error Reference",
    Confidence.HIGH,
    "https://developers.facebook.com/docs/marketing-api/error-reference",
)
INSTAGRAM: Final = Source(
    "Meta, Instagram Platform: Error Codes",
    Confidence.HIGH,
    "https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes",
)
VERSIONING: Final = Source(
    "Meta, Platform Versioning", Confidence.HIGH, "https://developers.facebook.com/docs/apps/versions"
)
SEEN: Final = Source("the project's Graph API facts, section Errors", Confidence.MIDDLE)
INFERRED: Final = SEEN._replace(confidence=Confidence.LOW)
OURS: Final = Source("icesync itself", None)
