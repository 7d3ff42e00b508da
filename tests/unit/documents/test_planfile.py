"""The plan file: what stands in it, and what is refused when it is read."""

import json
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from icesync import __version__
from icesync.diff import edits
from icesync.documents import planfile, strict
from icesync.errors import PlanFileError
from icesync.model import NOTHING, Account, Desired, Fleet, Plan, Profile
from tests.support.samples import LACKING, PLAN, QUIET_PLAN, hostile_plan

TEXT = planfile.dumps(PLAN, edits)


# As icesync 0.1.0 wrote it before plans knew labels, protection, limits and warnings.
OLDER = """
{"format": "icesync.plan/1", "icesync": "0.1.0", "created": "2026-11-23T03:09:11Z", "complete": true,
 "api": {"url": "https://graph.instagram.com", "version": "v24.0"},
 "desired": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
 "summary": {"accounts": 3, "create": 1, "update": 0, "delete": 0,
             "unchanged": 2, "unmanaged": 0, "unreadable": 0},
 "changes": [{"account": "shop", "id": "1", "action": "create",
  "before": {}, "after": {"default": [{"question": "Hello?", "payload": "HELLO"}]},
  "edits": [{"kind": "add", "locale": "default", "position": 1, "before": null,
             "after": {"question": "Hello?", "payload": "HELLO"}}]}],
 "unreadable": [],
 "digest": "sha256:d41fbb7ff52805b6e3a8041d38aed60d0f292245634ac360b71cc5f801244011"}
"""


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


def test_the_keys_stand_in_the_order_of_the_contract() -> None:
    document = json.loads(TEXT)

    head = ["format", "icesync", "created", "complete", "api", "desired"]
    people = ["limits", "refusals", "warnings"]
    assert list(document) == [*head, "summary", "changes", "unreadable", *people, "digest"]
    assert list(document["changes"][2]) == ["account", "id", "action", "before", "after", "edits"]
    assert list(document["changes"][0]["edits"][0]) == ["kind", "locale", "position", "before", "after"]
    assert list(document["unreadable"][0]) == ["account", "id", "error"]
    assert list(document["unreadable"][0]["error"]) == ["kind", "code", "subcode", "message", "trace", "hint"]


def test_the_head_says_what_the_plan_is() -> None:
    document = json.loads(TEXT)

    assert document["format"] == "icesync.plan/1"
    assert document["icesync"] == __version__
    assert document["created"] == "2026-11-23T03:09:11Z"
    assert document["complete"] is False
    assert document["api"] == {"url": "https://graph.instagram.com", "version": "v24.0"}
    assert document["summary"] == {
        "accounts": 5, "create": 1, "update": 1, "delete": 1, "unchanged": 1, "unmanaged": 2, "unreadable": 1,
    }  # fmt: skip


def test_a_change_holds_both_sides_and_its_edits() -> None:
    change = json.loads(TEXT)["changes"][1]

    gone = {"question": "Still there?", "payload": "PING"}
    assert change == {
        "account": "acme-old",
        "id": "17841400000000002",
        "protect": True,
        "action": "delete",
        "before": {"default": [gone]},
        "after": {},
        "edits": [{"kind": "remove", "locale": "default", "position": 1, "before": gone, "after": None}],
    }


def test_no_credential_reference_gets_into_it() -> None:
    assert not re.search('env:|"token":|IG_TOKENS', TEXT)


def test_labels_and_protection_stand_where_there_are_any_and_are_read_back() -> None:
    changes = json.loads(TEXT)["changes"]
    told = [{key: change[key] for key in ("labels", "protect") if key in change} for change in changes]

    assert told == [{"labels": ["eu"]}, {"protect": True}, {}]
    found = [change.account for change in planfile.loads(TEXT).changes]
    assert [(each.labels, each.protect) for each in found] == [(("eu",), False), ((), True), ((), False)]


