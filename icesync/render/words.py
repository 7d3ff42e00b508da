"""The sentences and signs that every format for people shares."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from icesync import guard
from icesync.model import CHANGES, Action, Edit, EditKind, GraphFailure, Outcome, Plan, Report, Status
from icesync.safe import visible

SIGNS: Final = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.SUBSCRIBE: "+"}
FEW: Final = 10
UNITS: Final = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
MARKS: Final = {EditKind.ADD: "+", EditKind.REMOVE: "-", EditKind.EDIT: "~", EditKind.MOVE: ">"}


def plan_totals(plan: Plan) -> str:
    counts = [f"{plan.count(action)} to {action}" for action in CHANGES] + [f"{plan.unchanged} unchanged"]
    counts += [f"{len(plan.subscriptions)} to subscribe"] * bool(plan.subscriptions)
    return ", ".join(counts + [f"{len(plan.unreadable)} unreadable"] * bool(plan.unreadable))


def report_totals(report: Report) -> str:
    counts = [f"{count} {status}" for status in Status if (count := report.count(status))]
    return ", ".join([*counts, f"{report.unchanged} unchanged"])


def quiet(plan: Plan) -> str:
    """What to say first where no account would change; empty where one would."""
    if plan.differing:
        return ""
    if plan.unreadable:
        return "No changes in the accounts that could be read."
    return (
        "No changes. Live state matches the files." if plan.accounts else "No managed accounts in this run."
    )


def emptied(plan: Plan) -> str:
    """Who is left without any question, the first few by name; empty where nobody is."""
    names = [visible(change.account.name) for change in plan.changes if change.action is Action.DELETE]
    if not names:
        return ""
    who = "1 account loses its" if len(names) == 1 else f"{len(names):,} accounts lose their"
    more = f" and {len(names) - FEW:,} more" if len(names) > FEW else ""
    return f"{who} last question: {', '.join(names[:FEW])}{more}."


def forecast(plan: Plan) -> str:
    """What carrying the plan out costs, and who has to wait; empty where nothing would change."""
    told = plan.forecast
    if told is None:
        return ""
    text = f"Carrying this out takes {told.calls:,} calls."
    if told.waiting:
        who = "1 account has" if told.waiting == 1 else f"{told.waiting:,} accounts have"
        until = f" before {visible(told.not_before)}" if told.not_before else ""
        text += f" {who} no room for theirs in the budget{until}."
    return text


def against(plan: Plan) -> str:
    """That a snapshot stood for live state, and how old it was; empty where live state was read."""
    found = plan.against
    return f"Planned against a snapshot of {found.created}, {age(found.age)} old." if found else ""


def warnings(plan: Plan) -> list[str]:
    """What people should know before they decide, a sentence each."""
    return [f"Warning: {visible(warning)}" for warning in plan.warnings]


def refusals(plan: Plan) -> list[str]:
    """Why an apply would refuse the plan, by the limits that it knows, a sentence each."""
    return [f"Apply would refuse this: {visible(reason)}" for reason in guard.foreseen(plan)]


def age(seconds: int) -> str:
    """How long that is, told as people tell it: `1 second`, `90 minutes`, `3 hours`, `12 days`."""
    unit, name = next((unit for unit in UNITS if seconds >= 2 * unit[0]), UNITS[-1])
    count = seconds // unit
    return f"{count} {name}{'s' * (count != 1)}"


def wave(outcome: Outcome) -> list[str]:
    """Which wave it was in, if there were any."""
    return [] if outcome.wave is None else [f"wave {outcome.wave}"]


def cause(failure: GraphFailure) -> str:
    """The kind, with the code and subcode of the Graph API where there are any: `token 190/463`."""
    codes = [str(code) for code in (failure.code, failure.subcode) if code is not None]
    return " ".join([failure.kind, "/".join(codes)]).strip()


def in_a_line(failure: GraphFailure, say: Callable[[str], str] = visible) -> str:
    """All that is known of a failure; `say` is how a text from outside is shown."""
    then = f"; not before {say(failure.not_before)}" if failure.not_before else ""
    hint = f"; hint: {say(failure.hint)}" if failure.hint else ""
    trace = f"; trace: {say(failure.trace)}" if failure.trace else ""
    return f"{cause(failure)}: {say(failure.message)}{then}{hint}{trace}"


def place(edit: Edit) -> str:
    """Where the edit is: `3`, or `3 → 1` for a move."""
    return f"{edit.origin} → {edit.position}" if edit.kind is EditKind.MOVE else str(edit.position)


def by_locale(edits: Sequence[Edit]) -> Iterator[tuple[str, list[Edit]]]:
    for locale, found in groupby(edits, key=lambda edit: edit.locale):
        yield locale, list(found)
