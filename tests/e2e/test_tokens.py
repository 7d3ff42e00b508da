"""`icesync tokens`: what it tells, what a refresh changes, and what it says where one is cut short."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from icesync import journal
from icesync.credentials import Secret
from icesync.sandbox.tokens import Token
from icesync.sandbox.world import Fault, World
from icesync.tokens.book import Book
from tests.support.desk import Desk, Result

HELLO = {"default": [("Where is my order?", "ORDER")]}
SENTINEL = "sandbox-1784140000000000"


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Two accounts whose tokens go back to the file that they come from, on an API that makes new ones."""
    desk.declare({"shop": HELLO, "twin": HELLO}, defaults={"sink": "file:tokens.json#${name}"})
    desk.sandbox.api.world = World(rotate="new")
    return desk


@pytest.fixture(autouse=True)
def no_token_gets_out(desk: Desk, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does: nothing printed, logged or kept shows a token."""
    with caplog.at_level(logging.DEBUG):
        yield
    assert SENTINEL not in caplog.text
    kept = desk.folder / ".icesync"
    assert not [path for path in kept.rglob("*") if path.is_file() and SENTINEL.encode() in path.read_bytes()]


def tokens(desk: Desk, *line: str) -> Result:
    told = desk.icesync("-v", "tokens", *line)
    assert SENTINEL not in told.out + told.err
    return told


def refreshed(desk: Desk, *line: str, code: int = 0) -> dict[str, tuple[str, str]]:
    """Status and detail by account name."""
    told = tokens(desk, "refresh", "-ojson", *line)
    assert told.code == code, told.out + told.err
    found = {each["account"]: each.get("refresh") for each in told.json["tokens"]}
    return {name: (each["status"], each["detail"]) for name, each in found.items() if each}


def standings(desk: Desk, *line: str) -> dict[str, tuple[str, str]]:
    told = tokens(desk, "status", "-ojson", *line)
    return {each["account"]: (each["standing"], each["why"]) for each in told.json["tokens"]}


def stored(desk: Desk) -> Any:
    return json.loads((desk.folder / "tokens.json").read_text())


def days(desk: Desk, count: float) -> None:
    desk.clock.seconds += timedelta(days=count).total_seconds()


def refreshes(desk: Desk) -> int:
    return sum(endpoint == "refresh" for endpoint, _, _ in desk.sandbox.api.others)


def set_sink(desk: Desk, sink: str | None) -> None:
    document = json.loads(desk.config.read_text())
    document["defaults"]["sink"] = sink
    desk.config.write_text(json.dumps(document))


def program(desk: Desk, *lines: str) -> None:
    (desk.folder / "sink.sh").write_text("\n".join(lines))
    set_sink(desk, "command:sh sink.sh ${name}")


def break_the_book(desk: Desk) -> None:
    """The sink does it, once it has the token."""
    broken = "import sqlite3; sqlite3.connect('.icesync/tokens.sqlite').execute('DROP TABLE tokens')"
    program(desk, 'cat > "token-$1"', f'{sys.executable} -c "{broken}"')


# --- what status tells


def test_status_tells_ages_days_left_and_the_last_refresh(fleet: Desk) -> None:
    tokens(fleet, "status")
    days(fleet, 5)
    assert refreshed(fleet, "--only=shop")["shop"] == ("refreshed", "")
    days(fleet, 2.5)
    told = tokens(fleet, "status")
    assert told.code == 0
    assert told.out == (
        "ACCOUNT  AGE  LEFT  REFRESHED   STANDING\n"
        "shop     2    57    2026-11-28  ok\n"
        "twin     ≥7   ≤53   -           ok\n"
        "\n"
        "Tokens: 2 ok.\n"
    )


def test_status_costs_no_call_of_a_budget_and_asks_unmanaged_accounts_too(fleet: Desk) -> None:
    fleet.declare({"shop": HELLO, "lab": None})
    assert standings(fleet) == {"shop": ("ok", ""), "lab": ("ok", "")}
    assert fleet.sandbox.api.calls == []


@pytest.mark.parametrize(
    ("death", "code"), [("checkpointed", "190/459"), ("revoked", "190/458"), ("password", "190/460")]
)
def test_status_tells_a_dead_token_with_its_reason_and_next_step(fleet: Desk, death: Any, code: str) -> None:
    fleet.sandbox.api.tokens[fleet.id_of(1)] = Token(dead=death)
    told = tokens(fleet, "status")
    assert told.code == 3
    assert f"dead\n    token {code}: " in told.out
    assert "; hint: " in told.out
    assert told.out.endswith("Tokens: 1 ok, 1 dead.\n")


def test_status_tells_tokens_that_have_changed_places(fleet: Desk) -> None:
    shop, twin = fleet.id_of(1), fleet.id_of(2)
    fleet.give_tokens({"shop": f"sandbox-{twin}", "twin": f"sandbox-{shop}"})
    told = tokens(fleet, "status")
    assert told.code == 3
    assert f"another's\n    its token belongs to account {twin}" in told.out
    assert f", not to {shop}: look where its reference points\n" in told.out
    assert told.out.endswith("Tokens: 2 another's.\n")


def test_whose_tokens_status_has_seen_need_not_be_asked_again(fleet: Desk) -> None:
    tokens(fleet, "status")
    asked = len(fleet.sandbox.api.others)
    assert refreshed(fleet)["shop"] == ("refreshed", "")
    made = [endpoint for endpoint, _, _ in fleet.sandbox.api.others[asked:]]
    assert sorted(made) == ["identity"] * 2 + ["refresh"] * 2, "the new ones are asked about"


def test_status_tells_what_has_no_token_and_what_could_not_be_asked(fleet: Desk) -> None:
    fleet.give_tokens({"twin": f"sandbox-{fleet.id_of(2)}"})
    fleet.sandbox.api.world = World(faults=(Fault("500", endpoint="identity"),))
    found = standings(fleet)
    assert found["shop"][0] == "no token"
    assert found["twin"][0] == "not known"
    assert "transient 1" in found["twin"][1]


@pytest.mark.parametrize("identity", ["none", "unnamed"])
def test_an_api_that_does_not_tell_whose_tokens_they_are_speaks_against_none(
    fleet: Desk, identity: Any
) -> None:
    fleet.sandbox.api.world = World(identity=identity)
    assert standings(fleet)["shop"] == ("ok", "")


def test_offline_asks_nobody_and_looks_no_token_up(fleet: Desk) -> None:
    assert standings(fleet, "--offline") == {"shop": ("never seen", ""), "twin": ("never seen", "")}
    tokens(fleet, "status")
    calls = len(fleet.sandbox.api.others)
    (fleet.folder / "tokens.json").unlink()
    assert standings(fleet, "--offline") == {"shop": ("ok", ""), "twin": ("ok", "")}
    days(fleet, 58)
    assert standings(fleet, "--offline")["shop"] == ("ends soon", "on 2027-01-22 at the latest")
    days(fleet, 3)
    standing, why = standings(fleet, "--offline")["shop"]
    assert standing == "ended"
    assert why.startswith("on 2027-01-22 at the latest: create a new one in the App Dashboard")
    assert len(fleet.sandbox.api.others) == calls


def test_a_token_that_outlives_the_sixty_days_was_refreshed_elsewhere(fleet: Desk) -> None:
    tokens(fleet, "status")
    days(fleet, 70)
    assert "shop     ≥70  ?     -          ok\n" in tokens(fleet, "status").out


def test_json_is_as_its_schema_says_and_goes_into_a_file(fleet: Desk) -> None:
    from jsonschema import validate

    schema = fleet.icesync("schema", "tokens", config=False).json
    file = fleet.folder / "tokens-report.json"
    validate(tokens(fleet, "status", "-ojson").json, schema)
    assert tokens(fleet, "refresh", f"-ojson={file}").out.endswith("Tokens: 2 refreshed.\n")
    validate(json.loads(file.read_text()), schema)


@pytest.mark.parametrize(
    "line",
    [["status", "--dask=tcp://127.0.0.1:1"], ["status", "-ohtml"], ["refresh", "--older-than=soon"], []],
)
def test_what_cannot_be_asked_for_is_wrong_usage(fleet: Desk, line: list[str]) -> None:
    assert fleet.icesync("tokens", *line, config=bool(line)).code == 64


# --- a refresh that goes well


@pytest.mark.parametrize("rotate", ["keep", "new", "dead"])
def test_a_refresh_proves_the_new_token_stores_it_and_says_until_when(fleet: Desk, rotate: Any) -> None:
    fleet.sandbox.api.world = World(rotate=rotate)
    before = stored(fleet)

    told = tokens(fleet, "refresh")

    assert told.code == 0
    assert f"refreshed  shop ({fleet.id_of(1)})  until 2027-01-22\n" in told.out
    assert told.out.endswith("\nTokens: 2 refreshed.\n")
    number = "" if rotate == "keep" else "-1"
    assert stored(fleet) == {name: f"{token}{number}" for name, token in before.items()}
    assert (fleet.folder / "tokens.json").stat().st_mode & 0o777 == 0o600
    assert standings(fleet)["shop"] == ("ok", "")
    assert fleet.icesync("plan").code == 0


def test_a_sink_that_is_a_command_gets_the_token_on_its_standard_input(fleet: Desk) -> None:
    program(fleet, 'printf "%s\\n" "$@" > "args-$1"', 'cat > "token-$1"')
    assert refreshed(fleet)["shop"] == ("refreshed", "")
    assert (fleet.folder / "token-shop").read_text() == f"sandbox-{fleet.id_of(1)}-1"
    assert (fleet.folder / "args-shop").read_text() == "shop\n"


def test_a_shell_that_still_has_the_old_token_does_not_make_the_refresh_forgotten(
    fleet: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IG_TOKENS", json.dumps(stored(fleet)))
    document = json.loads(fleet.config.read_text())
    document["defaults"] = {"token": "env:IG_TOKENS#${name}", "sink": "command:true ${name}"}
    fleet.config.write_text(json.dumps(document))
    assert refreshed(fleet)["shop"] == ("refreshed", "")

    told = tokens(fleet, "status")

    assert "shop     0    60    2026-11-23  ok\n" in told.out
    assert refreshed(fleet)["shop"][0] == "too young"
    assert refreshes(fleet) == 2


def test_tokens_younger_than_a_day_are_not_sent_and_younger_than_asked_for_are_left(fleet: Desk) -> None:
    refreshed(fleet)
    assert {status for status, _ in refreshed(fleet).values()} == {"too young"}
    days(fleet, 20)
    assert {status for status, _ in refreshed(fleet, "--older-than=30d").values()} == {"left"}
    days(fleet, 10)
    assert refreshes(fleet) == 2


def test_a_token_whose_age_nobody_knows_is_refreshed_because_it_may_be_old(fleet: Desk) -> None:
    assert refreshed(fleet, "--older-than=30d")["shop"][0] == "refreshed"


def test_an_api_that_calls_a_token_too_young_is_told_and_nothing_changes(fleet: Desk) -> None:
    fleet.sandbox.api.tokens[fleet.id_of(1)] = Token(age=3600)
    before = stored(fleet)
    found = refreshed(fleet, code=3)
    assert found["shop"][0] == "failed"
    assert "younger than 24 hours" in found["shop"][1]
    assert found["twin"][0] == "refreshed"
    assert stored(fleet)["shop"] == before["shop"]
    assert "the last refresh failed on 2026-11-23" in standings(fleet)["shop"][1]


def test_who_has_no_sink_is_skipped_and_where_nobody_has_one_there_is_nothing_to_do(fleet: Desk) -> None:
    document = json.loads(fleet.config.read_text())
    document["accounts"]["shop"]["sink"] = None
    fleet.config.write_text(json.dumps(document))
    assert refreshed(fleet)["shop"][0] == "skipped"
    set_sink(fleet, None)
    told = tokens(fleet, "refresh")
    assert (told.code, "has a sink" in told.err) == (1, True)


def test_a_shared_token_is_refreshed_once_from_one_place_into_one_sink(fleet: Desk) -> None:
    for number in (1, 2):
        fleet.config.write_text(fleet.config.read_text().replace(f'"{fleet.id_of(number)}"', '"me"'))
    fleet.give_tokens({name: f"sandbox-{fleet.id_of(1)}" for name in ("shop", "twin")})
    found = refreshed(fleet, code=3)
    assert {status for status, _ in found.values()} == {"failed"}
    assert found["shop"][1].startswith("shop and twin hold one token, but not from one place into one sink")
    assert refreshes(fleet) == 0

    document = json.loads(fleet.config.read_text())
    document["defaults"] = {"token": "file:tokens.json#shop"}
    document["accounts"]["twin"]["sink"] = "file:tokens.json#shop"
    fleet.config.write_text(json.dumps(document))
    assert {status for status, _ in refreshed(fleet).values()} == {"refreshed"}
    assert refreshes(fleet) == 1
    assert stored(fleet)["shop"] == f"sandbox-{fleet.id_of(1)}-1"


def test_a_token_of_another_account_is_not_refreshed(fleet: Desk) -> None:
    fleet.sandbox.api.tokens[fleet.id_of(1)] = Token(of=fleet.id_of(2))
    status, detail = refreshed(fleet, "--only=shop", code=3)["shop"]
    assert status == "failed"
    assert detail.startswith(f"it belongs to account {fleet.id_of(2)}, not to {fleet.id_of(1)}")
    assert refreshes(fleet) == 0


def test_an_api_that_cannot_prove_a_new_token_is_not_asked_for_one(fleet: Desk) -> None:
    fleet.sandbox.api.world = World(identity="unnamed")
    assert refreshed(fleet, code=3)["shop"][0] == "failed"
    assert refreshes(fleet) == 0


def test_a_second_refresh_on_the_same_folder_is_refused_meanwhile_and_an_apply_is_not(fleet: Desk) -> None:
    with journal.locked(fleet.folder / ".icesync", "refresh"):
        told = tokens(fleet, "refresh")
        assert (told.code, "another refresh is at work" in told.err) == (1, True)
        assert fleet.icesync("apply", "--yes").code == 0
    assert refreshes(fleet) == 0


# --- a refresh that is cut short


@pytest.mark.parametrize("fault", ["lost-answer", "truncated", "500"])
@pytest.mark.parametrize("rotate", ["keep", "new", "dead"])
def test_a_lost_answer_is_not_asked_for_again_and_what_is_left_is_told(
    fleet: Desk, rotate: Any, fault: Any
) -> None:
    fleet.sandbox.api.world = World(rotate=rotate, faults=(Fault(fault, endpoint="refresh"),))
    before = stored(fleet)

    status, detail = refreshed(fleet, "--only=shop", code=3)["shop"]

    assert refreshes(fleet) == 1
    assert stored(fleet) == before
    assert detail.startswith("the answer was lost (transient")
    standing, why = standings(fleet)["shop"]
    if rotate == "dead" and fault != "500":
        assert status == "dead"
        assert (
            "create a new one in the App Dashboard and store it where the account's reference points"
            in detail
        )
        assert standing == "dead"
        assert "190/467" in why
        return
    assert status == "failed"
    assert detail.endswith("the old token still works: run `icesync tokens refresh` again")
    assert (standing, "the last refresh failed" in why) == ("ok", True)
    fleet.sandbox.api.world = World(rotate=rotate)
    if rotate == "keep" and fault != "500":
        status, detail = refreshed(fleet, "--only=shop", code=3)["shop"]
        assert (status, "was just refreshed, run it again tomorrow" in detail) == ("failed", True)
    else:
        assert refreshed(fleet, "--only=shop")["shop"][0] == "refreshed"


def test_where_nobody_can_tell_what_is_left_the_next_status_does(fleet: Desk) -> None:
    lost = (Fault("lost-answer", endpoint="refresh"), Fault("500", endpoint="identity", calls=range(2, 9)))
    fleet.sandbox.api.world = World(rotate="dead", faults=lost)
    status, detail = refreshed(fleet, "--only=shop", code=3)["shop"]
    assert status == "failed"
    assert "whether the old token still works is not known" in detail
    assert detail.endswith("ask with `icesync tokens status`")

    standing, why = standings(fleet, "--offline")["shop"]
    assert standing == "cut off"
    assert why.startswith("a refresh was cut off on 2026-11-23; whether the old token works is not known")
    fleet.sandbox.api.world = World(rotate="dead")
    standing, why = standings(fleet)["shop"]
    assert standing == "cut off"
    assert "the old token is dead (token 190/467" in why
    assert "create a new one in the App Dashboard" in why

    fleet.give_tokens({"shop": f"sandbox-{fleet.id_of(1)}-7", "twin": f"sandbox-{fleet.id_of(2)}"})
    assert standings(fleet)["shop"] == ("ok", ""), "a person has stored a new one"


@pytest.mark.parametrize(("rotate", "left"), [("keep", ""), ("new", "works"), ("dead", "dead")])
def test_a_sink_that_fails_is_tried_thrice_and_what_is_left_is_told(
    fleet: Desk, rotate: Any, left: str
) -> None:
    program(fleet, 'echo tried >> "tries-$1"', "exit 7")
    fleet.sandbox.api.world = World(rotate=rotate)

    status, detail = refreshed(fleet, "--only=shop", code=3)["shop"]

    assert (fleet.folder / "tries-shop").read_text() == "tried\n" * 3
    assert fleet.clock.slept[-2:] == [5, 30]
    assert status == "unstored"
    assert detail.startswith("the command of its sink: exit status 7: the new token was not stored")
    standing, why = standings(fleet)["shop"]
    if left == "works":
        assert detail.endswith("mend the sink; the old token still works: run `icesync tokens refresh` again")
        assert standing == "unstored"
        assert "exit status 7" in why
        assert why.endswith("the old token works: run `icesync tokens refresh` again")
    elif left == "dead":
        assert "the old token is dead (token 190/467" in detail
        assert "create a new one in the App Dashboard" in detail
        assert (standing, "190/467" in why) == ("unstored", True)
    else:
        assert "so nothing is lost: mend the sink" in detail
        assert (standing, why) == ("ok", "")


def test_what_a_killed_refresh_left_beside_a_file_is_told_until_the_next(fleet: Desk) -> None:
    left = fleet.folder / ".tokens.json.new"
    left.write_text('{"shop"')
    assert f"note: {left} has tokens in it: delete it" in tokens(fleet, "status", "--offline").err
    refreshed(fleet)
    assert tokens(fleet, "status", "--offline").err == ""


def test_after_a_sink_was_mended_the_refresh_succeeds_and_the_trouble_is_forgotten(fleet: Desk) -> None:
    program(fleet, "exit 1")
    refreshed(fleet, code=3)
    set_sink(fleet, "file:tokens.json#${name}")
    assert refreshed(fleet)["shop"] == ("refreshed", "")
    assert standings(fleet)["shop"] == ("ok", "")


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        ("command:./no-such-program ${name}", "no such program"),
        ("command:no-such-program", "no such program"),
        ("command:sh 'unclosed", "quotation"),
        ("file:nowhere/t.json#${name}", "no such folder"),
        ("file:listed.json#${name}", "holds no JSON or YAML mapping"),
        ("file:nested.json#${name}", "no text"),
        ("file:folder#${name}", "is a directory"),
    ],
)
def test_a_sink_that_cannot_take_a_token_is_found_before_there_is_one(
    desk: Desk, sink: str, told: str
) -> None:
    desk.declare({"shop": HELLO, "twin": HELLO}, defaults={"sink": sink})
    if "${name}" not in sink:
        desk.declare({"shop": HELLO}, defaults={"sink": sink})
    (desk.folder / "listed.json").write_text("[]")
    (desk.folder / "nested.json").write_text('{"shop": {"a": 1}, "twin": {"a": 1}}')
    (desk.folder / "folder").mkdir()
    desk.sandbox.api.world = World(rotate="dead")

    for status, detail in refreshed(desk, code=3).values():
        assert status == "failed"
        assert "nothing was refreshed" in detail
        assert told.lower() in detail.lower()

    assert not [call for call in desk.sandbox.api.others if call[0] == "refresh"]


def test_where_one_sink_does_not_take_its_token_no_more_are_begun(desk: Desk) -> None:
    names = [f"shop-{number}" for number in range(9)]
    desk.declare(dict.fromkeys(names, HELLO), defaults={"sink": "command:false ${name}"})
    desk.sandbox.api.world = World(rotate="dead")

    found = refreshed(desk, code=3)

    assert sorted(status for status, _ in found.values()) == [*["not begun"] * 8, "unstored"]
    assert "mend them" in found["shop-8"][1]


def test_a_file_that_begins_with_a_mark_of_its_order_takes_a_token(desk: Desk) -> None:
    desk.declare({"shop": HELLO}, defaults={"sink": "file:tokens.json#${name}"})
    file = desk.folder / "tokens.json"
    file.write_text(file.read_text(), encoding="utf-8-sig")
    desk.sandbox.api.world = World(rotate="dead")

    assert refreshed(desk)["shop"][0] == "refreshed"


def test_while_a_refresh_is_at_work_status_gives_no_verdict_on_what_it_has_begun(fleet: Desk) -> None:
    state, host = fleet.folder / ".icesync", urlsplit(fleet.sandbox.url).netloc
    with closing(Book(state, host)) as book:
        held = Secret(f"{SENTINEL}1").fingerprint(book.key)
        book.begin_refresh(fleet.id_of(1), held, fleet.clock.now().timestamp())
    assert standings(fleet)["shop"][0] == "cut off"

    with journal.locked(state, "refresh"):
        for line in ([], ["--offline"]):
            assert standings(fleet, *line)["shop"] == (
                "not known",
                "a refresh is at work: ask again when it is done",
            )


def test_a_sink_that_works_at_the_second_try_is_good(fleet: Desk) -> None:
    program(fleet, 'test -e "tried-$1" && exec cat > "token-$1"', 'touch "tried-$1"; exit 1')
    assert refreshed(fleet)["shop"] == ("refreshed", "")
    assert (fleet.folder / "token-shop").read_text() == f"sandbox-{fleet.id_of(1)}-1"


@pytest.mark.parametrize(
    ("rotate", "status", "left"),
    [
        ("new", "failed", "the old token still works"),
        ("dead", "refreshed", "could not be proved"),
    ],
)
def test_a_token_that_cannot_be_proved_takes_no_living_ones_place(
    fleet: Desk, rotate: Any, status: str, left: str
) -> None:
    unheard = Fault("500", endpoint="identity", account=fleet.id_of(1), calls=range(2, 5))
    fleet.sandbox.api.world = World(rotate=rotate, faults=(unheard,))
    before = stored(fleet)
    found, detail = refreshed(fleet, "--only=shop", code=0 if status == "refreshed" else 3)["shop"]
    assert found == status
    assert left in detail
    assert (stored(fleet) == before) == (status == "failed")


def test_a_dead_token_is_told_and_not_refreshed(fleet: Desk) -> None:
    fleet.sandbox.api.tokens[fleet.id_of(1)] = Token(ends=0)
    found = refreshed(fleet, code=3)
    assert found["shop"][0] == "dead"
    assert "190/463" in found["shop"][1]
    assert found["twin"][0] == "refreshed"
    assert standings(fleet)["shop"][0] == "dead"


def test_a_reference_that_gives_no_token_fails_its_account_alone(fleet: Desk) -> None:
    fleet.give_tokens({"twin": f"sandbox-{fleet.id_of(2)}"})
    found = refreshed(fleet, code=3)
    assert {name: status for name, (status, _) in found.items()} == {"shop": "failed", "twin": "refreshed"}


def test_a_folder_that_cannot_keep_what_was_begun_refreshes_nothing(fleet: Desk, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert tokens(fleet, "refresh", f"--state-dir={blocked / 'state'}").code == 1
    assert refreshes(fleet) == 0


def test_a_book_that_cannot_be_used_refreshes_nothing_either(fleet: Desk) -> None:
    (fleet.folder / ".icesync" / "tokens.key").mkdir(parents=True)
    assert tokens(fleet, "refresh").code == 1
    assert refreshes(fleet) == 0


def test_a_book_that_breaks_in_the_middle_hides_nothing_of_what_was_done(fleet: Desk) -> None:
    break_the_book(fleet)

    found = refreshed(fleet, "--concurrency=1", code=3)

    assert sorted(status for status, _ in found.values()) == ["failed", "refreshed"]
    told = dict(found.values())
    assert told["refreshed"].startswith("that is not on record: ")
    assert told["failed"].startswith("nothing was refreshed: ")


def test_a_refresh_after_which_the_book_is_broken_is_told_and_no_success(fleet: Desk) -> None:
    break_the_book(fleet)
    told = tokens(fleet, "refresh", "--only=shop")
    assert told.code == 3
    assert "note: this is told without what is on record: " in told.err
    assert told.out.startswith("refreshed  shop ")


def test_graph_facebook_com_refreshes_nothing(fleet: Desk) -> None:
    told = tokens(fleet, "refresh", "--api-url=https://graph.facebook.com")
    assert (told.code, "graph.facebook.com refreshes no tokens" in told.err) == (1, True)
