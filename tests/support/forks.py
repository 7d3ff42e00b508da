"""Runs a script in one fresh process, which may fork and kill what it likes."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_BEGIN: Final = """
import asyncio, json, os, signal, sys, threading
from pathlib import Path

def forked(work):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child

def ended(child):
    return os.waitpid(child, 0)[1]

def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def printed_by(script: str, *arguments: object) -> str:
    """What the script prints. It knows `forked(work)`, `ended(child)` and `die()`."""
    command = [sys.executable, "-c", _BEGIN + script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True, timeout=60).stdout
