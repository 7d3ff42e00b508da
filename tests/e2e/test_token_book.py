"""What every run leaves in the book of tokens, and what plans warn of because of it."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from icesync.model import Account
from icesync.sandbox.tokens import Token
from icesync.sandbox.world import Fault, World
from icesync.sightings import Sightings
from icesync.tokens.book import Book
from icesync.tokens.records import TokenRecord
from tests.support.desk import Desk

OLD = {"default": [("What do you sell?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER")]}


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    desk.declare({"shop": NEW, "twin": NEW, "lab": None})
    desk.seed(1, OLD)
    return desk


def book(desk: Desk) -> Mapping[str, TokenRecord]:
    """What is known, by the number of the account."""
    host = desk.sandbox.url.removeprefix("http://")
    opened = Book(desk.folder / ".icesync", host)
    try:
        accounts = {desk.id_of(number): number for number in (1, 2, 3)}
        return {str(accounts[name]): known for name, known in opened.known(accounts).items()}
    finally:
        opened.close()


def days(desk: Desk, count: float) -> None:
    desk.clock.seconds += timedelta(days=count).total_seconds()


@pytest.mark.parametrize(
    ("line", "accounts"),
    [
        (["plan"], {"1", "2"}),
        (["drift"], {"1", "2"}),
        (["apply", "--yes"], {"1", "2"}),
        (["apply"], {"1", "2"}),
        (["pull"], {"1", "2", "3"}),
    ],
)
def test_each_run_notes_the_tokens_that_it_has_seen(fleet: Desk, line: list[str], accounts: set[str]) -> None:
    fleet.icesync(*line)
    known = book(fleet)
    assert known.keys() == accounts
    assert {record.seen for record in known.values()} == {fleet.clock.now().timestamp()}


def test_a_token_is_first_seen_once_and_another_begins_anew(fleet: Desk) -> None:
    fleet.icesync("plan")
    first = book(fleet)
    days(fleet, 3)
    fleet.give_tokens({"shop": f"sandbox-{fleet.id_of(1)}", "twin": f"sandbox-{fleet.id_of(2)}-7"})
    fleet.icesync("plan")
    assert book(fleet)["1"] == first["1"]
    assert book(fleet)["2"].seen > first["2"].seen
    assert book(fleet)["2"].fingerprint != first["2"].fingerprint


@pytest.mark.parametrize("line", [["plan"], ["drift"], ["apply", "--yes"], ["pull"]])
def test_a_dead_token_is_noted_with_reason_and_next_step_until_it_works_again(
    fleet: Desk, line: list[str]
) -> None:
    fleet.sandbox.api.tokens[fleet.id_of(2)] = Token(dead="checkpointed")
    fleet.icesync(*line)
    dead = book(fleet)["2"].dead
    assert dead is not None
    assert "190/459" in dead.reason
    assert "pass a checkpoint" in dead.reason
    assert book(fleet)["1"].dead is None
    del fleet.sandbox.api.tokens[fleet.id_of(2)]
    fleet.icesync("plan")
    assert book(fleet)["2"].dead is None


def test_an_api_that_is_not_there_kills_no_token(fleet: Desk) -> None:
    fleet.sandbox.api.world = World(faults=(Fault("500"),))
    assert fleet.icesync("plan").code == 3
    assert {record.dead for record in book(fleet).values()} == {None}


def test_a_plan_against_a_snapshot_looks_no_token_up(fleet: Desk) -> None:
    live = fleet.folder / "live.json"
    fleet.icesync("pull", f"--snapshot={live}")
    fleet.give_tokens({})
    days(fleet, 58)
    assert "Warning" not in fleet.icesync("plan", f"--against={live}").out


def test_a_book_that_cannot_be_written_at_the_end_ends_no_run(fleet: Desk) -> None:
    fleet.icesync("plan")
    with sqlite3.connect(fleet.folder / ".icesync" / "tokens.sqlite") as database:
        database.execute("CREATE TRIGGER full BEFORE UPDATE ON tokens BEGIN SELECT raise(ABORT, 'full'); END")
    database.close()
    fleet.give_tokens({"shop": f"sandbox-{fleet.id_of(1)}-1", "twin": f"sandbox-{fleet.id_of(2)}-1"})
    told = fleet.icesync("plan")
    assert told.code == 0
    assert "note: what was seen of tokens is not kept" in told.err


@pytest.mark.parametrize(
    ("line", "left", "told"),
    [
        (["plan"], 15, None),
        (["plan"], 14, "14 days"),
        (["drift"], 7, "7 days"),
        (["apply", "--yes"], 3, "3 days"),
    ],
)
def test_plans_warn_as_the_end_comes_near(fleet: Desk, line: list[str], left: int, told: str | None) -> None:
    fleet.icesync("plan")
    days(fleet, 60 - left)
    out = fleet.icesync(*line).out
    if told is None:
        assert "Warning" not in out
    else:
        warning = f"2 tokens end within {told} at the latest: shop, twin (icesync tokens refresh)"
        assert f"Warning: {warning}" in out


def test_every_format_warns_and_only_of_accounts_of_the_run(fleet: Desk) -> None:
    fleet.icesync("plan")
    days(fleet, 58)
    page, comment = fleet.folder / "plan.html", fleet.folder / "plan.md"
    told = fleet.icesync("plan", "--only=shop", "-ojson", f"-ohtml={page}", f"-omarkdown={comment}")
    (warning,) = told.json["warnings"]
    assert warning == "1 token ends within 3 days at the latest: shop (icesync tokens refresh)"
    assert f"Warning: {warning}" in told.err
    for path in (page, comment):
        assert "1 token ends within 3 days at the latest" in path.read_text()
    applied = fleet.icesync("apply", "--yes", "--only=shop", "-ojson")
    assert warning in applied.err


def test_a_token_that_outlives_its_end_was_refreshed_elsewhere_and_is_not_warned_of(fleet: Desk) -> None:
    fleet.icesync("plan")
    days(fleet, 61)
    assert "Warning" not in fleet.icesync("plan").out
    fleet.sandbox.api.tokens[fleet.id_of(2)] = Token(ends=0)
    assert "1 token has ended: twin (2027-01-22 at the latest)" in fleet.icesync("plan").out


def test_no_warning_of_a_token_that_is_there_no_more(fleet: Desk) -> None:
    fleet.icesync("plan")
    days(fleet, 58)
    fleet.give_tokens({name: f"sandbox-{fleet.id_of(n)}-9" for n, name in ((1, "shop"), (2, "twin"))})
    assert "Warning" not in fleet.icesync("plan").out


def test_a_folder_that_keeps_nothing_warns_of_nothing(fleet: Desk, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for _ in range(2):
        told = fleet.icesync("plan", f"--state-dir={blocked / 'state'}")
        assert (told.code, "Warning" in told.out) == (0, False)
        days(fleet, 58)


def test_an_account_known_as_me_has_a_place_of_its_own(fleet: Desk) -> None:
    fleet.declare({"shop": NEW})
    fleet.config.write_text(fleet.config.read_text().replace(fleet.id_of(1), "me"))
    fleet.icesync("plan")
    days(fleet, 58)
    assert "ends within 3 days at the latest: shop" in fleet.icesync("plan").out


def test_a_plan_that_began_before_a_refresh_does_not_undo_what_that_has_put_on_record(fleet: Desk) -> None:
    """It has looked the old token up, and ends after the new one was stored."""
    opened = Book(fleet.folder / ".icesync", "host")
    with closing(opened):
        plan = Sightings(opened, since=1.0)
        plan.holds(Account("shop", "1"), "old")
        opened.refreshed("1", "new", 2.0, 60.0)
        plan.enter(3.0)
        assert opened.known(["1"])["1"].fingerprint == "new"
        later = Sightings(opened, since=4.0)
        later.holds(Account("shop", "1"), "newest")
        later.enter(5.0)
        assert opened.known(["1"])["1"].fingerprint == "newest"
