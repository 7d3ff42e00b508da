"""A GraphClient over a pretended network, which gives its answers one by one."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from icesync.credentials import Secret
from icesync.errors import GraphError
from icesync.graph.client import GraphClient, connected
from icesync.graph.governor import Governor
from icesync.graph.ledger import Ledger
from icesync.graph.vouching import Identities
from icesync.model import Account, Api, Budget, Profile
from tests.support.clock import FakeClock

TOKEN = "IGQVJsentinel"
ACME = Account("acme", "17841400000000001", token="env:ACME")
HOME = "https://graph.instagram.com"
PROFILE = Profile.of({"default": [("Où ?", "WHERE")], "fr_FR": [("Quand ?", "WHEN")]})
LIVE = {
    "data": [
        {"call_to_actions": [{"question": "Où ?", "payload": "WHERE"}]},
        {"locale": "fr_FR", "call_to_actions": [{"question": "Quand ?", "payload": "WHEN"}]},
    ]
}

Answer = httpx.Response | httpx.RequestError
Connected = AbstractAsyncContextManager[GraphClient]


def ok(document: object = LIVE) -> httpx.Response:
    return httpx.Response(200, json=document)


def refused(code: int, message: str = "no", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(400, json={"error": {"message": message, "code": code}}, headers=named)


@dataclass
class Wire:
    """A network that gives its answers one by one, the last one again and again. Accounts that have
    none in `tokens` share one; `said` is what a person was told."""

    answers: list[Answer]
    api: Api = field(default_factory=Api)
    clock: FakeClock = field(default_factory=FakeClock)
    requests: list[httpx.Request] = field(default_factory=list)
    token: Callable[[], str] = lambda: TOKEN
    budget: Budget | None = None
    stopping: Callable[[], bool] = lambda: False
    tokens: Mapping[str, str] = field(default_factory=dict)
    identities: Identities | None = None
    max_rps: float | None = None
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = httpx.MockTransport(self.answer)
        ledger = Ledger(None, self.budget, "host") if self.budget else None
        self.governor = Governor(self.clock, ledger=ledger, max_rps=self.max_rps)
        self.client = GraphClient(
            self.api,
            self.network,
            self.reveal,
            self.governor,
            self.clock,
            5,
            self.stopping,
            identities=self.identities,
            say=self.said.append,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.RequestError):
            raise answer
        return answer

    async def reveal(self, account: Account) -> Secret:
        return Secret(self.tokens.get(account.name) or self.token())

    def connected(self, network: httpx.AsyncBaseTransport, patience: float) -> Connected:
        return connected(self.api, network, self.reveal, self.governor, clock=self.clock, patience=patience)

    @property
    def sent(self) -> list[tuple[str, str]]:
        return [(request.method, str(request.url)) for request in self.requests]

    async def read_fails(self) -> GraphError:
        with pytest.raises(GraphError) as caught:
            await self.client.get_profile(ACME)
        return caught.value

    async def write_fails(self) -> GraphError:
        with pytest.raises(GraphError) as caught:
            await self.client.set_profile(ACME, PROFILE)
        return caught.value


def wire(*answers: Answer, **more: Any) -> Wire:
    return Wire(list(answers), **more)
