"""What the sandbox can be: the worlds that the facts leave open, and the faults that strike its calls."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, cast, get_args

Shape = Literal["wrapped", "manual", "flat"]
Post = Literal["replace", "merge"]
Success = Literal["true", "string", "result"]
FaultKind = Literal["500", "html", "reset", "truncated", "transient", "throttle-app", "lost-answer"]


class Fault(NamedTuple):
    """Something that goes wrong, and the share of calls that it strikes (0 to 1)."""

    kind: FaultKind
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class World:
    """One of the servers that Meta's might be; a world without arguments is a healthy one.

    lag: reads of an account that still see the old value after a write. trim: texts are stored in
    NFC without blanks at their ends. budget: calls per account in ten minutes. latency is in
    milliseconds. The same seed strikes the same calls of an account, in whatever order accounts call.
    """

    shape: Shape = "wrapped"
    post: Post = "replace"
    lag: int = 0
    trim: bool = False
    success: Success = "true"
    budget: int | None = None
    latency: int = 0
    faults: tuple[Fault, ...] = ()
    seed: int = 0

    def fault(self, account: str, call: int) -> FaultKind | None:
        """What strikes this account's call number `call`: the first fault that hits."""
        for place, fault in enumerate(self.faults):
            if _chance(f"{self.seed} {place} {call} {account}") < fault.rate:
                return fault.kind
        return None


HEALTHY: Final = World()


def parse_fault(text: str) -> Fault:
    """Read KIND[:RATE]. ValueError says what is wrong with it."""
    kind, colon, rate = text.partition(":")
    if kind not in get_args(FaultKind):
        raise ValueError(f"{kind!r} is not one of {', '.join(get_args(FaultKind))}")
    try:
        share = float(rate) if colon else 1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"the rate of {kind} must be a number from 0 to 1, not {rate!r}")
    return Fault(cast("FaultKind", kind), share)


def _chance(event: str) -> float:
    """A number from 0 to below 1 that depends on nothing but the event."""
    return int.from_bytes(blake2b(event.encode(), digest_size=6).digest(), "big") / 2**48
