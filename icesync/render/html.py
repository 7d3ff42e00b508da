"""Plans and reports as one self-contained HTML page: no script, no network. Its templates lie beside it."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from icesync.diff import edits
from icesync.model import Plan, Report, Status
from icesync.render import words
from icesync.render.look import Look
from icesync.safe import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def plan(plan: Plan, _: Look) -> str:
    totals = {
        **{f"to {action}": plan.count(action) for action in words.SIGNS},
        "unchanged": plan.unchanged,
        "unreadable": len(plan.unreadable),
    }
    return _page("plan.html.j2", plan=plan, totals=totals, edits=edits)


def report(report: Report, _: Look) -> str:
    totals = {status.value: report.count(status) for status in Status} | {"unchanged": report.unchanged}
    return _page("report.html.j2", report=report, totals=totals)


def _page(template: str, **values: object) -> str:
    environment = _environment()
    # The page admits its one style sheet by the hash, and nothing else of any kind.
    style = environment.get_template("page.css").render()
    seal = b64encode(sha256(style.encode()).digest()).decode()
    return environment.get_template(template).render(seal=seal, words=words, **values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("icesync.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_harmless,
    )


def _harmless(value: object) -> object:
    return visible(value) if type(value) is str else value
