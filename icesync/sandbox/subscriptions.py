"""`/{id}/subscribed_apps`: which webhook fields of an account come to the app. Pure."""

from collections.abc import Mapping
from typing import Final

from icesync.sandbox import rules
from icesync.sandbox.call import Call
from icesync.sandbox.memory import Memory
from icesync.sandbox.world import World

# The fields of Meta's webhook reference for Instagram, and those that the API names when it refuses one.
FIELDS: Final = frozenset(
    {
        "comment_poll_response",
        "comments",
        "follow",
        "live_comments",
        "mentions",
        "message_edit",
        "message_reactions",
        "messages",
        "messaging_handover",
        "messaging_optins",
        "messaging_policy_enforcement",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_seen",
        "onboarding_welcome_message_series",
        "response_feedback",
        "share_to_story",
        "standby",
        "story_insights",
        "story_poll_response",
    }
)

_ANOTHER_APP: Final = {"subscribed_fields": sorted(FIELDS)}


def serve(call: Call, account: str, memory: Memory, world: World) -> Mapping[str, object]:
    """Tell the fields of this account, or subscribe to some."""
    fields = memory.subscribed.get(account, ())
    match call.method:
        case "GET":
            others = [_ANOTHER_APP] if world.apps == "all" else []
            return {"data": [*others, *([{"subscribed_fields": list(fields)}] if fields else [])]}
        case "POST":
            wanted = _wanted(call.query.get("subscribed_fields"))
            added = fields if world.subscribe == "add" else ()
            memory.put(memory.subscribed, account, tuple(dict.fromkeys((*added, *wanted))))
            return {"success": True}
        case _:
            raise rules.no_method(call.method)


def _wanted(text: str | None) -> list[str]:
    if not text:
        rules.reject("The parameter subscribed_fields is required")
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in FIELDS:
            rules.reject(f"subscribed_fields must be one of {', '.join(sorted(FIELDS))}, not {name!r}")
    return names
