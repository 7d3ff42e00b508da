"""`icesync doctor`: every row of it failing in turn, what it costs, what it keeps, and how it is told."""

import io
import json
import re
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from icesync import cli
from icesync.credentials import Secret
from icesync.sandbox.tokens import BASIC, MESSAGES, Token
from icesync.sandbox.world import Fault, World, parse_fault
from icesync.tokens.book import Book
from tests.support.desk import Desk

HELLO = {"default": [("Where is my order?", "ORDER")]}
BOTH = ("messages", "messaging_postbacks")
README = Path(__file__).parents[2] / "README.md"
SHOP, TWIN = "17841400000000001", "17841400000000002"


@pytest.fixture
def fleet(desk: Desk) -> Desk:
    """Two accounts in order; the second is unmanaged."""
    desk.declare({"shop": HELLO, "twin": None})
    desk.sandbox.api.subscribed.update({SHOP: BOTH, TWIN: (*BOTH, "comments")})
    return desk


def change(desk: Desk, **account: Any) -> None:
    """Say something else of the account `shop` in the files."""
    document = json.loads(desk.config.read_text())
    document["accounts"]["shop"].update(account)
    desk.config.write_text(json.dumps(document))


def book(desk: Desk) -> Book:
    return Book(desk.folder / ".icesync", desk.sandbox.url.removeprefix("http://"))


def verdicts(document: dict[str, Any], name: str = "shop") -> dict[str, str]:
    """What is not good of the account, by requirement."""
    (found,) = [each for each in document["accounts"] if each["account"] == name]
    told = {requirement: each["verdict"] for requirement, each in found["findings"].items()}
    return {requirement: verdict for requirement, verdict in told.items() if verdict != "good"}


def test_where_all_is_well_one_line_says_so_and_nothing_is_written(fleet: Desk) -> None:
    told = fleet.icesync("doctor")

    assert told == (0, "Doctor: 2 accounts in order, 0 not.\n", "")
    assert {method for method, _ in fleet.sandbox.api.calls} == {"GET"}
    assert {method for _, method, _ in fleet.sandbox.api.others} == {"GET"}
    assert not (fleet.folder / ".icesync" / "runs").exists()


def test_each_account_costs_one_call_and_it_is_counted(fleet: Desk) -> None:
    for run in range(10):
        assert fleet.icesync("doctor", "--budget=10/10m").code == 0
        assert (fleet.calls(1), fleet.calls(2)) == (run + 1, run + 1)

    told = fleet.icesync("doctor", "--budget=10/10m", "-ojson")

    assert (told.code, fleet.calls(1)) == (3, 10)
    assert verdicts(told.json) == {"permissions": "unknown"}
    error = told.json["accounts"][0]["findings"]["permissions"]["error"]
    assert (error["kind"], error["not_before"][:15]) == ("throttled", "2026-11-23T03:1")


@pytest.mark.parametrize("fault", ["500", "reset", "truncated", "transient", "throttle-app"])
def test_a_call_that_fails_is_not_made_twice(fleet: Desk, fault: str) -> None:
    fleet.sandbox.api.world = World(faults=(parse_fault(f"{fault}@profile"),))

    told = fleet.icesync("doctor", "-ojson", "--only=shop")

    assert (told.code, verdicts(told.json)) == (3, {"permissions": "unknown"})
    assert fleet.calls(1) == 1


@pytest.mark.parametrize(
    ("token", "found", "codes"),
    [
        (Token(ends=0.0), {"token": "bad", "days": "bad"}, "190/463"),
        (Token(dead="checkpointed"), {"token": "bad", "days": "skipped"}, "190/459"),
        (Token(dead="revoked"), {"token": "bad", "days": "skipped"}, "190/458"),
        (Token(dead="password"), {"token": "bad", "days": "skipped"}, "190/460"),
        (Token(dead="invalid"), {"token": "bad", "days": "skipped"}, "190/467"),
    ],
)
def test_a_dead_token_is_told_with_its_reason_and_nothing_more_is_asked(
    fleet: Desk, token: Token, found: dict[str, str], codes: str
) -> None:
    fleet.sandbox.api.tokens[SHOP] = token

    told = fleet.icesync("doctor", "-ojson")

    skipped = dict.fromkeys(("identity", "permissions", "webhooks"), "skipped")
    assert (told.code, verdicts(told.json), verdicts(told.json, "twin")) == (3, {**skipped, **found}, {})
    error = told.json["accounts"][0]["findings"]["token"]["error"]
    assert (f"{error['code']}/{error['subcode']}", bool(error["trace"])) == (codes, True)
    assert error["hint"] in fleet.icesync("explain", codes, config=False).out
    assert fleet.calls(1) == 0


