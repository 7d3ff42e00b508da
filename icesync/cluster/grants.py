"""Calls that are handed out with a part of a run, so that budgets hold wherever it is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from icesync.clock import Clock
from icesync.errors import Throttled
from icesync.graph.governor import Governor
from icesync.graph.ledger import Ledger
from icesync.model import Account
from icesync.reconciler import CLEAR_CALLS, WRITE_CALLS

READ_GRANT: Final = (1, 3)
"""Calls that reading an account takes at least, and with every retry."""

WRITE_GRANT: Final = (1 + WRITE_CALLS, 1 + WRITE_CALLS + CLEAR_CALLS)
"""Reading it again, writing it and reading it back; and clearing it on the way, where it comes to that.
Of ten calls a plan and an apply whose worker dies take seven at most: three are left to try again."""

NO_GRANT: Final = (0, 0)
"""No account has a budget of the calls for its subscriptions."""


@dataclass(frozen=True, slots=True)
class Grants:
    """Holds calls in the ledger of the command line while workers make them. What a worker did that
    died is not known: then everything that it was granted counts."""

    governor: Governor
    ledger: Ledger | None
    clock: Clock

    def give(self, account: Account, grant: tuple[int, int]) -> int:
        """As many calls as the account can get now, between the least and the most of the grant.
        Raises Throttled where the least of them do not fit."""
        least, most = grant
        for calls in range(most, least, -1):
            try:
                self.governor.hold(account, calls)
            except Throttled:
                continue
            return calls
        self.governor.hold(account, least)
        return least

    def settle(self, accounts: Iterable[Account], calls: Mapping[str, int]) -> None:
        """So many calls were made, by account name; what else was held is free again."""
        now = self.clock.now().timestamp()
        for account in accounts:
            if self.ledger is not None:
                for _ in range(calls.get(account.name, 0)):
                    self.ledger.spend(account.identity, now)
            self.governor.release(account)
