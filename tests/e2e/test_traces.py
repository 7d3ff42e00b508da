"""Meta's trace of an error, `fbtrace_id`, is kept wherever the error goes."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from icesync import cli
from tests.support.desk import Desk, Result

HELLO = {"default": [("Where is my order?", "ORDER")]}
TRACE = "AbCdEf123"


def refusing(code: int, **more: object) -> httpx.Response:
    return httpx.Response(400, json={"error": {"message": "told", "code": code, "fbtrace_id": TRACE, **more}})


class Bench:
    """A desk whose API gives these answers in turn, and the last one for ever. Every token is that of
    account number 1."""

    def __init__(self, desk: Desk, *answers: httpx.Response | Exception) -> None:
        self.desk, self.answers = desk, list(answers)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/me"):
            return httpx.Response(200, json={"user_id": self.desk.id_of(1), "username": "shop"})
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return httpx.Response(found.status_code, content=found.content)

    def run(self, *line: str) -> Result:
        self.desk.capsys.readouterr()
        transport = httpx.MockTransport(self.answer)
        code = cli.run([*line, str(self.desk.config)], clock=self.desk.clock, transport=lambda *_: transport)
        return Result(code, *self.desk.capsys.readouterr())


NOTHING = httpx.Response(200, json={"data": []})


def test_a_plan_keeps_the_trace_and_the_step_in_every_format(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    formats = {form: desk.folder / f"plan.{form}" for form in ("text", "json", "markdown", "html")}

    Bench(desk, refusing(190, error_subcode=463)).run(
        "plan", *(f"-o{form}={path}" for form, path in formats.items())
    )

    for path in formats.values():
        text = path.read_text(encoding="utf-8")
        assert TRACE in text
        assert "create a new one and store it where the reference points" in text


def test_pull_tells_code_step_and_trace_and_a_snapshot_hands_them_on(desk: Desk) -> None:
    desk.declare({"shop": HELLO, "other": HELLO})
    snapshot = desk.folder / "live.json"
    bench = Bench(desk, refusing(190, error_subcode=463), NOTHING)

    pulled = bench.run("pull", "--concurrency=1", f"--snapshot={snapshot}")

    assert pulled.code == 3
    (line,) = [line for line in pulled.err.splitlines() if line.startswith("error: ")]
    assert line.endswith(
        "is left out, it could not be read: token 190/463: told; hint: The token has expired: "
        f"create a new one and store it where the reference points.; trace: {TRACE}"
    )
    planned = desk.icesync("plan", f"--against={snapshot}", "-o", "json")
    assert planned.json["unreadable"][0]["error"]["trace"] == TRACE


def outcome(told: Result) -> dict[str, Any]:
    (found,) = told.json["outcomes"]
    return dict(found)


def journalled(folder: Path) -> list[dict[str, Any]]:
    (journal,) = (folder / ".icesync" / "runs").glob("*.jsonl")
    events = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    return [event for event in events if event["event"] == "outcome"]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([refusing(100)], "failed"),
        ([refusing(2)], "unverified"),
        ([refusing(613)], "deferred"),
        ([httpx.Response(200, json={"success": True}), refusing(190)], "unverified"),
    ],
    ids=["refused", "transient", "throttled", "not read back"],
)
def test_every_end_of_a_write_keeps_the_trace_in_report_and_journal(
    desk: Desk, answers: list[httpx.Response], status: str
) -> None:
    desk.declare({"shop": HELLO})

    applied = outcome(Bench(desk, NOTHING, *answers).run("apply", "--yes", "-o", "json"))

    assert (applied["status"], applied["error"]["trace"]) == (status, TRACE)
    (event,) = journalled(desk.folder)
    assert (event["status"], event["trace"]) == (status, TRACE)


def test_the_trace_of_an_earlier_try_is_kept_when_the_last_got_no_answer(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    bench = Bench(desk, refusing(2), httpx.ReadError("gone"))

    (found,) = bench.run("plan", "-o", "json").json["unreadable"]

    assert (found["error"]["message"], found["error"]["trace"]) == ("no answer: gone", TRACE)


def test_a_journal_without_an_error_names_no_trace(desk: Desk) -> None:
    desk.declare({"shop": HELLO})

    assert desk.icesync("apply", "--yes").code == 0

    assert [set(event) for event in journalled(desk.folder)] == [{"event", "account", "status"}]
