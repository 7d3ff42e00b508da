"""What a step was asked for: the inputs of action.yml, which arrive as INPUT_* in the environment, and
the command line that they make. An input is a value of one argument, never more."""

import glob
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from icesync.errors import UsageError
from icesync.safe import visible

# GitHub takes no `" : < > | * ? \ /` and no line break in the name of an artifact.
_UNFIT: Final = re.compile(r"[^\w.-]+", re.ASCII)
_LISTS: Final = ("only", "exclude", "label")
_VALUES: Final = ("shard", "changed-since", "concurrency", "max-rps", "budget", "state-dir")
_LIMITS: Final = ("max-changes", "max-deletes", "canary", "pause", "stop-after-failures")
_FLAGS: Final = ("force", "wait")
_SCOPE: Final = (*_LISTS, *_VALUES)
_CARE: Final = (*_LIMITS, *_FLAGS)
# Understood by every command: they say where to look and whom to tell.
_COMMON: Final = ("config", "fleet", "comment", "fail-on-drift")

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "validate": (),
    "plan": (*_SCOPE, "snapshot"),
    "apply": (*_SCOPE, *_CARE, "plan"),
    "drift": _SCOPE,
    "rollback": (*_SCOPE, *_CARE, "run"),
    "show": ("plan",),
    "pull": (*_SCOPE, "snapshot"),
}
"""The commands of a step, and the inputs that are for some commands only."""

NAMES: Final = (*_COMMON, *_SCOPE, *_CARE, "plan", "snapshot", "run")
_DEFAULTS: Final = {"config": "icesync.yaml", "comment": "true", "run": "last"}
_CHOICES: Final = {
    **dict.fromkeys((*_FLAGS, "fail-on-drift"), ("true", "false")),
    "comment": ("true", "false", "always"),
}

Inputs = Mapping[str, str]
"""Inputs that were given, by name. A switch that is off is none."""


def read(command: str, environ: Mapping[str, str]) -> Inputs:
    """The inputs of a command. Raises UsageError for one that it would have to ignore."""
    given = {name: environ.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip() for name in NAMES}
    for name, choices in _CHOICES.items():
        if given[name] not in ("", *choices):
            raise UsageError(f"the input {name} is {visible(given[name])!r}, not one of {', '.join(choices)}")
    found = {name: value for name, value in given.items() if value not in ("", "false")}
    if foreign := sorted(found.keys() - {*_COMMON, *COMMANDS[command]}):
        raise UsageError(f"the command {command} takes no input {', '.join(foreign)}")
    return {**{name: value for name, value in _DEFAULTS.items() if not given[name]}, **found}


def line(command: str, inputs: Inputs, folder: Path) -> list[str]:
    """The command line. Whatever it leaves as files is in the folder."""
    words = [command, *_switches(command), *_options(command, inputs)]
    if command in ("plan", "drift", "show"):
        words += _outputs(folder, "plan")
    elif command in ("apply", "rollback"):
        words += _outputs(folder, "report")
    return [*words, "--", *_arguments(command, inputs)]


def saved_plans(inputs: Inputs) -> list[str]:
    """The files that the patterns of the input `plan` find."""
    patterns = _lines(inputs.get("plan", ""))
    if not patterns:
        raise UsageError("the command show needs the input plan: saved plans, a pattern in each line")
    found = sorted({path for pattern in patterns for path in glob.glob(pattern, recursive=True)})
    if not found:
        raise UsageError(f"there is no saved plan at {', '.join(map(visible, patterns))}")
    return found


def fleet(inputs: Inputs) -> str:
    """What tells the comments and issues of one fleet from those of another. A shard is one of its own."""
    return " ".join([inputs.get("fleet", inputs["config"]), *filter(None, [inputs.get("shard")])])


def artifact(command: str, inputs: Inputs) -> str:
    """The name of what the step leaves: `icesync-plan`, and more where there are several of a kind."""
    command = {"show": "plan"}.get(command, command)
    shard = inputs.get("shard", "").replace("/", "-of-")
    words = "-".join(filter(None, ["icesync", command, inputs.get("fleet"), shard]))
    return _UNFIT.sub("-", words)


def _switches(command: str) -> list[str]:
    return {"plan": ["--detailed-exitcode"], "apply": ["--yes"], "rollback": ["--yes"]}.get(command, [])


def _options(command: str, inputs: Inputs) -> Iterator[str]:
    taken = [name for name in COMMANDS[command] if name in inputs]
    for name in taken:
        if name in _LISTS:
            yield from (f"--{name}={value}" for value in _lines(inputs[name]))
        elif name in _FLAGS:
            yield f"--{name}"
        elif name in (*_VALUES, *_LIMITS):
            yield f"--{name}={inputs[name]}"
    if command == "apply" and "plan" in inputs:
        yield f"--plan={inputs['plan']}"
    if "snapshot" in taken:
        yield f"--{'against' if command == 'plan' else 'snapshot'}={inputs['snapshot']}"


def _outputs(folder: Path, stem: str) -> Iterator[str]:
    for form, suffix in (("json", "json"), ("markdown", "md"), ("html", "html")):
        yield f"--output={form}={folder / stem}.{suffix}"


def _arguments(command: str, inputs: Inputs) -> list[str]:
    if command == "show":
        return saved_plans(inputs)
    return [inputs["run"]] * (command == "rollback") + [inputs["config"]]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
