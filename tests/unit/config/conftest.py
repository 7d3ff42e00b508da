"""A folder to write a desired state in, and what loading it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from icesync.config import load
from icesync.errors import ConfigError

Told = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory too: so that places are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def told(folder: Path) -> Told:
    """Write icesync.yaml and other files, load, and give every line that is said."""

    def write_and_load(root: str | bytes, others: dict[str, str] | None = None) -> list[str]:
        for name, text in {"icesync.yaml": root, **(others or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            return [str(warning) for warning in load(Path()).warnings]
        except ConfigError as error:
            return [str(diagnostic) for diagnostic in error.diagnostics]

    return write_and_load
