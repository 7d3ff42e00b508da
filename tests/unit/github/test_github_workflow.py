"""The words between a step and its runner: whatever they hold, they say one thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icesync.diagnostics import Diagnostic, Severity, Span
from icesync.github import workflow
from icesync.safe import visible
from tests.support.runner import outputs_in
from tests.support.workflow_commands import Command, commands

ANY = st.text() | st.sampled_from(
    ["::error::x", "\n::set-output name=a::b", "##[error]x", "%0A::error::", "a,b=c:d"]
)
VALUE = ANY.filter(bool)


@given(st.sampled_from(["error", "warning", "notice"]), VALUE, VALUE, ANY)
def test_any_text_in_a_command_stays_in_it(name: str, file: str, title: str, message: str) -> None:
    line = workflow.command(name, message, file=file, title=title)
    (found,) = commands(line)
    assert (found.name, found.data) == (name, message)
    # The runner takes the blanks at the end of all properties away.
    assert {key: value.strip() for key, value in found.properties.items() if value.strip()} == {
        key: value.strip() for key, value in (("file", file), ("title", title)) if value.strip()
    }


@given(ANY, ANY, st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from(list(Severity)))
def test_an_annotation_is_a_diagnostic_whatever_is_in_it(
    file: str, message: str, line: int, column: int, severity: Severity
) -> None:
    diagnostic = Diagnostic(Span(file, line, column), severity, message, "rule")
    (found,) = commands("\n".join(workflow.annotations([diagnostic])))
    shown = {"line": str(line), "col": str(column), "title": "icesync: rule"}
    if file:
        shown["file"] = visible(file)
    assert found == Command(severity, shown, "\n".join(map(visible, message.split("\n"))))


def test_ten_errors_are_annotated_and_a_warning_less_so_that_the_step_has_one_itself() -> None:
    found = [
        Diagnostic(Span("a.yaml", line, 1), severity, f"message {line}", "rule")
        for line in range(1, 13)
        for severity in Severity
    ]
    told = commands("\n".join(workflow.annotations(found)))
    assert [each.properties["line"] for each in told if each.name == "error"] == [
        str(n) for n in range(1, 11)
    ]
    assert sum(each.name == "warning" for each in told) == 9


@given(st.lists(ANY))
def test_between_quiet_and_loud_nothing_is_a_command(texts: list[str]) -> None:
    token = "5f" * 16
    log = "\n".join([workflow.quiet(token), *texts, workflow.loud(token), workflow.remark("notice", "after")])
    assert [each.data for each in commands(log)] == ["after"]


@given(
    st.dictionaries(
        st.sampled_from(["exitcode", "plan-path", "summary-json"]), st.text(st.characters(codec="utf-8"))
    )
)
def test_an_output_is_read_back_as_it_was(values: dict[str, str]) -> None:
    delimiter = "5f" * 16
    text = "".join(workflow.output(name, value, delimiter) for name, value in values.items())
    assert outputs_in(text) == values


def test_a_value_with_the_delimiter_in_it_is_not_written() -> None:
    with pytest.raises(ValueError, match="delimiter"):
        workflow.output("changes", "1\nEND\nexitcode=0", "END")
