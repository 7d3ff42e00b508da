"""Where refreshed tokens go: files that survive everything, and commands that show nothing."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest

from icesync.credentials import Secret
from icesync.errors import CredentialError
from icesync.tokens import sinks
from icesync.tokens.files import locked
from tests.support.forks import printed_by

pytestmark = pytest.mark.anyio

TOKEN = "IGQVJsentinel"
PATH = {"PATH": os.environ["PATH"]}


async def put(sink: str, root: Path, token: str = TOKEN, patience: float = 30) -> None:
    await sinks.put(sink, Secret(token), root=root, environ=PATH, patience=patience)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def visible_files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


@contextmanager
def umask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


async def test_one_key_of_a_file_is_new_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text('{"b": "x", "acme": "old"}')
    file.chmod(0o644)

    with umask(0):
        await put("file:tokens.json#acme", tmp_path)

    assert file.read_text() == f'{{"b": "x", "acme": "{TOKEN}"}}'
    assert mode(file) == 0o600
    assert visible_files(tmp_path) == {"tokens.json"}


@pytest.mark.parametrize(
    ("sink", "text"),
    [
        ("file:a", f"{TOKEN}\n"),
        ("file:a.json#k", f'{{\n  "k": "{TOKEN}"\n}}\n'),
        ("file:a#k", f'{{\n  "k": "{TOKEN}"\n}}\n'),
        ("file:a.yaml#k", f'"k": "{TOKEN}"\n'),
    ],
)
async def test_a_file_that_is_not_there_is_made(tmp_path: Path, sink: str, text: str) -> None:
    await put(sink, tmp_path)

    [name] = visible_files(tmp_path)
    assert (tmp_path / name).read_text() == text
    assert mode(tmp_path / name) == 0o600


async def test_an_absolute_path_is_where_it_says(tmp_path: Path) -> None:
    await put(f"file:{tmp_path / 'a'}", Path("/"))

    assert (tmp_path / "a").read_text() == f"{TOKEN}\n"


async def test_a_symbolic_link_stays_one_and_its_target_is_new(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to("far/tokens")
    (tmp_path / "nearer").symlink_to("near")

    for token in ("first", TOKEN):
        await put("file:nearer", tmp_path, token)

    assert (tmp_path / "near").is_symlink()
    assert (tmp_path / "nearer").is_symlink()
    assert (tmp_path / "far/tokens").read_text() == f"{TOKEN}\n"
    assert {path.name for path in (tmp_path / "far").iterdir()} == {"tokens", ".tokens.lock"}


@pytest.mark.parametrize(
    ("sink", "words"),
    [
        ("env:sentinel", "no reference"),
        ("sentinel", "no reference"),
        ("file:", "no reference"),
        ("file:none/sentinel", "No such file"),
        ("file:folder#sentinel", "directory"),
        ("file:fifo_sentinel", "no regular file"),
        ("file:/dev/zero#sentinel", "no regular file"),
        ("file:loop_sentinel", "symbolic links"),
        ("file:latin1_sentinel#k", "not UTF-8"),
        ("file:nul\0sentinel", "null byte"),
        ("file:json_sentinel", "#KEY"),
        ("file:text_sentinel#sentinel", "no JSON or YAML mapping"),
        ("command: ", "no command"),
        ("command:'sentinel", "quotation"),
        ("command:sentinel", "No such file"),
        ("command:sh -c 'cat; cat >&2; exit 7 # sentinel'", "exit status 7"),
    ],
)
async def test_a_failure_says_what_is_wrong_and_shows_neither_token_nor_sink(
    tmp_path: Path, sink: str, words: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo_sentinel")
    (tmp_path / "loop_sentinel").symlink_to("loop_sentinel")
    (tmp_path / "latin1_sentinel").write_bytes(b"sentinel: \xe9")
    (tmp_path / "json_sentinel").write_text('{"sentinel": "sentinel"}')
    (tmp_path / "text_sentinel").write_text("sentinel")

    with pytest.raises(CredentialError, match=words) as caught:
        await put(sink, tmp_path)

    assert "sentinel" not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert (tmp_path / "json_sentinel").read_text() == '{"sentinel": "sentinel"}'


async def test_a_disk_without_room_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"k": "old"}')
    before = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (5, before[1]))
    try:
        with pytest.raises(CredentialError, match="File too large"):
            await put("file:a.json#k", tmp_path)
    finally:
        setrlimit(RLIMIT_FSIZE, before)

    assert file.read_text() == '{"k": "old"}'
    assert visible_files(tmp_path) == {"a.json"}


async def test_who_does_not_let_go_of_the_lock_is_not_waited_for_forever(tmp_path: Path) -> None:
    with locked(tmp_path / "a", 0), pytest.raises(CredentialError, match="does not let go of its lock"):
        await put("file:a", tmp_path, patience=0.05)

    assert visible_files(tmp_path) == set()


async def test_a_cancelled_caller_does_not_cut_a_write_in_half(tmp_path: Path) -> None:
    with locked(tmp_path / "a", 0):
        task = asyncio.create_task(put("file:a", tmp_path))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.get_running_loop().shutdown_default_executor()

    assert (tmp_path / "a").read_text() == f"{TOKEN}\n"


def test_a_process_that_dies_at_any_line_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    script = """
from icesync.credentials import Secret
from icesync.tokens import files, sinks

