"""What a step was asked for: the inputs of action.yml, which arrive as INPUT_* in the environment, and
the command line that they make. An input is a value of one argument, never more."""

import glob
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from icesync.errors import UsageError
from icesync.safe import visible

# GitHub takes no `" : < > | * ? \ /` and no line break in the name of an artifact.
_UNFIT: Final = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST: Final = 60
_LISTS: Final = ("only", "exclude", "label")
_SELECTION: Final = (*_LISTS, "shard", "changed-since")
_VALUES: Final = ("concurrency", "max-rps", "budget", "state-dir")
_LIMITS: Final = ("max-changes", "max-deletes", "canary", "pause", "stop-after-failures")
_FLAGS: Final = ("force", "wait")
_SCOPE: Final = (*_SELECTION, *_VALUES)
_CARE: Final = (*_LIMITS, *_FLAGS)
# Understood by every command: where to look, or at least after which file the fleet is named.
_COMMON: Final = ("config", "fleet", "artifact")

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "validate": (),
    "plan": (*_SCOPE, "snapshot", "comment"),
    "apply": (*_SCOPE, *_CARE, "plan"),
    "drift": (*_SCOPE, "fail-on-drift"),
    "rollback": (*_SCOPE, *_CARE, "run"),
    "show": ("plan", "comment"),
    "pull": (*_SCOPE, "snapshot"),
    "refresh": (*_SCOPE, "older-than"),
}
"""The commands of a step, and the inputs that are for some commands only."""

WRITING: Final = ("apply", "rollback", "refresh")
"""Those that change something, and so are for what was merged."""

_WORDS: Final = {"refresh": ["tokens", "refresh"]}

NAMES: Final = (
    *_COMMON,
    *_SCOPE,
    *_CARE,
    "plan",
    "snapshot",
    "run",
    "older-than",
    "comment",
    "fail-on-drift",
)
_DEFAULTS: Final = {"config": "icesync.yaml", "comment": "true", "artifact": "true", "run": "last"}
_CHOICES: Final = {
    **dict.fromkeys((*_FLAGS, "artifact", "fail-on-drift"), ("true", "false")),
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
    taken = (*_COMMON, *COMMANDS[command])
    defaults = {name: value for name, value in _DEFAULTS.items() if name in taken and not given[name]}
    # action.yml gives `comment` to each command, so that as it stands there it is nobody's wish.
    off = {name: ("false",) if name in taken else ("false", _DEFAULTS.get(name)) for name in _CHOICES}
    found = {name: value for name, value in given.items() if value and value not in off.get(name, ())}
    if foreign := sorted(found.keys() - {*taken}):
        raise UsageError(f"the command {command} takes no input {', '.join(foreign)}")
    return {**defaults, **found}


def line(command: str, inputs: Inputs, folder: Path) -> list[str]:
    """The command line. Whatever it leaves as files is in the folder."""
    words = [*_WORDS.get(command, [command]), *_switches(command), *_options(command, inputs)]
    if command in ("plan", "drift", "show"):
        words += _outputs(folder, "plan")
    elif command in ("apply", "rollback"):
        words += _outputs(folder, "report")
    elif command == "refresh":
        words.append(f"--output=json={folder / 'tokens.json'}")
    return [*words, "--", *_arguments(command, inputs)]


def saved_plans(inputs: Inputs) -> list[str]:
    """The files that the patterns of the input `plan` find."""
    patterns = _lines(inputs.get("plan", ""))
    if not patterns:
        raise UsageError("the command show needs the input plan: saved plans, a pattern in each line")
    found = sorted({path for pattern in patterns for path in glob.glob(pattern, recursive=True)})
    if not found:
        where = ", ".join(map(visible, patterns))
        raise UsageError(f"there is no saved plan at {where}: the steps that were to make one tell why")
    return found


def selection(inputs: Inputs) -> list[str]:
    """The options that choose accounts."""
    return [
        f"--{name}={value}"
        for name in _SELECTION
        if name in inputs
        for value in (_lines(inputs[name]) if name in _LISTS else [inputs[name]])
    ]


def fleet(inputs: Inputs) -> str:
    """What tells the comments and issues of one fleet from those of another. A part is one of its own."""
    parts = [inputs.get("fleet", inputs["config"]), inputs.get("shard", ""), *_part(inputs)]
    return " ".join(filter(None, parts))


def artifact(command: str, inputs: Inputs, attempt: int) -> str:
    """The name of what the step leaves: `icesync-plan`, and more where there are several of a kind. A plan
    that is made again replaces the old one; a report does not, for what it tells of was written."""
    again = f"attempt-{attempt}" if command in WRITING and attempt > 1 else ""
    command = {"show": "plan"}.get(command, command)
    fleet = inputs.get("fleet", "")
    fit = _UNFIT.sub("-", fleet)[:_LONGEST]
    config = inputs["config"] if not fleet and inputs["config"] != _DEFAULTS["config"] else ""
    # What tells fleets and parts apart, and has no room in a name as it is.
    digested = "\n".join(filter(None, [fleet if fit != fleet else config, *_part(inputs)]))
    digest = digested and sha256(digested.encode("utf-8", "replace")).hexdigest()[:8]
    shard = inputs.get("shard", "").replace("/", "-of-")
    return "-".join(filter(None, ["icesync", command, fit, digest, _UNFIT.sub("-", shard), again]))


def _part(inputs: Inputs) -> Iterator[str]:
    """What of the fleet was chosen by name. A revision is another one with each push, so that only
    its being there counts: a comment shall be found again."""
    for name in _LISTS:
        if name in inputs:
            yield f"{name}={','.join(sorted({*_lines(inputs[name])}))}"
    if "changed-since" in inputs:
        yield "changed-since"


def _switches(command: str) -> list[str]:
    return {"plan": ["--detailed-exitcode"], "apply": ["--yes"], "rollback": ["--yes"]}.get(command, [])


def _options(command: str, inputs: Inputs) -> Iterator[str]:
    yield from selection(inputs)
    given = (name for name in (*_VALUES, *_LIMITS, "older-than") if name in inputs)
    yield from (f"--{name}={inputs[name]}" for name in given)
    yield from (f"--{name}" for name in _FLAGS if name in inputs)
    if command == "apply" and "plan" in inputs:
        yield f"--plan={inputs['plan']}"
    if "snapshot" in inputs:
        yield f"--{'against' if command == 'plan' else 'snapshot'}={inputs['snapshot']}"


def _outputs(folder: Path, stem: str) -> Iterator[str]:
    for form, suffix in (("json", "json"), ("markdown", "md"), ("html", "html")):
        yield f"--output={form}={folder / stem}.{suffix}"


def _arguments(command: str, inputs: Inputs) -> list[str]:
    if command == "show":
        return saved_plans(inputs)
    return [inputs[name] for name in ("run", "config") if name in inputs]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
