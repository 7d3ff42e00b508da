"""The single fields of an account: id, labels, protect. Pure."""

from typing import Final

from icesync.config.grammar import ACCOUNT_ID, LABEL
from icesync.config.phrases import kind, shown
from icesync.config.places import Trail
from icesync.config.problems import Notes
from icesync.config.shapes import text
from icesync.config.source import Data

NO_ID: Final = ""
_PROTECT: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MEANT: Final = {
    **dict.fromkeys(("yes", "on", "y", "1"), "; did you mean true?"),
    **dict.fromkeys(("no", "off", "n", "0"), "; did you mean false?"),
}


def read_id(notes: Notes, value: Data) -> str:
    written = text(notes, ("id",), value)
    if written is not None and ACCOUNT_ID.fullmatch(written):
        return written
    if written is not None:
        message = f"an id is the number of the professional account, or me; not {shown(written)}"
        notes.error(("id",), "account-id", message)
    elif value is None:
        message = "this account needs an id: the number of its professional account, or me"
        notes.error(("id",), "missing-key", message, at_key=True)
    return NO_ID


def read_labels(notes: Notes, value: Data) -> tuple[str, ...]:
    """Labels sorted, each once."""
    if value is None:
        return ()
    entries = value if isinstance(value, list) else [None]
    labels = [entry for entry in entries if isinstance(entry, str) and LABEL.fullmatch(entry)]
    if len(labels) < len(entries):
        _explain_labels(notes)
    return tuple(sorted(set(labels)))


def _explain_labels(notes: Notes) -> None:
    """Labels add up, so what is wrong may stand in any layer down to one that drops them."""
    for layer in notes.layers:
        value = layer.data.get("labels", [])
        if value is None:
            return
        if not isinstance(value, list):
            message = f"labels wants a list, not {kind(value)}"
            notes.on(layer).error(("labels",), "wrong-type", message)
            continue
        for index, entry in enumerate(value):
            trail: Trail = ("labels", index)
            if not isinstance(entry, str):
                message = f"labels wants a list of texts, not {kind(entry)}"
                notes.on(layer).error(trail, "wrong-type", message)
            elif not LABEL.fullmatch(entry):
                message = f"a label begins with a letter or digit, then - _ . too; not {shown(entry)}"
                notes.on(layer).error(trail, "label", message)


def read_protect(notes: Notes, value: Data) -> bool:
    written = text(notes, ("protect",), value)
    if written is not None and written not in _PROTECT:
        hint = _MEANT.get(written.lower(), "")
        notes.error(("protect",), "protect", f"protect is true or false, not {shown(written)}{hint}")
    return _PROTECT.get(written or "", False)
