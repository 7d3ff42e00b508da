"""Refuse a plan that goes further than its owner allows."""

from icesync.errors import Refused
from icesync.model import Action, Limits, Plan


def check(plan: Plan, limits: Limits, *, force: bool = False) -> None:
    """Raise Refused with every reason. `force` lifts the limits, nothing lifts `protect`.

    Percentages are of the managed accounts in the run.
    """
    reasons = [
        f"{change.account.name} is protected: `protect: true` must be lifted before it can {change.action}"
        for change in plan.changes
        if change.account.protect
    ]
    if not force:
        reasons += _past_limits(plan, limits)
    if reasons:
        raise Refused(reasons)


def _past_limits(plan: Plan, limits: Limits) -> list[str]:
    return [
        f"{count} of {plan.accounts} accounts would {verb}, the limit {name} is {limit}"
        f" (--{name.replace('_', '-')} or --force goes past it)"
        for name, limit, count, verb in (
            ("max_changes", limits.max_changes, len(plan.changes), "change"),
            ("max_deletes", limits.max_deletes, plan.count(Action.DELETE), "lose all ice breakers"),
        )
        if not limit.admits(count, plan.accounts)
    ]
