"""From references to tokens: every source, asked once, and failures that give nothing away."""

import asyncio
import hmac
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event, Lock

import keyring
import pytest
from keyring.backends import null
from keyring.errors import KeyringLocked

from icesync.credentials import Credentials, Secret
from icesync.errors import CredentialError
from icesync.model import Account

pytestmark = pytest.mark.anyio

TOKEN = "IGQVJsentinel"
PATH = {"PATH": os.environ["PATH"]}


def read_mapping(text: str) -> Mapping[str, str] | None:
    """Stands in for the reader of configuration files: `key: value` lines, or JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        pairs = [line.split(": ", 1) for line in text.splitlines()]
        return {pair[0]: pair[1] for pair in pairs} if all(len(pair) == 2 for pair in pairs) else None
    return found if isinstance(found, dict) else None


def credentials(root: Path, environ: Mapping[str, str] = PATH, patience: float = 60) -> Credentials:
    return Credentials(environ, root, read_mapping, patience=patience)


def account(reference: str | None) -> Account:
    return Account("acme", "1784", token=reference)


async def token(reference: str | None, root: Path, environ: Mapping[str, str] = PATH) -> str:
    return (await credentials(root, environ).token(account(reference))).reveal()


def script(root: Path, text: str) -> str:
    """A reference to a command that runs this Python text; `counted` gets a letter each time."""
    (root / "script.py").write_text(f"open('counted', 'a').write('x')\n{text}")
    return f"command:{sys.executable} script.py"


async def test_a_variable_of_the_environment(tmp_path: Path) -> None:
    assert await token("env:IG_TOKEN", tmp_path, {"IG_TOKEN": TOKEN}) == TOKEN


async def test_the_environment_is_the_one_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IG_TOKEN", TOKEN)

    with pytest.raises(CredentialError):
        await token("env:IG_TOKEN", tmp_path)


async def test_a_name_that_no_environment_can_hold_is_not_set(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="not set"):
        await token("env:\ud800", tmp_path, os.environ)


async def test_a_relative_file_starts_at_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    (root / "secrets").mkdir(parents=True)
    (root / "secrets/acme").write_text(TOKEN)
    monkeypatch.chdir(tmp_path)

    assert await token("file:secrets/acme", root) == TOKEN


async def test_an_absolute_file_is_where_it_says(tmp_path: Path) -> None:
    (tmp_path / "acme").write_text(TOKEN)

    assert await token(f"file:{tmp_path / 'acme'}", Path("/")) == TOKEN


async def test_what_a_command_prints(tmp_path: Path) -> None:
    assert await token(f"command:echo {TOKEN}", tmp_path) == TOKEN


@pytest.mark.parametrize("line", ["echo $HOME", "echo '$HOME'", 'echo "$HOME"'])
async def test_a_command_has_no_shell(tmp_path: Path, line: str) -> None:
    assert await token(f"command:{line}", tmp_path, {**PATH, "HOME": "/elsewhere"}) == "$HOME"


async def test_a_command_runs_at_the_root_in_the_given_environment(tmp_path: Path) -> None:
    (tmp_path / "here").write_text(TOKEN)

    assert await token("command:sh -c 'cat $NAME'", tmp_path, {**PATH, "NAME": "here"}) == TOKEN


async def test_a_command_finds_nothing_on_its_standard_input(tmp_path: Path) -> None:
    own, (reader, writer) = os.dup(0), os.pipe()
    os.write(writer, b"typed-")
    os.close(writer)
    os.dup2(reader, 0)
    try:
        assert await token("command:sh -c 'cat; echo nothing'", tmp_path) == "nothing"
    finally:
        os.dup2(own, 0)
        os.close(own)
        os.close(reader)


@pytest.mark.parametrize("text", [f"{TOKEN}\n", f"  {TOKEN}\r\n", f"\n\t{TOKEN} \n\n"])
async def test_blanks_around_a_token_do_not_count(tmp_path: Path, text: str) -> None:
    (tmp_path / "acme").write_text(text)

    assert await token("file:acme", tmp_path) == TOKEN


@pytest.mark.parametrize("text", [json.dumps({"acme": TOKEN, "b": "x"}), f"acme: {TOKEN}\nb: x\n"])
async def test_a_key_is_looked_up_in_a_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokens").write_text(text)

    assert await token("file:tokens#acme", tmp_path) == TOKEN
    assert await token("env:TOKENS#acme", tmp_path, {"TOKENS": text}) == TOKEN
    assert await token("command:cat tokens#acme", tmp_path) == TOKEN


class Keyring(null.Keyring):
    """A keyring in memory, which counts the questions."""

    priority = 1.0

    def __init__(self, answer: Callable[[str, str], str | None]) -> None:
        super().__init__()
        self.answer, self.asked, self.busy = answer, 0, Lock()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        assert self.busy.acquire(blocking=False), "two questions at once"
        try:
            return self.answer(service, username)
        finally:
            self.busy.release()


Use = Callable[[Callable[[str, str], str | None]], Keyring]


@pytest.fixture
def a_keyring() -> Iterator[Use]:
    """Makes a keyring with these answers the one of this process."""

    def use(answer: Callable[[str, str], str | None]) -> Keyring:
        made = Keyring(answer)
        keyring.set_keyring(made)
        return made

    yield use
    keyring.set_keyring(null.Keyring())


async def test_an_entry_of_the_keyring(tmp_path: Path, a_keyring: Use) -> None:
    kept = {("icesync", "acme"): TOKEN, ("https://x/y", "z"): f"k: {TOKEN}"}
    used = a_keyring(lambda *entry: kept.get(entry))
    found = credentials(tmp_path)

    for reference in ("keyring:icesync/acme", "keyring:https://x/y/z#k", "keyring:icesync/acme"):
        assert (await found.token(account(reference))).reveal() == TOKEN
    assert used.asked == 2


async def test_a_keyring_is_asked_one_question_at_a_time(tmp_path: Path, a_keyring: Use) -> None:
    used = a_keyring(lambda _, user: f"{TOKEN}-{user}")
    found = credentials(tmp_path)

    secrets = await asyncio.gather(*(found.token(account(f"keyring:icesync/{n}")) for n in range(20)))

    assert [secret.reveal() for secret in secrets] == [f"{TOKEN}-{n}" for n in range(20)]
    assert used.asked == 20


class BackendsOwn(Exception):
    pass


@pytest.mark.parametrize("error", [KeyringLocked, OSError, BackendsOwn])
async def test_a_keyring_that_fails_tells_which_failure_and_no_more(
    tmp_path: Path, a_keyring: Use, error: type[Exception]
) -> None:
    def answer(service: str, user: str) -> str:
        raise error(f"{service} {user} {TOKEN}")

    a_keyring(answer)

    with pytest.raises(CredentialError) as caught:
        await token("keyring:service/sentinel", tmp_path)

    assert str(caught.value) == f"the keyring of its token reference: {error.__name__}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_a_keyring_without_the_entry_says_so(tmp_path: Path, a_keyring: Use) -> None:
    a_keyring(lambda *_: None)

    with pytest.raises(CredentialError, match=r"has no entry .*\Z") as caught:
        await token("keyring:service/sentinel", tmp_path)

    assert "sentinel" not in str(caught.value)


async def test_a_keyring_that_waits_for_a_person_is_given_up_in_time(tmp_path: Path, a_keyring: Use) -> None:
    gone = Event()
    a_keyring(lambda *_: str(gone.wait(30)))

    try:
        with pytest.raises(CredentialError, match=r"no answer within 0\.05 s"):
            await credentials(tmp_path, patience=0.05).token(account("keyring:icesync/acme"))
    finally:
        gone.set()


async def test_without_its_package_a_keyring_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(CredentialError, match=r"pip install 'icesync\[keyring\]'"):
        await token("keyring:icesync/acme", tmp_path)


async def test_a_number_sign_inside_a_command_is_no_key(tmp_path: Path) -> None:
    assert await token(f"command:sh -c 'echo {TOKEN} # a remark'", tmp_path) == TOKEN


async def test_a_source_is_asked_once_however_many_ask_for_it(tmp_path: Path) -> None:
    names = [f"acme-{number}" for number in range(30)]
    reference = script(tmp_path, f"import json\nprint(json.dumps({{n: n for n in {names}}}))")
    found = credentials(tmp_path)

    secrets = await asyncio.gather(*(found.token(account(f"{reference}#{name}")) for name in names))
    again = await found.token(account(f"{reference}#acme-0"))

    assert [secret.reveal() for secret in secrets] == names
    assert again.reveal() == "acme-0"
    assert (tmp_path / "counted").read_text() == "x"


async def test_a_source_that_fails_is_asked_once_too(tmp_path: Path) -> None:
    reference = script(tmp_path, "raise SystemExit(3)")
    found = credentials(tmp_path)

    failures = await asyncio.gather(
        *(found.token(account(reference)) for _ in range(5)), return_exceptions=True
    )

    assert {str(failure) for failure in failures} == {"the command of its token reference: exit status 3"}
    assert (tmp_path / "counted").read_text() == "x"


# Waits until the file that the last argument names is there.
WAIT = """
import os, sys, time
while not os.path.exists(sys.argv[-1]):
    time.sleep(0.005)
