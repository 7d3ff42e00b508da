"""Calls that go out with a part: how many, what becomes of them, and what is left for others."""

from collections.abc import Iterator
from contextlib import closing
from math import inf
from pathlib import Path

import pytest

from icesync.cluster.grants import READ_GRANT, WRITE_GRANT, Grants
from icesync.errors import Throttled
from icesync.graph.governor import Governor
from icesync.graph.ledger import Ledger
from icesync.model import USUAL_BUDGET, Account, Budget
from tests.support.clock import FakeClock

ACME, OTHER = Account("acme", "1"), Account("other", "2")
GRANT = (2, 5)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "calls", Budget(10, 600), "host")) as opened:
        yield opened


@pytest.fixture
def grants(ledger: Ledger, clock: FakeClock) -> Grants:
    return Grants(Governor(clock, ledger=ledger), ledger, clock)


def used(grants: Grants, calls: int) -> None:
    assert grants.ledger
    for _ in range(calls):
        assert grants.ledger.take(ACME.identity, grants.clock.now().timestamp()) == 0


def left(grants: Grants, account: Account = ACME) -> int:
    return max(calls for calls in range(11) if not grants.governor.room(account, calls))


@pytest.mark.parametrize(("before", "given"), [(0, 5), (5, 5), (6, 4), (7, 3), (8, 2)])
def test_an_account_gets_what_it_has_room_for_up_to_the_most(grants: Grants, before: int, given: int) -> None:
    used(grants, before)

    assert grants.give(ACME, GRANT) == given
    assert left(grants) == 10 - before - given
    assert left(grants, OTHER) == 10


@pytest.mark.parametrize("before", [9, 10])
def test_less_than_the_least_is_nothing(grants: Grants, before: int) -> None:
    used(grants, before)

    with pytest.raises(Throttled) as refused:
        grants.give(ACME, GRANT)

    assert refused.value.failure.not_before == "2026-11-23T03:19:13Z"
    assert left(grants) == 10 - before


@pytest.mark.parametrize("made", [0, 2, 5])
def test_what_was_not_used_is_free_again_and_what_was_made_counts(grants: Grants, made: int) -> None:
    grants.give(ACME, GRANT)
    grants.give(OTHER, GRANT)

    grants.settle([ACME], {"acme": made, "somebody": 3})

    assert left(grants) == 10 - made
    assert left(grants, OTHER) == 5


def test_what_a_worker_made_that_never_told_counts_until_it_would_be_over(
    grants: Grants, clock: FakeClock
) -> None:
    clock.seconds = 100
    given = grants.give(ACME, GRANT)
    clock.seconds = 400
    grants.settle([ACME], {"acme": given})

    assert left(grants) == 5
    clock.seconds = 400 + 600
    assert left(grants) == 5, "it may have been made just before it was settled"
    clock.seconds = 400 + 610
    assert left(grants) == 10


def test_what_is_held_for_a_part_is_held_against_other_processes(grants: Grants, tmp_path: Path) -> None:
    grants.give(ACME, (9, 9))

    with closing(Ledger(tmp_path / "calls", Budget(10, 600), "host")) as others:
        assert others.take(ACME.identity, grants.clock.now().timestamp()) == 0
        assert others.take(ACME.identity, grants.clock.now().timestamp()) > 0


def test_without_a_budget_everybody_gets_the_most(clock: FakeClock) -> None:
    grants = Grants(Governor(clock), None, clock)

    for _ in range(10):
        assert grants.give(ACME, GRANT) == 5
        grants.settle([ACME], {"acme": 5})
    assert grants.governor.room(ACME, 1000) == 0


def test_the_usual_budget_has_room_for_a_plan_an_apply_whose_worker_dies_and_another(
    clock: FakeClock,
) -> None:
    with closing(Ledger(None, USUAL_BUDGET, "host")) as ledger:
        grants = Grants(Governor(clock, ledger=ledger, patience=inf), ledger, clock)
        grants.give(ACME, READ_GRANT)
        grants.settle([ACME], {"acme": 1})
        grants.settle([ACME], {"acme": grants.give(ACME, WRITE_GRANT)})

        assert grants.give(ACME, WRITE_GRANT) == WRITE_GRANT[0]
