"""One sandbox for all its tests, on real HTTP. Each test gets a healthy world and an account of its own."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from icesync.sandbox.answers import Answer
from icesync.sandbox.api import GraphApi
from icesync.sandbox.call import Call
from icesync.sandbox.memory import Memory
from icesync.sandbox.server import Running, running
from icesync.sandbox.world import HEALTHY

ACCOUNTS = itertools.count(17841400000000001)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Caller:
    """Somebody who holds the token of one account, and knows nothing but HTTP."""

    api: GraphApi
    client: httpx.Client
    clock: Clock
    account: str = field(default_factory=lambda: str(next(ACCOUNTS)))

    def call(
        self, method: str, *, account: str = "me", token: str | None = None, **request: Any
    ) -> httpx.Response:
        return self.client.request(
            method,
            f"/v24.0/{account}/messenger_profile",
            headers={"Authorization": f"Bearer {token or f'sandbox-{self.account}'}"},
            **request,
        )

    def get(self, **options: Any) -> httpx.Response:
        return self.call("GET", params={"fields": "ice_breakers"}, **options)

    def post(self, ice_breakers: object, **options: Any) -> httpx.Response:
        return self.call("POST", json={"platform": "instagram", "ice_breakers": ice_breakers}, **options)

    def delete(self, **options: Any) -> httpx.Response:
        return self.call("DELETE", json={"fields": ["ice_breakers"]}, **options)

    @property
    def stored(self) -> list[dict[str, Any]]:
        return self.api.profiles.get(self.account, [])


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server(clock: Clock) -> Iterator[Running]:
    with running(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def client(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture
def caller(server: Running, client: httpx.Client, clock: Clock) -> Caller:
    server.api.world = HEALTHY
    return Caller(server.api, client, clock)


@dataclass
class Holder:
    """Somebody with the token of account 1, at an API in memory whose clock stands until it is turned."""

    clock: Clock = field(default_factory=Clock)
    token: str = "sandbox-1"
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self.api = GraphApi(memory=self.memory, clock=self.clock, now=self.clock)

    def ask(self, endpoint: Any, method: str = "GET", *, account: str = "me", **query: str) -> Any:
        """The JSON of the answer; None where none came."""
        answer = self.api.handle(Call(method, account, self.token, query, b"", endpoint))
        return json.loads(answer.body) if isinstance(answer, Answer) else None

    def me(self, **options: Any) -> Any:
        return self.ask("identity", fields="user_id,username", **options)

    def refresh(self) -> Any:
        return self.ask("refresh", grant_type="ig_refresh_token")

    def failure(self, answer: Any) -> tuple[int, int | None]:
        return answer["error"]["code"], answer["error"].get("error_subcode")


@pytest.fixture
def holder() -> Holder:
    return Holder()
