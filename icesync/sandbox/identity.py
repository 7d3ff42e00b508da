"""`/me` and `/{id}`: whose token it is. Pure."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from icesync.sandbox import rules
from icesync.sandbox.answers import Refusal
from icesync.sandbox.call import Call
from icesync.sandbox.world import World

_APP_SCOPE: Final = "9"


def serve(call: Call, account: str, world: World) -> Mapping[str, object]:
    """What is asked of the account: `user_id` is the one that paths and webhooks name, while `id` is
    another one for each app, and comes unasked (graph-api.md, "Requests")."""
    if world.identity == "none":
        raise Refusal(2500, f"Unknown path components: /{call.id}", status=HTTPStatus.NOT_FOUND)
    if call.method != "GET":
        raise rules.no_method(call.method)
    known = {"id": _APP_SCOPE + account, "user_id": account, "username": f"shop.{account}"}
    asked = [name.strip() for name in call.query.get("fields", "id").split(",")]
    for name in asked:
        if name not in known:
            rules.reject(f"Tried to read the field {name!r}, which does not exist")
    if world.identity == "unnamed":
        del known["user_id"]
    found = {name: known[name] for name in known if name in asked or name == "id"}
    return {"data": [found]} if world.identity == "listed" else found
