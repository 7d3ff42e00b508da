"""No text from outside scripts a terminal, a page or a comment."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from icesync.model import Account, Change, Plan, Profile, Report
from icesync.render import FORMATS, render
from icesync.render.markdown import literal
from icesync.safe import told_apart, visible
from tests.support.samples import PLAN, REPORT, hostile_plan, hostile_run
from tests.support.strategies import hostile_texts, plans, reports

HOSTILE = [
    "Where\u200b is\u3164it?\U000e0041\u00ad",
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m and \x7f and \x00",
    "\u202egnp.exe\u2066 \u2069 \u202a",
    "one\nPlan: 0 to create\r\x85two\u2028three\u2029four\tfive",
    "half a pair \ud83d here",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)> {{ 7 * 7 }} {% raw %} &lt;b&gt; <!-- -->",
    "@everyone @org/team #1 GH-1 org/repo#2 :boom: 0123456789abcdef0123456789abcdef01234567",
    "| a | b |\n| - | - |\n\n# head\n- item\n```\nfence\n```\n~~~",
    "[link](javascript:alert(1)) ![image](https://evil.example/x.png) <https://evil.example> [a]: /b",
    "https://evil.example www.evil.example mail@evil.example",
    "`code` ``more`` **bold** _under_ ~~gone~~ $x^2$ $$y$$ \\| \\` \\",
    "</code></td></table><h1>out</h1>",
]  # fmt: skip
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
NEVER = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Page(HTMLParser):
    """What a browser would see: tags, names of attributes, texts inside and outside of code. What only
    keeps an escape together is no tag of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.code: list[str] = []
        self.outside = [""]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (tag, attrs) == ("bdi", []):
            return
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        (self.code if tag == "code" else self.outside).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "bdi":
            return
        self.tags.append(f"/{tag}")
        self.outside.append("")

    def handle_data(self, data: str) -> None:
        texts = self.code if self.tags and self.tags[-1] == "code" else self.outside
        texts[-1] += data


def values(text: str) -> Iterator[Plan | Report]:
    yield hostile_plan(text)
    yield hostile_run(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Où est-ce ? 送料 🚚", "Où est-ce ? 送料 🚚"),
        ("איפה", "איפה"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x00\x7f\x85\x9b", r"\x00\x7f\x85\x9b"),
        ("\u2028\u2029\u202a\u202e\u2066\u2069", r"\u2028\u2029\u202a\u202e\u2066\u2069"),
        ("\ud83d", r"\ud83d"),
        ("Where\u200b is\u00ad it\u2060\ufeff?", r"Where\u200b is\xad it\u2060\ufeff?"),
        ("\u3164\u2800\u115f\u1160\uffa0\u034f\u180e", r"\u3164\u2800\u115f\u1160\uffa0\u034f\u180e"),
        ("Hi\U000e0048\U000e0069", r"Hi\U000e0048\U000e0069"),
        # Emoji need selectors, joiners and tags, and nobody else does.
        ("❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3", "❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3"),
        ("👩🏽\u200d💻 🏳\ufe0f\u200d🌈 🏴\u200d☠\ufe0f", "👩🏽\u200d💻 🏳\ufe0f\u200d🌈 🏴\u200d☠\ufe0f"),
        (f"{ENGLAND}!", f"{ENGLAND}!"),
        ("a\ufe0f 1\ufe0f 👩\u200d a\u200d👩 ❤\ufe0f\ufe0f", r"a\ufe0f 1\ufe0f 👩\u200d a\u200d👩 ❤️\ufe0f"),
        (ENGLAND[:-1], "🏴" + r"\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067"),
        # So do letters that join, rare forms of Han, and scripts without blanks between words.
        ("می\u200cخواهم ह\u094d\u200d", "می\u200cخواهم ह\u094d\u200d"),
        ("葛\U000e0100城 ห\u200bห", "葛\U000e0100城 ห\u200bห"),
        ("می\u200c\u200c a\u200cb", "می\u200c" + r"\u200c a\u200cb"),
        # Marks of direction are for letters that run to the left.
        ("שלום 3\u200e!\u200f \u061c", "שלום 3\u200e!\u200f \u061c"),
        ("שלום\u200f\u200f", "שלום\u200f" + r"\u200f"),
        ("hello\u200f\u200e\u061c", r"hello\u200f\u200e\u061c"),
    ],
)
def test_visible_escapes_what_is_not_plain_text(text: str, expected: str) -> None:
    assert visible(text) == expected


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["می\u200cخواهم", "میخواهم"], [r"می\u200cخواهم", "میخواهم"]),
        (["Où\xa0?", "Où ?", "Où\u202f?"], [r"Où\xa0?", "Où ?", r"Où\u202f?"]),
        (["a\nb", r"a\nb"], [r"a\nb", r"a\\nb"]),
        (["❤\ufe0f", "❤"], [r"❤\ufe0f", "❤"]),
        (["a", "b", "Où\xa0?"], []),
    ],
)
def test_texts_that_would_look_the_same_are_told_apart(texts: list[str], shown: list[str]) -> None:
    assert list(told_apart(texts).values()) == shown


