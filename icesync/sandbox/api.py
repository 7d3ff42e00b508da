"""The Graph API in memory: a call comes in, is counted, may be struck, and goes to its endpoint. No HTTP."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from icesync.sandbox import identity, refresh, rules, subscriptions
from icesync.sandbox.access import Access
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
from icesync.sandbox.call import Call, Endpoint
from icesync.sandbox.memory import Memory
from icesync.sandbox.profile import Profiles
from icesync.sandbox.rules import DEFAULT
from icesync.sandbox.shapes import listed
from icesync.sandbox.tokens import Token
from icesync.sandbox.world import HEALTHY, FaultKind, World


class GraphApi:
    """Every account exists, with nothing set at first. Any thread may call.

    `world` may be replaced at any time, and what `tokens` and `subscribed` say of an account too.
    `calls` lists (method, account id) of every call of a profile that arrived, also of those that
    failed; `others` lists (endpoint, method, account id) of the rest. `clock` counts the seconds of
    budgets, `now` tells UNIX seconds.
    """

    def __init__(
        self,
        world: World = HEALTHY,
        *,
        memory: Memory | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.world = world
        self.calls: list[tuple[str, str]] = []
        self.others: list[tuple[Endpoint, str, str]] = []
        self._memory = memory or Memory()
        self._access = Access(self._memory, now)
        self._profiles = Profiles(self._memory)
        self._numbers: Counter[tuple[Endpoint, str]] = Counter()
        self._budget = Budget(clock)
        self._lock = Lock()

    @property
    def profiles(self) -> dict[str, list[dict[str, Any]]]:
        """A copy of what is set: account id -> a list of {"locale", "call_to_actions"}."""
        with self._lock:
            return {account: listed(locales) for account, locales in self._memory.profiles.items()}

    @property
    def tokens(self) -> dict[str, Token]:
        """The facts of sandbox-ID by ID, where they are not ordinary; to be read and set."""
        return self._access.tokens

    @property
    def subscribed(self) -> dict[str, Sequence[str]]:
        """The webhook fields of each account that is subscribed to any; to be read and set."""
        return self._memory.subscribed

    def seed(self, account: str, ice_breakers: list[dict[str, Any]]) -> None:
        """Set an account's ice breakers past all rules, seen at once; an empty list sets nothing."""
        locales = {entry.get("locale", DEFAULT): entry["call_to_actions"] for entry in ice_breakers}
        with self._lock:
            self._profiles.seed(account, locales)

    def handle(self, call: Call) -> Answer | Drop:
        """Do what the call asks for, and answer as this world does."""
        with self._lock:
            account = self._access.addressed(call, self.world)
            fault = self._counted(call, account)
            struck = before_any_effect(fault) if fault else None
            return struck or after_the_effect(fault, self._answer(call, account))

    def _counted(self, call: Call, account: str) -> FaultKind | None:
        """What strikes the call. Only those of profiles cost a budget: graph-api.md, "Limits"."""
        self._numbers[call.endpoint, account] += 1
        number = self._numbers[call.endpoint, account]
        if call.endpoint == "profile":
            self.calls.append((call.method, account))
            self._budget.spend(account)
            return self.world.fault(account, number)
        self.others.append((call.endpoint, call.method, account))
        return self.world.fault_of(call.endpoint, account, number)

    def _answer(self, call: Call, account: str) -> Answer:
        budget = self.world.budget
        try:
            answer = accepted(self._served(call, account))
        except Refusal as refusal:
            answer = refused(refusal)
        if budget is None or call.endpoint != "profile":
            return answer
        return answer._replace(headers=self._budget.headers(account, budget))

    def _served(self, call: Call, account: str) -> Mapping[str, object]:
        token = self._access.admit(call.token, self.world)
        if account != self._access.owner(token):
            raise Refusal(
                100,
                f"Unsupported {call.method.lower()} request. No object with the ID {call.id!r} can be loaded:"
                " it does not exist, or this access token has no permission for it.",
                subcode=33,
                kind="GraphMethodException",
            )
        self._access.permit(token, call)
        match call.endpoint:
            case "profile":
                return self._profile(call, account)
            case "identity":
                return identity.serve(call, account, self.world)
            case "subscriptions":
                return subscriptions.serve(call, account, self._memory, self.world)
            case "refresh":
                return refresh.serve(call, token, self._access, self._memory, self.world)

    def _profile(self, call: Call, account: str) -> Mapping[str, object]:
        if self.world.budget is not None and self._budget.overdrawn(account, self.world.budget):
            raise Refusal(613, "(#613) This account has made too many calls; try again later.")
        rules.platform(call.query.get("platform", "instagram"))
        return self._profiles.serve(call, account, self.world)
