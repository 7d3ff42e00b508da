"""What the sandbox remembers of every account, and that nothing changes which cannot be kept."""

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, field
from typing import TypeVar

from icesync.sandbox.answers import Refusal
from icesync.sandbox.rules import Locales

T = TypeVar("T", bound=Sized)


@dataclass
class Memory:
    """By account id: questions, webhook fields, and when each of its tokens was refreshed.

    `refreshed` knows a token by its number (that of sandbox-ID is 0) and times in UNIX seconds.
    `keep` gets all of it whenever something is put.
    """

    profiles: dict[str, Locales] = field(default_factory=dict)
    subscribed: dict[str, Sequence[str]] = field(default_factory=dict)
    refreshed: dict[str, dict[int, float]] = field(default_factory=dict)
    keep: Callable[["Memory"], None] | None = None

    def put(self, table: dict[str, T], account: str, value: T) -> None:
        """Remember it in one of these tables; what is empty is forgotten. Refusal: it cannot be kept,
        and nothing has changed."""
        before = table.get(account)
        _place(table, account, value)
        try:
            if self.keep:
                self.keep(self)
        except OSError as error:
            _place(table, account, before)
            raise Refusal(2, f"The state cannot be kept: {error.strerror}", status=500) from error


def _place(table: dict[str, T], account: str, value: T | None) -> None:
    if value:
        table[account] = value
    else:
        table.pop(account, None)
