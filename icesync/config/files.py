"""From the path of the root file to every file of the desired state, read and parsed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from icesync.config.malformed import Malformed
from icesync.config.phrases import kind, shown
from icesync.config.places import Lines
from icesync.config.problems import Notes, Source
from icesync.config.questions import as_ice_breaker
from icesync.config.source import Data, parse
from icesync.diagnostics import Diagnostic, Severity, Span
from icesync.safe import visible

ROOT_NAME: Final = "icesync.yaml"
MAX_BYTES: Final = 64 * 2**20
_BOM: Final = b"\xef\xbb\xbf"


def root_path(path: Path) -> Path:
    """A directory stands for its icesync.yaml."""
    return path / ROOT_NAME if path.is_dir() else path


def read(path: Path, diagnostics: list[Diagnostic]) -> Source | None:
    """One file, read and parsed; None where nothing of it can be used. Says why in `diagnostics`."""
    name = visible(str(path))
    try:
        with path.open("rb") as file:
            # A buffer of the largest size would have to be paid for with every file.
            size = min(path.stat().st_size, MAX_BYTES)
            text = file.read(size + 1)
            if len(text) > size:
                text += file.read(MAX_BYTES + 1 - len(text))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        diagnostics.append(_error(Span(name, 1, 1), "unreadable-file", f"cannot read this file: {reason}"))
        return None
    if len(text) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES >> 20} MiB; split it and use 'include'"
        diagnostics.append(_error(Span(name, 1, 1), "too-large", message))
        return None
    return _parsed(name, text.removeprefix(_BOM), diagnostics)


def _parsed(name: str, text: bytes, diagnostics: list[Diagnostic]) -> Source | None:
    source = None
    try:
        text.decode()
        data, remarks = parse(text, as_ice_breaker)
        source = Source(name, text, data)
    except UnicodeDecodeError as error:
        place = Lines(text[: error.start].decode()).at(len(text[: error.start].decode()))
        diagnostics.append(
            _error(Span(name, *place), "encoding", "this is not UTF-8; save the file as UTF-8")
        )
        return None
    except Malformed as malformed:
        remarks = [malformed.remark]
    if remarks:
        lines = Lines(text.decode())
        diagnostics.extend(
            Diagnostic(Span(name, *lines.at(remark.at)), remark.severity, remark.message, remark.rule)
            for remark in remarks
        )
    return source


def _error(span: Span, rule: str, message: str) -> Diagnostic:
    return Diagnostic(span, Severity.ERROR, message, rule)


def included(notes: Notes, include: Data, path: Path) -> list[Path]:
    """The files that the root file includes: each once, sorted, never outside its folder."""
    if isinstance(include, dict):
        notes.error(("include",), "wrong-type", "include wants a list of file patterns, not a mapping")
    found: dict[Path, Path] = {}
    for trail, pattern in patterns(include):
        if not isinstance(pattern, str):
            notes.error(trail, "wrong-type", f"include wants file patterns, not {kind(pattern)}")
            continue
        matches = _matches(path.parent, pattern)
        folder = path.parent.resolve()
        if pattern.startswith("/") or not all(match.resolve().is_relative_to(folder) for match in matches):
            message = "include stays inside the root file's folder; this leads out of it"
            notes.error(trail, "include", message)
        elif not matches:
            notes.error(trail, "include", f"no file matches {shown(pattern)}")
        else:
            found |= {match.resolve(): match for match in matches}
    found.pop(path.resolve(), None)
    return sorted(found.values())


def patterns(include: object) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """What stands in `include`, each with its place in the data. A pattern is text."""
    if isinstance(include, str):
        yield ("include",), include
    elif isinstance(include, list):
        yield from ((("include", index), pattern) for index, pattern in enumerate(include))


def _matches(folder: Path, pattern: str) -> list[Path]:
    try:
        return [match for match in folder.glob(pattern) if match.is_file()]
    except (OSError, ValueError, NotImplementedError, IndexError):
        return []
