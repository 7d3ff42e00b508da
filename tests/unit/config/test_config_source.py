"""Reading text: stores of secrets, places, and how little is done when nothing is wrong."""

import gc
import json
from contextlib import suppress
from pathlib import Path

import pytest

from icesync.config import load
from icesync.config.places import Place, locate
from icesync.config.source import read_mapping
from icesync.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("a: x\n'b c': 0123\nd: null\ne: 'null'\nf: yes", {"a": "x", "b c": "0123", "e": "null", "f": "yes"}),
        ('{"a": "x", "b": 1.50, "c": true, "d": null, "e": {"f": "g"}}', {"a": "x", "b": "1.50"}),
        ('{\n\t"a": "\\ud83d\\ude00\\/"}', {"a": "😀/"}),
        (json.dumps({"a": "x" * 100_000}), {"a": "x" * 100_000}),
        ("{}", {}),
        ("", None),
        ("just a token", None),
        ('"a"', None),
        ("[a]", None),
        ("a: [b]\nc: d", {"c": "d"}),
        ('{"a": {"b": "c"}}', {}),
        ('{"a": "x", "a": "y"}', None),
        ("a: x\na: y", None),
        ("a: !!str x", None),
        ("a: &a [*a]", None),
        ("\ta: x", None),
        ("a: \0", None),
        ("a: \ud800", None),
        ("[" * 100_000, None),
        ("{" * 100_000, None),
    ],
)
def test_a_store_of_secrets_is_a_mapping_of_text_to_text_or_nothing(
    text: str, mapping: dict[str, str] | None
) -> None:
    assert read_mapping(text) == mapping


def test_a_path_leads_to_its_place_or_to_the_nearest_place_before_it() -> None:
    text = b"a: &x\n  - b: 'c'\nd: *x\n"
    found = locate(text, [("a", 0, "b"), ("d", 0, "b"), ("d",), ("a", 7, "z"), ("nope",)])
    assert found == {
        ("a", 0, "b"): Place(10, 13, 16, plain=False),
        ("d", 0, "b"): Place(10, 13, 16, plain=False),
        ("d",): Place(17, 20, 22, plain=False),
        ("a", 7, "z"): Place(0, 3, 8, plain=False),
        ("nope",): Place(0, 0, 0, plain=False),
    }


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("text", ["version: 1\naccounts: {a: {id: 1}}", "version: 2"])
def test_garbage_collection_is_as_it_was_after_loading(tmp_path: Path, text: str, enabled: bool) -> None:
    (tmp_path / "icesync.yaml").write_text(text)
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with suppress(ConfigError):
            load(tmp_path)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
