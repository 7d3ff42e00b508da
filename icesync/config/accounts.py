"""From the merged keys of an account to what it shall have. Pure.

Templates that no account uses go the same way, so that a mistake in one is told before it is needed.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from icesync.config.fields import NO_ID, read_id, read_labels, read_protect
from icesync.config.problems import Layer, Notes, Where, origin
from icesync.config.profiles import Memory, read_profile
from icesync.config.references import read_sink, read_token, sink_place
from icesync.config.resolve import ACCOUNT_KEYS, Ground, merge, under
from icesync.config.shapes import known_keys, mapping
from icesync.config.source import Data
from icesync.config.variables import Fault, Scope, faults
from icesync.config.webhooks import read_webhooks
from icesync.model import DEFAULT_LOCALE, Account, Desired

_NOT_UNIQUE: Final = ("me", NO_ID)


def read_accounts(notes: Notes, accounts: Mapping[str, Layer], ground: Ground) -> tuple[Desired, ...]:
    """What every account shall have, sorted by name."""
    memory = Memory()
    fleet = tuple([_read_account(notes, name, accounts[name], ground, memory) for name in sorted(accounts)])
    _check_unused(notes, ground, memory)
    _check_ids(notes, accounts, fleet)
    _check_sinks(notes, accounts, fleet)
    return fleet


def _read_account(notes: Notes, name: str, own: Layer, ground: Ground, memory: Memory) -> Desired:
    base = under(notes, own, ground)
    notes = notes.on(own, *base.layers)
    known_keys(notes, (), own.data, ACCOUNT_KEYS)
    data = merge(base.data, own.data)
    scope = Scope(name, read_id(notes, data.get("id")), notes.layers)
    ice_breakers = data.get("ice_breakers")
    asks = ice_breakers is not None or data.get("webhooks") is not None
    if asks and data.get("token") is None:
        message = "this account has no token, so it can be neither read nor written"
        notes.warning(("token",), "no-token", message, at_key=True)
    if isinstance(ice_breakers, dict) and ice_breakers and DEFAULT_LOCALE not in ice_breakers:
        message = (
            "the locale default is missing: it is for everyone whose language has no questions of its own"
        )
        notes.error(("ice_breakers", DEFAULT_LOCALE), "no-default", message, at_key=True)
    return _read(notes, data, scope, faults(base.faults, own), memory)


def _read(
    notes: Notes, data: Mapping[str, Data], scope: Scope, wrong: Mapping[str, Fault], memory: Memory
) -> Desired:
    """What accounts and templates that stand alone have in common."""
    mapping(notes, ("vars",), data.get("vars"))
    for name, fault in wrong.items():
        notes.error(("vars", name), fault.rule, fault.message, at_key=fault.rule != "wrong-type")
    account = Account(
        name=scope.name,
        id=scope.id,
        token=read_token(notes, data.get("token"), scope),
        labels=read_labels(notes, data.get("labels")),
        protect=read_protect(notes, data.get("protect")),
        webhooks=read_webhooks(notes, data.get("webhooks")),
        sink=read_sink(notes, data.get("sink"), scope),
    )
    return Desired(account, read_profile(notes, data.get("ice_breakers"), scope, memory))


def _check_unused(notes: Notes, ground: Ground, memory: Memory) -> None:
    """Look at what stands under no account, each template alone."""
    used = {layer.trail for merged in ground.merged.values() for layer in merged.layers}
    for layer in (ground.defaults, *ground.templates.values()):
        if layer.trail not in used:
            scope = Scope(str(layer.trail[-1]), "0", (layer,), incomplete=True)
            _read(notes.on(layer), merge({}, layer.data), scope, faults({}, layer), memory)


def _check_ids(notes: Notes, accounts: Mapping[str, Layer], fleet: Sequence[Desired]) -> None:
    first: dict[str, str] = {}
    for account in (desired.account for desired in fleet):
        name = first.setdefault(account.id, account.name)
        if name != account.name and account.id not in _NOT_UNIQUE:
            also_at = origin((accounts[name],), ("id",))
            message = f"the id {account.id} belongs to another account already"
            notes.on(accounts[account.name]).error(("id",), "duplicate-id", message, also_at=also_at)


def _check_sinks(notes: Notes, accounts: Mapping[str, Layer], fleet: Sequence[Desired]) -> None:
    """Accounts share a sink only if they share the token, else one would take the other's place. A file
    of one token has no room for keys."""
    taken: dict[str, dict[str, Account]] = {}
    for account in (desired.account for desired in fleet):
        if account.sink is None:
            continue
        place, key = sink_place(account.sink)
        here = taken.setdefault(place, {})
        other = here.get(key) or (here.get("", account) if key else next(iter(here.values()), account))
        here.setdefault(key, account)
        if other.token != account.token:
            also_at = Where(accounts[other.name].source, accounts[other.name].trail, at_key=True)
            message = "this sink holds the token of another account already; write ${name} into it"
            on_account = notes.on(accounts[account.name])
            on_account.error(("sink",), "duplicate-sink", message, at_key=True, also_at=also_at)
