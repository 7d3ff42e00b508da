"""Laws of selection: shards are a partition, and a selection invents and reorders nothing."""

from hypothesis import given
from hypothesis import strategies as st

from icesync.fleet import Selection, select
from icesync.model import Desired
from tests.support.strategies import accounts

FLEETS = st.lists(accounts(), max_size=12, unique_by=lambda account: account.name).map(
    lambda found: tuple(Desired(account, None) for account in found)
)


@given(FLEETS, st.integers(1, 40))
def test_shards_are_a_partition_for_every_number_of_them(fleet: tuple[Desired, ...], shards: int) -> None:
    parts = [select(fleet, Selection(shard=(number, shards))) for number in range(1, shards + 1)]

    assert sorted((each for part in parts for each in part), key=fleet.index) == list(fleet)


@given(FLEETS, st.integers(1, 8))
def test_an_account_stays_in_its_shard_whoever_else_is_in_the_fleet(
    fleet: tuple[Desired, ...], shards: int
) -> None:
    for number in range(1, shards + 1):
        together = select(fleet, Selection(shard=(number, shards)))
        alone = [each for each in fleet if select((each,), Selection(shard=(number, shards)))]

        assert list(together) == alone


@given(FLEETS, st.sampled_from(("*", "[a-m]*", "*a*", "?")))
def test_what_a_glob_admits_and_what_it_excludes_make_up_the_fleet(
    fleet: tuple[Desired, ...], glob: str
) -> None:
    admitted = [each for each in fleet if Selection(only=(glob,)).admits(each.account)]
    others = select(fleet, Selection(exclude=(glob,)))

    assert sorted([*admitted, *others], key=fleet.index) == list(fleet)
