"""What GitHub's runner takes for commands in what a step prints: a second reading of actions/runner,
ActionCommand.cs and ActionCommandManager.cs, which shares nothing with icesync's writing."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

REGISTERED: Final = (
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
)


class Command(NamedTuple):
    """A workflow command that a runner has seen."""

    name: str
    properties: dict[str, str]
    data: str


def commands(log: str) -> list[Command]:
    """What a runner takes for commands in what a step prints (ActionCommand.cs of actions/runner)."""
    found, stopped_by = [], None
    for line in re.split("\r\n|\r|\n", log):
        known = [*REGISTERED, *[stopped_by] * bool(stopped_by)]
        command = _parse(line, known)
        if command is None:
            continue
        if stopped_by is not None:
            stopped_by = None if command.name == stopped_by else stopped_by
        elif command.name == "stop-commands":
            stopped_by = command.data
        else:
            found.append(command)
    return found


def _parse(line: str, known: Sequence[str]) -> Command | None:
    new = re.match(r"\s*::(.*?)::(.*)", line, re.DOTALL)
    for found, separator, escapes in (
        (new, ",", {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}),
        # The older form counts anywhere in a line.
        (
            re.search(r"##\[(.*?)\](.*)", line, re.DOTALL),
            ";",
            {"%3B": ";", "%0D": "\r", "%0A": "\n", "%25": "%"},
        ),
    ):
        if found and (name := found[1].partition(" ")[0].lower()) in known:
            pairs = [pair.split("=", 1) for pair in found[1].partition(" ")[2].strip().split(separator)]
            properties = {pair[0]: _unescaped(pair[1], escapes) for pair in pairs if all(pair) and pair[1:]}
            of_data = {sign: text for sign, text in escapes.items() if sign not in ("%3A", "%2C")}
            return Command(name, properties, _unescaped(found[2], of_data))
    return None


def _unescaped(text: str, escapes: Mapping[str, str]) -> str:
    for sign, meant in escapes.items():
        text = text.replace(sign, meant)
    return text
