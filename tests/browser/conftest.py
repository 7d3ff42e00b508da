"""A real browser, and the rules of axe-core; what a machine lacks is said where its tests are skipped."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from icesync.model import Plan, Report
from icesync.render import render
from tests.support.npm import unpacked

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-background-networking --disable-component-update --disable-gpu --disable-quic --disable-sync"
    " --no-first-run --no-sandbox"
)
AXE = "axe-core@4.14.1"

Open = Callable[..., Page]


# Its event loop runs as long as it lives: tests of other files shall not find it in their thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a value's page, or its HTML, from a file. It must ask for nothing else and report no error."""
    asked: list[str] = []
    wrong: list[str] = []
    files: list[str] = []
    contexts = []

    def open_page(value: Plan | Report | str, **look: object) -> Page:
        file = tmp_path / f"page-{len(files)}.html"
        file.write_text(value if isinstance(value, str) else render(value, "html"), encoding="utf-8")
        files.append(file.as_uri())
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **look})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
    assert {url.partition("#")[0] for url in asked} <= set(files)


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    """The script of axe-core."""
    return (unpacked(AXE, request) / "axe.min.js").read_text(encoding="utf-8")
