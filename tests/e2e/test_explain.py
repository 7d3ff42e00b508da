"""`icesync explain`: what an error means, offline, for people and machines."""

import pytest

from icesync import cli
from tests.support.desk import Result


def explain(capsys: pytest.CaptureFixture[str], *line: str) -> Result:
    capsys.readouterr()
    return Result(cli.run(["explain", *line]), *capsys.readouterr())


def test_a_subcode_is_told_with_cause_retry_person_step_and_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert explain(capsys, "190/463") == (
        0,
        """\
190/463: token
    cause   The token has expired: a long-lived one lives 60 days from its last refresh.
    retry   no, not before the next step is done.
    who     whoever keeps the tokens.
    next    The token has expired: create a new one and store it where the reference points.
    source  Meta, Graph API: Handling Errors (H: Meta's documents say so).
            https://developers.facebook.com/docs/graph-api/guides/error-handling
""",
        "",
    )


def test_a_code_comes_with_a_table_of_its_special_cases(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explain(capsys, "100").out.splitlines()

    assert lines[0] == "100: invalid"
    assert lines[-3:] == [
        "ERROR               KIND     RETRY  CAUSE",
        "100/33              invalid  no     There is no such account, or the token may not see it.",
        "100/IGApiException  invalid  no     Instagram's host does not serve this call for this token.",
    ]


def test_without_an_argument_everything_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    names = [line.split()[0] for line in explain(capsys).out.splitlines()]

    assert names[:4] == ["ERROR", "1", "2", "3"]
    assert {"190/463", "200-299", "80000-80014", "credential", "no-answer", "no-room"} < set(names)


@pytest.mark.parametrize(
    ("line", "first"),
    [((), "1"), (("613",), "613"), (("80007",), "80000-80014"), (("230",), "200-299"), (("Token",), "token")],
)
def test_machines_get_the_same_as_json(
    capsys: pytest.CaptureFixture[str], line: tuple[str, ...], first: str
) -> None:
    document = explain(capsys, *line, "-o", "json").json

    assert document["format"] == "icesync.catalogue/1"
    assert document["entries"][0]["name"] == first
    assert set(document["entries"][0]) == {"name", "kind", "cause", "retry", "who", "step", "source"}


def test_a_subcode_that_nobody_knows_is_told_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    told = explain(capsys, "190/999")

    assert told.code == 0
    assert told.out.startswith("190: token\n")
    assert told.err == "note: 190/999 is not known, only its code is: icesync goes by that\n"


def test_a_code_that_nobody_knows_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    told = explain(capsys, "999", "-o", "json")

    assert (told.code, told.out) == (1, "")
    assert "999 is no error that icesync knows" in told.err
    assert "icesync explain invalid" in told.err


@pytest.mark.parametrize("asked", ["190/x", "tokn", "12345678901", "\x1b[31m190", ""])
def test_what_can_be_no_error_is_wrong_usage(capsys: pytest.CaptureFixture[str], asked: str) -> None:
    told = explain(capsys, asked)

    assert (told.code, told.out) == (64, "")
    assert "\x1b" not in told.err
    assert ("did you mean 'token'" in told.err) is (asked == "tokn")
