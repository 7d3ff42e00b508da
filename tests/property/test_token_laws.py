"""Laws of a file of tokens: one of them is new, the others are what they were, or nothing is touched."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from icesync.config.source import read_mapping
from icesync.tokens.texts import with_entry, with_token

TOKEN = "IGQVJnew"
KEYS = st.sampled_from(("acme", "b", "null", "0x1", "ä", "a:b", "-", "{", "'", '"', "&a"))
VALUES = st.sampled_from(("x", "null", "0123", "", " a\n b\n\nc \n", "#", "- a", "é\u2028")) | st.text(
    max_size=9
)
FILES = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


def in_yaml(data: dict[str, str], **keywords: Any) -> str:
    return str(yaml.safe_dump(data, sort_keys=False, **keywords))


@given(FILES, KEYS, st.none() | st.integers(0, 4), st.booleans())
def test_json_has_the_new_token_and_the_others_in_their_order(
    data: dict[str, str], key: str, indent: int | None, is_ascii: bool
) -> None:
    data = {name: value.encode(errors="replace").decode() for name, value in data.items()}
    after = with_entry(json.dumps(data, indent=indent, ensure_ascii=is_ascii), key, TOKEN, is_yaml=False)

    assert list(json.loads(after).items()) == list({**data, key: TOKEN}.items())


@given(FILES, KEYS, st.sampled_from((None, "'", '"', "|", ">")), st.booleans())
def test_yaml_has_the_new_token_and_the_others(
    data: dict[str, str], key: str, style: str | None, is_flow: bool
) -> None:
    text = in_yaml(data, default_style=style, default_flow_style=is_flow, allow_unicode=True)
    before = read_mapping(text)
    if before is None:
        return
    try:
        after = with_entry(text, key, TOKEN, is_yaml=True)
    except ValueError:
        return

    assert read_mapping(after) == {**before, key: TOKEN}


@given(st.text(st.sampled_from("ab: {}[],'\"\n\t#&*!|>-?%0é\x00\ud800"), max_size=30), KEYS)
def test_no_text_makes_trouble_but_an_error_for_people(text: str, key: str) -> None:
    for change in (lambda: with_entry(text, key, TOKEN, is_yaml=True), lambda: with_token(text, TOKEN)):
        try:
            after = change()
        except ValueError:
            continue
        assert TOKEN in after
