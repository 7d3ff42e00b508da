"""A refresh, step by step: what a hostile or broken API, sink, reference and book make of it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from icesync.credentials import Refreshed, Secret
from icesync.errors import CredentialError, GraphError, IcesyncError, Throttled, TokenError, Transient
from icesync.model import Account, FailureKind, GraphFailure, Identity, RefreshStatus
from icesync.refreshing import LONGEST, Exchange
from icesync.tokens.book import Book
from icesync.tokens.due import Holding
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio

ACME = Account("acme", "1", token="file:t#acme", sink="file:t#acme")
OWNER = Identity("1", "acme")
OLD, NEW = Secret("old"), Secret("new")
DEAD = TokenError(GraphFailure(FailureKind.TOKEN, "it has expired", 190, 463))
LOST = Transient(GraphFailure(FailureKind.TRANSIENT, "no answer"))
LOST.may_have_arrived = True


def throttled(*, again: bool) -> Throttled:
    failure = GraphFailure(FailureKind.THROTTLED, "too many", 613)
    return Throttled(failure, app_wide=False, wait=5.0, again=again)


@dataclass
class Api:
    """Says whose `acme`'s old and new tokens are, and what a refresh gives, one answer after the other."""

    refreshes: list[Refreshed | GraphError]
    old: list[Identity | GraphError] = field(default_factory=lambda: [OWNER])
    new: list[Identity | GraphError] = field(default_factory=lambda: [OWNER])
    asked: int = 0

    async def identity(self, account: Account, secret: Secret | None = None) -> Identity:
        answers = self.new if secret else self.old
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, GraphError):
            raise found
        return found

    async def refresh(self, account: Account) -> Refreshed:
        self.asked += 1
        found = self.refreshes.pop(0)
        if isinstance(found, GraphError):
            raise found
        return found


@dataclass
class Place:
    """Where the reference and the sink both point."""

    stored: list[str] = field(default_factory=list)
    gives: Secret | CredentialError | None = None

    async def check(self, sink: str) -> None:
        """It is there."""

    async def store(self, sink: str, secret: Secret) -> None:
        self.stored.append(secret.reveal())

    async def reread(self, account: Account) -> Secret | None:
        if isinstance(self.gives, CredentialError):
            raise self.gives
        return self.gives or Secret(self.stored[-1])


@pytest.fixture
def book() -> Iterator[Book]:
    with closing(Book(None)) as opened:
        yield opened


@dataclass
class Run:
    """What one refresh came to."""

    status: RefreshStatus
    detail: str


async def refresh(book: Book, api: Api, place: Place, clock: FakeClock) -> Run:
    exchange = Exchange(api, book, clock, place.check, place.store, place.reread)
    holding = Holding((ACME,), OLD.fingerprint(book.key), "file:t#acme")
    (found,) = await exchange.refresh(holding)
    assert found.account == ACME
    return Run(found.status, found.detail)


async def test_a_sink_whose_place_gives_another_token_afterwards_is_told(book: Book) -> None:
    for gives, told in ((Secret("x"), "its reference gives another"), (CredentialError("gone"), "gone")):
        place = Place(gives=gives)
        run = await refresh(book, Api([Refreshed(NEW, 60)]), place, FakeClock())
        assert run.status is RefreshStatus.UNSTORED
        assert told in run.detail
        assert run.detail.endswith("the old token still works: run `icesync tokens refresh` again")
        assert place.stored == ["new"]
        unstored = book.known(["1"])["1"].unstored
        assert unstored is not None
        assert told in unstored.reason


async def test_a_new_token_of_somebody_else_is_never_stored(book: Book) -> None:
    place = Place()
    run = await refresh(book, Api([Refreshed(NEW, 60)], new=[Identity("2", "evil")]), place, FakeClock())
    assert (run.status, place.stored) == (RefreshStatus.FAILED, [])
    assert run.detail.startswith("the new token belongs to account 2, not to 1, so it was not stored")


@pytest.mark.parametrize(
    ("old", "status"), [([OWNER], RefreshStatus.FAILED), ([OWNER, DEAD], RefreshStatus.DEAD)]
)
async def test_a_new_token_that_does_not_work_is_never_stored(
    book: Book, old: list[Identity | GraphError], status: RefreshStatus
) -> None:
    place = Place()
    run = await refresh(book, Api([Refreshed(NEW, 60)], old=old, new=[DEAD]), place, FakeClock())
    assert (run.status, place.stored) == (status, [])
    assert run.detail.startswith("the new token does not work (token 190/463")