def test_what_was_learned_of_a_token_is_kept_until_it_works_again(fleet: Desk) -> None:
    fleet.sandbox.api.tokens[SHOP] = Token(dead="password")
    fleet.icesync("doctor")
    with closing(book(fleet)) as kept:
        dead = kept.known([SHOP])[SHOP].dead
        fingerprint = Secret(f"sandbox-{TWIN}").fingerprint(kept.key)
        owner = kept.identity(fingerprint, fleet.clock.now().timestamp())
    assert dead is not None
    assert "190/460" in dead.reason
    assert owner is not None
    assert owner.user_id == TWIN

    fleet.sandbox.api.tokens.clear()
    fleet.icesync("doctor")
    with closing(book(fleet)) as kept:
        assert kept.known([SHOP])[SHOP].dead is None


def test_a_token_that_cannot_be_had_asks_nobody(fleet: Desk) -> None:
    fleet.give_tokens({"twin": f"sandbox-{TWIN}"})

    told = fleet.icesync("doctor", "-ojson")

    assert (told.code, verdicts(told.json)["credential"]) == (3, "bad")
    assert set(verdicts(told.json).values()) == {"bad", "skipped"}
    assert SHOP not in {account for *_, account in fleet.sandbox.api.others}


@pytest.mark.parametrize("ids", ["checked", "ignored"])
def test_a_strangers_token_is_told_with_both_ids(fleet: Desk, ids: str) -> None:
    fleet.sandbox.api.world = World(ids="ignored") if ids == "ignored" else World()
    fleet.give_tokens({"shop": f"sandbox-{TWIN}", "twin": f"sandbox-{SHOP}"})

    told = fleet.icesync("doctor", "-ojson")

    found = {"identity": "bad", "permissions": "skipped", "webhooks": "skipped"}
    assert (told.code, verdicts(told.json), verdicts(told.json, "twin")) == (3, found, found)
    message = told.json["accounts"][0]["findings"]["identity"]["error"]["message"]
    assert message == f"its token belongs to account {TWIN} (shop.{TWIN}), not to {SHOP}"


def test_a_token_that_two_accounts_hold_is_wrong_on_both(fleet: Desk) -> None:
    fleet.sandbox.api.world = World(ids="ignored")
    fleet.give_tokens({"shop": f"sandbox-{SHOP}", "twin": f"sandbox-{SHOP}"})

    told = fleet.icesync("doctor")

    assert told.code == 3
    assert "shop: shop and twin hold one token" in told.out
    assert f"twin: its token belongs to account {SHOP}" in told.out
    assert told.out.endswith("Doctor: 0 accounts in order, 2 not.\n")


@pytest.mark.parametrize("identity", ["none", "unnamed"])
def test_an_api_that_does_not_tell_whose_token_it_is_makes_nobody_ill(fleet: Desk, identity: str) -> None:
    fleet.sandbox.api.world = World(identity="none") if identity == "none" else World(identity="unnamed")

    told = fleet.icesync("doctor", "-ojson")

    assert (told.code, verdicts(told.json)) == (0, {"identity": "untold"})
    assert told.json["summary"] == {"accounts": 2, "good": 2, "warning": 0, "bad": 0, "unknown": 0}


def test_on_facebooks_host_nobody_asks_whose_token_it_is(fleet: Desk) -> None:
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path.rpartition("/")[2])
        fields = [{"subscribed_fields": BOTH}] if paths[-1] == "subscribed_apps" else []
        return httpx.Response(200, json={"data": fields})

    fleet.declare({"shop": HELLO}, api={"url": "https://graph.facebook.com"})
    line = ["doctor", str(fleet.config), f"-ojson={fleet.folder / 'out.json'}"]

    assert cli.run(line, clock=fleet.clock, transport=lambda *_: httpx.MockTransport(answer)) == 0
    assert paths == ["subscribed_apps", "messenger_profile"]
    assert verdicts(json.loads((fleet.folder / "out.json").read_text())) == {"identity": "untold"}


