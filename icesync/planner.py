"""Compare what is desired with what was observed."""

from collections.abc import Iterable, Mapping

from icesync.model import Change, Desired, Observation, Plan, Unreadable


def plan(desired: Iterable[Desired], observed: Mapping[str, Observation]) -> Plan:
    """What would have to change. `observed` is keyed by account name and must hold every managed
    account of `desired`; an account that could not be read is listed and never changed."""
    changes: list[Change] = []
    unreadable: list[Unreadable] = []
    unchanged = unmanaged = 0
    for wanted in sorted(desired, key=lambda each: each.account.name):
        if wanted.profile is None:
            unmanaged += 1
            continue
        seen = observed[wanted.account.name]
        if seen.error is not None:
            unreadable.append(Unreadable(wanted.account, seen.error))
        elif seen.profile is not None and seen.profile != wanted.profile:
            changes.append(Change(wanted.account, seen.profile, wanted.profile))
        else:
            unchanged += 1
    return Plan(tuple(changes), tuple(unreadable), unchanged, unmanaged)
