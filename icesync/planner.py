"""Compare what is desired with what was observed."""

from collections.abc import Iterable, Mapping

from icesync.model import Change, Desired, Observation, Plan, Subscription, Unreadable


def plan(desired: Iterable[Desired], observed: Mapping[str, Observation]) -> Plan:
    """What would have to change. `observed` is keyed by account name and must hold every managed
    account of `desired`; an account that could not be read is listed and never changed."""
    changes: list[Change] = []
    subscriptions: list[Subscription] = []
    unreadable: list[Unreadable] = []
    unchanged = unmanaged = 0
    for wanted in sorted(desired, key=lambda each: each.account.name):
        if not wanted.is_managed:
            unmanaged += 1
            continue
        seen = observed[wanted.account.name]
        if seen.error is not None:
            unreadable.append(Unreadable(wanted.account, seen.error))
            continue
        change, subscription = _change(wanted, seen), _subscription(wanted, seen)
        if change is not None:
            changes.append(change)
        if subscription is not None:
            subscriptions.append(subscription)
        unchanged += change is None and subscription is None
    return Plan(tuple(changes), tuple(unreadable), unchanged, unmanaged, subscriptions=tuple(subscriptions))


def _change(wanted: Desired, seen: Observation) -> Change | None:
    """What the account's profile needs, if it is wanted and known."""
    if wanted.profile is None or seen.profile is None or seen.profile == wanted.profile:
        return None
    return Change(wanted.account, seen.profile, wanted.profile)


def _subscription(wanted: Desired, seen: Observation) -> Subscription | None:
    """What the account's subscriptions lack, where they are known. More than is wanted is left alone."""
    live = seen.subscribed
    if live is None or set(live).issuperset(wanted.account.webhooks):
        return None
    return Subscription(wanted.account, live, tuple(sorted({*live, *wanted.account.webhooks})))
