"""The error catalogue: every row of the Graph API facts is classified and explained, and nothing else is."""

import ast
import json
import re
from pathlib import Path

import pytest

from icesync.errors import GraphError
from icesync.graph import catalogue, protocol
from icesync.graph.catalogue import Entry, Retry, ailments, cases
from icesync.model import FailureKind

HOUSE = Path(__file__).parents[3] / "icesync"

FACTS: dict[FailureKind, tuple[str, ...]] = {
    FailureKind.TRANSIENT: ("1", "2"),
    FailureKind.THROTTLED: ("4", "17", "32", "341", "613", *map(str, range(80000, 80015))),
    FailureKind.TOKEN: (
        *("102", "104", "190"),
        *(f"190/{subcode}" for subcode in (458, 459, 460, 463, 464, 467, 492)),
    ),
    FailureKind.PERMISSION: ("3", "10", *map(str, range(200, 300)), "36103"),
    FailureKind.INVALID: ("100", "100/33", "100/IGApiException", "110", "803", "2500"),
    FailureKind.BLOCKED: ("368",),
}
"""The table and the traps of the facts, section Errors."""

ROWS = [(kind, name) for kind, names in FACTS.items() for name in names]


def answer(name: str) -> bytes:
    """An answer of the API with this error."""
    code, _, rest = name.partition("/")
    error = {"code": int(code), "message": "told", "type": rest if rest.isalpha() else "OAuthException"}
    return json.dumps(
        {"error": {**error, **({"error_subcode": int(rest)} if rest.isdigit() else {})}}
    ).encode()


def failed(status: int, content: bytes) -> GraphError:
    with pytest.raises(GraphError) as caught:
        protocol.decode(status, {}, content)
    return caught.value


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_every_row_of_the_facts_is_classified_and_explained_by_one_entry(
    kind: FailureKind, name: str
) -> None:
    failure = failed(400, answer(name)).failure
    explained, *_ = catalogue.explain(name)

    assert failure.kind is kind
    assert (explained.kind, explained.step) == (kind, failure.hint)
    assert name in explained.keys


@pytest.mark.parametrize(
    ("status", "content", "entry"),
    [
        (429, b"", cases.HTTP_429),
        (429, answer("999"), cases.HTTP_429),
        (503, b"<html>", cases.HTTP_5XX),
        (500, answer("999"), cases.HTTP_5XX),
        (200, b"[", cases.NOT_JSON),
        (400, b'{"error": {"code": 999, "is_transient": true}}', cases.CALLED_TRANSIENT),
        (400, b'{"error": {"code": 190, "is_transient": true}}', cases.CALLED_TRANSIENT),
        (400, answer("999"), cases.INVALID),
        (404, b"{}", cases.HTTP_4XX),
        (302, b"", cases.HTTP_3XX),
    ],
)
def test_what_has_no_known_code_has_an_entry_too(status: int, content: bytes, entry: Entry) -> None:
    failure = failed(status, content).failure

    assert (failure.kind, failure.hint) == (entry.kind, entry.step)


@pytest.mark.parametrize("entry", catalogue.ALL, ids=lambda entry: entry.name)
def test_an_entry_is_found_by_its_name_says_everything_and_has_a_source(entry: Entry) -> None:
    assert catalogue.explain(entry.name)[0] == entry
    assert catalogue.explain(entry.name.upper())[0] == entry
    for text in (entry.cause, entry.step):
        assert re.fullmatch(r"[A-Z].*[^. ]\.", text), text
    assert entry.source.name
    # What icesync does by itself is no fact about the API, and nothing else goes without a confidence.
    assert (entry.source.confidence is None) is (entry.source.name == "icesync itself")
    assert (entry.source.confidence == "H") is bool(entry.source.url)


def test_no_two_entries_have_one_name() -> None:
    names = [entry.name.lower() for entry in catalogue.ALL]

    assert sorted(set(names)) == sorted(names)


def test_no_code_is_explained_that_the_facts_do_not_name() -> None:
    keys = {key for entry in catalogue.ALL if entry.name[0].isdigit() for key in entry.keys}

    assert keys - {"200-299", "80000-80014"} == {name for _, name in ROWS}


def test_every_kind_of_failure_is_explained_by_its_name_with_all_that_are_of_it() -> None:
    for kind in FailureKind:
        general, *others = catalogue.explain(kind)
        assert general.name == kind
        assert {each.kind for each in others} <= {kind}
    assert "190/463" in {entry.name for entry in catalogue.explain("token")}


def test_no_entry_without_a_code_is_there_for_nothing() -> None:
    used = {
        node.attr
        for file in HOUSE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("ailments", "cases")
    }
    there = {name for name, value in vars(cases).items() if value in cases.CASES}
    there |= {name for name, value in vars(ailments).items() if value in ailments.AILMENTS}

    assert there
    assert there - used == set()


def test_no_failure_is_made_past_the_catalogue_but_those_that_are_read_or_only_counted() -> None:
    makers = {
        file.relative_to(HOUSE).as_posix()
        for file in HOUSE.rglob("*.py")
        if re.search(r"(?<!class )\bGraphFailure\(", file.read_text(encoding="utf-8"))
    }

    assert makers == {
        "documents/schema.py",
        "graph/catalogue/entry.py",
        "graph/protocol.py",
        "reconciler/course.py",
    }


@pytest.mark.parametrize(
    ("subcode", "word"),
    [
        (458, "removed"),
        (459, "checkpoint"),
        (460, "password"),
        (463, "expired"),
        (464, "confirm"),
        (467, "not valid"),
        (492, "role"),
        (None, "new token"),
        (999, "new token"),
    ],
)
@pytest.mark.parametrize("code", [102, 190])
def test_every_way_of_losing_a_token_has_its_own_next_step(code: int, subcode: int | None, word: str) -> None:
    entry = catalogue.find(code, subcode, "OAuthException")

    assert entry is not None
    assert word in entry.step
    assert entry.retry is Retry.NO


def test_a_missing_permission_is_named() -> None:
    for name in ("3", "10", "200", "36103", "permission"):
        step = catalogue.explain(name)[0].step
        assert "instagram_business_basic" in step
        assert "instagram_business_manage_messages" in step


def test_the_type_decides_only_where_there_is_no_subcode() -> None:
    def found(code: int, subcode: int | None, type_: object) -> str:
        entry = catalogue.find(code, subcode, type_)
        return entry.name if entry else ""

    assert found(100, None, "IGApiException") == "100/IGApiException"
    assert found(100, 33, "IGApiException") == "100/33"
    assert found(100, 7, "IGApiException") == "100"
    assert found(110, None, "IGApiException") == "110"
    assert found(100, None, ["IGApiException"]) == "100"
    assert found(100, None, "33/..") == "100"


@pytest.mark.parametrize("asked", ["0", "999", "79999", "80015", "300", "999/33"])
def test_a_code_that_is_not_known_is_not_explained(asked: str) -> None:
    assert catalogue.is_code(asked)
    assert catalogue.explain(asked) == ()


@pytest.mark.parametrize(
    "asked", ["", "/", "190/", "/463", "190/x", "-1", "1.5", "1" * 10, "١٩٠", "190/463/1"]
)
def test_what_can_be_no_code_is_none(asked: str) -> None:
    assert not catalogue.is_code(asked)
    assert catalogue.explain(asked) == ()