def test_it_tells_the_limits_and_what_they_would_refuse() -> None:
    document = json.loads(TEXT)

    assert document["limits"] == {"max_changes": "100%", "max_deletes": "10%"}
    assert [reason.partition(",")[0] for reason in document["refusals"]] == [
        "1 of 5 accounts would lose all ice breakers",
        "acme-old is protected: `protect: true` must be lifted before it can delete",
    ]
    assert document["warnings"] == ["The token of acme-us ends in 3 days."]
    found = planfile.loads(TEXT)
    assert (found.limits, found.warnings) == (PLAN.limits, PLAN.warnings)


def test_a_plan_without_limits_refuses_nothing() -> None:
    document = planfile.to_document(replace(PLAN, limits=None, warnings=()), edits)

    assert not {"limits", "refusals", "warnings"} & document.keys()


def test_a_plan_file_from_before_there_were_labels_and_limits_still_holds() -> None:
    plan = planfile.loads(OLDER)

    assert json.loads(planfile.dumps(plan, edits)) == {**json.loads(OLDER), "icesync": __version__} | {
        "digest": planfile.to_document(plan, edits)["digest"]
    }
    assert (plan.changes[0].account, plan.limits, plan.warnings) == (Account("shop", "1"), None, ())


def test_the_text_is_readable_and_ends_in_a_newline() -> None:
    assert TEXT.startswith('{\n  "format": "icesync.plan/1",\n')
    assert "Où est ma commande ?" in TEXT
    assert TEXT.endswith("}\n")


@pytest.mark.parametrize(
    "character", ["\x00", "\x1b", "\x7f", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066", "\ud800"]
)
def test_harmful_characters_are_escaped_and_read_back(character: str) -> None:
    plan = hostile_plan(f"a{character}b")

    text = planfile.dumps(plan, edits)

    assert character not in text
    assert f"a\\u{ord(character):04x}b" in text
    text.encode()
    assert planfile.loads(text) == plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value (line 1, column 1)"),
        ('{"format": "icesync.plan/1"\n]', "line 2, column 1"),
        ("[" * 200_000, "not JSON that can be read"),
        ("9" * 5000, "not JSON that can be read"),
        ("[]", "not an icesync document: `format` is missing"),
        ("null", "not an icesync document"),
        ('{"a": 1}', "not an icesync document"),
        ('{"format": "icesync.plan/2"}', "the format is 'icesync.plan/2', but this version"),
        ('{"format": "icesync.report/1"}', "'icesync.report/1'"),
        ('{"format": ["x"]}', "the format is ['x']"),
        ('{"format": "icesync.plan/1", "format": "icesync.plan/1"}', "the key 'format' stands twice"),
        ('{"format": "icesync.plan/1"}', "damaged at icesync: Field required (and 8 more)"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_plan_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(PlanFileError, match=re.escape(message)):
        planfile.loads(text)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("changes", 0, "after", "default", 0, "question"), None, "changes.0.after.default.0.question"),
        (("changes", 0, "after", "default", 0, "colour"), "red", "changes.0.after.default.0.colour"),
        (("changes", 0, "before"), [], "changes.0.before"),
        (("changes", 0, "action"), "destroy", "changes.0.action"),
        (("changes", 2, "edits", 0, "position"), 0, "changes.2.edits.0.position"),
        (("changes", 2, "edits", 0, "kind"), "swap", "changes.2.edits.0.kind"),
        (("unreadable", 0, "error", "kind"), "bad luck", "unreadable.0.error.kind"),
        (("unreadable", 0, "error", "code"), "190", "unreadable.0.error.code"),
        (("summary", "unchanged"), -1, "summary.unchanged"),
        (("summary", "unchanged"), True, "summary.unchanged"),
        (("api", "url"), 7, "api.url"),
        (("extra",), 1, "extra"),
        (("changes", 0, "labels"), "eu", "changes.0.labels"),
        (("changes", 0, "protect"), 1, "changes.0.protect"),
        (("limits", "max_changes"), "101%", "limits.max_changes"),
        (("limits", "max_deletes"), "-1", "limits.max_deletes"),
        (("limits",), {"max_changes": "1"}, "limits.max_deletes"),
        (("warnings",), [None], "warnings.0"),
    ],
)
def test_a_damaged_shape_is_refused_with_its_place(
    path: tuple[str | int, ...], value: object, place: str
) -> None:
    with pytest.raises(PlanFileError, match=rf"^damaged at {re.escape(place)}: "):
        planfile.loads(signed(changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("changes", 0, "action"), "update", "what it does to 'acme-de' is no update"),
        (("changes", 0, "action"), "delete", "what it does to 'acme-de' is no delete"),
        (("changes", 1, "action"), "create", "what it does to 'acme-old' is no create"),
        (("changes", 0, "after"), {}, "before and after of 'acme-de' are the same"),
        (("changes", 0, "after"), {"default": []}, "before and after of 'acme-de' are the same"),
        (
            ("changes", 1, "after"),
            {"default": [{"question": " Still there?", "payload": "PING "}]},
            "the same",
        ),
        (("changes", 1, "account"), "acme-de", "the account 'acme-de' stands in it twice"),
        (("unreadable", 0, "account"), "acme-us", "the account 'acme-us' stands in it twice"),
        (("summary", "accounts"), 6, "the summary does not fit"),
        (("summary", "create"), 0, "the summary does not fit"),
        (("summary", "delete"), 0, "the summary does not fit"),
        (("summary", "unchanged"), 2, "the summary does not fit"),
        (("summary", "unreadable"), 0, "the summary does not fit"),
        (("complete",), True, "the summary does not fit"),
        (("refusals",), [], "the refusals do not fit"),
        (("limits", "max_deletes"), "20%", "the refusals do not fit"),
        (("limits",), None, "the refusals do not fit"),
        (("changes", 1, "protect"), False, "the refusals do not fit"),
        (("changes", 0, "protect"), True, "the refusals do not fit"),
    ],
)
def test_a_made_up_plan_that_contradicts_itself_is_refused(
    path: tuple[str | int, ...], value: object, told: str
) -> None:
    with pytest.raises(PlanFileError, match=rf"contradicts itself: .*{re.escape(told)}"):
        planfile.loads(signed(changed(path, value)))


