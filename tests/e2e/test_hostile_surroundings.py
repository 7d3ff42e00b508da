"""Closed and full streams, terminals of another age, an environment that means something else."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from icesync.sandbox.world import World
from tests.support.desk import Desk

has_a_full_device = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")

HELLO = {"default": [("Où est ma commande ?", "ORDER")]}


def shell(desk: Desk, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `icesync` in a shell line, where $C is the config."""
    return subprocess.run(
        ["bash", "-c", line.replace("icesync ", f"{sys.executable} -m icesync ")],
        env={**os.environ, "C": str(desk.config), "PYTHONWARNINGS": "error", **environ},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("icesync plan $C >&-", 0),
        ("icesync plan $C 2>&-", 0),
        pytest.param("icesync plan $C >/dev/full", 1, marks=has_a_full_device),
        pytest.param("icesync --help >/dev/full", 1, marks=has_a_full_device),
        ("icesync plan $C <&-", 0),
        ("icesync apply $C <&-", 64),
    ],
)
def test_a_stream_that_is_closed_or_full_ends_in_no_traceback(desk: Desk, line: str, code: int) -> None:
    desk.declare({"shop": HELLO})
    done = shell(desk, line)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize("environ", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}])
def test_a_terminal_without_unicode_still_gets_the_report(desk: Desk, environ: dict[str, str]) -> None:
    desk.declare({"shop": HELLO})
    done = shell(desk, "icesync apply --yes $C", **environ)
    assert done.returncode == 0, done.stderr
    assert "1 applied" in done.stdout
    assert desk.live(1) == HELLO


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_lost(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    told = desk.icesync("apply", "--yes", "-o", f"json={desk.folder}/nowhere/report.json")
    assert told.code == 1
    assert desk.sandbox.api.calls == []


def test_an_output_file_is_replaced_whole(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    path = desk.folder / "plan.json"
    path.write_text("old" * 10000)
    assert desk.icesync("plan", "-o", f"json={path}").code == 0
    assert desk.icesync("show", str(path), config=False).code == 0
    assert [each.name for each in desk.folder.glob(".plan*")] == []


def test_the_demo_leaves_the_users_api_and_state_alone(desk: Desk, tmp_path: Path) -> None:
    state = tmp_path / "state"
    done = shell(
        desk,
        "icesync demo",
        ICESYNC_STATE_DIR=str(state),
        ICESYNC_API_URL=desk.sandbox.url,
        http_proxy="http://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stderr
    assert not state.exists()
    assert desk.sandbox.api.calls == []


def on_a_terminal(desk: Desk, *arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "icesync", *arguments, str(desk.config)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    return process, mine


def read_until(terminal: int, words: bytes) -> bytes:
    seen = b""
    deadline = time.monotonic() + 30
    while words not in seen:
        assert time.monotonic() < deadline, seen
        seen += os.read(terminal, 4096)
    return seen


@pytest.mark.parametrize(
    ("answer", "code"), [(b"yes\n", 0), (b"no\n", 1), (b"\n", 1), (b"y\n", 1), (b"\x04", 1)]
)
def test_a_person_on_a_terminal_is_asked(desk: Desk, answer: bytes, code: int) -> None:
    desk.declare({"shop": HELLO})
    process, terminal = on_a_terminal(desk, "apply")
    seen = read_until(terminal, b"goes on:")
    assert "Où".encode() in seen
    assert b"\x1b[" in seen, "there is colour on a terminal"
    os.write(terminal, answer)
    assert process.wait(timeout=30) == code
    os.close(terminal)
    assert desk.live(1) == (HELLO if code == 0 else {})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question_is_130_and_writes_nothing(desk: Desk, number: signal.Signals) -> None:
    desk.declare({"shop": HELLO})
    process, terminal = on_a_terminal(desk, "apply")
    read_until(terminal, b"goes on:")
    process.send_signal(number)
    assert process.wait(timeout=30) == 130
    os.close(terminal)
    assert desk.live(1) == {}


def test_color_never_means_no_escape_in_the_plan(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    desk.sandbox.api.world = World(latency=50)
    process, terminal = on_a_terminal(desk, "--color", "never", "plan")
    seen = read_until(terminal, b"unchanged.")
    process.wait(timeout=30)
    os.close(terminal)
    assert b"\x1b[3" not in seen, "no colour, though the progress bar may move the cursor"


@pytest.mark.parametrize(("option", "drawn"), [([], True), (["-q"], False), (["-v"], False)])
def test_a_bar_is_drawn_on_a_terminal_unless_it_shall_be_quiet(
    desk: Desk, option: list[str], drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    desk.declare({"shop": HELLO})
    process, terminal = on_a_terminal(desk, *option, "plan")
    seen = read_until(terminal, b"unchanged.")
    process.wait(timeout=30)
    os.close(terminal)
    assert (b"reading: 0 of 1 accounts" in seen) is drawn


def test_an_output_may_be_a_device(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    done = shell(desk, "icesync plan $C -o json=/dev/stderr -o text=/dev/null")
    assert done.returncode == 0
    assert '"format": "icesync.plan/1"' in done.stderr
    assert Path(os.devnull).is_char_device()


def test_an_output_through_a_link_reaches_what_it_leads_to(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    (desk.folder / "real.json").touch(mode=0o600)
    (desk.folder / "link.json").symlink_to("real.json")
    assert desk.icesync("plan", "-o", f"json={desk.folder}/link.json").code == 0
    assert (desk.folder / "link.json").is_symlink()
    assert "icesync.plan/1" in (desk.folder / "real.json").read_text()
    done = shell(desk, "ln -s /dev/fd/1 $C.out; icesync plan $C -o json=$C.out > $C.txt")
    assert done.returncode == 0
    assert "icesync.plan/1" in (desk.folder / "icesync.yaml.txt").read_text()


def test_the_mode_of_an_output_file_is_kept(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    path = desk.folder / "plan.json"
    path.touch(mode=0o600)
    assert desk.icesync("plan", "-o", f"json={path}").code == 0
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
@pytest.mark.parametrize("target", ["", "/nowhere/x"])
def test_an_output_that_cannot_be_is_told_before_the_first_call(
    desk: Desk, command: str, target: str
) -> None:
    desk.declare({"shop": HELLO})
    told = desk.icesync(command, "-o", f"json={desk.folder}{target}")
    assert told.code == 1
    assert desk.sandbox.api.calls == []


def test_an_interrupt_at_the_very_start_leaves_no_traceback(desk: Desk) -> None:
    desk.declare({"shop": HELLO})
    for delay in (0.05, 0.1, 0.2, 0.3):
        process = subprocess.Popen(
            [sys.executable, "-m", "icesync", "plan", str(desk.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert "icesync/cli.py" not in err, f"after {delay} s"
