"""Values -> text, one file a format. Owns the table of formats."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from icesync.model import Checkup, Plan, Report, TokenReport
from icesync.render import checkup, html, json, markdown, text, tokens
from icesync.render.look import Look

Renderer = Callable[[Any, Look], str]

RENDERERS: Final[Mapping[str, Mapping[type, Renderer]]] = {
    "text": {
        Plan: text.plan,
        Report: text.report,
        Checkup: checkup.checkup,
        TokenReport: tokens.tokens,
    },
    "json": {Plan: json.plan, Report: json.report, Checkup: json.checkup, TokenReport: json.tokens},
    "markdown": {Plan: markdown.plan, Report: markdown.report},
    "html": {Plan: html.plan, Report: html.report},
}
FORMATS: Final = tuple(RENDERERS)


def render(
    value: Plan | Report | Checkup | TokenReport,
    form: str,
    /,
    *,
    color: bool = False,
    width: int | None = None,
    plain: bool = False,
    whole: bool = False,
) -> str:
    """The value in one of the FORMATS that it has, harmless where that is shown. How it looks is for text
    only."""
    return RENDERERS[form][type(value)](value, Look(color, width, plain, whole))
