"""Carry out the difference: observe many accounts at once, apply a plan, read every write back."""

from icesync.reconciler.applying import apply
from icesync.reconciler.examining import examine
from icesync.reconciler.execution import AGAIN_CALLS, CLEAR_CALLS, FRESH, READ_BACK_PAUSES, WRITE_CALLS
from icesync.reconciler.observing import observe
from icesync.reconciler.ports import ProfileReader, ProfileWriter, Witness, WriteLog
from icesync.reconciler.subscribing import SUBSCRIBE_CALLS

__all__ = [
    "AGAIN_CALLS",
    "CLEAR_CALLS",
    "FRESH",
    "READ_BACK_PAUSES",
    "SUBSCRIBE_CALLS",
    "WRITE_CALLS",
    "ProfileReader",
    "ProfileWriter",
    "Witness",
    "WriteLog",
    "apply",
    "examine",
    "observe",
]
