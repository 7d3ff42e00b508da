"""The sandbox's memory on disk: one JSON file, replaced as a whole."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from icesync.sandbox.answers import Refusal
from icesync.sandbox.errors import CannotStart
from icesync.sandbox.rules import Locales, decoded, ice_breakers
from icesync.sandbox.shapes import listed

_FORMAT: Final = "icesync.sandbox/1"


def load(path: Path) -> dict[str, Locales]:
    """What every account has set. A file that does not exist yet is made, so that bad paths show at once."""
    try:
        if not path.exists():
            save(path, {})
        content = path.read_bytes()
    except OSError as error:
        raise CannotStart(f"the state file {path} cannot be used: {error.strerror}") from error
    try:
        return _profiles(decoded(content))
    except (ValueError, Refusal) as error:
        raise CannotStart(
            f"the state file {path} is broken: {error}; mend it, or delete it to start with nothing set"
        ) from error


def save(path: Path, profiles: Mapping[str, Locales]) -> None:
    """Replace the file; a reader sees the old state or the new one, never half of it."""
    document = {
        "format": _FORMAT,
        "profiles": {account: listed(profiles[account]) for account in sorted(profiles)},
    }
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(document, indent=1), encoding="utf-8")
    fresh.replace(path)


def _profiles(document: object) -> dict[str, Locales]:
    match document:
        case {"format": found, "profiles": dict(profiles)} if found == _FORMAT:
            return {account: ice_breakers(entries) for account, entries in profiles.items()}
        case _:
            raise ValueError(f"it is not of the format {_FORMAT}")
