"""Refuse a plan that goes further than its owner allows, or tell beforehand that it would be."""

from icesync.errors import Refused
from icesync.model import Action, Limits, Plan


def check(plan: Plan, limits: Limits, *, force: bool = False) -> None:
    """Raise Refused with every reason, where there are any."""
    if found := reasons(plan, limits, force=force):
        raise Refused(found)


def reasons(plan: Plan, limits: Limits, *, force: bool = False) -> list[str]:
    """Why the plan is refused; empty where it is not. `force` lifts the limits, nothing lifts `protect`.

    Percentages are of the managed accounts in the run.
    """
    found = [] if force else _past_limits(plan, limits)
    # Once for each account, whatever else would be done to it.
    protected = {write.account.name: write.action for write in reversed(plan.writes) if write.account.protect}
    return found + [
        f"{name} is protected: `protect: true` must be lifted before it can {protected[name]}"
        for name in sorted(protected)
    ]


def foreseen(plan: Plan) -> list[str]:
    """Why an apply would refuse the plan, by the limits that it knows; empty where it knows none."""
    return [] if plan.limits is None else reasons(plan, plan.limits)


def _past_limits(plan: Plan, limits: Limits) -> list[str]:
    return [
        f"{count:,} of {plan.accounts:,} accounts would {verb}, the limit {name} is {limit}"
        f" (--{name.replace('_', '-')} or --force goes past it)"
        for name, limit, count, verb in (
            ("max_changes", limits.max_changes, len(plan.differing), "change"),
            ("max_deletes", limits.max_deletes, plan.count(Action.DELETE), "lose all ice breakers"),
        )
        if not limit.admits(count, plan.accounts)
    ]
