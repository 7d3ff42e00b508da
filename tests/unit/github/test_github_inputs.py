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
ITS_OWN = {"command", "python-version", "github-token"}
FOLDER = Path("out")


def read(command: str, **given: str) -> inputs.Inputs:
    return inputs.read(command, {f"INPUT_{name.upper()}": value for name, value in given.items()})


def words(command: str, **given: str) -> list[str]:
    return inputs.line(command, read(command, **given), FOLDER)


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
        (
            "refresh",
            {"older_than": "30d", "state_dir": "kept"},
            ["tokens", "refresh", "--state-dir=kept", "--older-than=30d", "--", "icesync.yaml"],
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
    ("command", "given", "attempt", "name"),
    [
        ("plan", {}, 1, "icesync-plan"),
        ("plan", {}, 2, "icesync-plan"),
        ("show", {}, 1, "icesync-plan"),
        ("apply", {}, 2, "icesync-apply-attempt-2"),
        ("rollback", {}, 3, "icesync-rollback-attempt-3"),
        ("apply", {"fleet": "shops: eu/../\n*"}, 1, "icesync-apply-shops-eu-..--6b90ce87"),
        ("plan", {"config": "eu/icesync.yaml"}, 1, "icesync-plan-2cda91c1"),
        ("plan", {"config": "eu/icesync.yaml", "fleet": "eu"}, 1, "icesync-plan-eu"),
        ("plan", {"fleet": "eu", "shard": "2/8"}, 1, "icesync-plan-eu-2-of-8"),
    ],
)
def test_an_artifact_has_a_name_that_github_takes(
    command: str, given: dict[str, str], attempt: int, name: str
) -> None:
    assert inputs.artifact(command, {"config": "icesync.yaml", **given}, attempt) == name
    assert re.fullmatch(r'[^":<>|*?\\/\r\n]+', name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"only": "eu*"}, {"only": "eu?"}),
        ({"only": "eu"}, {"exclude": "eu"}),
        ({"label": "eu"}, {}),
        ({"changed_since": "main"}, {}),
        ({"shard": "1/2"}, {"shard": "2/2"}),
        ({"config": "eu.yaml"}, {}),
        ({"config": "eu.yaml"}, {"config": "us.yaml"}),
        ({"fleet": "eu/shops"}, {"fleet": "eu:shops"}),
        ({"fleet": "x" * 5000}, {"fleet": "x" * 5001}),
        ({"fleet": "é"}, {"fleet": "ü"}),
    ],
)
def test_parts_of_a_fleet_are_told_apart(one: dict[str, str], other: dict[str, str]) -> None:
    names = [read("plan", **given) for given in (one, other)]
    assert len({inputs.fleet(each) for each in names}) == 2
    artifacts = {inputs.artifact("plan", each, 1) for each in names}
    assert len(artifacts) == 2
    assert max(map(len, artifacts)) < 100


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"only": "a\n b\n"}, {"only": "b\na\na"}),
        ({"changed_since": "main"}, {"changed_since": "HEAD~1"}),
        ({"concurrency": "1"}, {"max_rps": "2"}),
        ({"config": "icesync.yaml"}, {}),
        ({"config": "eu.yaml", "fleet": "eu"}, {"fleet": "eu"}),
    ],
)
def test_what_is_the_same_part_is_found_again(one: dict[str, str], other: dict[str, str]) -> None:
    names = [read("plan", **given) for given in (one, other)]
    assert len({inputs.fleet(each) for each in names}) == 1
    assert len({inputs.artifact("plan", each, 1) for each in names}) == 1


@pytest.mark.parametrize("name", ["only", "label", "plan", "state_dir"])
def test_false_is_a_name_like_any_other_where_no_switch_is_meant(name: str) -> None:
    assert f"--{name.replace('_', '-')}=false" in words("apply", **{name: "false"})


@pytest.mark.parametrize(
    ("command", "given", "names"),
    [
        ("drift", {"max_deletes": "1", "wait": "true"}, "max-deletes, wait"),
        ("drift", {"comment": "always"}, "comment"),
        ("plan", {"fail_on_drift": "true"}, "fail-on-drift"),
        ("apply", {"comment": "always"}, "comment"),
        ("show", {"only": "false"}, "only"),
    ],
)
def test_what_the_command_would_not_understand_is_refused(
    command: str, given: dict[str, str], names: str
) -> None:
    with pytest.raises(UsageError, match=f"the command {command} takes no input {names}$"):
        words(command, **given)


@pytest.mark.parametrize("command", [*inputs.COMMANDS])
def test_what_action_yml_says_of_itself_is_no_wish(command: str) -> None:
    told = {name: content.get("default", "") for name, content in ACTION["inputs"].items()}
    given = {name.replace("-", "_"): value for name, value in told.items() if name in inputs.NAMES}
    assert inputs.read(command, {f"INPUT_{name.upper()}": value for name, value in given.items()})
