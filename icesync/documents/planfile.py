"""A plan as a JSON document and back: format, version, digest."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from icesync import __version__, guard
from icesync.documents import strict
from icesync.documents.parts import account, error
from icesync.errors import PlanFileError
from icesync.model import CHANGES, Desired, Edit, Fleet, IceBreaker, Plan, Profile, Subscription

FORMAT: Final = "icesync.plan/1"
# A hundred thousand updates of a dozen questions. Whoever reads a file for `loads` stops there.
MAX_BYTES: Final = 2**30

Explain = Callable[[Profile, Profile], Sequence[Edit]]


def to_document(plan: Plan, explain: Explain) -> dict[str, Any]:
    """The plan as plain data, `digest` included. Of an account name, id, labels and protection are in it."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "icesync": __version__,
        "created": plan.created,
        "complete": plan.complete,
        "api": {"url": plan.api.url, "version": plan.api.version},
        "desired": plan.desired,
        "summary": _summary(plan),
        "changes": [
            {
                **account(change.account),
                "action": change.action.value,
                "before": change.before.as_data(),
                "after": change.after.as_data(),
                "edits": [_edit(edit) for edit in explain(change.before, change.after)],
            }
            for change in plan.changes
        ],
        "unreadable": [{**account(found.account), "error": error(found.error)} for found in plan.unreadable],
    }
    if plan.subscriptions:
        document["subscriptions"] = [_subscription(each) for each in plan.subscriptions]
    if plan.forecast is not None:
        document["forecast"] = asdict(plan.forecast)
    if plan.against is not None:
        document["against"] = asdict(plan.against)
    if plan.limits is not None:
        changes, deletes = str(plan.limits.max_changes), str(plan.limits.max_deletes)
        document["limits"] = {"max_changes": changes, "max_deletes": deletes}
    if refusals := guard.foreseen(plan):
        document["refusals"] = refusals
    if plan.warnings:
        document["warnings"] = list(plan.warnings)
    return {**document, "digest": strict.digest(document)}


def dumps(plan: Plan, explain: Explain) -> str:
    """The text of a plan file."""
    return strict.write(to_document(plan, explain))


def loads(text: str) -> Plan:
    """The plan of a plan file, or PlanFileError. Its accounts have no token."""
    return from_document(strict.read(text, FORMAT))


def from_document(document: Mapping[str, Any]) -> Plan:
    """The plan that `to_document` gave, or PlanFileError."""
    from icesync.documents.schema import PlanShape, shaped

    found = shaped(PlanShape, document)
    if found.digest != strict.digest({key: document[key] for key in document if key != "digest"}):
        raise PlanFileError("edited or damaged: the digest does not hold; make a new plan")
    plan = found.value()
    for contradiction in _contradictions(plan, document):
        raise PlanFileError(f"made up, it contradicts itself: {contradiction}")
    return plan


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a plan file."""
    from icesync.documents import schema

    return schema.json_schema(schema.PlanShape)


def desired_digest(fleet: Fleet) -> str:
    """Names the resolved desired state: every account's name, id, webhooks and profile, in whatever order,
    no token. Where no webhooks are asked for it is as if there were none to ask for."""
    accounts = sorted(fleet.accounts, key=lambda each: (each.account.name, each.account.id))
    # A template's profile is one value in many accounts, and is written out once.
    texts: dict[int, str] = {}

    def text(desired: Desired) -> str:
        profile = desired.profile
        if id(profile) not in texts:
            texts[id(profile)] = strict.canonical(None if profile is None else profile.as_data())
        account = desired.account
        names = strict.canonical(
            (account.name, account.id, *([account.webhooks] if account.webhooks else []))
        )
        return f"{names[:-1]},{texts[id(profile)]}]"

    return strict.digest_of_list(map(text, accounts))


def _contradictions(plan: Plan, document: Mapping[str, Any]) -> Iterator[str]:
    """What no plan of ours says, although the shape and the digest of the document hold."""
    unreadable = [found.account for found in plan.unreadable]
    changed = {change.account.name: change.account for change in plan.changes}
    for writes in (plan.changes, plan.subscriptions):
        names = Counter(account.name for account in (*(each.account for each in writes), *unreadable))
        yield from (f"the account {name!r} stands in it twice" for name, count in names.items() if count > 1)
    for each in plan.subscriptions:
        if changed.get(each.account.name, each.account) != each.account:
            yield f"the account {each.account.name!r} is two accounts"
        if not each.added or len(each.after) != len(each.before) + len(each.added):
            yield f"after is not before and more for {each.account.name!r}"
    for change, told in zip(plan.changes, document["changes"], strict=True):
        if change.before == change.after:
            yield f"before and after of {change.account.name!r} are the same"
        elif change.action != told["action"]:
            yield f"what it does to {change.account.name!r} is no {told['action']}"
    if _summary(plan) != document["summary"] or plan.complete != document["complete"]:
        yield "the summary does not fit the accounts"
    # Their number, because another version may have other words for them.
    if len(guard.foreseen(plan)) != len(document.get("refusals", [])):
        yield "the refusals do not fit the limits and the accounts"


def _summary(plan: Plan) -> dict[str, int]:
    told = {
        "accounts": plan.accounts,
        **{action.value: plan.count(action) for action in CHANGES},
        "unchanged": plan.unchanged,
        "unmanaged": plan.unmanaged,
        "unreadable": len(plan.unreadable),
    }
    return {**told, "subscribe": len(plan.subscriptions)} if plan.subscriptions else told


def _subscription(found: Subscription) -> dict[str, Any]:
    return {
        **account(found.account),
        "action": found.action.value,
        "before": list(found.before),
        "after": list(found.after),
    }


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "kind": edit.kind.value,
        "locale": edit.locale,
        "position": edit.position,
        "before": edit.before and _question(edit.before),
        "after": edit.after and _question(edit.after),
    }


def _question(item: IceBreaker) -> dict[str, str]:
    return item._asdict()
