"""What people are told of tokens that end soon: a sentence for each step of the way."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from icesync.tokens.records import End

STEPS: Final = (1, 3, 7, 14)
"""Days before its end at which a token is warned of, and again."""

DAY: Final = 86400.0
_MOST_NAMES: Final = 10
_NEXT: Final = "icesync tokens refresh"


def is_near(end: End, now: float) -> bool:
    """It is time to warn of it."""
    return end.when - now <= STEPS[-1] * DAY


def date(when: float) -> str:
    """The day in UTC: `2026-11-23`."""
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d}"


def warnings(ends: Mapping[str, End], now: float, *, working: Collection[str] = ()) -> tuple[str, ...]:
    """Sentences on tokens that end soon or have ended, by account name, sorted.

    What has ended and is `working` all the same was refreshed by somebody else: nobody knows its end.
    """
    near = {name: end for name, end in ends.items() if is_near(end, now)}
    return tuple(sorted([*_soon(near, now), *_ended(near, now, working)]))


def _soon(near: Mapping[str, End], now: float) -> Iterator[str]:
    for after, step in zip((0, *STEPS), STEPS, strict=False):
        names = sorted(name for name, end in near.items() if after * DAY < end.when - now <= step * DAY)
        if names:
            what = "1 token ends" if len(names) == 1 else f"{len(names)} tokens end"
            within = f"within {step} day{'s' * (step != 1)}"
            latest = "" if all(near[name].exact for name in names) else " at the latest"
            yield f"{what} {within}{latest}: {_first(names)} ({_NEXT})"


def _ended(near: Mapping[str, End], now: float, working: Collection[str]) -> Iterator[str]:
    gone = {name: end for name, end in near.items() if end.when <= now and name not in working}
    if gone:
        what = "1 token has" if len(gone) == 1 else f"{len(gone)} tokens have"
        named = [
            f"{name} ({date(end.when)}{'' if end.exact else ' at the latest'})"
            for name, end in sorted(gone.items())
        ]
        yield f"{what} ended: {_first(named)}: create new ones and store them where the references point"


def _first(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
