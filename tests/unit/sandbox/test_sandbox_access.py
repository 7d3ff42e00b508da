"""Paths, methods and tokens: who gets in, and what the others are told."""

from typing import Any

import pytest

Q = {"question": "Where?", "payload": "WHERE"}
FIELDS = {"fields": "ice_breakers"}


def failure(answer: Any) -> tuple[int, int, int | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("error_subcode")


def test_me_is_the_account_of_the_token(caller: Any) -> None:
    caller.post([Q], account="me")

    assert caller.get(account=caller.account).json() == caller.get(account="me").json()
    assert caller.stored


def test_the_token_may_stand_in_the_query(caller: Any) -> None:
    path = f"/v24.0/{caller.account}/messenger_profile"

    answer = caller.client.get(path, params={**FIELDS, "access_token": f"sandbox-{caller.account}"})

    assert answer.json() == {"data": []}


@pytest.mark.parametrize("version", ["v1.0", "v24.0", "v100.11"])
def test_any_version_is_the_same_api(caller: Any, version: str) -> None:
    path = f"/{version}/me/messenger_profile"

    answer = caller.client.get(path, params={**FIELDS, "access_token": f"sandbox-{caller.account}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("token", "code", "subcode"),
    [
        ("expired-1", 190, 463),
        ("revoked-1", 190, 458),
        ("sandbox-", 190, None),
        ("sandbox-1x", 190, None),
        ("sandbox-\u0661", 190, None),
        ("EAAG", 190, None),
    ],
)
@pytest.mark.parametrize("account", ["me", "1"])
def test_a_dead_token_is_told_apart_from_a_wrong_one(
    caller: Any, account: str, token: str, code: int, subcode: int | None
) -> None:
    path = f"/v24.0/{account}/messenger_profile"

    answer = caller.client.get(path, params={**FIELDS, "access_token": token})

    assert failure(answer) == (400, code, subcode)
    assert token not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}])
def test_a_call_without_a_token_is_told_so(caller: Any, headers: dict[str, str]) -> None:
    answer = caller.client.get("/v24.0/me/messenger_profile", params=FIELDS, headers=headers)

    assert failure(answer) == (400, 104, None)


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("account", ["17999", "no-number"])
def test_somebody_elses_account_does_not_exist_for_this_token(caller: Any, method: str, account: str) -> None:
    caller.api.seed("17999", [{"locale": "default", "call_to_actions": [Q]}])

    answer = getattr(caller, method)(*([[Q]] if method == "post" else []), account=account)

    assert failure(answer) == (400, 100, 33)
    assert f"Unsupported {method} request" in answer.json()["error"]["message"]
    assert caller.api.profiles["17999"][0]["call_to_actions"] == [Q]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v24.0/me/feed",
        "/v24.0/refresh_access_token/me",
        "/v24/me",
        "/me",
        "/me/messenger_profile",
        "/v24/me/messenger_profile",
        "/v24.0//messenger_profile",
    ],
)
def test_an_unknown_path_is_refused_in_the_form_of_the_graph_api(caller: Any, path: str) -> None:
    assert failure(caller.client.get(path)) == (404, 2500, None)


def test_other_endpoints_take_the_token_from_the_header_too(caller: Any) -> None:
    headers = {"Authorization": f"Bearer sandbox-{caller.account}"}
    paths = (f"/v24.0/{caller.account}", "/v24.0/me/subscribed_apps")

    answers = [caller.client.get(path, headers=headers) for path in paths]

    assert [answer.json() for answer in answers] == [{"id": f"9{caller.account}"}, {"data": []}]


def test_a_refresh_takes_the_token_from_the_query_alone(caller: Any) -> None:
    token = f"sandbox-{caller.account}"
    query = {"grant_type": "ig_refresh_token"}

    refused = caller.client.get(
        "/refresh_access_token", params=query, headers={"Authorization": f"Bearer {token}"}
    )
    done = caller.client.get("/refresh_access_token", params={**query, "access_token": token})

    assert failure(refused) == (400, 104, None)
    assert done.json() == {"access_token": token, "token_type": "bearer", "expires_in": 60 * 86400}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    "path",
    ["/v24.0/me/messenger_profile", "/v24.0/me", "/v24.0/me/subscribed_apps", "/refresh_access_token"],
)
def test_an_unknown_method_is_refused_in_the_form_of_the_graph_api(
    caller: Any, method: str, path: str
) -> None:
    answer = caller.client.request(method, path, params={"access_token": f"sandbox-{caller.account}"})

    assert failure(answer) == (404, 2500, None)


def test_the_front_page_tells_how_to_use_it(caller: Any) -> None:
    page = caller.client.get("/")

    assert page.headers["content-type"].startswith("text/plain")
    assert (
        f'curl "{str(caller.client.base_url).rstrip("/")}/v24.0/me/messenger_profile?fields=ice_breakers'
        in page.text
    )
    assert failure(caller.client.post("/")) == (404, 2500, None)


def test_every_call_is_recorded_also_those_that_fail(caller: Any) -> None:
    before = len(caller.api.calls)

    caller.get()
    caller.post([])
    caller.delete(account=caller.account)
    caller.get(token="expired-1")
    caller.client.get("/v24.0/me/feed")

    assert caller.api.calls[before:] == [
        ("GET", caller.account),
        ("POST", caller.account),
        ("DELETE", caller.account),
        ("GET", "me"),
    ]
