"""The sandbox as a server: many callers at once, a clean end, and a memory that outlives it."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from icesync.sandbox.errors import CannotStart
from icesync.sandbox.server import Running, running
from icesync.sandbox.world import World

OLD = {"locale": "default", "call_to_actions": [{"question": "Où ?", "payload": "WHERE"}]}
NEW = {"locale": "default", "call_to_actions": [{"question": "When?", "payload": "WHEN"}]}


def post(client: httpx.Client, sandbox: Running, account: str, ice_breakers: Any) -> httpx.Response:
    return client.post(
        f"{sandbox.url}/v24.0/{account}/messenger_profile",
        params={"access_token": f"sandbox-{account}"},
        json={"platform": "instagram", "ice_breakers": ice_breakers},
    )


def test_256_connections_are_held_open_and_answered(server: Running) -> None:
    server.api.world = World()
    address = server.url.removeprefix("http://")
    connections = [http.client.HTTPConnection(address, timeout=10) for _ in range(256)]
    try:
        for _ in range(2):
            for number, connection in enumerate(connections):
                token = f"sandbox-{19000 + number}"
                connection.request(
                    "GET", f"/v24.0/me/messenger_profile?fields=ice_breakers&access_token={token}"
                )
            answers = [connection.getresponse() for connection in connections]
            assert {(answer.status, answer.read()) for answer in answers} == {(200, b'{"data":[]}')}
    finally:
        for connection in connections:
            connection.close()


def test_writes_at_the_same_time_lose_nothing(server: Running, client: httpx.Client) -> None:
    server.api.world = World()
    accounts = [str(20000 + number) for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda account: post(client, server, account, [OLD]), accounts))

    assert {answer.status_code for answer in answers} == {200}
    profiles = server.api.profiles
    assert all(profiles[account] == [OLD] for account in accounts)


def test_a_caller_who_leaves_in_the_middle_of_a_body_harms_nobody(
    server: Running, client: httpx.Client
) -> None:
    server.api.world = World()
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /v24.0/me/messenger_profile HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
        )

    assert post(client, server, "20100", [OLD]).status_code == 200


def test_what_is_set_survives_a_restart(tmp_path: Path, client: httpx.Client) -> None:
    path = tmp_path / "state.json"
    with running(state_path=path) as first:
        post(client, first, "1", [OLD])
        post(client, first, "2", [OLD])
        post(client, first, "2", [NEW])
        first.api.seed("3", [NEW])
        first.api.seed("1", [])

    with running(state_path=path) as second:
        assert second.api.profiles == {"2": [NEW], "3": [NEW]}

    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_subscriptions_and_refreshes_survive_a_restart(tmp_path: Path, client: httpx.Client) -> None:
    path = tmp_path / "state.json"
    query = {"access_token": "sandbox-1"}
    with running(World(rotate="dead"), state_path=path) as first:
        client.post(
            f"{first.url}/v24.0/me/subscribed_apps", params={**query, "subscribed_fields": "messages"}
        )
        client.get(f"{first.url}/refresh_access_token", params={**query, "grant_type": "ig_refresh_token"})

    with running(World(rotate="dead"), state_path=path) as second:
        old, new = (
            client.get(f"{second.url}/v24.0/me/subscribed_apps", params={"access_token": token}).json()
            for token in ("sandbox-1", "sandbox-1-1")
        )
        young = client.get(
            f"{second.url}/refresh_access_token",
            params={"access_token": "sandbox-1-1", "grant_type": "ig_refresh_token"},
        )

    assert old["error"]["error_subcode"] == 467
    assert new == {"data": [{"subscribed_fields": ["messages"]}]}
    assert "younger than 24 hours" in young.text


def test_a_state_of_profiles_alone_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"format": "icesync.sandbox/1", "profiles": {"1": [OLD]}}), encoding="utf-8")

    with running(state_path=path) as sandbox:
        assert sandbox.api.profiles == {"1": [OLD]}
        assert sandbox.api.subscribed == {}


def test_a_write_that_cannot_be_kept_has_no_effect(tmp_path: Path, client: httpx.Client) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with running(state_path=folder / "state.json") as sandbox:
        (folder / "state.json").unlink()
        folder.rmdir()
        answer = post(client, sandbox, "1", [OLD])

        assert (answer.status_code, answer.json()["error"]["code"]) == (500, 2)
        assert sandbox.api.profiles == {}


BROKEN = {
    "no JSON": "{",
    "another document": "{}",
    "a list": "[]",
    "another version": '{"format": "icesync.sandbox/9", "profiles": {}}',
    "profiles in a list": '{"format": "icesync.sandbox/1", "profiles": []}',
    "a profile without default": json.dumps(
        {"format": "icesync.sandbox/1", "profiles": {"1": [{**OLD, "locale": "fr_FR"}]}}
    ),
    "subscriptions in a list": '{"format": "icesync.sandbox/1", "profiles": {}, "subscribed": []}',
    "fields in a text": '{"format": "icesync.sandbox/1", "profiles": {}, "subscribed": {"1": "messages"}}',
    "an unknown field": '{"format": "icesync.sandbox/1", "profiles": {}, "subscribed": {"1": ["x"]}}',
    "a field in a list": '{"format": "icesync.sandbox/1", "profiles": {}, "subscribed": {"1": [[]]}}',
    "refreshes in a list": '{"format": "icesync.sandbox/1", "profiles": {}, "refreshed": {"1": []}}',
    "a refresh of no token": '{"format": "icesync.sandbox/1", "profiles": {}, "refreshed": {"1": {"a": 1}}}',
    "a refresh at no time": '{"format": "icesync.sandbox/1", "profiles": {}, "refreshed": {"1": {"1": "x"}}}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_state_file_is_named_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content, encoding="utf-8")

    with (
        pytest.raises(CannotStart, match=r"state\.json is broken: .+; mend it, or delete it"),
        running(state_path=path),
    ):
        pass

    assert path.read_text(encoding="utf-8") == content


def test_a_state_file_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "no" / "state.json"

    with (
        pytest.raises(CannotStart, match="cannot be used: No such file or directory"),
        running(state_path=path),
    ):
        pass


def test_a_call_that_hangs_does_not_keep_the_sandbox_alive(client: httpx.Client) -> None:
    with running() as sandbox:
        post(client, sandbox, "1", [OLD])
        sandbox.api.world = World(latency=60_000)
        connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/v24.0/me/messenger_profile?fields=ice_breakers&access_token=sandbox-1")
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(connection.host, connection.port, timeout=10).request("GET", "/")
    connection.close()
