"""What is wrong with a YAML text itself, at which character. Pure."""

from typing import NamedTuple

from icesync.diagnostics import Severity


class Remark(NamedTuple):
    """Something wrong with the YAML itself, at a character of the text."""

    at: int
    rule: str
    message: str
    severity: Severity = Severity.ERROR


class Malformed(Exception):
    """Nothing of the text can be used; `remark` says why."""

    def __init__(self, at: int, rule: str, message: str) -> None:
        self.remark = Remark(at, rule, message)
        super().__init__(message)


def control_character(text: bytes) -> int:
    """Where libyaml's reader stopped: it takes what YAML 1.1 calls printable (section 5.1)."""
    for index, character in enumerate(text.decode()):
        control = character < " " or "\x7f" <= character < "\xa0" or character in "\ufffe\uffff"
        if control and character not in "\t\n\r\x85":
            return index
    return 0


def syntax_error(text: bytes, index: int, problem: str, context: str | None) -> Malformed:
    """The words of libyaml are constants, so they never repeat what the file says."""
    if text.decode()[index : index + 1] == "\t":
        return Malformed(index, "yaml-syntax", "tabs cannot indent YAML; use blanks")
    during = f" ({context})" if context else ""
    return Malformed(index, "yaml-syntax", f"this is not valid YAML: {problem}{during}")
