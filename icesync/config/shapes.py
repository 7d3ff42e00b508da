"""The checks that every part of a file needs: is it a mapping, is it text, are its keys known."""

from collections.abc import Collection, Mapping

from icesync.config.phrases import did_you_mean, kind, named, shown
from icesync.config.places import Trail
from icesync.config.problems import Notes
from icesync.config.source import MERGE_KEY, Data


def mapping(notes: Notes, trail: Trail, value: Data) -> Mapping[str, Data]:
    """The value where it is a mapping; else an empty one, and an error unless it is nothing."""
    if isinstance(value, dict):
        return value
    if value is not None:
        notes.error(trail, "wrong-type", f"{named(trail[-1])} wants a mapping, not {kind(value)}")
    return {}


def text(notes: Notes, trail: Trail, value: Data) -> str | None:
    """The value where it is text; else None, and an error unless it is nothing."""
    if value is None or isinstance(value, str):
        return value
    notes.error(trail, "wrong-type", f"{named(trail[-1])} wants text, not {kind(value)}")
    return None


def known_keys(notes: Notes, trail: Trail, value: Mapping[str, Data], known: Collection[str]) -> None:
    """An error for every key that is not known, with the one that was probably meant."""
    for key in value.keys() - known - {MERGE_KEY}:
        message = f"unknown key {shown(key)}{did_you_mean(key, known)}"
        notes.error((*trail, key), "unknown-key", message, at_key=True)
