"""What the sandbox can be: the worlds that the facts leave open, and the faults that strike its calls."""

from collections.abc import Container
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, cast, get_args

from icesync.sandbox.call import Endpoint

Shape = Literal["wrapped", "manual", "flat"]
Post = Literal["replace", "merge"]
Success = Literal["true", "string", "result"]
Ids = Literal["checked", "ignored"]
Identity = Literal["flat", "listed", "unnamed", "none"]
Apps = Literal["own", "all"]
Subscribe = Literal["replace", "add"]
Rotate = Literal["keep", "new", "dead"]
FaultKind = Literal["500", "html", "reset", "truncated", "transient", "throttle-app", "lost-answer"]


class Fault(NamedTuple):
    """Something that goes wrong, and the share of calls that it strikes (0 to 1).

    It may be for one endpoint or for one account alone; `calls` are the numbers of the calls that it
    may strike, counted from 1 for each account and endpoint.
    """

    kind: FaultKind
    rate: float = 1.0
    endpoint: Endpoint | None = None
    account: str | None = None
    calls: Container[int] | None = None

    def is_for(self, endpoint: Endpoint, account: str, call: int) -> bool:
        return (
            self.endpoint in (None, endpoint)
            and self.account in (None, account)
            and (self.calls is None or call in self.calls)
        )


@dataclass(frozen=True, slots=True)
class World:
    """One of the servers that Meta's might be; a world without arguments is a healthy one.

    lag: reads of an account that still see the old value after a write. trim: texts are stored in
    NFC without blanks at their ends. budget: calls per account in ten minutes. latency is in
    milliseconds, of the slow endpoint alone where one is named. The same seed strikes the same calls
    of an account, in whatever order accounts call.

    ids: whether a path must name the token's own account, or the token alone says which is meant.
    identity: `/me` answers flat, in data[0], without user_id, or is not there. subscribe: a POST
    replaces the fields or adds to them. apps: a GET tells what this app is subscribed to, or what any
    is. rotate: a refresh keeps the token's text, or makes a new one
    beside the old, or makes a new one and the old is dead at once.
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
    slow: Endpoint | None = None
    ids: Ids = "checked"
    identity: Identity = "flat"
    subscribe: Subscribe = "replace"
    apps: Apps = "own"
    rotate: Rotate = "keep"

    def fault(self, account: str, call: int) -> FaultKind | None:
        """What strikes this account's profile call number `call`: the first fault that hits."""
        return self.fault_of("profile", account, call)

    def fault_of(self, endpoint: Endpoint, account: str, call: int) -> FaultKind | None:
        """The same for a call of any endpoint; each has numbers and a luck of its own."""
        event = f"{call} {account}" if endpoint == "profile" else f"{call} {account} {endpoint}"
        for place, fault in enumerate(self.faults):
            if fault.is_for(endpoint, account, call) and _chance(f"{self.seed} {place} {event}") < fault.rate:
                return fault.kind
        return None

    def wait(self, endpoint: Endpoint) -> float:
        """Seconds before a call of this endpoint takes effect."""
        return self.latency / 1000 if self.slow in (None, endpoint) else 0.0


HEALTHY: Final = World()


def parse_fault(text: str) -> Fault:
    """Read KIND[:RATE][@ENDPOINT]. ValueError says what is wrong with it."""
    text, at, endpoint = text.partition("@")
    if at and endpoint not in get_args(Endpoint):
        raise ValueError(f"{endpoint!r} is not one of {', '.join(get_args(Endpoint))}")
    kind, colon, rate = text.partition(":")
    if kind not in get_args(FaultKind):
        raise ValueError(f"{kind!r} is not one of {', '.join(get_args(FaultKind))}")
    try:
        share = float(rate) if colon else 1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"the rate of {kind} must be a number from 0 to 1, not {rate!r}")
    return Fault(cast("FaultKind", kind), share, cast("Endpoint", endpoint) if at else None)


def _chance(event: str) -> float:
    """A number from 0 to below 1 that depends on nothing but the event."""
    return int.from_bytes(blake2b(event.encode(), digest_size=6).digest(), "big") / 2**48
