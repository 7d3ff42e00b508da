"""Each format's whole text for one plan and one report that have everything in them."""

from pathlib import Path
from typing import Any

import pytest

from icesync import __version__
from icesync.model import Plan, Report
from icesync.render import FORMATS, render
from tests.support.samples import PLAN, QUIET_PLAN, QUIET_REPORT, REPORT

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize(
    ("value", "form", "look", "file"),
    [
        (PLAN, "text", {}, "plan.txt"),
        (PLAN, "text", {"color": True}, "plan.ansi"),
        (PLAN, "text", {"width": 44}, "plan.narrow.txt"),
        (PLAN, "markdown", {}, "plan.md"),
        (PLAN, "html", {}, "plan.html"),
        (REPORT, "text", {}, "report.txt"),
        (REPORT, "text", {"color": True}, "report.ansi"),
        (REPORT, "markdown", {}, "report.md"),
        (REPORT, "html", {}, "report.html"),
        (REPORT, "json", {}, "report.json"),
    ],
)
def test_the_whole_text_is_as_expected(
    value: Plan | Report, form: str, look: dict[str, Any], file: str
) -> None:
    assert render(value, form, **look) == (EXPECTED / file).read_text(encoding="utf-8")


def test_the_whole_plan_file_is_as_expected_but_for_version_and_digest() -> None:
    *lines, digest, end = render(PLAN, "json").splitlines(keepends=True)
    *expected, _, expected_end = (
        (EXPECTED / "plan.json").read_text(encoding="utf-8").splitlines(keepends=True)
    )

    assert lines.pop(2) == f'  "icesync": "{__version__}",\n'
    expected.pop(2)
    assert (lines, end) == (expected, expected_end)
    assert digest.startswith('  "digest": "sha256:')


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("value", [PLAN, REPORT, QUIET_PLAN, QUIET_REPORT])
def test_colour_and_width_are_for_text_only(form: str, value: Plan | Report) -> None:
    text = render(value, form)

    assert text.endswith("\n")
    assert ("\x1b[" in render(value, form, color=True, width=40)) == (form == "text")
    assert form == "text" or render(value, form, color=True, width=40) == text
