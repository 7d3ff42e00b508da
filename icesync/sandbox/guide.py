"""How to drive the sandbox by hand, told to the person in front of it."""

from typing import Final

_GUIDE: Final = """\
This is the icesync sandbox, a Graph API for ice breakers on this machine alone.
The token sandbox-ID belongs to account ID; every ID of digits exists. Tokens that start with
expired- or revoked- answer as dead tokens do; --token makes others of them, and --help tells how.

  curl "{url}/v24.0/me/messenger_profile?fields=ice_breakers&access_token=sandbox-1"
  curl -X POST -H "Content-Type: application/json" -d '{{"platform": "instagram", "ice_breakers": [
      {{"locale": "default", "call_to_actions": [{{"question": "Where?", "payload": "WHERE"}}]}}]}}' \\
      "{url}/v24.0/me/messenger_profile?access_token=sandbox-1"
  curl -X DELETE -H "Content-Type: application/json" -d '{{"fields": ["ice_breakers"]}}' \\
      "{url}/v24.0/me/messenger_profile?access_token=sandbox-1"
  curl "{url}/v24.0/me?fields=user_id,username&access_token=sandbox-1"
  curl -X POST "{url}/v24.0/me/subscribed_apps?subscribed_fields=messages&access_token=sandbox-1"
  curl "{url}/refresh_access_token?grant_type=ig_refresh_token&access_token=sandbox-1"

Let icesync talk to it: export ICESYNC_API_URL={url}
It lets an account call as often as it likes; let icesync do so too: export ICESYNC_BUDGET=none
"""


def guide(url: str) -> str:
    """The guide for the sandbox at this URL (no slash at its end)."""
    return _GUIDE.format(url=url)
