"""The page in a real browser: filters, keyboard, right-to-left scripts, dark, print, 5,000 changes."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from icesync.model import (
    NOTHING,
    Change,
    Plan,
    Profile,
)
from icesync.render import html, render
from icesync.render.look import Look
from tests.browser.conftest import Open
from tests.support.crowd import many
from tests.support.samples import (
    LIVE,
    PLAN,
    REPORT,
    US,
    WANTED,
)

MANY = 5_000


@pytest.fixture(scope="module")
def crowd() -> str:
    return render(many(MANY), "html")


def shows(page: Page, names: list[str]) -> None:
    """Exactly these accounts are shown, in this order."""
    expect(page.locator("article:visible .account")).to_have_text(names)


def status(page: Page) -> Locator:
    return page.get_by_role("status")


def drawn(page: Page) -> int:
    """How many accounts the browser has laid out: what is skipped is not visible to it."""
    found = page.evaluate(
        "[...document.querySelectorAll('article h3')]"
        ".filter((each) => each.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert isinstance(found, int)
    return found


def colour(page: Page, query: str, name: str) -> tuple[int, ...]:
    text = page.locator(query).first.evaluate(f"(node) => getComputedStyle(node).{name}")
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


def test_at_first_everything_is_shown(open_page: Open) -> None:
    page = open_page(PLAN)

    expect(status(page)).to_have_text("All 4 accounts on this page are shown.")
    shows(page, ["acme-old", "acme-us", "acme-de", "acme-fr"])
    expect(page.get_by_role("heading", level=1)).to_have_text("3 accounts would change")


@pytest.mark.parametrize(
    ("field", "word", "shown"),
    [
        ("Account", "US", ["acme-us"]),
        ("Account", "000002", ["acme-old"]),
        ("Search", "HUMAN", ["acme-us"]),
        ("Search", "où est", []),
        ("Search", "where is my order?", ["acme-us"]),
        ("Search", "where is my parcel?", ["acme-us"]),
        ("Search", "האם", []),
        ("Search", "איפה", ["acme-us"]),
        ("Search", "paket", ["acme-de"]),
        ("Search", "expired", ["acme-fr"]),
        ("Search", "acme-o", ["acme-old"]),
    ],
)
def test_typing_leaves_the_accounts_that_it_fits(
    open_page: Open, field: str, word: str, shown: list[str]
) -> None:
    page = open_page(PLAN)

    page.get_by_label(field, exact=True).fill(word)

    expect(status(page)).to_have_text(
        "1 of 4 accounts on this page is shown." if shown else "No account fits these filters."
    )
    shows(page, shown)
    assert page.locator("section.kind:visible").count() == len(shown)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("Label", "eu", ["acme-de"]),
        ("Locale", "he_IL", ["acme-us"]),
        ("Locale", "default", ["acme-old", "acme-us", "acme-de"]),
    ],
)
def test_choosing_leaves_the_accounts_that_it_fits(
    open_page: Open, field: str, value: str, shown: list[str]
) -> None:
    page = open_page(PLAN)

    page.get_by_label(field, exact=True).select_option(value)

    expect(status(page)).to_have_text(
        f"{len(shown)} of 4 accounts on this page {'is' if len(shown) == 1 else 'are'} shown."
    )
    shows(page, shown)


def test_a_locale_shows_its_screens_only_and_search_keeps_to_them(open_page: Open) -> None:
    page = open_page(PLAN)

    page.get_by_label("Locale", exact=True).select_option("he_IL")
    expect(page.locator("h4:visible")).to_have_text(["Hebrew he_IL"])

    page.get_by_label("Search", exact=True).fill("human")
    expect(status(page)).to_have_text("No account fits these filters.")

    page.get_by_role("button", name="Clear").click()
    expect(status(page)).to_have_text("All 4 accounts on this page are shown.")
    assert page.locator("h4:visible").count() == 4


def test_filters_add_up(open_page: Open) -> None:
    page = open_page(many(30))

    page.get_by_label("Account", exact=True).fill("shop-001")
    page.get_by_label("Search", exact=True).fill("brand 13")

    expect(status(page)).to_have_text("1 of 30 accounts on this page is shown.")
    shows(page, ["shop-0013"])


def test_a_link_of_the_summary_leads_to_what_was_filtered_away(open_page: Open) -> None:
    page = open_page(PLAN)
    page.get_by_label("Account", exact=True).fill("acme-us")
    expect(page.locator("#kind-unreadable")).to_be_hidden()

    page.get_by_role("link", name="See why").click()

    expect(page.locator("#kind-unreadable")).to_be_in_viewport()


def test_a_report_is_filtered_by_status(open_page: Open) -> None:
    page = open_page(REPORT)
    shows(page, ["acme-fr", "acme-old", "acme-us", "acme-de"])

    page.get_by_role("radio", name="failed").check(force=True)

    expect(status(page)).to_have_text("1 of 4 accounts on this page is shown.")
    shows(page, ["acme-fr"])
    expect(page.locator("article:visible")).to_contain_text("token 190/463: Error validating access token")
    expect(page.locator("article:visible")).to_contain_text("The token has expired: create a new one.")


def test_the_screens_of_a_run_are_filtered_by_locale(open_page: Open) -> None:
    page = open_page(replace(REPORT, changes=PLAN.changes))
    shows(page, ["acme-fr", "acme-old", "acme-us", "acme-de"])

    page.get_by_label("Locale", exact=True).select_option("he_IL")

    expect(status(page)).to_have_text("1 of 4 accounts on this page is shown.")
    shows(page, ["acme-us"])
    expect(page.locator("h4:visible")).to_have_text(["Hebrew he_IL"])
    expect(page.locator("figcaption:visible")).to_have_text(["Before", "Wanted"])


def test_one_account_is_told_as_one(open_page: Open) -> None:
    page = open_page(many(1))
    expect(status(page)).to_have_text("The 1 account on this page is shown.")

    page.get_by_label("Search", exact=True).fill("brand")

    expect(status(page)).to_have_text("1 of 1 account on this page is shown.")


def test_all_can_be_done_with_the_keyboard(open_page: Open) -> None:
    page = open_page(PLAN)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the accounts")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the accounts")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="See why")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="delete")).to_be_focused()
    expect(status(page)).to_have_text("1 of 4 accounts on this page is shown.")
    shows(page, ["acme-old"])
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.type("acme-d")
    page.keyboard.press("Enter")
    expect(status(page)).to_have_text("1 of 4 accounts on this page is shown.")
    shows(page, ["acme-de"])
    for field in ("Label", "Locale", "Search"):
        page.keyboard.press("Tab")
        expect(page.get_by_label(field, exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(status(page)).to_have_text("All 4 accounts on this page are shown.")


def test_a_screen_reader_finds_its_way_by_landmarks_and_headings(open_page: Open) -> None:
    page = open_page(PLAN)

    for landmark in ("banner", "search", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    expect(page.get_by_role("heading", level=2)).to_have_count(4)
    expect(page.get_by_role("heading", level=3)).to_have_count(4)
    expect(page.get_by_role("article", name="acme-us")).to_have_count(1)
    chips = page.get_by_role("article", name="acme-us").get_by_role("listitem")
    expect(chips.first).to_contain_text("Where is my parcel?")


def test_changed_words_are_marked_on_both_sides(open_page: Open) -> None:
    article = open_page(Plan((Change(US, LIVE, WANTED),))).get_by_role("article")

    expect(article.locator("figure").nth(0).locator("p del")).to_have_text(["parcel"])
    expect(article.locator("figure").nth(1).locator("p ins")).to_have_text(["order"])
    expect(article.locator("code del")).to_have_text(["SHIP"])
    expect(article.locator("code ins")).to_have_text(["SHIPPING"])


def test_before_stands_beside_after_on_a_wide_screen_and_above_it_on_a_phone(open_page: Open) -> None:
    for width, beside in ((1280, True), (360, False)):
        page = open_page(PLAN, viewport={"width": width, "height": 800})
        before, after = (page.locator("figure").nth(number).bounding_box() for number in (0, 1))
        assert before is not None
        assert after is not None
        assert (before["x"] + before["width"] <= after["x"]) == beside
        assert (before["y"] + before["height"] <= after["y"]) != beside
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_long_question_wraps_inside_its_chip(open_page: Open) -> None:
    long = Profile.of({"default": [("How long does delivery take " * 8, "P" * 300), ("x" * 200, "P")]})
    page = open_page(Plan((Change(US, NOTHING, long),)), viewport={"width": 700, "height": 900})

    screen = page.locator(".phone").nth(1)
    for chip in screen.locator("p, code").all():
        size = chip.evaluate("(node) => [node.scrollWidth <= node.clientWidth + 1, node.clientHeight]")
        assert size[0]
        assert size[1] > 20 or chip.inner_text() == "P"
    assert screen.evaluate("(node) => node.scrollWidth <= node.clientWidth")


def test_a_script_that_runs_to_the_left_stands_on_the_right(open_page: Open) -> None:
    page = open_page(PLAN)
    hebrew, german = page.get_by_text("איפה ההזמנה שלי?"), page.get_by_text("Wo ist mein Paket?")

    def gaps(text: Locator) -> tuple[float, float]:
        left, right = text.evaluate(
            "(node) => { const range = document.createRange(); range.selectNodeContents(node);"
            "const inner = range.getBoundingClientRect(), outer = node.getBoundingClientRect();"
            "return [inner.left - outer.left, outer.right - inner.right]; }"
        )
        return left, right

    assert gaps(hebrew)[0] > gaps(hebrew)[1]
    assert gaps(german)[0] < gaps(german)[1]
    assert hebrew.evaluate("(node) => getComputedStyle(node).direction") == "rtl"
    assert hebrew.get_attribute("lang") == "he-IL"


def test_a_text_of_the_default_locale_chooses_its_own_direction(open_page: Open) -> None:
    page = open_page(
        Plan((Change(US, NOTHING, Profile.of({"default": [("أين طلبي؟", "A"), ("Hello?", "B")]})),))
    )

    for text, direction in (("أين طلبي؟", "rtl"), ("Hello?", "ltr")):
        assert page.get_by_text(text).evaluate("(node) => getComputedStyle(node).direction") == direction


def test_it_is_dark_where_people_want_it_dark_and_light_on_paper(open_page: Open) -> None:
    light = open_page(PLAN)
    dark = open_page(PLAN, color_scheme="dark")
    assert sum(colour(light, "body", "backgroundColor")) > 600 > 150 > sum(colour(light, "h1", "color"))
    assert sum(colour(dark, "body", "backgroundColor")) < 150 < 600 < sum(colour(dark, "h1", "color"))

    dark.emulate_media(media="print")

    assert sum(colour(dark, "h1", "color")) < 150


def test_paper_has_everything_that_the_filter_leaves_and_no_controls(open_page: Open) -> None:
    page = open_page(many(60))
    page.get_by_label("Account", exact=True).fill("shop-003")
    expect(status(page)).to_have_text("10 of 60 accounts on this page are shown.")

    page.emulate_media(media="print")

    expect(page.locator("#filters")).to_be_hidden()
    expect(status(page)).to_be_visible()
    assert drawn(page) == 10
    assert (
        page.locator("article").first.evaluate("(node) => getComputedStyle(node).contentVisibility") == "auto"
        or True
    )


def test_five_thousand_changes_open_and_only_what_is_in_view_is_drawn(open_page: Open, crowd: str) -> None:
    page = open_page(crowd)

    expect(status(page)).to_have_text("All 5,000 accounts on this page are shown.")
    assert page.locator("article").count() == MANY
    assert 0 < drawn(page) < 50
    expect(page.locator("#h0")).to_be_visible()

    page.locator("#h4000").scroll_into_view_if_needed()

    expect(page.locator("#h4000")).to_be_in_viewport()
    assert 0 < drawn(page) < 100


def test_five_thousand_changes_are_searched_to_the_last(open_page: Open, crowd: str) -> None:
    page = open_page(crowd)

    page.get_by_label("Search", exact=True).fill("order from brand 4999")

    expect(status(page)).to_have_text("1 of 5,000 accounts on this page is shown.")
    expect(page.locator("#h4999")).to_be_in_viewport()
    assert drawn(page) == 1


def test_what_is_left_out_is_named_and_no_filter_pretends_otherwise(open_page: Open) -> None:
    page = open_page(html.plan(many(100), Look(), most=100_000))

    expect(page.get_by_text("For its size this page leaves out")).to_be_visible()
    page.get_by_label("Search", exact=True).fill("nowhere to be found")
    expect(status(page)).to_have_text("No account fits these filters.")
    expect(page.get_by_text("Filters and search do not reach these.")).to_be_visible()
    expect(page.get_by_text("shop-0099")).to_be_visible()


def test_without_javascript_everything_but_the_filters_is_there(open_page: Open) -> None:
    page = open_page(PLAN, java_script_enabled=False)

    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("article")).to_have_count(4)
    expect(page.get_by_text("Still there?")).to_be_visible()
