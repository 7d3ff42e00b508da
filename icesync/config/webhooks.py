"""Which webhook fields an account can be subscribed to, and those that `webhooks` asks for. Pure."""

from typing import Final

from icesync.config.phrases import did_you_mean, kind, shown
from icesync.config.places import Trail
from icesync.config.problems import Notes
from icesync.config.source import Data

# `POST /{id}/subscribed_apps` with Instagram Login. The values of `subscribed_fields` in Meta's Business
# SDK (IGUserForIGOnlyAPI), and those that several programs report from the API's own refusal, "must be
# one of {...}". One that it does not know makes it refuse the whole call.
_FIELDS: Final = (
    "agent_messages comment_poll_response comments creator_marketplace_invited_creator_onboarding "
    "creator_marketplace_projects delta follow live_comments mentions message_edit message_reactions "
    "messages messaging_handover messaging_optins messaging_postbacks messaging_referral messaging_seen "
    "onboarding_welcome_message_series share_to_story standby story_insights story_poll_response "
    "story_reactions"
)
FIELDS: Final = frozenset(_FIELDS.split())
_EMPTY: Final = (
    "an empty webhooks does not say what is meant: name fields, such as messaging_postbacks; "
    "without the key the subscriptions are left alone"
)


def read_webhooks(notes: Notes, value: Data) -> tuple[str, ...]:
    """The fields that are asked for, sorted, each once; none where the key is not there."""
    if value is None:
        return ()
    if not isinstance(value, list):
        message = (
            f"webhooks wants a list of fields such as [messages, messaging_postbacks], not {kind(value)}"
        )
        notes.error(("webhooks",), "wrong-type", message)
        return ()
    if not value:
        notes.error(("webhooks",), "empty-webhooks", _EMPTY)
    for index, entry in enumerate(value):
        _check(notes, ("webhooks", index), entry)
    return tuple(sorted({entry for entry in value if isinstance(entry, str)}))


def _check(notes: Notes, trail: Trail, entry: Data) -> None:
    if not isinstance(entry, str):
        notes.error(trail, "wrong-type", f"webhooks wants a list of fields, not {kind(entry)}")
    elif entry not in FIELDS:
        hint = did_you_mean(entry, FIELDS)
        notes.error(trail, "webhook-field", f"Instagram has no webhook field {shown(entry)}{hint}")
