"""What a file says at its top: its version, which keys belong there, and the fleet's api and limits."""

from typing import Final

from icesync.config.grammar import LIMIT
from icesync.config.phrases import kind, shown
from icesync.config.problems import Notes
from icesync.config.schema import api_url, api_version
from icesync.config.shapes import known_keys, mapping, text
from icesync.config.source import Data
from icesync.model import USUAL_BUDGET, Api, Budget, Limit, Limits

INCLUDED_KEYS: Final = frozenset({"version", "templates", "accounts"})
ROOT_KEYS: Final = INCLUDED_KEYS | {"api", "include", "limits", "defaults"}


def check_top(notes: Notes, data: dict[str, Data], *, is_root: bool) -> None:
    """The keys and the version of a file."""
    known_keys(notes, (), data, ROOT_KEYS)
    version = data.get("version")
    if version is None and is_root:
        notes.error((), "version", "begin the file with 'version: 1'")
    elif version not in (None, "1"):
        found = shown(version) if isinstance(version, str) else kind(version)
        notes.error(("version",), "version", f"this icesync reads version 1, not {found}")
    for key in () if is_root else data.keys() & (ROOT_KEYS - INCLUDED_KEYS):
        message = f"{key} belongs in the root file; an included file holds templates and accounts"
        notes.error((key,), "root-only", message, at_key=True)


def read_api(notes: Notes, value: Data) -> Api:
    data = mapping(notes, ("api",), value)
    known_keys(notes, ("api",), data, ("url", "version", "budget"))
    api = Api()
    url = text(notes, ("api", "url"), data.get("url"))
    version = text(notes, ("api", "version"), data.get("version"))
    try:
        url = api.url if url is None else api_url(url, any_host=False)
    except ValueError as error:
        notes.error(("api", "url"), "api-url", str(error))
    try:
        version = api.version if version is None else api_version(version)
    except ValueError as error:
        notes.error(("api", "version"), "api-version", str(error))
    return Api(url or api.url, version or api.version)


def read_budget(notes: Notes, value: Data) -> Budget | None:
    """How many calls an account may get, from the same `api`; None where it is `none`."""
    data = value if isinstance(value, dict) else {}
    written = text(notes, ("api", "budget"), data.get("budget"))
    try:
        return USUAL_BUDGET if written is None else Budget.parse(written)
    except ValueError as error:
        notes.error(("api", "budget"), "budget", str(error))
        return USUAL_BUDGET


def read_limits(notes: Notes, value: Data) -> Limits:
    data = mapping(notes, ("limits",), value)
    known_keys(notes, ("limits",), data, ("max_changes", "max_deletes"))
    usual = Limits()
    return Limits(
        _limit(notes, "max_changes", data.get("max_changes"), usual.max_changes),
        _limit(notes, "max_deletes", data.get("max_deletes"), usual.max_deletes),
    )


def _limit(notes: Notes, key: str, value: Data, usual: Limit) -> Limit:
    written = text(notes, ("limits", key), value)
    if written is None:
        return usual
    found = LIMIT.fullmatch(written)
    if not found:
        message = f"{key} wants a count like 25, or a percentage like 10%, not {shown(written)}"
        notes.error(("limits", key), "limit", message)
        return usual
    percent = found["percent"] is not None
    return Limit(int(found["percent"] if percent else found["count"]), percent)
