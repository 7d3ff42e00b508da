"""A checkup as text for a person at a terminal: a row for each account that is not well, then what is to be
done about it."""

from collections.abc import Iterator, Sequence
from typing import Final

from icesync.model import ACCOUNTS_NEED, Checkup, Examination, Requirement, Verdict
from icesync.render.ailing import GRAVITY, Ailment, ailments
from icesync.render.look import Look
from icesync.render.words import FEW
from icesync.safe import visible

MARKS: Final = {
    Verdict.GOOD: "✓",
    Verdict.WARNING: "!",
    Verdict.BAD: "✗",
    Verdict.UNKNOWN: "?",
    Verdict.UNTOLD: "?",
    Verdict.SKIPPED: "-",
}
COLORS: Final = {
    Verdict.GOOD: "green",
    Verdict.WARNING: "yellow",
    Verdict.BAD: "red",
    Verdict.UNKNOWN: "yellow",
    Verdict.UNTOLD: "yellow",
    Verdict.SKIPPED: "dim",
}
ASCII: Final = {"✓": "ok", "✗": "x", "≤": "<="}
_HEADS: Final = ("account", *ACCOUNTS_NEED)
_GAP: Final = "  "


def checkup(found: Checkup, look: Look) -> str:
    """Accounts in order are only counted, unless the look is at the whole. The gravest stands last, just
    before the `Doctor:` line."""
    shown = [each for each in found.examinations if look.whole or each.verdict is not Verdict.GOOD]
    blocks = [
        "\n".join(_table(shown, look)),
        *("\n".join(_ailment(each, look)) for each in ailments(found)),
        look.paint(f"Doctor: {totals(found)}.", "bold"),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def totals(found: Checkup) -> str:
    warned, wrong, unknown = map(found.count, (Verdict.WARNING, Verdict.BAD, Verdict.UNKNOWN))
    well = len(found.examinations) - wrong - unknown
    counts = [f"{well:,} account{'s' * (well != 1)} in order"]
    counts += [f"{warned:,} of them with a warning"] * bool(warned)
    counts += [f"{wrong:,} not"]
    counts += [f"{unknown:,} could not be examined"] * bool(unknown)
    return ", ".join(counts)


def _table(shown: Sequence[Examination], look: Look) -> Iterator[str]:
    rows = [[_name(each), *_cells(each, look)] for each in shown]
    widths = [max(map(len, column)) for column in zip(_HEADS, *rows, strict=True)]
    if look.width is not None and sum(widths) + len(_GAP) * len(_HEADS) > look.width:
        yield from _list(shown, look)
        return
    if rows:
        heads = [head.upper() for head in _HEADS]
        yield look.paint(_GAP.join(_padded(heads, widths)), "bold")
    for each, row in zip(shown, rows, strict=True):
        styles = [COLORS[finding.verdict] for finding in each.findings]
        name, *cells = _padded(row, widths)
        painted = [look.paint(cell, style) for cell, style in zip(cells, styles, strict=True)]
        yield _GAP.join([name, *painted])


def _padded(row: Sequence[str], widths: Sequence[int]) -> Sequence[str]:
    return [*map(str.ljust, row[:-1], widths), row[-1]]


def _list(shown: Sequence[Examination], look: Look) -> Iterator[str]:
    """The same where the terminal is too narrow for a table."""
    for each in shown:
        yield from look.fold(_name(each), 0)
        told = zip(each.findings, _cells(each, look), strict=True)
        cells = [f"{cell} {finding.requirement}" for finding, cell in told if finding.verdict in GRAVITY]
        for line in look.fold(", ".join(cells) or _mark(Verdict.GOOD, look), 4):
            yield f"    {line}"


def _cells(examined: Examination, look: Look) -> list[str]:
    cells = [_mark(finding.verdict, look) for finding in examined.findings]
    days, owner = examined.days, examined.owner
    place = ACCOUNTS_NEED.index(Requirement.DAYS)
    if days is not None and days.left >= 0:
        left = f"{'' if days.exact else _spelt('≤', look)}{days.left}"
        good = examined.findings[place].verdict is Verdict.GOOD
        cells[place] = left if good else f"{cells[place]} {left}"
    if owner is not None and examined.account.id == "me":
        cells[ACCOUNTS_NEED.index(Requirement.IDENTITY)] += f" {visible(owner.user_id)}"
    return cells


def _ailment(found: Ailment, look: Look) -> Iterator[str]:
    codes = [str(code) for code in (found.failure.code, found.failure.subcode) if code is not None]
    what = " ".join(filter(None, [", ".join(found.requirements), "/".join(codes)]))
    yield f"{look.paint(_mark(found.verdict, look), COLORS[found.verdict])} {look.paint(what, 'bold')}"
    told = list(found.names.items())
    for message, names in told[:FEW]:
        yield from look.hang("    ", f"{_few(names)}{visible(message)}")
    if more := sum(len(names) for _, names in told[FEW:]):
        yield f"    and {more:,} more accounts"
    if found.not_before:
        yield from look.hang("    not before: ", visible(found.not_before))
    if found.failure.hint:
        yield from look.hang("    hint: ", visible(found.failure.hint))
    if found.trace:
        yield from look.hang("    trace: ", visible(f"{found.trace} ({found.traced})"))


def _few(names: Sequence[str]) -> str:
    """The first of them and how many more, before what is told of them; nothing where it is of none."""
    if not names:
        return ""
    more = f" and {len(names) - FEW:,} more" if len(names) > FEW else ""
    return f"{', '.join(map(visible, names[:FEW]))}{more}: "


def _mark(verdict: Verdict, look: Look) -> str:
    return _spelt(MARKS[verdict], look)


def _spelt(sign: str, look: Look) -> str:
    return ASCII.get(sign, sign) if look.plain else sign


def _name(examined: Examination) -> str:
    return f"{visible(examined.account.name)} ({visible(examined.account.id)})"
