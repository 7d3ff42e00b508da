"""Which accounts hold one token, or another's: each needs its own, or two have been mixed up. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from icesync.errors import CredentialError
from icesync.model import Account, Identity

_MOST_NAMES: Final = 10


def sharers(accounts: Iterable[Account], fingerprints: Mapping[str, str]) -> Sequence[Sequence[Account]]:
    """The accounts that hold one token, token by token. `fingerprints` are by account name; an account
    without one is left out. Accounts that all say `id: me` may share theirs."""
    holders: dict[str, list[Account]] = {}
    for account in accounts:
        if account.name in fingerprints:
            holders.setdefault(fingerprints[account.name], []).append(account)
    return [
        sharing
        for sharing in holders.values()
        if len(sharing) > 1 and any(account.id != "me" for account in sharing)
    ]


def hold_one(sharing: Iterable[Account]) -> str:
    """`shop and twin hold one token`."""
    return f"{_names(sharing)} hold one token"


def belongs_to(owner: Identity, account: Account) -> str:
    """That the account's token is somebody else's, with both ids."""
    named = f" ({owner.username})" if owner.username else ""
    return f"its token belongs to account {owner.user_id}{named}, not to {account.id}"


def shared_tokens(accounts: Iterable[Account], fingerprints: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each token that several `sharers` hold, sorted."""
    return tuple(
        sorted(
            f"{hold_one(sharing)}: give each account its own" for sharing in sharers(accounts, fingerprints)
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
