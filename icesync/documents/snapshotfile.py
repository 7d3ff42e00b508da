"""A snapshot of live state as a JSON document and back: what `plan --against` reads instead of the API."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from icesync import __version__
from icesync.documents import strict
from icesync.documents.parts import error, named
from icesync.errors import PlanFileError
from icesync.model import Observation, Profile, Snapshot

FORMAT: Final = "icesync.snapshot/1"
# Some 200,000 accounts. Whoever reads a file for `loads` stops there.
MAX_BYTES: Final = 256 * 1024 * 1024


def to_document(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as plain data, `digest` included. Of an account only name and id are in it."""
    seen = snapshot.observations
    document = {
        "format": FORMAT,
        "icesync": __version__,
        "created": snapshot.created,
        "api": {"url": snapshot.api.url, "version": snapshot.api.version},
        "accounts": [_seen(each, each.profile) for each in seen if each.profile is not None],
        "unreadable": [
            {**named(each.account), "error": error(each.error)} for each in seen if each.error is not None
        ],
    }
    return {**document, "digest": strict.digest(document)}


def dumps(snapshot: Snapshot) -> str:
    """The text of a snapshot file."""
    return strict.write(to_document(snapshot))


def loads(text: str) -> Snapshot:
    """The snapshot of a snapshot file, or PlanFileError. Its accounts have a name and an id only."""
    return from_document(strict.read(text, FORMAT))


def from_document(document: Mapping[str, Any]) -> Snapshot:
    """The snapshot that `to_document` gave, or PlanFileError."""
    from icesync.documents.schema import shaped
    from icesync.documents.snapshotschema import SnapshotShape

    found = shaped(SnapshotShape, document)
    if found.digest != strict.digest({key: document[key] for key in document if key != "digest"}):
        raise PlanFileError("edited or damaged: the digest does not hold; take a new snapshot")
    snapshot = found.value()
    for contradiction in _contradictions(snapshot):
        raise PlanFileError(f"made up, it contradicts itself: {contradiction}")
    return snapshot


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a snapshot file."""
    from icesync.documents import schema, snapshotschema

    return schema.json_schema(snapshotschema.SnapshotShape)


def _seen(seen: Observation, profile: Profile) -> dict[str, Any]:
    told = {**named(seen.account), "ice_breakers": profile.as_data()}
    return told if seen.subscribed is None else {**told, "webhooks": list(seen.subscribed)}


def _contradictions(snapshot: Snapshot) -> Iterator[str]:
    """What no snapshot of ours says, although the shape and the digest of the document hold."""
    known = [each.account for each in snapshot.observations]
    names, ids = [each.name for each in known], [each.identity for each in known]
    for what, words in (("account", names), ("id", ids)):
        twice = (word for word, count in Counter(words).items() if count > 1)
        yield from (f"the {what} {word!r} stands in it twice" for word in twice)
