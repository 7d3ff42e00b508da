"""The Graph API in memory: what is set on every account, who may touch it, what a call does. No HTTP."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Lock
from typing import Any, NamedTuple

from icesync.sandbox import rules
from icesync.sandbox.answers import (
    Answer,
    Drop,
    Refusal,
    accepted,
    after_the_effect,
    before_any_effect,
    refused,
)
from icesync.sandbox.budget import Budget
from icesync.sandbox.rules import DEFAULT, Locales
from icesync.sandbox.shapes import done, listed, shown
from icesync.sandbox.tokens import addressed, owner
from icesync.sandbox.world import HEALTHY, World


class Call(NamedTuple):
    """One request for `/{id}/messenger_profile`; `id` may be `me`."""

    method: str
    id: str
    token: str | None = None
    query: Mapping[str, str] = {}
    body: bytes = b""


class GraphApi:
    """Every account exists, with nothing set at first. Any thread may call.

    `world` may be replaced at any time. `calls` lists (method, account id) of every call that
    arrived, also of those that failed. `keep` gets the whole state before a write takes effect.
    """

    def __init__(
        self,
        world: World = HEALTHY,
        *,
        profiles: Mapping[str, Locales] | None = None,
        keep: Callable[[Mapping[str, Locales]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.world = world
        self.calls: list[tuple[str, str]] = []
        self._profiles: dict[str, Locales] = dict(profiles or {})
        self._keep = keep
        self._numbers: Counter[str] = Counter()
        self._budget = Budget(clock)
        self._lagging: dict[str, tuple[Locales, int]] = {}
        self._lock = Lock()

    @property
    def profiles(self) -> dict[str, list[dict[str, Any]]]:
        """A copy of what is set: account id -> a list of {"locale", "call_to_actions"}."""
        with self._lock:
            return {account: listed(locales) for account, locales in self._profiles.items()}

    def seed(self, account: str, ice_breakers: list[dict[str, Any]]) -> None:
        """Set an account's ice breakers past all rules, seen at once; an empty list sets nothing."""
        with self._lock:
            self._lagging.pop(account, None)
            self._set(
                account, {entry.get("locale", DEFAULT): entry["call_to_actions"] for entry in ice_breakers}
            )

    def handle(self, call: Call) -> Answer | Drop:
        """Do what the call asks for, and answer as this world does."""
        with self._lock:
            account = addressed(call.id, call.token)
            self.calls.append((call.method, account))
            self._numbers[account] += 1
            self._budget.spend(account)
            fault = self.world.fault(account, self._numbers[account])
            struck = before_any_effect(fault) if fault else None
            return struck or after_the_effect(fault, self._answer(call, account))

    def _answer(self, call: Call, account: str) -> Answer:
        budget = self.world.budget
        try:
            answer = accepted(self._served(call, account))
        except Refusal as refusal:
            answer = refused(refusal)
        return answer if budget is None else answer._replace(headers=self._budget.headers(account, budget))

    def _served(self, call: Call, account: str) -> Mapping[str, object]:
        if account != owner(call.token):
            raise Refusal(
                100,
                f"Unsupported {call.method.lower()} request. No object with the ID {call.id!r} can be loaded:"
                " it does not exist, or this access token has no permission for it.",
                subcode=33,
                kind="GraphMethodException",
            )
        if self.world.budget is not None and self._budget.overdrawn(account, self.world.budget):
            raise Refusal(613, "(#613) This account has made too many calls; try again later.")
        rules.platform(call.query.get("platform", "instagram"))
        match call.method:
            case "GET":
                return self._read(call, account)
            case "POST":
                return self._write(account, rules.posted(call.body))
            case "DELETE":
                rules.deleted(call.body)
                return self._change(account, {})
            case _:
                raise Refusal(2500, f"Unknown method {call.method}", status=HTTPStatus.NOT_FOUND)

    def _read(self, call: Call, account: str) -> Mapping[str, object]:
        rules.readable_fields(call.query.get("fields"))
        visible = self._visible(account)
        if account in self._lagging:
            old, reads = self._lagging.pop(account)
            if reads > 1:
                self._lagging[account] = (old, reads - 1)
        return shown(visible, self.world.shape)

    def _write(self, account: str, wanted: Locales) -> Mapping[str, object]:
        if self.world.trim:
            wanted = rules.trimmed(wanted)
        if self.world.post == "merge":
            wanted = {**self._profiles.get(account, {}), **wanted}
        return self._change(account, wanted)

    def _change(self, account: str, after: Locales) -> Mapping[str, object]:
        before = self._visible(account)
        try:
            self._set(account, after)
        except OSError as error:
            raise Refusal(2, f"The state cannot be kept: {error.strerror}", status=500) from error
        if self.world.lag:
            self._lagging[account] = (before, self.world.lag)
        return done(self.world.success)

    def _set(self, account: str, after: Locales) -> None:
        if self._keep:
            profiles = {**self._profiles, account: after}
            self._keep({kept: locales for kept, locales in profiles.items() if locales})
        if after:
            self._profiles[account] = after
        else:
            self._profiles.pop(account, None)

    def _visible(self, account: str) -> Locales:
        """What a read sees now. A world that is mended has no lag left."""
        if self.world.lag and account in self._lagging:
            return self._lagging[account][0]
        return self._profiles.get(account, {})
