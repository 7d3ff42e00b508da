"""One token of a file is new, and nothing else of it."""

import json

import pytest

from icesync.config.source import read_mapping
from icesync.tokens.texts import with_entry, with_token

TOKEN = "IGQVJnew"

YAML = """\
# kept by hand
acme: IGQVJold   # Berlin
"b c": 'x'
nested: {deep: [1, 2]}
last: |
  y
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n "z": "1",\n "a": "old",\n "n": []\n}\n', '{\n "z": "1",\n "a": "IGQVJnew",\n "n": []\n}\n'),
        ('{"z": [1, null, true], "a": "old"}', '{"z": [1, null, true], "a": "IGQVJnew"}'),
        ('{"z": "é", "a": null}', '{"z": "é", "a": "IGQVJnew"}'),
        ('{"z": "\\u00e9"}\n', '{"z": "\\u00e9", "a": "IGQVJnew"}\n'),
        ('{\n\t"z": 12345678901234567890\n}', '{\n\t"z": 12345678901234567890,\n\t"a": "IGQVJnew"\n}'),
        ("{}", '{"a": "IGQVJnew"}'),
        (" \n", '{\n  "a": "IGQVJnew"\n}\n'),
    ],
)
def test_json_keeps_its_other_keys_its_order_and_its_indent(before: str, after: str) -> None:
    assert with_entry(before, "a", TOKEN, is_yaml=False) == after


@pytest.mark.parametrize(
    ("key", "line", "after"),
    [
        ("acme", "acme: IGQVJold   # Berlin\n", 'acme: "IGQVJnew"   # Berlin\n'),
        ("b c", "\"b c\": 'x'\n", '"b c": "IGQVJnew"\n'),
        ("last", "last: |\n  y\n", 'last: "IGQVJnew"\n'),
        ("new-é", "", '"new-é": "IGQVJnew"\n'),
    ],
)
def test_yaml_keeps_every_other_character(key: str, line: str, after: str) -> None:
    found = with_entry(YAML, key, TOKEN, is_yaml=True)

    assert found == (YAML.replace(line, after) if line else YAML + after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '"a": "IGQVJnew"\n'),
        ("a:\nb: x", 'a: "IGQVJnew"\nb: x'),
        ("a: ~\n", 'a: "IGQVJnew"\n'),
        ("b: x", 'b: x\n"a": "IGQVJnew"\n'),
        ("{b: x, a: y,}\n", '{b: x, a: "IGQVJnew",}\n'),
        ("---\na: >-\n  x\n  y\n\nb: x\n", '---\na: "IGQVJnew"\n\nb: x\n'),
        ("b: &t x\na: *t\n", 'b: &t x\na: "IGQVJnew"\n'),
        ("a:\r\n  x\r\nb: x\r\n", 'a:\r\n  "IGQVJnew"\r\nb: x\r\n'),
    ],
)
def test_yaml_is_written_in_the_way_that_it_is(before: str, after: str) -> None:
    assert with_entry(before, "a", TOKEN, is_yaml=True) == after
    found = read_mapping(after)
    assert found is not None
    assert found["a"] == TOKEN


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("IGQVJold\n", "no JSON or YAML mapping"),
        ('"IGQVJold"', "no JSON or YAML mapping"),
        ('["IGQVJold"]', "no JSON or YAML mapping"),
        ("# IGQVJold\n", "no JSON or YAML mapping"),
        ("[" * 100_000, "no JSON or YAML mapping"),
        ("b: !!str IGQVJold\n", "no JSON or YAML mapping"),
        ("b: IGQVJold\nb: IGQVJold\n", "no JSON or YAML mapping"),
        ('{"b": "IGQVJold", "b": "x"}', "a key twice"),
        ('{"a": {"token": "IGQVJold"}}', "under that key is no text"),
        ('{"a": 1}', "under that key is no text"),
        ("a: {token: IGQVJold}\n", "under that key is no text"),
        ("{b: IGQVJold}\n", "cannot be put into YAML like this"),
        ("b: IGQVJold\n...\n", "cannot be put into YAML like this"),
        ("a: &t IGQVJold\nb: *t\n", "cannot be put into YAML like this"),
        ('{"b": 1e999}', "JSON"),
    ],
)
def test_what_would_be_lost_or_is_not_understood_is_left_alone(before: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        with_entry(before, "a", TOKEN, is_yaml=False)

    assert "IGQVJ" not in str(caught.value)


@pytest.mark.parametrize("before", ["", "IGQVJold\n", "two words"])
def test_a_file_without_keys_holds_the_token_alone(before: str) -> None:
    assert with_token(before, TOKEN) == "IGQVJnew\n"


@pytest.mark.parametrize("before", [json.dumps({"a": "IGQVJold"}), "a: IGQVJold\n", "{}"])
def test_a_mapping_is_not_thrown_away_for_one_token(before: str) -> None:
    with pytest.raises(ValueError, match="#KEY"):
        with_token(before, TOKEN)
