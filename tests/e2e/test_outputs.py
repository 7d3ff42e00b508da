"""Several outputs of one run, and JSON that only changes when something did."""

import json
import re
from collections.abc import Sequence

import pytest

from icesync.sandbox.world import World
from tests.support.desk import Desk, listed

OLD = {"default": [("What do you sell?", "SALES")], "fr_FR": [("Que vendez-vous ?", "SALES")]}
NEW = {"default": [("Where is my order?", "ORDER")], "he_IL": [("איפה ההזמנה שלי?", "ORDER")]}


@pytest.fixture
def shops(desk: Desk) -> Desk:
    """One to create, one to update, one to empty, one as it should be, one that cannot be read."""
    desk.declare({"new": NEW, "changed": NEW, "gone": "none", "same": NEW, "dead": NEW})
    for number, live in ((2, OLD), (3, OLD), (4, NEW)):
        desk.seed(number, live)
    tokens = json.loads((desk.folder / "tokens.json").read_text())
    desk.give_tokens({name: token for name, token in tokens.items() if name != "dead"})
    return desk


@pytest.mark.parametrize(
    ("line", "calls", "summary"),
    [
        ("plan", [1, 1, 1, 1], "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged, 1 unreadable."),
        ("drift", [1, 1, 1, 1], "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged, 1 unreadable."),
        ("apply --yes --force", [3, 3, 3, 1], "Apply: 3 applied, 1 failed, 1 unchanged."),
    ],
)
def test_all_outputs_of_a_run_come_of_one_reading(
    shops: Desk, line: str, calls: Sequence[int], summary: str
) -> None:
    files = {form: shops.folder / f"told.{form}" for form in ("json", "markdown", "html")}

    told = shops.icesync(*line.split(), *(f"-o{form}={path}" for form, path in files.items()))

    assert [shops.calls(number) for number in (1, 2, 3, 4)] == calls
    assert told.out.splitlines()[-1].startswith(summary), "text, although every output has a file"
    document, markdown, page = (path.read_text() for path in files.values())
    assert {"changed", "dead"} <= set(re.findall('"account": "(.*)"', document))
    assert summary.rstrip(".") in markdown
    assert page.lower().startswith("<!doctype html>")
    assert '<bdi class="account">changed</bdi>' in page


def test_json_is_the_same_for_the_same_state_however_that_is_written(shops: Desk) -> None:
    first = shops.icesync("plan", "-o", "json")

    document = json.loads(shops.config.read_text())
    document["accounts"] = dict(reversed(document["accounts"].items()))
    for account in document["accounts"].values():
        if isinstance(account["ice_breakers"], dict):
            account["ice_breakers"] = dict(reversed(account["ice_breakers"].items()))
    shops.config.write_text(json.dumps(document))
    shops.sandbox.api.world = World(shape="manual", latency=5)
    shops.sandbox.api.seed(shops.id_of(2), listed(dict(reversed(OLD.items()))))
    again = shops.icesync("plan", "-o", "json", "--concurrency=2")

    assert again.out == first.out


def test_json_of_another_time_differs_in_its_time_and_its_digest(shops: Desk) -> None:
    first = shops.icesync("plan", "-o", "json")
    shops.clock.seconds += 3600
    later = shops.icesync("plan", "-o", "json")

    pairs = zip(first.out.splitlines(), later.out.splitlines(), strict=True)
    assert [line.split()[0] for line, other in pairs if line != other] == ['"created":', '"digest":']
