"""Laws of what changed between two fleets: nothing that is left out needs a look, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from icesync.model import NOTHING, Account, Api, Desired, Fleet, Profile
from icesync.revision import changed, gone

# Few of everything, so that two fleets have much in common.
ACCOUNTS = st.builds(
    Account,
    name=st.sampled_from("abcd"),
    id=st.sampled_from(("1", "2", "3", "me")),
    token=st.sampled_from((None, "env:T", "env:U")),
    labels=st.sampled_from(((), ("eu",))),
    protect=st.booleans(),
    webhooks=st.sampled_from(((), ("messages",))),
    sink=st.sampled_from((None, "file:t#a")),
)
PROFILES = st.sampled_from((None, NOTHING, Profile.of({"default": [("A?", "A")]})))
FLEETS = st.builds(
    Fleet,
    st.lists(
        st.builds(Desired, ACCOUNTS, PROFILES),
        max_size=4,
        unique_by=(lambda each: each.account.name, lambda each: each.account.identity),
    ).map(lambda found: tuple(sorted(found, key=lambda each: each.account.name))),
    st.sampled_from((Api(), Api(version="v23.0"))),
)


def asked(fleet: Fleet) -> dict[str, object]:
    """What a fleet asks of the API, by account: with no name, label or sink in it."""
    return {
        account.identity: (fleet.api, each.profile, account.token, account.protect, account.webhooks)
        for each in fleet.accounts
        for account in (each.account,)
    }


@given(FLEETS, FLEETS)
def test_an_account_has_changed_where_something_else_is_asked_of_it_and_only_there(
    before: Fleet, after: Fleet
) -> None:
    found = {each.account.identity for each in changed(before, after)}

    for identity, wanted in asked(after).items():
        assert (identity in found) == (asked(before).get(identity) != wanted)


@given(FLEETS, FLEETS)
def test_what_changed_stands_in_the_fleet_in_its_order(before: Fleet, after: Fleet) -> None:
    found = changed(before, after)

    assert list(found) == [each for each in after.accounts if each in found]


@given(FLEETS, FLEETS)
def test_who_is_gone_from_one_fleet_is_new_in_the_other(before: Fleet, after: Fleet) -> None:
    left = {account.identity for account in gone(before, after)}

    assert left == asked(before).keys() - asked(after).keys()
    assert left <= {each.account.identity for each in changed(after, before)}


@given(FLEETS)
def test_nothing_has_changed_since_now(fleet: Fleet) -> None:
    assert (changed(fleet, fleet), gone(fleet, fleet)) == ((), ())
