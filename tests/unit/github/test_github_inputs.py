"""Inputs, from action.yml through the environment to a command line."""

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from icesync.commands.github import github
from icesync.errors import UsageError
from icesync.github import inputs

ACTION = yaml.safe_load((Path(__file__).parents[3] / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
# What is for the action itself, and not for icesync.
ITS_OWN = {"command", "artifact", "python-version", "github-token"}
FOLDER = Path("out")


def words(command: str, **given: str) -> list[str]:
    environ = {f"INPUT_{name.upper()}": value for name, value in given.items()}
    return inputs.line(command, inputs.read(command, environ), FOLDER)


def test_the_action_has_the_inputs_that_are_read_and_no_others() -> None:
    assert set(ACTION["inputs"]) == {*inputs.NAMES} | ITS_OWN


def test_the_action_hands_every_input_on_by_the_environment() -> None:
    (step,) = (step for step in STEPS if step.get("id") == "icesync")
    handed = {name: value for name, value in step["env"].items() if name.startswith("INPUT_")}
    assert handed == {
        f"INPUT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}"
        for name in [*inputs.NAMES, "command"]
    }


def test_no_script_of_the_action_has_an_expression_in_it() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert scripts
    assert [script for script in scripts if "${{" in script] == []


def test_the_action_gives_out_what_the_step_puts_out() -> None:
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.icesync.outputs.{name} }}}}"


def test_the_action_describes_every_command() -> None:
    described = ACTION["inputs"]["command"]["description"]
    assert all(re.search(rf"\b{command}\b", described) for command in inputs.COMMANDS)
    assert CliRunner().invoke(github, ["destroy"]).exit_code == 2


@pytest.mark.parametrize(
    ("command", "given", "wanted"),
    [
        ("validate", {}, ["validate", "--", "icesync.yaml"]),
        ("apply", {"plan": "p.json"}, ["apply", "--yes", "--plan=p.json", "--", "icesync.yaml"]),
        (
            "plan",
            {"snapshot": "s.json"},
            ["plan", "--detailed-exitcode", "--against=s.json", "--", "icesync.yaml"],
        ),
        ("pull", {"snapshot": "s.json"}, ["pull", "--snapshot=s.json", "--", "icesync.yaml"]),
        (
            "drift",
            {"config": " fleet ", "only": " a*\n\n b \n"},
            ["drift", "--only=a*", "--only=b", "--", "fleet"],
        ),
        (
            "rollback",
            {"wait": "true", "force": "false"},
            ["rollback", "--yes", "--wait", "--", "last", "icesync.yaml"],
        ),
        ("rollback", {"run": "--help"}, ["rollback", "--yes", "--", "--help", "icesync.yaml"]),
    ],
)
def test_a_command_line_has_each_input_in_its_place(
    command: str, given: dict[str, str], wanted: list[str]
) -> None:
    assert [word for word in words(command, **given) if not word.startswith("--output=")] == wanted


def test_everything_that_can_be_said_is_said() -> None:
    values = {name: "3" for name in inputs.COMMANDS["apply"] if name not in ("force", "wait")}
    line = words("apply", **{name.replace("-", "_"): value for name, value in values.items()})
    assert {word for word in line if word.endswith("=3")} == {f"--{name}=3" for name in values}


@pytest.mark.parametrize(
    ("command", "given", "name"),
    [
        ("plan", {}, "icesync-plan"),
        ("show", {}, "icesync-plan"),
        ("apply", {"fleet": "shops: eu/../\n*"}, "icesync-apply-shops-eu-..-"),
        ("plan", {"fleet": "eu", "shard": "2/8"}, "icesync-plan-eu-2-of-8"),
    ],
)
def test_an_artifact_has_a_name_that_github_takes(command: str, given: dict[str, str], name: str) -> None:
    assert inputs.artifact(command, {"config": "x", **given}) == name
    assert re.fullmatch(r'[^":<>|*?\\/\r\n]+', name)


def test_what_the_command_would_not_understand_is_refused() -> None:
    with pytest.raises(UsageError, match="the command drift takes no input max-deletes, wait"):
        words("drift", max_deletes="1", wait="true")
