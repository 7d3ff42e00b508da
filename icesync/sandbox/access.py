"""Who gets in: whose a token is, whether it lives, what it may do, and how the API says no."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from math import inf
from typing import Final

from icesync.sandbox.answers import Refusal
from icesync.sandbox.call import Call
from icesync.sandbox.memory import Memory
from icesync.sandbox.tokens import BASIC, LIFE, MESSAGES, ORDINARY, Held, Token, held
from icesync.sandbox.world import World

# graph-api.md, "Errors": 190 with these subcodes.
_DEATHS: Final[Mapping[str, tuple[int, str]]] = {
    "revoked": (458, "the app was removed"),
    "checkpointed": (459, "its owner must pass a checkpoint first"),
    "password": (460, "its owner has changed the password"),
    "expired": (463, "its session has expired"),
    "invalid": (467, "it was replaced or withdrawn"),
}
_CODES: Final = {BASIC: 10, MESSAGES: 200}


class Access:
    """`tokens` holds the facts that are not ordinary, by the id in the token's text. `now`: UNIX seconds."""

    def __init__(self, memory: Memory, now: Callable[[], float]) -> None:
        self.tokens: dict[str, Token] = {}
        self.now = now
        self._memory = memory
        self._start = now()

    def addressed(self, call: Call, world: World) -> str:
        """The account that a call is for; `me` is the token's own, as far as the token tells."""
        found = held(call.token)
        if found and (call.id == "me" or world.ids == "ignored"):
            return self.owner(found)
        return call.id

    def owner(self, token: Held) -> str:
        return self._facts(token).of or token.id

    def age(self, token: Held) -> float:
        """Seconds since it was obtained. Of a number that is not known here the text is believed."""
        return self.now() - self._refreshed(token).get(token.number, self._start - self._facts(token).age)

    def admit(self, text: str | None, world: World) -> Held:
        """The token, if it lives; Refusal where it is missing or dead."""
        if not text:
            raise Refusal(104, "This resource can be requested with an access token only.")
        if token := held(text):
            if death := self._death(token, world):
                raise _dead(death)
            return token
        for death in ("expired", "revoked"):
            if text.startswith(f"{death}-"):
                raise _dead(death)
        raise Refusal(190, "The access token is invalid: it cannot be parsed.")

    def permit(self, token: Held, call: Call) -> None:
        """Refusal names what this call needs and the token lacks: a permission, or a user."""
        if call.endpoint == "identity" and self._facts(token).app:
            raise Refusal(2500, "An active access token is needed to ask about the current user.")
        needed = [BASIC]
        if call.endpoint == "profile" or (call.endpoint == "subscriptions" and call.method == "POST"):
            needed.append(MESSAGES)
        for permission in needed:
            if permission in self._facts(token).lacks:
                code = _CODES[permission]
                reason = f"(#{code}) This needs the permission {permission}, which the token does not have."
                raise Refusal(code, reason, status=HTTPStatus.FORBIDDEN)

    def _death(self, token: Held, world: World) -> str | None:
        facts, refreshed = self._facts(token), self._refreshed(token)
        if facts.dead:
            return facts.dead
        if world.rotate == "dead" and any(number > token.number for number in refreshed):
            return "invalid"
        ends = inf if facts.ends is None else self._start + facts.ends
        if token.number in refreshed:
            ends = refreshed[token.number] + LIFE
        return "expired" if ends <= self.now() else None

    def _facts(self, token: Held) -> Token:
        return self.tokens.get(token.id, ORDINARY)

    def _refreshed(self, token: Held) -> Mapping[int, float]:
        return self._memory.refreshed.get(token.id, {})


def _dead(death: str) -> Refusal:
    subcode, reason = _DEATHS[death]
    return Refusal(190, f"The access token is no longer valid: {reason}.", subcode=subcode)