def test_a_key_that_stands_twice_among_very_many_is_found_at_once() -> None:
    keys = ", ".join(f'"{number}": 0' for number in [*range(100_000), 99_999])

    began = time.monotonic()
    with pytest.raises(PlanFileError, match="the key '99999' stands twice"):
        planfile.loads(f"{{{keys}}}")

    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Where is my order?", "Where is my 0rder?"),
        ('"unchanged": 1', '"unchanged": 2'),
        ("https://graph.instagram.com", "https://graph.instagram.example"),
        ('"complete": false', '"complete": true'),
    ],
)
def test_an_edited_plan_is_refused(old: str, new: str) -> None:
    assert old in TEXT

    with pytest.raises(PlanFileError, match="edited or damaged"):
        planfile.loads(TEXT.replace(old, new, 1))


def test_blanks_and_the_order_of_keys_do_not_matter() -> None:
    shuffled = json.dumps(json.loads(TEXT), sort_keys=True)

    assert planfile.loads(shuffled) == planfile.loads(TEXT)


@pytest.mark.parametrize("plan", [PLAN, LACKING, QUIET_PLAN, hostile_plan("\ud800\x1b")])
def test_the_schema_accepts_every_plan(plan: Plan) -> None:
    schema = planfile.json_schema()
    Draft202012Validator.check_schema(schema)

    Draft202012Validator(schema).validate(planfile.to_document(plan, edits))


def test_the_schema_refuses_and_describes() -> None:
    schema = planfile.json_schema()

    assert not Draft202012Validator(schema).is_valid({**json.loads(TEXT), "format": "icesync.plan/2"})
    assert not Draft202012Validator(schema).is_valid({**json.loads(TEXT), "digest": "md5:1"})
    assert schema["properties"]["created"]["description"] == "When, in UTC: `2026-11-23T03:09:11Z`."