@pytest.mark.parametrize(
    ("old", "new", "status", "slept"),
    [
        ([OWNER, LOST], [LOST, LOST, OWNER], RefreshStatus.REFRESHED, [5, 10]),
        ([OWNER, LOST, DEAD], [LOST], RefreshStatus.REFRESHED, [5]),
        ([OWNER, LOST, OWNER], [LOST], RefreshStatus.FAILED, [5]),
        ([OWNER, LOST], [LOST, DEAD], RefreshStatus.FAILED, [5]),
        ([OWNER, LOST], [LOST], RefreshStatus.FAILED, [5, 10, 20, 30]),
    ],
)
async def test_while_nobody_tells_which_token_lives_both_are_asked_again_for_a_minute(
    book: Book,
    old: list[Identity | GraphError],
    new: list[Identity | GraphError],
    status: RefreshStatus,
    slept: list[float],
) -> None:
    clock, place = FakeClock(), Place()
    run = await refresh(book, Api([Refreshed(NEW, 60)], old=[*old], new=[*new]), place, clock)
    assert (run.status, clock.slept) == (status, slept)
    assert place.stored == (["new"] if status is RefreshStatus.REFRESHED else [])


async def test_with_a_token_in_hand_a_closed_door_is_waited_for(book: Book) -> None:
    clock, place = FakeClock(), Place()
    api = Api([Refreshed(NEW, 60)], new=[throttled(again=True), OWNER])
    run = await refresh(book, api, place, clock)
    assert (run.status, place.stored, clock.slept) == (RefreshStatus.REFRESHED, ["new"], [5.0])
    assert api.asked == 1


async def test_before_the_request_a_closed_door_is_left_to_who_has_time(book: Book) -> None:
    api = Api([throttled(again=True)])
    with pytest.raises(Throttled):
        await refresh(book, api, Place(), FakeClock())
    assert book.known(["1"])["1"].begun is None, "nothing was sent"
    run = await refresh(book, Api([throttled(again=False)]), Place(), FakeClock())
    assert run.status is RefreshStatus.FAILED


async def test_what_the_api_says_of_a_tokens_life_is_not_believed_beyond_reason(book: Book) -> None:
    clock = FakeClock()
    await refresh(book, Api([Refreshed(NEW, 10**30)]), Place(), clock)
    assert book.known(["1"])["1"].expires == clock.now().timestamp() + LONGEST


async def test_a_refresh_that_cannot_be_put_on_record_is_not_begun(book: Book) -> None:
    class Full(Book):
        def begin_refresh(self, account: str, fingerprint: str, now: float) -> None:
            raise IcesyncError("the disk is full")

    api = Api([Refreshed(NEW, 60)])
    with closing(Full(None)) as full:
        run = await refresh(full, api, Place(), FakeClock())
    assert (run.status, run.detail) == (RefreshStatus.FAILED, "nothing was refreshed: the disk is full")
    assert api.asked == 0


async def test_a_refresh_that_cannot_be_put_on_record_afterwards_is_stored_all_the_same(book: Book) -> None:
    class Full(Book):
        def refreshed(self, account: str, fingerprint: str, obtained: float, expires: float) -> None:
            raise IcesyncError("the disk is full")

    place = Place()
    with closing(Full(None)) as full:
        run = await refresh(full, Api([Refreshed(NEW, 60)]), place, FakeClock())
    assert (run.status, run.detail) == (
        RefreshStatus.REFRESHED,
        "that is not on record: the disk is full",
    )
    assert place.stored == ["new"]


async def test_a_lost_answer_leaves_on_record_that_it_was_begun_where_nobody_knows_more(book: Book) -> None:
    run = await refresh(book, Api([LOST], old=[OWNER, throttled(again=False)]), Place(), FakeClock())
    assert "whether the old token still works is not known (throttled 613" in run.detail
    assert book.known(["1"])["1"].begun is not None


async def test_whose_a_token_is_need_not_be_asked_where_the_book_knows(book: Book) -> None:
    clock = FakeClock()
    book.keep_identity(OLD.fingerprint(book.key), OWNER, clock.now().timestamp())
    run = await refresh(book, Api([Refreshed(NEW, 60)], old=[DEAD]), Place(), clock)
    assert run.status is RefreshStatus.REFRESHED
    assert book.identity(NEW.fingerprint(book.key), clock.now().timestamp()) == OWNER


async def test_a_book_that_does_not_tell_whose_a_token_is_costs_a_question_and_no_more(book: Book) -> None:
    class Deaf(Book):
        def identity(self, fingerprint: str, now: float) -> Identity | None:
            raise IcesyncError("the disk is broken")

    with closing(Deaf(None)) as deaf:
        run = await refresh(deaf, Api([Refreshed(NEW, 60)]), Place(), FakeClock())
    assert run.status is RefreshStatus.REFRESHED
