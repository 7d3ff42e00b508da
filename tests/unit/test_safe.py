"""No text from outside scripts a terminal, a page or a comment."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from icesync.model import Plan, Report
from icesync.render import FORMATS, render
from icesync.render.markdown import literal
from icesync.safe import visible
from tests.support.samples import PLAN, REPORT, hostile_plan, hostile_run
from tests.support.strategies import hostile_texts, plans, reports

HOSTILE = [
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
NEVER = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Page(HTMLParser):
    """What a browser would see: tags, names of attributes, texts inside and outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.code: list[str] = []
        self.outside = [""]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        (self.code if tag == "code" else self.outside).append("")

    def handle_endtag(self, tag: str) -> None:
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
    ],
)
def test_visible_escapes_what_is_not_plain_text(text: str, expected: str) -> None:
    assert visible(text) == expected


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
