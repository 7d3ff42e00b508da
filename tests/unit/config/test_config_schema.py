"""JSON Schema for editors, and the values that the command line takes too."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from icesync.config.schema import api_url, api_version, json_schema

ASKED = "{default: [{question: q, payload: p}]}"
FULL = f"""\
version: 1
api: {{url: "http://127.0.0.1:8080/graph", version: v24.0}}
include: []
limits: {{max_changes: 100%, max_deletes: 0}}
defaults: {{extends: t, token: "env:T#${{name}}", protect: true, vars: {{a: 1, b: null}}}}
templates: {{t: {{labels: [a, 2024], ice_breakers: {ASKED}}}, u: null}}
accounts:
  a:
    id: 17841400000000001
    extends: [t, u]
    labels: [a]
    ice_breakers: {{fr_FR: null, default: [{{question: 1, payload: true}}]}}
  b: {{id: me, ice_breakers: none, token: null, webhooks: [messages, messaging_postbacks], sink: null}}
  c: {{id: 1, token: "keyring:icesync/${{name}}#a", sink: "file:tokens.json#${{name}}", webhooks: null}}
  d: {{id: 2, token: env:T, sink: "command:gh secret set IG_${{NAME}}"}}
"""
VALID = [FULL, "version: '1'\naccounts: {}", "version: 1\ninclude: []"]
# What the schema refuses, the loader refuses too.
INVALID = [
    "[]",
    "version: 2",
    "version: 1\naccuonts: {}",
    "version: 1\naccounts: []",
    "version: 1\naccounts: {a: {}}",
    "version: 1\naccounts: {'a b': {id: 1}}",
    "version: 1\naccounts: {a: {id: you}}",
    "version: 1\naccounts: {a: {id: 1, nmae: x}}",
    "version: 1\naccounts: {a: {id: 1, labels: ['a b']}}",
    "version: 1\naccounts: {a: {id: 1, labels: {}}}",
    "version: 1\naccounts: {a: {id: 1, protect: 'yes'}}",
    "version: 1\naccounts: {a: {id: 1, token: IGSECRET}}",
    "version: 1\naccounts: {a: {id: 1, sink: IGSECRET}}",
    "version: 1\naccounts: {a: {id: 1, sink: 'env:T'}}",
    "version: 1\naccounts: {a: {id: 1, webhooks: []}}",
    "version: 1\naccounts: {a: {id: 1, webhooks: messages}}",
    "version: 1\naccounts: {a: {id: 1, webhooks: [feed]}}",
    "version: 1\naccounts: {a: {id: 1, vars: {'a b': c}}}",
    "version: 1\naccounts: {a: {id: 1, vars: {a: [c]}}}",
    "version: 1\naccounts: {a: {id: 1, extends: {}}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: maybe}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: {}}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: []}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: {default: []}}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: {default: [{question: q}]}}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: {default: [{question: '', payload: p}]}}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: {default: [{question: q, payload: p, x: y}]}}}",
    "version: 1\naccounts: {a: {id: 1, ice_breakers: {default: [a, b, c, d, e]}}}",
    f"version: 1\naccounts: {{a: {{id: 1, ice_breakers: {{default: null, en-US: {ASKED[10:-1]}}}}}}}",
    "version: 1\ntemplates: {t: {id: 1}}",
    "version: 1\nlimits: {max_changes: 101%}",
    "version: 1\nlimits: {max_changes: -1}",
    "version: 1\napi: {version: '24'}",
    "version: 1\napi: {host: x}",
    "version: 1\ninclude: {}",
    "defaults: {}\naccounts: {}",
]


def accepts(text: str) -> bool:
    return Draft202012Validator(json_schema()).is_valid(yaml.safe_load(text))


def test_the_schema_is_one_itself() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", VALID)
def test_what_the_loader_takes_is_valid(told: Callable[..., list[str]], text: str) -> None:
    assert accepts(text)
    assert not [line for line in told(text) if ": error: " in line]


@pytest.mark.parametrize("text", INVALID)
def test_what_is_not_valid_the_loader_refuses(told: Callable[..., list[str]], text: str) -> None:
    assert not accepts(text)
    assert [line for line in told(text) if ": error: " in line]


def test_a_file_that_is_included_may_leave_the_version_out() -> None:
    assert accepts("accounts: {a: {id: 1}}")


def test_every_key_is_described_for_editors() -> None:
    schema = json_schema()
    described: list[dict[str, Any]] = [schema, *schema["$defs"].values()]
    missing = [
        f"{each['title']}.{key}"
        for each in described
        for key, value in each["properties"].items()
        if not value.get("description")
        and "anyOf" in value
        and not any("$ref" in one for one in value["anyOf"])
    ]
    assert missing == []
    assert all(each["additionalProperties"] is False for each in described)
    assert "en_GB" in str(schema["$defs"]["Account"]["properties"]["ice_breakers"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://graph.instagram.com", "https://graph.instagram.com"),
        ("HTTPS://Graph.Facebook.com/", "https://graph.facebook.com"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://127.9.9.9/a/b/", "http://127.9.9.9/a/b"),
        ("https://[::1]:1", "https://[::1]:1"),
    ],
)
def test_a_file_may_name_meta_and_this_machine(text: str, expected: str) -> None:
    assert api_url(text, any_host=False) == expected
    assert api_url(text, any_host=True) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://graph.instagram.com.evil.example",
        "https://graph.instagram.com:8443",
        "https://graph.instagram.com/proxy",
        "https://evil.example",
        "https://10.0.0.1",
        "https://[::2]",
        "https://localhost.evil.example",
        "https://127.0.0.1.evil.example",
    ],
)
def test_any_other_host_is_for_the_command_line_alone(text: str) -> None:
    assert api_url(text, any_host=True) == text
    with pytest.raises(ValueError, match=r"--api-url|leave out the port"):
        api_url(text, any_host=False)


@pytest.mark.parametrize("any_host", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "graph.instagram.com",
        "ftp://localhost",
        "http://graph.instagram.com",
        "http://evil.example",
        "https://graph.instagram.com@evil.example",
        "https://user:secret@graph.instagram.com",
        "https://graph.instagram.com\\@evil.example",
        "https://graph.instagram.com?x=secret",
        "https://graph.instagram.com#secret",
        "https://localhost:99999",
        "https://localhost:",
        "https://loc\nalhost",
        " https://localhost",
        "https://",
        "https://ⓛocalhost",
    ],
)
def test_what_is_no_base_url_is_refused_without_repeating_it(text: str, any_host: bool) -> None:
    with pytest.raises(ValueError, match="https://") as raised:
        api_url(text, any_host=any_host)
    assert "secret" not in str(raised.value)
    assert "evil" not in str(raised.value)


def test_a_version_looks_like_meta_writes_it() -> None:
    assert api_version("v24.0") == "v24.0"
    for wrong in ("24.0", "v24", "v24.0/..", "v٢.0", ""):
        with pytest.raises(ValueError, match=r"v24\.0"):
            api_version(wrong)
