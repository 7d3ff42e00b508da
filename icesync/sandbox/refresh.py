"""`/refresh_access_token`: sixty more days for a token that lives and is a day old. Pure."""

from collections.abc import Mapping
from typing import Final

from icesync.sandbox import rules
from icesync.sandbox.access import Access
from icesync.sandbox.call import Call
from icesync.sandbox.memory import Memory
from icesync.sandbox.tokens import DAY, LIFE, Held
from icesync.sandbox.world import World

YOUNGEST: Final = DAY


def serve(call: Call, held: Held, access: Access, memory: Memory, world: World) -> Mapping[str, object]:
    """Refresh the token that makes this call: graph-api.md, "Requests"."""
    if call.method != "GET":
        raise rules.no_method(call.method)
    if call.query.get("grant_type") != "ig_refresh_token":
        rules.reject("The parameter grant_type must be ig_refresh_token")
    if access.age(held) < YOUNGEST:
        rules.reject("This access token is younger than 24 hours: it cannot be refreshed yet")
    known = memory.refreshed.get(held.id, {})
    fresh = held if world.rotate == "keep" else Held(held.id, max(held.number, *known, 0) + 1)
    memory.put(memory.refreshed, held.id, {**known, fresh.number: access.now()})
    return {"access_token": fresh.text, "token_type": "bearer", "expires_in": int(LIFE)}
