"""From a credential (a reference in a file) to a token (the secret). Owns keyring.

A reference is `env:NAME`, `file:PATH`, `keyring:SERVICE/USER` or `command:CMD ARG…`; with `#KEY` at its
end the value is a JSON or YAML mapping, and KEY is looked up in it.
"""

import asyncio
import hmac
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Final
from urllib.parse import quote

from icesync.errors import CredentialError
from icesync.model import Account
from icesync.process import LARGEST, PATIENCE, CommandFailed, output_of

_KEYED: Final = re.compile(r"((?:env|file|keyring|command):.+?)(?:#([^#\s]+))?", re.DOTALL)


class Secret:
    """A token. It shows itself to nobody but the one who calls `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def fingerprint(self, key: bytes) -> str:
        """What a token is known by when it is gone: only who has the key can tell whose it is."""
        return hmac.digest(key, self._value.encode(), "sha256").hex()

    def scrub(self, text: str) -> str:
        """The text with the token masked wherever it stands, also as a URL writes it."""
        return text.replace(self._value, "***").replace(quote(self._value, safe=""), "***")

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A token that came in the place of another, perhaps the same once more, and its seconds of life."""

    secret: Secret
    expires_in: int


class Credentials:
    """Looks tokens up, each source once a run.

    Relative paths and commands start at `root`; a command or a keyring has `patience` seconds. `read_mapping`
    turns text into a mapping, or None where it is not one. Every failure is a CredentialError that
    shows neither a value nor the reference, because its message goes into plans and reports.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        root: Path,
        read_mapping: Callable[[str], Mapping[str, str] | None],
        *,
        patience: float = PATIENCE,
    ) -> None:
        # A copy, because `os.environ` itself raises for a name that no encoding knows.
        self._environ = dict(environ)
        self._root = root
        self._read_mapping = read_mapping
        self._patience = patience
        self._values: dict[str, asyncio.Future[str]] = {}
        self._mappings: dict[str, Mapping[str, str] | None] = {}
        self._keyring_is_free = asyncio.Lock()
        self._sources = {
            "env": self._env,
            "file": self._file,
            "keyring": self._keyring,
            "command": self._command,
        }

    async def token(self, account: Account) -> Secret:
        """The account's token. Raises CredentialError."""
        if account.token is None:
            raise CredentialError(
                "the files have no token for it: add `token: env:NAME` to the account or to `defaults`"
            )
        reference = _KEYED.fullmatch(account.token)
        if reference is None:
            raise CredentialError(
                "its token is no reference: write env:NAME, file:PATH, keyring:SERVICE/USER or command:CMD"
            )
        source, key = reference.groups()
        value = await self._once(source)
        if key:
            value = self._look_up(source, value, key)
        value = value.strip()
        if not value:
            raise CredentialError("the place that its token reference names is empty")
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise CredentialError("what its token reference names holds characters that no token has")
        return Secret(value)

    def _look_up(self, source: str, value: str, key: str) -> str:
        if source not in self._mappings:
            self._mappings[source] = self._read_mapping(value)
        mapping = self._mappings[source]
        if mapping is None:
            raise CredentialError("its token reference ends in #KEY, but names no JSON or YAML mapping")
        if key not in mapping:
            raise CredentialError("the mapping that its token reference names has no text under that key")
        return mapping[key]

    async def _once(self, source: str) -> str:
        if source not in self._values:
            kind, _, rest = source.partition(":")
            self._values[source] = asyncio.ensure_future(self._sources[kind](rest))
        return await asyncio.shield(self._values[source])

    async def _env(self, name: str) -> str:
        if name not in self._environ:
            raise CredentialError("the environment variable of its token reference is not set")
        return self._environ[name]

    async def _file(self, path: str) -> str:
        try:
            return content(self._root / path).decode()
        except OSError as error:
            raise CredentialError(f"the file of its token reference: {error.strerror}") from None
        except UnicodeDecodeError:
            raise CredentialError("the file of its token reference is not UTF-8 text") from None
        except ValueError as error:
            raise CredentialError(f"the file of its token reference: {error}") from None

    async def _keyring(self, entry: str) -> str:
        """A person may be asked to unlock it, so there is one question at a time."""
        service, _, user = entry.rpartition("/")
        try:
            async with self._keyring_is_free, asyncio.timeout(self._patience):
                value = await _kept_in_keyring(service, user)
        except TimeoutError:
            raise CredentialError(
                f"the keyring of its token reference gave no answer within {self._patience:g} s"
            ) from None
        if value is None:
            raise CredentialError("the keyring has no entry for that service and user of its token reference")
        return value

    async def _command(self, line: str) -> str:
        """The command's standard output. What it prints may hold the secret, so a failure does not tell."""
        try:
            printed = await output_of(line, folder=self._root, environ=self._environ, patience=self._patience)
            return printed.decode()
        except CommandFailed as failed:
            raise CredentialError(f"the command of its token reference: {failed}") from None
        except UnicodeDecodeError:
            raise CredentialError("the command of its token reference prints no UTF-8 text") from None


async def _kept_in_keyring(service: str, user: str) -> str | None:
    try:
        import keyring
    except ImportError:
        raise CredentialError("its token reference needs more: pip install 'icesync[keyring]'") from None
    # A backend is anybody's code: it raises what it likes, and says in it what it likes.
    question = asyncio.to_thread(keyring.get_password, service, user)
    [found] = await asyncio.gather(question, return_exceptions=True)
    if isinstance(found, BaseException):
        raise CredentialError(f"the keyring of its token reference: {type(found).__name__}")
    return found


def content(path: Path) -> bytes:
    """What a regular file holds. Anything else could wait for a writer, or never end.

    Raises OSError, and ValueError for people, which shows neither path nor content.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise ValueError("it is too large")
    return found
