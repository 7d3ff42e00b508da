"""Read the live state of many accounts."""

from collections.abc import Iterable

from icesync.clock import Clock
from icesync.errors import GraphError
from icesync.model import Desired, GraphFailure, Observation, Profile
from icesync.reconciler.ports import Notify, ProfileReader, passes_soon
from icesync.reconciler.workers import each


async def observe(
    reader: ProfileReader,
    accounts: Iterable[Desired],
    *,
    clock: Clock,
    concurrency: int,
    notify: Notify,
) -> dict[str, Observation]:
    """Read every account, `concurrency` at a time; the result is keyed by account name.

    Subscriptions are read where webhooks are named, and the profile unless they are all that is asked
    for. An account of which a part cannot be read becomes an observation with its failure; the others
    go on.
    """
    observed: dict[str, Observation] = {}

    async def look(desired: Desired) -> None:
        account = desired.account
        profile: Profile | None = None
        subscribed: tuple[str, ...] | None = None
        error: GraphFailure | None = None
        try:
            # First what costs no call of a budget: each of these is read again when the other has to wait.
            if account.webhooks:
                subscribed = await reader.subscriptions(account)
            if desired.profile is not None or not account.webhooks:
                profile = await reader.get_profile(account)
        except GraphError as failed:
            if passes_soon(failed):
                raise
            error, subscribed = failed.failure, None
        if profile == desired.profile:
            profile = desired.profile  # one value for both: a fleet in sync is in memory once
        observed[account.name] = Observation(account, profile, error, clock.monotonic(), subscribed)
        notify(account, error)

    await each(accounts, look, concurrency, clock)
    return observed