def test_an_account_called_me_is_told_whose_it_is(fleet: Desk) -> None:
    change(fleet, id="me")

    told = fleet.icesync("-v", "doctor", "--only=shop")

    assert told.code == 0
    assert re.search(rf"^shop \(me\) +✓ +✓ +✓ {SHOP} +✓ +✓ +≤60$", told.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("permission", "found", "calls"),
    [
        (BASIC, {"identity": "skipped", "permissions": "bad", "webhooks": "skipped"}, 0),
        (MESSAGES, {"permissions": "bad"}, 1),
    ],
)
def test_a_missing_permission_is_named(
    fleet: Desk, permission: str, found: dict[str, str], calls: int
) -> None:
    fleet.sandbox.api.tokens[SHOP] = Token(lacks=frozenset({permission}))

    told = fleet.icesync("doctor", "-ojson")

    assert (told.code, verdicts(told.json), fleet.calls(1)) == (3, found, calls)
    assert permission in told.json["accounts"][0]["findings"]["permissions"]["error"]["message"]


@pytest.mark.parametrize(
    ("wanted", "there", "lacks"),
    [
        (None, ("messages",), "messaging_postbacks"),
        (None, (), "messages and messaging_postbacks"),
        (["comments"], BOTH, "comments"),
        (["messages"], ("messages",), None),
    ],
)
def test_a_missing_subscription_is_told(
    fleet: Desk, wanted: list[str] | None, there: tuple[str, ...], lacks: str | None
) -> None:
    fleet.sandbox.api.subscribed[SHOP] = there
    if wanted:
        change(fleet, webhooks=wanted)

    told = fleet.icesync("doctor")

    assert told.code == (3 if lacks else 0)
    assert (f"shop: it is not subscribed to {lacks}\n" in told.out) is bool(lacks)


@pytest.mark.parametrize(("seconds", "cell"), [(47 * 86400, "! ≤13"), (0, None), (61 * 86400, None)])
def test_days_are_counted_from_when_a_token_was_first_seen(
    fleet: Desk, seconds: int, cell: str | None
) -> None:
    fleet.icesync("doctor")
    fleet.clock.seconds += seconds

    told = fleet.icesync("doctor")

    assert told.code == 0
    assert (f"  {cell}\n" in told.out) is bool(cell)
    warned = ", 2 of them with a warning" if cell else ""
    assert told.out.endswith(f"Doctor: 2 accounts in order{warned}, 0 not.\n")


@pytest.mark.parametrize(("left", "verdict"), [(5.5, "warning"), (-1.0, "untold"), (20.0, "good")])
def test_days_are_exact_where_a_refresh_told_them(fleet: Desk, left: float, verdict: str) -> None:
    now = fleet.clock.now().timestamp()
    with closing(book(fleet)) as kept:
        fingerprint = Secret(f"sandbox-{SHOP}").fingerprint(kept.key)
        kept.refreshed(SHOP, fingerprint, now - 86400, now + left * 86400)

    told = fleet.icesync("doctor", "-ojson")

    account = told.json["accounts"][0]
    assert account["findings"]["days"]["verdict"] == verdict
    assert account["days"] == ({"left": int(left), "exact": True} if left > 0 else None)


def test_a_token_whose_end_has_passed_while_nobody_answers_is_bad(fleet: Desk) -> None:
    now = fleet.clock.now().timestamp()
    with closing(book(fleet)) as kept:
        fingerprint = Secret(f"sandbox-{SHOP}").fingerprint(kept.key)
        kept.refreshed(SHOP, fingerprint, now - 86400, now - 1)
    fleet.sandbox.api.world = World(faults=(Fault("reset"),))

    told = fleet.icesync("doctor", "-ojson", "--only=shop")

    unknown = dict.fromkeys(("token", "identity", "permissions", "webhooks"), "unknown")
    assert (told.code, verdicts(told.json)) == (3, {**unknown, "days": "bad"})


