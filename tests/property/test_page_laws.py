"""Laws of the page: no text changes its structure, and marks lose and invent no word."""

from html.parser import HTMLParser
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from icesync.model import Plan
from icesync.render import render
from icesync.render.marks import Runs, tokens, words
from icesync.safe import visible
from tests.support.samples import hostile_plan, hostile_run
from tests.support.strategies import TEXTS, hostile_texts, plans

Tag: TypeAlias = tuple[str, tuple[str, ...]]
MARKUP = st.sampled_from(
    (
        '"',
        "'",
        "<",
        ">",
        "&",
        "</p>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "]]>",
        "{{",
        "}}",
        "{%",
        "`",
        "=",
    )
)
WORDS = st.lists(st.sampled_from(("where", "my", "order", " ", "?", "送", "料", "ที่", "\u0301")), max_size=9)


class Structure(HTMLParser):
    """The tags of a page with the names of their attributes; its texts; what stands in marks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = tuple(name for name, _ in attrs)
        if tag in ("del", "ins"):
            assert not names
        elif tag != "bdi" or names:
            self.tags.append((tag, names))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("del", "ins", "bdi"):
            self.tags.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.text += data


def joined(runs: Runs) -> str:
    return "".join(run.text for run in runs)


@settings(max_examples=50)
@given(st.lists(hostile_texts() | MARKUP, min_size=1, max_size=5).map("".join).filter(str.strip))
def test_no_text_changes_the_structure_of_a_page(text: str) -> None:
    for hostile, harmless in (
        (hostile_plan(text), hostile_plan("harmless")),
        (hostile_run(text), hostile_run("harmless")),
    ):
        page, same = Structure(render(hostile, "html")), Structure(render(harmless, "html"))
        assert page.tags == same.tags
        assert visible(text) in page.text


@settings(max_examples=50)
@given(plans())
def test_every_question_before_and_after_stands_on_the_page_of_a_plan(plan: Plan) -> None:
    text = Structure(render(plan, "html")).text

    for change in plan.changes:
        for profile in (change.before, change.after):
            other = change.after if profile is change.before else change.before
            for locale, items in profile.ice_breakers.items():
                if items != other.ice_breakers.get(locale):
                    assert all(visible(part) in text for item in items for part in item)


@given(TEXTS | hostile_texts() | WORDS.map("".join), TEXTS | hostile_texts() | WORDS.map("".join))
def test_marked_texts_are_the_texts_again(before: str, after: str) -> None:
    old, new = words(before, after)

    assert (joined(old), joined(new)) == (before, after)
    assert "".join(tokens(before)) == before


@given(WORDS.map("".join), WORDS.map("".join))
def test_what_is_not_marked_is_the_same_on_both_sides(before: str, after: str) -> None:
    old, new = (joined(tuple(run for run in runs if not run.changed)) for runs in words(before, after))

    assert old == new


@given(TEXTS)
def test_a_text_has_no_marks_beside_itself(text: str) -> None:
    assert not any(run.changed for runs in words(text, text) for run in runs)
