"""Laws of merging: shards add up to the whole, in whatever order, by and by or at once."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from icesync import planner
from icesync.diff import edits
from icesync.documents import merge, planfile
from icesync.fleet import Selection, select
from icesync.model import Desired, FailureKind, GraphFailure, Limits, Observation, Plan, Report
from tests.support.strategies import accounts, limits, profiles, reports, warnings

Survey = tuple[tuple[Desired, ...], dict[str, Observation]]
UNREAD = GraphFailure(FailureKind.TRANSIENT, "no answer")
FIELDS = st.sampled_from(((), ("messages",), ("comments", "messages")))
SECONDS = st.integers(0, 59).map("2026-11-23T03:09:{:02}Z".format)


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    """A fleet and what was seen of it: in sync, changed, subscribed or not, unreadable or unmanaged."""
    found = draw(st.lists(accounts(), max_size=12, unique_by=lambda account: account.name))
    fleet = tuple(
        Desired(replace(account, webhooks=draw(FIELDS)), draw(st.none() | profiles())) for account in found
    )
    observed = {}
    for each in fleet:
        live = draw(st.none() | st.just(each.profile) | profiles())
        observed[each.account.name] = Observation(
            each.account, live, None if live else UNREAD, subscribed=draw(st.none() | FIELDS)
        )
    return fleet, observed


@st.composite
def parts_of_a_report(draw: st.DrawFn) -> list[Report]:
    """The accounts of one report, dealt out to up to five runs, each with times of its own."""
    whole = draw(reports(max_accounts=8))
    size = draw(st.integers(1, 5))
    places = [draw(st.integers(0, size - 1)) for _ in whole.outcomes]
    return [
        Report(
            run=draw(st.sampled_from(("", "run-1", "run-2", "run-3"))),
            started=draw(SECONDS),
            finished=draw(SECONDS),
            outcomes=tuple(
                outcome for outcome, at in zip(whole.outcomes, places, strict=True) if at == number
            ),
            unchanged=draw(st.integers(0, 9)),
        )
        for number in range(size)
    ]


def merged(found: Sequence[Report]) -> Report:
    return merge.reports({f"{number}.json": report for number, report in enumerate(found)})


@given(surveys(), st.integers(1, 9), st.none() | limits(), warnings(), st.data())
def test_the_plans_of_all_shards_make_the_plan_of_the_whole_fleet(
    survey: Survey, shards: int, within: Limits | None, told: tuple[str, ...], data: st.DataObject
) -> None:
    fleet, observed = survey
    order = data.draw(st.permutations(range(1, shards + 1)))

    def plan_of(selection: Selection, second: int) -> Plan:
        made = planner.plan(select(fleet, selection), observed)
        warned = told if selection.shard is None else told[(second - 1) % shards :: shards]
        return replace(made, created=f"2026-11-23T03:09:{second:02}Z", limits=within, warnings=warned)

    saved = {
        f"{number}.json": planfile.dumps(plan_of(Selection(shard=(number, shards)), number), edits)
        for number in order
    }
    whole = planfile.dumps(plan_of(Selection(), 1), edits)

    found = merge.plans({file: planfile.loads(text) for file, text in saved.items()})
    assert planfile.dumps(found, edits) == whole


@given(parts_of_a_report(), st.data())
def test_the_order_of_reports_does_not_matter(parts: list[Report], data: st.DataObject) -> None:
    assert merged(data.draw(st.permutations(parts))) == merged(parts)


@given(parts_of_a_report(), st.data())
def test_reports_merged_by_and_by_are_reports_merged_at_once(
    parts: list[Report], data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, len(parts)))

    assert merged([merged(parts[:first]), *parts[first:]]) == merged(parts)
