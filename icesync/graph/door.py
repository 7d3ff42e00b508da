"""A door that throttling closes: of one account, or of the whole app."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

from icesync.errors import Throttled, Transient
from icesync.model import GraphFailure

PATIENCE: Final = 20.0
"""The longest wait, in seconds, that a run sits out; what would take longer is deferred."""

UNTOLD_WAIT: Final = 600.0
"""Seconds until a budget of ten minutes is surely free again, for when nobody says."""


@dataclass(slots=True)
class Door:
    """Whether calls may pass. Closed while `closed_by` is set; `until` tells when to try again.
    Once `given_up` is set it never opens again.

    `tries` counts the calls that did not get through since it was last open; `closings` how often
    it ever fell shut: a call remembers that number, and so its answer shows its age.
    """

    closed_by: Throttled | None = None
    until: float = 0.0
    tries: int = 0
    closings: int = 0
    given_up: GraphFailure | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_by is None and self.given_up is None

    def open(self, seen: int) -> None:
        # An answer to a call from before the door fell shut says nothing about the door now.
        if seen == self.closings:
            self.closed_by, self.tries = None, 0

    def close(self, failure: Throttled, seen: int, now: float) -> None:
        # Calls that were under way together when the door fell shut are one closing, not many.
        if self.closed_by is None or seen == self.closings:
            self.closings += 1
            self.tries += 1
        self.closed_by = failure
        told = UNTOLD_WAIT if failure.wait is None else failure.wait
        if self.tries > 2:  # whoever is told to come back at once, again and again, comes less often
            told = max(told, min(2.0**self.tries, UNTOLD_WAIT))
        self.until = max(self.until, now + told)

    def miss(self, seen: int) -> None:
        """A call was lost: that opens no door, but a closed one has had its second try."""
        if self.closed_by is not None and seen == self.closings:
            self.tries += 1

    def wait(self, now: float, patience: float = PATIENCE) -> float:
        """Seconds until the next try. Raises Throttled or Transient when there shall be none in this run;
        who has infinite patience tries as often as it takes."""
        if self.given_up is not None:
            raise Transient(self.given_up)
        if self.closed_by is None:
            return 0.0
        remaining = max(0.0, self.until - now)
        if remaining > patience or (self.tries > 1 and isfinite(patience)):
            raise Throttled(self.closed_by.failure, app_wide=self.closed_by.app_wide, wait=remaining)
        return remaining
