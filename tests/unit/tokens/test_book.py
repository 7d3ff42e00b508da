"""What is known of tokens: across runs and processes, through crashes, and never a token."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from icesync.credentials import Secret
from icesync.errors import IcesyncError
from icesync.model import Identity
from icesync.tokens.book import DAY, FILE_NAME, KEY_NAME, Book
from icesync.tokens.records import Mishap, TokenRecord
from tests.support.forks import printed_by

NOW = 1_795_403_351.0
ACME = Identity("1784", "acme")
END = NOW + 60 * DAY

Open = Callable[..., Book]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens books, in one folder unless another is named, and closes them in the end."""
    with ExitStack() as stack:

        def open_(state: Path | None = tmp_path / "state", host: str = "graph.example") -> Book:
            book = Book(state, host)
            stack.callback(book.close)
            return book

        yield open_


@pytest.fixture
def book(opened: Open) -> Book:
    """A book in which account 1 has the token `old`."""
    book = opened()
    book.saw([("1", "old")], NOW)
    return book


def of(book: Book, account: str = "1") -> TokenRecord | None:
    return book.known([account]).get(account)


def test_a_token_is_seen_first_when_it_is_new(book: Book) -> None:
    book.saw([("1", "old"), ("2", "other")], NOW + 5)

    assert book.known(["1", "2", "3"]) == {"1": TokenRecord("old", NOW), "2": TokenRecord("other", NOW + 5)}


def test_what_was_known_of_a_token_goes_with_it(book: Book) -> None:
    book.refreshed("1", "old", NOW, END)
    book.died("1", "old", "expired", NOW + 1)
    book.begin_refresh("1", "old", NOW + 2)

    book.saw([("1", "new")], NOW + 5)

    assert of(book) == TokenRecord("new", NOW + 5)


def test_a_refresh_is_begun_and_ends_well(book: Book) -> None:
    book.begin_refresh("1", "old", NOW + 1)
    assert of(book) == TokenRecord("old", NOW, begun=NOW + 1)

    book.refreshed("1", "new", NOW + 2, END)
    assert of(book) == TokenRecord("new", NOW + 2, obtained=NOW + 2, expires=END)


def test_a_token_that_was_replaced_and_is_seen_again_changes_nothing(book: Book) -> None:
    for new, at in (("new", NOW + 2), ("newer", NOW + 4)):
        book.begin_refresh("1", "old", at - 1)
        book.refreshed("1", new, at, END)
        book.saw([("1", "old")], at + 1)
        assert of(book) == TokenRecord(new, at, obtained=at, expires=END)

    book.saw([("1", "third")], NOW + 9)
    book.saw([("1", "old")], NOW + 10)
    assert of(book) == TokenRecord("old", NOW + 10)


def test_a_refresh_that_gave_nothing_leaves_the_token_as_it_was(book: Book) -> None:
    book.refreshed("1", "old", NOW, END)
    before = of(book)
    book.begin_refresh("1", "old", NOW + 1)
    book.refresh_failed("1", "too young", NOW + 2)

    found = of(book)
    assert found is not None
    assert found.failed == Mishap(NOW + 2, "too young")
    assert (found.begun, found.expires) == (None, END)

    book.begin_refresh("1", "old", NOW + 3)
    book.refreshed("1", "old", NOW, END)
    assert of(book) == before


def test_a_token_that_its_sink_did_not_take_is_told_until_another_is_there(book: Book) -> None:
    book.begin_refresh("1", "old", NOW + 1)
    book.not_stored("1", "new", NOW + 2, "exit status 1", END)
    lost = TokenRecord("old", NOW, unstored=Mishap(NOW + 2, "exit status 1"))
    assert of(book) == lost

    book.saw([("1", "old")], NOW + 3)
    assert of(book) == lost

    book.saw([("1", "third")], NOW + 4)
    assert of(book) == TokenRecord("third", NOW + 4)


def test_a_token_that_a_person_has_stored_keeps_its_age(book: Book) -> None:
    book.begin_refresh("1", "old", NOW + 1)
    book.not_stored("1", "new", NOW + 2, "exit status 1", END)

    book.saw([("1", "new")], NOW + 9)

    assert of(book) == TokenRecord("new", NOW + 9, obtained=NOW + 2, expires=END)


def test_a_token_that_comes_back_the_same_stands_where_it_stood(book: Book) -> None:
    book.begin_refresh("1", "old", NOW + 1)
    book.not_stored("1", "old", NOW + 2, "exit status 1", END)

    assert of(book) == TokenRecord("old", NOW + 2, obtained=NOW + 2, expires=END)


def test_a_token_is_dead_from_the_first_time_that_it_is_told_until_it_works(book: Book) -> None:
    book.died("1", "old", "expired", NOW + 1)
    book.died("1", "old", "revoked", NOW + 2)
    assert of(book) == TokenRecord("old", NOW, dead=Mishap(NOW + 1, "revoked"))

    book.works(["other"])
    assert of(book) == TokenRecord("old", NOW, dead=Mishap(NOW + 1, "revoked"))
    book.works(["old", "other"])
    assert of(book) == TokenRecord("old", NOW)


def test_to_learn_whose_it_is_shows_that_a_token_works(book: Book) -> None:
    book.died("1", "old", "expired", NOW + 1)

    book.keep_identity("old", ACME, NOW + 2)

    assert of(book) == TokenRecord("old", NOW)


