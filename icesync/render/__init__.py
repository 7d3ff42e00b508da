"""Values -> text, one file a format. Owns the table of formats."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from icesync.model import Plan, Report
from icesync.render import html, json, markdown, text
from icesync.render.look import Look

Renderer = Callable[[Any, Look], str]

RENDERERS: Final[Mapping[str, Mapping[type, Renderer]]] = {
    "text": {Plan: text.plan, Report: text.report},
    "json": {Plan: json.plan, Report: json.report},
    "markdown": {Plan: markdown.plan, Report: markdown.report},
    "html": {Plan: html.plan, Report: html.report},
}
FORMATS: Final = tuple(RENDERERS)


def render(value: Plan | Report, form: str, /, *, color: bool = False, width: int | None = None) -> str:
    """The value in one of FORMATS, harmless where that is shown. Colour and width are for text only."""
    return RENDERERS[form][type(value)](value, Look(color, width))