@given(
    st.lists(
        st.sampled_from(["\u200b", "\u200c", "\u200f", "\ufe0f", "\xa0", " ", "\n", "\\", "n", "م", "❤"]),
        max_size=4,
    ).map("".join),
    hostile_texts(),
)
@example("", "\u200f")
def test_no_two_texts_look_the_same(text: str, more: str) -> None:
    for other in (more, text + more, text.replace("\u200f", "").replace("\xa0", " ")):
        apart = told_apart({text, other})
        shown, beside = (visible(apart.get(each, each)) for each in (text, other))
        assert (shown == beside) is (text == other)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
@pytest.mark.parametrize(
    ("before", "shown", "after"),
    [
        ("Where\u200b is it?", r"Where\u200b is it?", "Where is it?"),
        ("می\u200cخواهم", r"می\u200cخواهم", "میخواهم"),
    ],
)
def test_what_nobody_sees_is_shown_where_nothing_else_changes(
    form: str, before: str, shown: str, after: str
) -> None:
    profiles = (Profile.of({"default": [(text, "P")]}) for text in (before, after))

    text = render(Plan((Change(Account("acme", "1"), *profiles),)), form)

    text = re.sub("</?(del|ins|bdi)>", "", unescape(text))
    assert shown in text
    assert after in text
    assert before not in text


@given(hostile_texts())
def test_what_is_visible_can_be_printed_and_needs_no_second_pass(text: str) -> None:
    shown = visible(text)

    assert not NEVER.search(shown)
    assert "\n" not in shown
    assert visible(shown) == shown
    shown.encode()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_format_lets_a_control_character_through(form: str, text: str) -> None:
    for value in values(text):
        assert not NEVER.search(render(value, form))


# To make a value up takes longer than to render it in all formats.
@settings(max_examples=25)
@given(plans() | reports())
def test_any_value_renders_in_any_format_without_a_control_character(value: Plan | Report) -> None:
    for form in FORMATS:
        text = render(value, form)

        assert not NEVER.search(text)
        text.encode()


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_adds_a_line(form: str, text: str) -> None:
    for hostile, harmless in zip(values(text), values("harmless"), strict=True):
        assert render(hostile, form).count("\n") == render(harmless, form).count("\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_shows_hostile_text_as_text(text: str) -> None:
    for hostile, harmless in zip(values(text), values("harmless"), strict=True):
        page, same = Page(render(hostile, "html")), Page(render(harmless, "html"))

        assert page.tags == same.tags
        assert page.attributes == same.attributes
        assert visible(text) in page.outside
        assert visible(text) in page.code


@pytest.mark.parametrize("value", [PLAN, REPORT])
def test_a_page_loads_nothing_and_runs_only_the_script_that_it_seals(value: Plan | Report) -> None:
    page = render(value, "html")

    (policy,) = re.findall('http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    seals = {
        name: b64encode(sha256(content.encode()).digest()).decode()
        for name, content in re.findall("<(style|script)>(.*?)</\\1>", page, re.DOTALL)
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{seals['style']}'; script-src 'sha256-{seals['script']}'; "
        "img-src 'none'; base-uri 'none'; form-action 'none'"
    )
    assert page.count("<style") == page.count("<script") == 1
    assert not re.search('src=|href="[^#]|url\\(|@import| style=| on[a-z]+=', page)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_comment_shows_hostile_text_as_code_and_nothing_else(text: str) -> None:
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for hostile, harmless in zip(values(text), values("harmless"), strict=True):
        page, same = (Page(markdown.render(render(value, "markdown"))) for value in (hostile, harmless))

        assert page.tags == same.tags
        assert not page.attributes
        assert visible(text) in page.code
        assert page.outside == same.outside


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_holds_nothing_that_github_looks_for(text: str) -> None:
    inside = literal(text).removeprefix("<code>").removesuffix("</code>").replace("<!-- -->", "")

    assert not re.search(r"[<>@|`*_\[\]~\\:.$]|(?<!&)#|&(?!#\d+;)", inside)


def test_what_is_removed_is_shown_in_full() -> None:
    assert "<code>Any jobs?</code> → <code>JOBS</code>" in render(PLAN, "markdown")
