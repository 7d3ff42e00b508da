"""How tokens stand and what became of refreshing them, as text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Final

from icesync.model import RefreshStatus, Standing, TokenReport, TokenState
from icesync.render.look import Look
from icesync.safe import visible
from icesync.tokens.ending import DAY, date

_HEADS: Final = ("ACCOUNT", "AGE", "LEFT", "REFRESHED", "STANDING")
_STYLES: Final = {Standing.OK: "green", Standing.SOON: "yellow", Standing.NEVER: "dim"}
_INDENT: Final = 4


def tokens(report: TokenReport, look: Look) -> str:
    """What became of each token that was to be refreshed, or else a table of all."""
    return "\n".join(_table(report, look) if report.refreshes is None else _refreshes(report, look))


def _table(report: TokenReport, look: Look) -> Iterator[str]:
    """Ages and days that are left in whole days, `≥` and `≤` where only the first use is known."""
    rows = [
        (visible(each.account.name), _age(each, report.now), _left(each, report.now), _refreshed(each))
        for each in report.states
    ]
    widths = [max(map(len, column)) for column in zip(_HEADS[:4], *rows, strict=True)]
    yield look.paint("  ".join([*map(str.ljust, _HEADS[:4], widths), _HEADS[4]]), "bold")
    for row, each in zip(rows, report.states, strict=True):
        cells = "  ".join(map(str.ljust, row, widths))
        yield f"{cells}  {look.paint(each.standing, _STYLES.get(each.standing, 'red'))}"
        yield from _why(each.why, look)
    yield ""
    yield f"Tokens: {_counts((each.standing for each in report.states), list(Standing))}."


def _refreshes(report: TokenReport, look: Look) -> Iterator[str]:
    width = max((len(each.status) for each in report.refreshes or ()), default=0)
    ends = {each.account.name: each for each in report.states}
    for each in sorted(report.refreshes or (), key=lambda each: not each.status.good):
        style = "green" if each.status is RefreshStatus.REFRESHED else "" if each.status.good else "red"
        until = _until(ends[each.account.name]) if each.status is RefreshStatus.REFRESHED else ""
        name = visible(f"{each.account.name} ({each.account.id})")
        yield f"{look.paint(each.status.ljust(width), style)}  {name}{until}"
        yield from _why(each.detail, look)
    yield ""
    yield f"Tokens: {_counts((each.status for each in report.refreshes or ()), list(RefreshStatus))}."


def _why(why: str, look: Look) -> Iterator[str]:
    if why:
        for line in look.fold(visible(why), _INDENT):
            yield " " * _INDENT + line


def _age(state: TokenState, now: float) -> str:
    if state.obtained is not None:
        return _days(now - state.obtained)
    return "?" if state.seen is None else f"≥{_days(now - state.seen)}"


def _left(state: TokenState, now: float) -> str:
    """Whole days; what has ended at the latest and works all the same ends nobody knows when."""
    if state.standing is Standing.DEAD:
        return "-"
    if state.ends is None or (state.ends <= now and not state.exact and state.standing is Standing.OK):
        return "?"
    left = max(state.ends - now, 0.0)
    return _days(left) if state.exact else f"≤{ceil(left / DAY)}"


def _days(seconds: float) -> str:
    return str(int(max(seconds, 0.0) // DAY))


def _refreshed(state: TokenState) -> str:
    return "-" if state.obtained is None else date(state.obtained)


def _until(state: TokenState) -> str:
    return "" if state.ends is None else f"  until {date(state.ends)}"


def _counts(found: Iterable[str], order: Sequence[str]) -> str:
    counts = Counter(found)
    return ", ".join(f"{counts[each]} {each}" for each in order if counts[each]) or "none"