file, new = Path(sys.argv[1], "tokens.json"), Path(sys.argv[1], ".tokens.json.new")
os.umask(0)

def put(step):
    def trace(frame, event, _):
        global step
        if frame.f_code.co_filename not in (files.__file__, sinks.__file__):
            return None
        if event == "line":
            step -= 1
            if step < 0:
                die()
        return trace

    globals()["step"] = step
    threading.settrace(trace)
    asyncio.run(sinks.put("file:tokens.json#k", Secret("new"), root=file.parent, environ={}))

step, status, found = 0, 9, []
while status:
    file.write_text('{"k": "old", "l": "x"}')
    status = ended(forked(lambda: put(step)))
    modes = [new.stat().st_mode & 0o777] if new.exists() else []
    found.append([status, file.read_text(), modes])
    step += 1
print(json.dumps(found))
"""
    *died, done = json.loads(printed_by(script, tmp_path))
    old, new = '{"k": "old", "l": "x"}', '{"k": "new", "l": "x"}'

    assert done == [0, new, []]
    assert {status for status, *_ in died} == {9}
    assert [text for _, text, _ in died] == sorted((text for _, text, _ in died), reverse=True)
    assert {text for _, text, _ in died} == {old, new}
    assert {mode for *_, modes in died for mode in modes} == {0o600}, "of what was not in its place yet"


def test_processes_that_put_at_once_lose_nothing(tmp_path: Path) -> None:
    script = """
from icesync.credentials import Secret
from icesync.tokens import sinks

async def work():
    await asyncio.gather(*(
        sinks.put(f"file:t.json#{os.getpid()}-{n}", Secret(f"{n}"), root=Path(sys.argv[1]), environ={})
        for n in range(6)
    ))

children = [forked(lambda: asyncio.run(work())) for _ in range(3)]
print(json.dumps([[child, ended(child)] for child in children]))
"""
    children = json.loads(printed_by(script, tmp_path))

    assert {status for _, status in children} == {0}
    assert json.loads((tmp_path / "t.json").read_text()) == {
        f"{child}-{n}": f"{n}" for child, _ in children for n in range(6)
    }


async def test_a_command_finds_the_token_on_its_standard_input_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "store.py").write_text(
        "import os, sys\n"
        "open('given', 'w').write(sys.stdin.read())\n"
        "open('seen', 'w').write(repr((sys.argv, dict(os.environ))))\n"
        f"print({TOKEN!r})"
    )

    await put(f"command:{sys.executable} store.py 'IG ACME'", tmp_path)

    assert (tmp_path / "given").read_text() == TOKEN
    assert "IG ACME" in (tmp_path / "seen").read_text()
    assert TOKEN not in (tmp_path / "seen").read_text()


@pytest.mark.parametrize("line", ["true", "sh -c 'exec <&-'"])
async def test_a_command_need_not_read(tmp_path: Path, line: str) -> None:
    await put(f"command:{line}", tmp_path)


async def test_a_command_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match=r"the command of its sink: it gave no answer within 0\.1 s"):
        await put("command:sleep 30", tmp_path, patience=0.1)


async def test_what_is_longer_than_any_token_is_not_given_to_a_command(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="too much"):
        await put("command:cat", tmp_path, token="x" * 10_000_000)


def test_what_was_left_beside_a_file_is_found_once_behind_its_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to("far/tokens")
    (tmp_path / "far/.tokens.new").touch()
    others = ["command:cat", "file:", "file:nul\0", "file:none/t#a", "file:far/tokens/t"]

    assert sinks.left(["file:near#a", "file:far/tokens#b", *others], tmp_path) == [
        tmp_path / "far/.tokens.new"
    ]
    assert sinks.left(others, tmp_path) == []


async def test_commands_go_in_turn(tmp_path: Path) -> None:
    turns = asyncio.Semaphore(1)
    line = "command:sh -c 'mkdir busy && sleep 0.02 && rmdir busy'"

    await asyncio.gather(
        *(sinks.put(line, Secret(TOKEN), root=tmp_path, environ=PATH, turns=turns) for _ in range(3))
    )


@pytest.mark.parametrize(
    ("sink", "token", "same"),
    [
        ("file:t.json#acme", "file:./t.json#acme", True),
        ("file:t.json#acme", "file:t.json#other", False),
        ("file:t.json#acme", "keyring:icesync/acme", False),
        ("command:keyring set icesync acme", "keyring:icesync/acme", True),
        ("command:keyring set 'ice sync' acme", "keyring:ice sync/acme", True),
        ("command:keyring set icesync other", "keyring:icesync/acme", False),
        ("command:gh secret set IG_TOKEN", "keyring:icesync/acme", False),
        ("command:keyring set icesync acme", "env:IG_TOKEN", False),
    ],
)
def test_a_sink_is_read_back_only_where_the_reference_names_its_place(
    tmp_path: Path, sink: str, token: str, same: bool
) -> None:
    assert sinks.is_source(sink, token, tmp_path) is same
