"""Plans and reports as Markdown, for comments on pull requests and job summaries, however long they are."""

from collections.abc import Mapping
from typing import Final

from icesync.model import Plan, Report
from icesync.render import drafts
from icesync.render.fitting import Bound, Draft, fit, within
from icesync.render.look import Look
from icesync.safe import visible

COMMENT_CHARS: Final = 60_000
"""What a comment may have here. GitHub takes 65,536 characters, and a marker and a heading want room too."""

SUMMARY_BYTES: Final = 1_000_000
"""What a job summary may have here. GitHub takes 1 MiB of a step."""

WHOLE_AT: Final = "the JSON output (`-o json`)"

# The longest that the API takes is a payload of 1,000.
LONG: Final = 1_000

# Everything that could begin markup, a table cell, a link, a mention, an emoji or a formula.
_ENTITIES: Final = {ord(sign): f"&#{ord(sign)};" for sign in "&<>@|`*_[]()!#~\\:./$\"'"}
# GFM makes links of mail addresses in finished text, in <code> too; a comment parts the text before an @.
_ENTITIES[ord("@")] = f"<!-- -->{_ENTITIES[ord('@')]}"


def plan(plan: Plan, _: Look) -> str:
    """The whole plan, as far as a job summary takes it."""
    return fitted(plan, most_bytes=SUMMARY_BYTES)


def report(report: Report, _: Look) -> str:
    """The whole report, as far as a job summary takes it."""
    return fitted(report, most_bytes=SUMMARY_BYTES)


def fitted(
    value: Plan | Report,
    *,
    most_chars: int | None = None,
    most_bytes: int | None = None,
    whole_at: str = WHOLE_AT,
) -> str:
    """The value within these bounds. What does not fit is left out by whole rows, and it is said how
    much that is; `whole_at`, Markdown, says where everything is.

    Of a plan go, in this order: the edits of an account, the longest first; the rows of accounts that lose
    nothing; refusals and warnings beyond the first 20 of each; unreadable accounts; removed questions, those
    of accounts that keep others first; the rows of those, and of deleted accounts; warnings; refusals. Of a
    report the rows of accounts where all went well, deletions last; then the others. Raises ValueError
    where not even the totals fit.
    """
    given = ((len, most_chars), (_bytes, most_bytes))
    bounds: list[Bound] = [(measure, most) for measure, most in given if most is not None]
    whole = _draft(value, literal)
    if within(text := whole.text(), bounds):
        return text
    brief = _draft(value, _brief)
    total = brief.counts()

    def note(left: Mapping[str, int]) -> str:
        parts = [f"{left[kind]:,} of {total[kind]:,} {kind}" for kind in total if left.get(kind)]
        parts += [f"texts of more than {LONG:,} characters"] * (brief != whole)
        what = "plan" if isinstance(value, Plan) else "report"
        return f"**Left out here: {', '.join(parts)}.** The whole {what} is in {whole_at}."

    return fit(brief, bounds, note)


def literal(text: str) -> str:
    """Outside text that shows as it is and does nothing, in a paragraph, a cell or a `<summary>`.

    Entities keep it from being markup. GitHub looks for mentions, references and emoji once more
    when the markup is done, but not inside `code`.
    """
    return f"<code>{visible(text).translate(_ENTITIES)}</code>"


def _draft(value: Plan | Report, say: drafts.Say) -> Draft:
    return drafts.plan(value, say) if isinstance(value, Plan) else drafts.report(value, say)


def _brief(text: str) -> str:
    return literal(text) if len(text) <= LONG else f"(a text of {len(text):,} characters)"


def _bytes(text: str) -> int:
    return len(text.encode())
