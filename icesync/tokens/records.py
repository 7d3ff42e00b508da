"""What is known of an account's token, and when it ends. Pure. Times are seconds since 1970."""

from dataclasses import dataclass
from typing import Final, NamedTuple

LIFETIME: Final = 60 * 86400.0
"""Seconds that a long-lived token lives from its refresh (Graph API facts, Requests)."""


class Mishap(NamedTuple):
    """What went wrong with a token, and when."""

    at: float
    reason: str


class End(NamedTuple):
    """When a token ends; at the latest then where it is not `exact`."""

    when: float
    exact: bool


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is known of the token that an account's reference names.

    `seen`: when it was used first. `obtained` and `expires` are known of what a refresh gave. `begun`:
    a refresh was begun then and nobody has told its end, so a new token may be lost. `failed`: the last
    refresh gave nothing. `unstored`: it gave a token which its sink did not take. `dead`: the API said
    that the token is no good.
    """

    fingerprint: str
    seen: float
    obtained: float | None = None
    expires: float | None = None
    begun: float | None = None
    failed: Mishap | None = None
    unstored: Mishap | None = None
    dead: Mishap | None = None

    @property
    def refreshed(self) -> float | None:
        """When it was refreshed last: only a refresh tells when a token was obtained."""
        return self.obtained


def ends(record: TokenRecord) -> End:
    """When the token ends, as far as anybody knows."""
    if record.expires is not None:
        return End(record.expires, True)
    return End((record.seen if record.obtained is None else record.obtained) + LIFETIME, False)