print(sys.argv[-1])
"""


async def test_different_sources_do_not_wait_for_each_other(tmp_path: Path) -> None:
    # Each of the two ends only when the other one has begun.
    reference = script(tmp_path, f"open(__import__('sys').argv[1], 'w')\n{WAIT}")
    found = credentials(tmp_path)

    both = asyncio.gather(
        found.token(account(f"{reference} left right")), found.token(account(f"{reference} right left"))
    )

    assert [secret.reveal() for secret in await asyncio.wait_for(both, 30)] == ["right", "left"]


async def test_someone_who_gives_up_takes_the_answer_from_nobody(tmp_path: Path) -> None:
    reference = f"{script(tmp_path, WAIT)} go"
    found = credentials(tmp_path)
    impatient = asyncio.create_task(found.token(account(reference)))
    patient = asyncio.create_task(found.token(account(reference)))
    await asyncio.sleep(0)

    impatient.cancel()
    (tmp_path / "go").touch()

    assert (await asyncio.wait_for(patient, 30)).reveal() == "go"
    with pytest.raises(asyncio.CancelledError):
        await impatient


# A command that sends us a signal and hangs, behind a child of its own that holds on to the output.
HANG = "command:sh -c 'sleep 30 & echo $$ > pid; echo $! > child; kill -$SIGNAL $PPID; wait'"


@pytest.fixture
def hang(tmp_path: Path) -> Iterator[str]:
    """A reference to a command that hangs. In the end even its child goes."""
    yield HANG
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def is_gone(root: Path) -> bool:
    """Whether the process of the hanging command has ended and left no zombie."""
    try:
        os.kill(int((root / "pid").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_command_that_hangs_is_killed_in_time(tmp_path: Path, hang: str) -> None:
    found = credentials(tmp_path, {**PATH, "SIGNAL": "0"}, patience=1)

    with pytest.raises(CredentialError, match="gave no answer within 1 s"):
        await asyncio.wait_for(found.token(account(hang)), 15)

    assert is_gone(tmp_path)


def test_an_interrupt_does_not_wait_for_a_command(tmp_path: Path, hang: str) -> None:
    began = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(token(hang, tmp_path, {**PATH, "SIGNAL": "INT"}))

    assert time.monotonic() - began < 15
    assert is_gone(tmp_path)


async def test_a_command_that_closes_its_output_early_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="exit status 4"):
        await token("command:sh -c 'exec >&-; sleep 0.1; exit 4'", tmp_path)


async def test_a_long_output_is_read_to_its_end(tmp_path: Path) -> None:
    keys = {f"key-{number}": "x" * 1000 for number in range(1000)}
    (tmp_path / "tokens").write_text(json.dumps({**keys, "acme": TOKEN}))

    assert await token("command:cat tokens#acme", tmp_path) == TOKEN


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (None, "no token"),
        ("", "no reference"),
        (f"{TOKEN}-literal", "no reference"),
        ("vault:sentinel", "no reference"),
        ("env:", "no reference"),
        ("ENV:sentinel", "no reference"),
        ("env:sentinel", "not set"),
        ("env:EMPTY_sentinel", "empty"),
        ("env:TWO_sentinel", "characters"),
        ("env:ACCENT_sentinel", "characters"),
        ("env:BELL_sentinel", "characters"),
        ("env:PLAIN_sentinel#sentinel", "no JSON or YAML mapping"),
        ("env:JSON_sentinel#sentinel", "no text under that key"),
        ("env:JSON_sentinel#empty", "empty"),
        ("file:sentinel", "No such file"),
        ("file:.", "directory"),
        ("file:sentinel\0", "null"),
        ("file:sentinel\ud800", "surrogates"),
        ("file:latin1_sentinel", "not UTF-8"),
        ("file:/dev/zero", "no regular file"),
        ("file:fifo_sentinel", "no regular file"),
        ("file:large_sentinel", "too large"),
        ("command:cat large_sentinel", "too much"),
        ("command:cat /dev/zero", "too much"),
        ("keyring:", "no reference"),
        ("command: ", "no command"),
        ("command:''", "command"),
        ("command:sentinel", "No such file"),
        ("command:'sentinel", "quotation"),
        ("command:echo sentinel\0", "null"),
        ("command:false sentinel", "exit status 1"),
        ("command:sh -c 'echo sentinel >&2; echo sentinel; exit 7'", "exit status 7"),
        ("command:sh -c 'kill -9 $$ # sentinel'", "exit status -9"),
        ("command:cat latin1_sentinel", "UTF-8"),
        ("command:true sentinel", "empty"),
    ],
)
async def test_a_failure_says_what_is_wrong_and_shows_neither_value_nor_reference(
    tmp_path: Path, reference: str | None, words: str
) -> None:
    (tmp_path / "latin1_sentinel").write_bytes(b"sentinel\xe9")
    with (tmp_path / "large_sentinel").open("wb") as large:
        large.truncate(16 * 1024 * 1024 + 1)
    os.mkfifo(tmp_path / "fifo_sentinel")
    environ = {
        **PATH,
        "EMPTY_sentinel": " \n",
        "TWO_sentinel": "sentinel sentinel",
        "ACCENT_sentinel": "sentinel-é",
        "BELL_sentinel": "sentinel\x07sentinel",
        "PLAIN_sentinel": "sentinel",
        "JSON_sentinel": json.dumps({"other": "sentinel", "empty": ""}),
    }

    with pytest.raises(CredentialError) as caught:
        await token(reference, tmp_path, environ)

    assert words in str(caught.value)
    assert "sentinel" not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(TOKEN)

    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{[secret]}"):
        assert TOKEN not in shown
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        vars(secret)
    assert secret.reveal() == TOKEN


def test_a_fingerprint_tells_tokens_apart_and_is_another_with_another_key() -> None:
    one, key = Secret(TOKEN), b"k" * 32

    assert one.fingerprint(key) == Secret(TOKEN).fingerprint(key)
    assert len({one.fingerprint(key), Secret("other").fingerprint(key), one.fingerprint(b"other")}) == 3
    assert len(one.fingerprint(key)) == 64
    assert TOKEN not in one.fingerprint(key)


def test_a_secret_is_masked_wherever_it_stands() -> None:
    assert Secret(TOKEN).scrub(f"{TOKEN}: bad token {TOKEN!r}") == "***: bad token '***'"
    assert Secret(TOKEN).scrub("nothing to hide") == "nothing to hide"


def test_a_secret_is_masked_as_a_url_writes_it() -> None:
    assert Secret("a|b").scrub("?token=a%7Cb&again=a|b") == "?token=***&again=***"


def test_a_fingerprint_tells_tokens_apart_and_needs_its_key() -> None:
    one = Secret(TOKEN).fingerprint(b"key")

    assert one == Secret(TOKEN).fingerprint(b"key")
    assert one not in (Secret(f"{TOKEN}2").fingerprint(b"key"), Secret(TOKEN).fingerprint(b"another"))
    assert one == hmac.new(b"key", TOKEN.encode(), "sha256").hexdigest()
