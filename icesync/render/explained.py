"""Entries of the error catalogue, for people and for machines."""

from collections.abc import Iterator, Sequence
from json import dumps
from typing import Any, Final

from icesync.graph.catalogue import Entry
from icesync.render.look import Look

FORMAT: Final = "icesync.catalogue/1"
_HEADS: Final = ("ERROR", "KIND", "RETRY", "CAUSE")


def text(entries: Sequence[Entry], look: Look) -> str:
    """The first entry in full, the others as rows of a table."""
    first, *others = entries
    blocks = ["\n".join(_full(first, look))] + ([table(others, look)] if others else [])
    return "\n\n".join(blocks)


def table(entries: Sequence[Entry], look: Look) -> str:
    """A row for each entry: what it is called, its kind, whether it passes, and why it is."""
    rows = [(each.name, each.kind.value, each.retry.value) for each in entries]
    widths = [max(map(len, column)) for column in zip(_HEADS[:3], *rows, strict=True)]
    lines = [look.paint("  ".join([*map(str.ljust, _HEADS[:3], widths), _HEADS[3]]), "bold")]
    for row, each in zip(rows, entries, strict=True):
        lines += look.hang("  ".join([*map(str.ljust, row, widths), ""]), each.cause)
    return "\n".join(lines)


def document(entries: Sequence[Entry]) -> str:
    """The entries as JSON."""
    return dumps({"format": FORMAT, "entries": [*map(_data, entries)]}, indent=2, ensure_ascii=False)


def _full(entry: Entry, look: Look) -> Iterator[str]:
    source, confidence = entry.source, entry.source.confidence
    known = f" ({confidence}: {confidence.told})" if confidence else ""
    yield look.paint(f"{entry.name}: {entry.kind}", "bold")
    yield from look.hang("    cause   ", entry.cause)
    yield from look.hang("    retry   ", f"{entry.retry.told}.")
    yield from look.hang("    who     ", f"{entry.who}.")
    yield from look.hang("    next    ", entry.step)
    yield from look.hang("    source  ", f"{source.name}{known}.")
    if source.url:
        yield f"            {source.url}"


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "cause": entry.cause,
        "retry": entry.retry,
        "who": entry.who,
        "step": entry.step,
        "source": entry.source._asdict(),
    }
