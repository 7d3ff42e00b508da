"""Ask how many accounts stand, a question after the other, until the answers would tell nothing new."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Final

from icesync.clock import Clock
from icesync.errors import GraphError
from icesync.model import Account, Answers, GraphFailure, Requirement
from icesync.reconciler.ports import Notify, Witness, passes_soon
from icesync.reconciler.workers import each


async def examine(
    witness: Witness,
    accounts: Iterable[Account],
    *,
    tells_owner: bool,
    clock: Clock,
    concurrency: int,
    notify: Notify,
) -> tuple[Answers, ...]:
    """Ask about every account, `concurrency` at a time. An account costs one of its calls at most.

    `tells_owner`: it makes sense to ask whose token it is. A question that fails is data; the others go on.
    """
    heard: list[Answers] = []

    async def look(account: Account) -> None:
        told = await _about(witness, account, tells_owner)
        heard.append(told)
        notify(account, next(iter(told.failures.values()), None))

    await each(accounts, look, concurrency, clock)
    return tuple(heard)


async def _about(witness: Witness, account: Account, tells_owner: bool) -> Answers:
    """Raises Throttled where the account shall be asked again soon, and none of its calls was used."""
    told = await _asked(witness, Answers(account), Requirement.CREDENTIAL)
    if told.is_settled:
        return told
    try:
        witness.hold(account, 1)
    except GraphError as error:
        if passes_soon(error):
            raise
        told = _failing(told, Requirement.PERMISSIONS, error.failure)
    try:
        for requirement in _QUESTIONS:
            is_moot = requirement is Requirement.IDENTITY and not tells_owner
            if not (is_moot or told.is_settled or requirement in told.failures):
                told = await _asked(witness, told, requirement)
    finally:
        witness.release(account)
    return told


async def _asked(witness: Witness, told: Answers, requirement: Requirement) -> Answers:
    """The answers with one more, or with the failure in its place."""
    try:
        return await _ASK[requirement](witness, told)
    except GraphError as error:
        if passes_soon(error) and requirement is not Requirement.PERMISSIONS:
            raise
        return _failing(told, requirement, error.failure)


async def _fingerprint(witness: Witness, told: Answers) -> Answers:
    return replace(told, fingerprint=await witness.fingerprint(told.account))


async def _owner(witness: Witness, told: Answers) -> Answers:
    return replace(told, owner=await witness.identity(told.account))


async def _webhooks(witness: Witness, told: Answers) -> Answers:
    return replace(told, webhooks=await witness.subscriptions(told.account))


async def _reads(witness: Witness, told: Answers) -> Answers:
    await witness.probe(told.account)
    return replace(told, reads=True)


_ASK: Final[dict[Requirement, Callable[[Witness, Answers], Awaitable[Answers]]]] = {
    Requirement.CREDENTIAL: _fingerprint,
    Requirement.IDENTITY: _owner,
    Requirement.WEBHOOKS: _webhooks,
    Requirement.PERMISSIONS: _reads,
}
# The one that costs a call comes last: where another has told enough it is not made.
_QUESTIONS: Final = (Requirement.IDENTITY, Requirement.WEBHOOKS, Requirement.PERMISSIONS)


def _failing(told: Answers, requirement: Requirement, failure: GraphFailure) -> Answers:
    return replace(told, failures={**told.failures, requirement: failure})
