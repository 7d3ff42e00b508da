"""What plans and reports have in common: how an account is named and an error told. No token gets in here."""

from typing import Any

from icesync.model import Account, GraphFailure


def named(account: Account) -> dict[str, Any]:
    return {"account": account.name, "id": account.id}


def account(account: Account) -> dict[str, Any]:
    """What people need to decide about an account: its labels and its protection too, where it has any."""
    told = named(account)
    if account.labels:
        told["labels"] = list(account.labels)
    return {**told, "protect": True} if account.protect else told


def error(failure: GraphFailure) -> dict[str, Any]:
    told = {
        "kind": failure.kind.value,
        "code": failure.code,
        "subcode": failure.subcode,
        "message": failure.message,
        "trace": failure.trace,
        "hint": failure.hint,
    }
    return told if failure.not_before is None else {**told, "not_before": failure.not_before}