@pytest.mark.parametrize(
    ("version", "code", "line"),
    [
        ("v19.0", 3, "✗ version\n    v19.0 of the API ended on 2026-05-21\n"),
        ("v21.0", 0, "! version\n    v21.0 of the API ends on 2027-01-21\n"),
        ("v99.0", 0, "! version\n    v99.0 of the API is in no table\n"),
    ],
)
def test_a_version_that_ends_is_told_once(fleet: Desk, version: str, code: int, line: str) -> None:
    document = json.loads(fleet.config.read_text())
    document["api"]["version"] = version
    fleet.config.write_text(json.dumps(document))

    told = fleet.icesync("doctor")

    assert (told.code, told.out.startswith(line)) == (code, True)
    assert told.out.endswith("Doctor: 2 accounts in order, 0 not.\n")


def test_the_json_is_as_its_schema_says(fleet: Desk) -> None:
    fleet.sandbox.api.tokens[SHOP] = Token(ends=0.0)
    fleet.sandbox.api.subscribed.clear()
    change(fleet, labels=["eu"], protect=True)
    path = fleet.folder / "doctor.json"

    told = fleet.icesync("doctor", f"-ojson={path}")

    document = json.loads(path.read_text())
    Draft202012Validator(fleet.icesync("schema", "doctor", config=False).json).validate(document)
    assert (document["format"], document["created"]) == ("icesync.doctor/1", "2026-11-23T03:09:11Z")
    assert (document["accounts"][0]["labels"], document["accounts"][0]["protect"]) == (["eu"], True)
    assert told.out.startswith("ACCOUNT"), "the text goes to standard output all the same"


def test_a_state_folder_that_cannot_be_written_costs_days_and_nothing_else(fleet: Desk) -> None:
    (fleet.folder / "state").write_text("no folder")

    told = fleet.icesync("doctor", "-ojson", f"--state-dir={fleet.folder / 'state' / 'here'}")

    assert told.code == 0
    assert told.json["summary"]["good"] == 2


@pytest.mark.parametrize("option", ["--dask=tcp://127.0.0.1:8786", "-omarkdown", "-ohtml=page.html"])
def test_what_doctor_cannot_do_is_wrong_usage(fleet: Desk, option: str) -> None:
    told = fleet.icesync("doctor", option)

    assert (told.code, told.out) == (64, "")
    assert fleet.sandbox.api.others == []


@pytest.mark.parametrize(("option", "names"), [("--only=twin", ["twin"]), ("--exclude=twin", ["shop"])])
def test_it_looks_at_the_accounts_that_were_chosen(fleet: Desk, option: str, names: list[str]) -> None:
    document = fleet.icesync("doctor", "-ojson", option).json

    assert [each["account"] for each in document["accounts"]] == names


def test_where_there_is_no_unicode_the_marks_are_ascii(fleet: Desk) -> None:
    page = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(page, encoding="ascii")) as out:
        code = cli.run(["-v", "doctor", str(fleet.config)], clock=fleet.clock)
        out.flush()
        told = page.getvalue().decode()

    assert code == 0
    assert re.search(rf"^shop \({SHOP}\)( +ok){{5}} +<=60$", told, re.MULTILINE)


def test_the_readme_shows_what_is_printed(desk: Desk) -> None:
    desk.declare({"acme-old": "none", "acme-outlet": HELLO, "acme-shop": HELLO, "acme-us": HELLO})
    ids = [desk.id_of(number) for number in range(1, 5)]
    desk.sandbox.api.subscribed.update({ids[1]: BOTH, ids[2]: ("messages",), ids[3]: BOTH})
    desk.sandbox.api.tokens[ids[0]] = Token(ends=0.0)
    desk.icesync("doctor", "--only=acme-outlet")
    desk.clock.seconds += 50 * 86400

    told = desk.icesync("doctor")

    (shown,) = re.findall(r"^\$ icesync doctor\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    trace = r"(?<=trace: )\S+"
    assert re.sub(trace, "", told.out) == re.sub(trace, "", shown)
