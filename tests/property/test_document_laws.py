"""What is written is read back to the same value, and nothing else is read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icesync.diff import edits
from icesync.documents import planfile, reportfile, snapshotfile
from icesync.errors import PlanFileError
from icesync.model import Account, Plan, Report, Snapshot
from tests.support.strategies import plans, reports, snapshots


def named(account: Account) -> Account:
    return Account(account.name, account.id)


def kept(account: Account) -> Account:
    return replace(account, token=None)


def reduced(plan: Plan) -> Plan:
    return replace(
        plan,
        changes=tuple(replace(change, account=kept(change.account)) for change in plan.changes),
        subscriptions=tuple(replace(found, account=kept(found.account)) for found in plan.subscriptions),
        unreadable=tuple(replace(found, account=kept(found.account)) for found in plan.unreadable),
    )


@given(plans())
def test_a_plan_file_reads_back_to_the_same_plan(plan: Plan) -> None:
    assert planfile.loads(planfile.dumps(plan, edits)) == reduced(plan)


@given(plans())
def test_writing_a_plan_again_gives_the_same_bytes(plan: Plan) -> None:
    text = planfile.dumps(plan, edits)

    assert planfile.dumps(planfile.loads(text), edits).encode() == text.encode()


@given(reports())
def test_a_report_file_reads_back_to_the_same_report(report: Report) -> None:
    outcomes = tuple(replace(outcome, account=kept(outcome.account)) for outcome in report.outcomes)

    assert reportfile.loads(reportfile.dumps(report)) == replace(report, outcomes=outcomes)


@given(snapshots())
def test_a_snapshot_file_reads_back_to_the_same_snapshot(snapshot: Snapshot) -> None:
    text = snapshotfile.dumps(snapshot)
    seen = tuple(replace(each, account=named(each.account)) for each in snapshot.observations)

    assert snapshotfile.loads(text) == replace(snapshot, observations=seen)
    assert snapshotfile.dumps(snapshotfile.loads(text)).encode() == text.encode()


@given(plans(max_accounts=2), st.data())
def test_a_plan_with_one_letter_changed_is_never_read_as_another_plan(
    plan: Plan, data: st.DataObject
) -> None:
    text = planfile.dumps(plan, edits)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.characters()) + text[place + 1 :]

    try:
        found = planfile.loads(changed)
    except PlanFileError:
        return
    assert found == planfile.loads(text)


@given(
    st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)).map(repr)
)
def test_reading_any_text_raises_nothing_else(text: str) -> None:
    for loads in (planfile.loads, reportfile.loads, snapshotfile.loads):
        with pytest.raises(PlanFileError):
            loads(text)
