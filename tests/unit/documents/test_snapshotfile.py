"""The snapshot file: what stands in it, and what is refused when it is read."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from icesync import __version__
from icesync.documents import snapshotfile, strict
from icesync.errors import PlanFileError
from icesync.model import NOTHING, Account, Api, Observation, Snapshot
from tests.support.samples import DEAD, EXPIRED, LIVE, OLD, US

SNAPSHOT = Snapshot(
    "2026-11-23T03:09:11Z",
    (
        Observation(DEAD, None, EXPIRED, at=7.0),
        Observation(OLD, NOTHING, at=8.0),
        Observation(US, LIVE, at=9.0, subscribed=("comments", "messages")),
    ),
    Api("https://graph.facebook.com", "v23.0"),
)
TEXT = snapshotfile.dumps(SNAPSHOT)


def signed(document: dict[str, Any]) -> str:
    """The document with a digest that holds, as a careful forger would write it."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    return json.dumps({**rest, "digest": strict.digest(rest)})


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The sample with another value in this place."""
    document: dict[str, Any] = json.loads(TEXT)
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return document


def test_it_says_when_and_where_it_was_taken_and_what_was_live() -> None:
    document = json.loads(TEXT)

    assert list(document) == ["format", "icesync", "created", "api", "accounts", "unreadable", "digest"]
    assert (document["format"], document["icesync"]) == ("icesync.snapshot/1", __version__)
    assert document["created"] == "2026-11-23T03:09:11Z"
    assert document["api"] == {"url": "https://graph.facebook.com", "version": "v23.0"}
    assert document["accounts"] == [
        {"account": "acme-old", "id": "17841400000000002", "ice_breakers": {}},
        {
            "account": "acme-us",
            "id": "17841400000000003",
            "ice_breakers": LIVE.as_data(),
            "webhooks": ["comments", "messages"],
        },
    ]
    (dead,) = document["unreadable"]
    assert (dead["account"], dead["error"]["kind"], dead["error"]["code"]) == ("acme-fr", "token", 190)


def test_no_credential_reference_or_label_gets_into_it() -> None:
    assert not re.search('env:|"token":|IG_TOKENS|labels|protect|"eu"', TEXT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value (line 1, column 1)"),
        ("[" * 200_000, "not JSON that can be read"),
        ("[]", "not an icesync document: `format` is missing"),
        ('{"format": "icesync.plan/1"}', "'icesync.plan/1', but this version of icesync reads 'icesync.snap"),
        ('{"format": "icesync.snapshot/2"}', "the format is 'icesync.snapshot/2'"),
        ('{"format": "icesync.snapshot/1", "format": "icesync.snapshot/1"}', "the key 'format' stands twice"),
        ('{"format": "icesync.snapshot/1"}', "damaged at icesync: Field required (and 5 more)"),
    ],
)
def test_a_text_that_is_no_snapshot_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(PlanFileError, match=re.escape(message)):
        snapshotfile.loads(text)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("created",), "yesterday", "created"),
        (("created",), "2026-11-23T03:09:11Z\n", "created"),
        (("api", "url"), 7, "api.url"),
        (("accounts", 0, "ice_breakers"), None, "accounts.0.ice_breakers"),
        (("accounts", 0, "token"), "env:SECRET", "accounts.0.token"),
        (
            ("accounts", 1, "ice_breakers", "default", 0, "payload"),
            1,
            "accounts.1.ice_breakers.default.0.payload",
        ),
        (("unreadable", 0, "error", "kind"), "bad luck", "unreadable.0.error.kind"),
        (("extra",), 1, "extra"),
    ],
)
def test_a_damaged_shape_is_refused_with_its_place(
    path: tuple[str | int, ...], value: object, place: str
) -> None:
    with pytest.raises(PlanFileError, match=rf"^damaged at {re.escape(place)}: "):
        snapshotfile.loads(signed(changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("accounts", 0, "account"), "acme-us", "the account 'acme-us' stands in it twice"),
        (("accounts", 0, "id"), "17841400000000003", "the id '17841400000000003' stands in it twice"),
        (("unreadable", 0, "id"), "17841400000000003", "the id '17841400000000003' stands in it twice"),
    ],
)
def test_an_account_that_stands_in_it_twice_is_refused(
    path: tuple[str | int, ...], value: object, told: str
) -> None:
    with pytest.raises(PlanFileError, match=rf"contradicts itself: {re.escape(told)}"):
        snapshotfile.loads(signed(changed(path, value)))


def test_accounts_that_are_each_tokens_own_may_be_many() -> None:
    mine = Snapshot(SNAPSHOT.created, tuple(Observation(Account(name, "me"), LIVE) for name in "ab"))

    assert snapshotfile.loads(snapshotfile.dumps(mine)) == mine


@pytest.mark.parametrize(
    ("old", "new"), [("Any jobs?", "Any j0bs?"), ("v23.0", "v24.0"), ("T03:09:11Z", "T04:09:11Z")]
)
def test_an_edited_snapshot_is_refused(old: str, new: str) -> None:
    assert old in TEXT

    with pytest.raises(
        PlanFileError, match="edited or damaged: the digest does not hold; take a new snapshot"
    ):
        snapshotfile.loads(TEXT.replace(old, new, 1))


def test_the_schema_accepts_what_is_written_and_refuses_other_things() -> None:
    schema = snapshotfile.json_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)

    validator.validate(json.loads(TEXT))
    assert not validator.is_valid(changed(("format",), "icesync.snapshot/2"))
    assert not validator.is_valid(changed(("accounts", 0, "token"), "env:SECRET"))
    assert schema["title"] == "icesync snapshot"