ASKS = Profile.of({"default": [("Q?", "P")]})
HERE = Desired(Account("a", "1"), ASKS)


def test_the_desired_digest_does_not_hang_on_order_or_tokens() -> None:
    there = Desired(Account("b", "2"), None)
    with_token = Desired(Account("a", "1", "env:X", ("x",), protect=True, sink="command:x"), ASKS)

    digest = planfile.desired_digest(Fleet((HERE, there)))

    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert planfile.desired_digest(Fleet((there, with_token))) == digest


def test_a_fleet_without_webhooks_keeps_the_digest_that_older_plans_name() -> None:
    assert planfile.desired_digest(Fleet((HERE,))) == (
        "sha256:da2477b9927dcc138b29b063bb0905128559ad1bb928170809dc2334731fd74d"
    )


@pytest.mark.parametrize(
    "other",
    [
        Desired(Account("c", "1"), ASKS),
        Desired(Account("a", "2"), ASKS),
        Desired(Account("a", "1"), Profile.of({"default": [("Q?", "R")]})),
        Desired(Account("a", "1"), NOTHING),
        Desired(Account("a", "1"), None),
        Desired(Account("a", "1", webhooks=("messages",)), ASKS),
    ],
)
def test_the_desired_digest_tells_desired_states_apart(other: Desired) -> None:
    assert planfile.desired_digest(Fleet((other,))) != planfile.desired_digest(Fleet((HERE,)))


def test_to_want_nothing_is_not_to_leave_it_unmanaged() -> None:
    nothing, unmanaged = (Desired(Account("a", "1"), profile) for profile in (NOTHING, None))

    assert planfile.desired_digest(Fleet((nothing,))) != planfile.desired_digest(Fleet((unmanaged,)))


def test_subscriptions_stand_where_there_are_any_and_are_read_back() -> None:
    document = json.loads(planfile.dumps(LACKING, edits))

    assert "subscriptions" not in json.loads(TEXT)
    assert "subscribe" not in json.loads(TEXT)["summary"]
    assert document["summary"] == {
        "accounts": 3, "create": 1, "update": 0, "delete": 0, "unchanged": 1, "unmanaged": 0, "unreadable": 0,
        "subscribe": 2,
    }  # fmt: skip
    assert document["subscriptions"][1] == {
        "account": "acme-old",
        "id": "17841400000000002",
        "protect": True,
        "action": "subscribe",
        "before": ["comments", "messages"],
        "after": ["comments", "messages", "messaging_postbacks"],
    }
    found = planfile.loads(json.dumps(document)).subscriptions
    assert [each.added for each in found] == [each.added for each in LACKING.subscriptions]


@pytest.mark.parametrize(
    ("number", "keys", "told"),
    [
        (0, {"account": "acme-old", "id": "17841400000000002"}, "'acme-old' stands in it twice"),
        (0, {"id": "1"}, "'acme-de' is two accounts"),
        (0, {"before": ["messages", "messaging_postbacks"]}, "after is not before and more for 'acme-de'"),
        (0, {"before": ["comments"]}, "after is not before and more for 'acme-de'"),
        (0, {"after": ["messages", "comments"]}, "damaged at subscriptions.0.after: .*not sorted"),
        (0, {"after": ["messages", "messages"]}, "damaged at subscriptions.0.after: .*twice"),
        (0, {"action": "update"}, "damaged at subscriptions.0.action"),
        (1, {"protect": False}, "the refusals do not fit"),
    ],
)
def test_a_made_up_subscription_is_refused(number: int, keys: dict[str, Any], told: str) -> None:
    document = json.loads(planfile.dumps(LACKING, edits))
    document["subscriptions"][number].update(keys)

    with pytest.raises(PlanFileError, match=told):
        planfile.loads(signed(document))


def test_to_subscribe_is_no_change_of_a_profile() -> None:
    with pytest.raises(PlanFileError, match=r"damaged at changes\.0\.action"):
        planfile.loads(signed(changed(("changes", 0, "action"), "subscribe")))