def test_the_death_of_a_token_says_nothing_of_the_one_in_its_place(book: Book) -> None:
    book.refreshed("1", "new", NOW, END)

    book.died("1", "old", "expired", NOW + 1)

    assert of(book) == TokenRecord("new", NOW, NOW, END)


def test_a_token_may_be_dead_when_it_is_seen_first(book: Book) -> None:
    book.died("2", "other", "expired", NOW)

    assert of(book, "2") == TokenRecord("other", NOW, dead=Mishap(NOW, "expired"))


def test_whose_token_it_is_is_known_for_a_day(book: Book) -> None:
    book.keep_identity("old", ACME, NOW)

    assert book.identity("old", NOW) == ACME
    assert book.identity("old", NOW + DAY - 1) == ACME
    assert book.identity("old", NOW + DAY) is None
    assert book.identity("old", NOW - 1) is None, "a clock that was set back"
    assert book.identity("other", NOW) is None


def test_what_is_learned_anew_counts_from_then(book: Book) -> None:
    book.keep_identity("old", ACME, NOW)
    book.keep_identity("old", Identity("1785", ""), NOW + DAY)

    assert book.identity("old", NOW + 2 * DAY - 1) == Identity("1785", "")


def test_the_next_run_knows_what_this_one_knew(opened: Open, book: Book) -> None:
    book.keep_identity("old", ACME, NOW)
    book.begin_refresh("1", "old", NOW + 1)
    book.close()

    again = opened()

    assert again.is_kept
    assert again.key == book.key
    assert again.identity("old", NOW) == ACME
    assert of(again) == TokenRecord("old", NOW, begun=NOW + 1)


def test_another_host_is_another_world(opened: Open, book: Book) -> None:
    other = opened(host="127.0.0.1:8080")

    assert of(other) is None
    assert other.key != book.key


def test_books_of_different_folders_cannot_be_compared(opened: Open, book: Book, tmp_path: Path) -> None:
    assert opened(tmp_path / "other").key != book.key
    assert opened(None).key != opened(None).key


@pytest.mark.parametrize("state", [None, Path("file/state")])
def test_without_a_folder_to_write_in_it_is_for_this_run_alone(
    opened: Open, tmp_path: Path, state: Path | None
) -> None:
    (tmp_path / "file").touch()
    book = opened(state and tmp_path / state)
    book.saw([("1", "old")], NOW)

    assert not book.is_kept
    assert of(book) == TokenRecord("old", NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_kept_is_for_its_owner_alone_and_holds_no_token(opened: Open, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        book = opened()
        token = Secret("IGQVJsentinel")
        book.saw([("1", token.fingerprint(book.key))], NOW)
        files = [*(tmp_path / "state").iterdir()]
    finally:
        os.umask(before)

    assert {FILE_NAME, KEY_NAME, ".gitignore"} <= {file.name for file in files}
    assert {oct(file.stat().st_mode & 0o777) for file in files if file.name.startswith("tokens.")} == {
        "0o600"
    }
    assert not any(b"sentinel" in file.read_bytes() for file in files)


@pytest.mark.parametrize("name", [FILE_NAME, KEY_NAME])
def test_a_damaged_file_is_named(opened: Open, tmp_path: Path, name: str) -> None:
    opened().close()
    for file in (tmp_path / "state").glob(f"{name}*"):
        file.write_bytes(b"damaged" * 100)

    with pytest.raises(IcesyncError, match=r"state/tokens\.sqlite.* delete it and tokens\.key"):
        opened()


def test_processes_that_begin_at_once_have_one_key_and_lose_nothing(opened: Open, tmp_path: Path) -> None:
    script = """
from icesync.model import Identity
from icesync.tokens.book import Book
reader, writer = os.pipe()

def work():
    book, me = Book(Path(sys.argv[1])), os.getpid()
    book.saw([(f"{me}-{n}", "f") for n in range(100)], 1.0)
    for n in range(10):
        book.keep_identity(f"{me}-{n}", Identity("1", ""), 1.0)
    assert len(book.known([f"{me}-{n}" for n in range(100)])) == 100
    os.write(writer, book.key.hex().encode() + b"\\n")

statuses = [ended(child) for child in [forked(work) for _ in range(4)]]
os.close(writer)
print(json.dumps([statuses, os.read(reader, 9999).decode().split()]))
"""
    statuses, keys = json.loads(printed_by(script, tmp_path))

    assert statuses == [0] * 4
    assert keys == [opened(tmp_path, "").key.hex()] * 4


def test_who_is_killed_in_the_middle_of_a_refresh_leaves_that_it_was_begun(
    opened: Open, tmp_path: Path
) -> None:
    script = """
from icesync.tokens.book import Book

def work():
    book = Book(Path(sys.argv[1]), "graph.example")
    book.saw([("1", "old")], 1.0)
    book.begin_refresh("1", "old", 2.0)
    die()

print(ended(forked(work)))
"""
    assert printed_by(script, tmp_path).strip() == "9"

    assert of(opened(tmp_path)) == TokenRecord("old", 1.0, begun=2.0)


def test_ten_thousand_accounts_are_no_work(book: Book) -> None:
    began = time.process_time()
    for at in range(3):
        book.saw([(f"178414{n}", f"{n:064x}") for n in range(10_000)], NOW + at)
    found = book.known([f"178414{n}" for n in range(10_000)])

    assert len(found) == 10_000
    assert {record.seen for record in found.values()} == {NOW}
    assert time.process_time() - began < 2
