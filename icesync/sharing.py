"""Which accounts hold one token: each needs its own, or two have been mixed up."""

from collections.abc import Iterable, Mapping
from typing import Final

from icesync.errors import CredentialError
from icesync.model import Account

_MOST_NAMES: Final = 10


def shared_tokens(accounts: Iterable[Account], fingerprints: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each token that several accounts hold, sorted. `fingerprints` are by account name;
    an account without one is left out. Accounts that all say `id: me` may share theirs."""
    holders: dict[str, list[Account]] = {}
    for account in accounts:
        if account.name in fingerprints:
            holders.setdefault(fingerprints[account.name], []).append(account)
    return tuple(
        sorted(
            f"{_names(sharing)} hold one token: give each account its own"
            for sharing in holders.values()
            if len(sharing) > 1 and any(account.id != "me" for account in sharing)
        )
    )


def check_tokens(accounts: Iterable[Account], fingerprints: Mapping[str, str]) -> None:
    """Raise CredentialError where `shared_tokens` finds any."""
    if sentences := shared_tokens(accounts, fingerprints):
        raise CredentialError("nothing was written:\n" + "\n".join(f"  - {each}" for each in sentences))


def _names(accounts: Iterable[Account]) -> str:
    names = sorted(account.name for account in accounts)
    more = len(names) - _MOST_NAMES
    if more > 0:
        return f"{', '.join(names[:_MOST_NAMES])} and {more} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
