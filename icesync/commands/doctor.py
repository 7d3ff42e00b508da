"""`icesync doctor`: whether each account is in working order, and who must do what. Never writes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from icesync.commands import options
from icesync.errors import ExitCode, IcesyncError, UsageError
from icesync.runtime import Runtime

if TYPE_CHECKING:
    from icesync.model import Answers
    from icesync.sightings import Sightings
    from icesync.tokens.records import TokenRecord


@click.command()
@options.config_argument
@options.scope
@options.outputs_in("text", "json")
@click.pass_obj
def doctor(runtime: Runtime, scope: options.Scope, outputs: Sequence[options.Output]) -> int:
    """Tell whether each account is in working order, and who must do what.

    Every account of the files is asked about, unmanaged ones too, and nothing is written: does its
    credential resolve, does its token live and is it the account's own, may it read the profile, do taps
    come to the app, how long does the token live on. That costs one call of an account's budget at most.
    Accounts in order are only counted; -v shows all. Exit code 3 when something is wrong.
    """
    from icesync.clock import stamp
    from icesync.commands import output, steps
    from icesync.doctor import checkup
    from icesync.graph.protocol import is_facebook
    from icesync.reconciler import examine

    if scope.dask is not None:
        raise UsageError("doctor asks from this machine, so there is nothing for --dask to do")
    output.check_outputs(outputs)
    loaded = steps.load(runtime, scope)
    api, traffic = loaded.fleet.api, steps.traffic_of(runtime, scope, loaded.fleet)
    accounts = [each.account for each in steps.chosen(runtime, scope, loaded.fleet)]

    with runtime.sightings(api, traffic) as sightings:

        async def work(_: object) -> "tuple[Answers, ...]":
            async with runtime.client(api, traffic, root=loaded.root, sightings=sightings) as client:
                with runtime.console.progress("examining", len(accounts), runtime.clock) as notify:
                    return await examine(
                        client,
                        accounts,
                        tells_owner=not is_facebook(api),
                        clock=runtime.clock,
                        concurrency=scope.concurrency,
                        notify=notify,
                    )

        told = runtime.run(work)
        now = runtime.clock.now()
        records = _learned(runtime, sightings, told, now.timestamp())
    found = checkup(told, records, api, created=stamp(now), now=now.timestamp())
    output.emit(runtime.console, found, outputs)
    return ExitCode.DONE if found.is_well else ExitCode.PARTIAL


def _learned(
    runtime: Runtime, sightings: "Sightings", told: "Sequence[Answers]", now: float
) -> "Mapping[str, TokenRecord]":
    """What is known of the accounts' tokens, by account identity, now that this was told."""
    try:
        for each in told:
            if each.fingerprint and each.owner:
                sightings.keep_identity(each.fingerprint, each.owner, now)
        sightings.enter(now)
        return sightings.book.known([each.account.identity for each in told])
    except IcesyncError as error:
        runtime.console.say(f"note: what was learned of tokens is not kept: {error}")
        return {}
