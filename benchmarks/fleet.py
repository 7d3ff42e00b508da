"""What the benchmarks of whole plans share: a fleet on one template, its server, and a process to measure."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER = Path(__file__).with_name("server.py")
TOKEN = "BENCH_TOKEN"
QUESTIONS = {
    locale: [{"question": f"Question {n} ({locale})?", "payload": f"PAYLOAD_{n}"} for n in range(1, 5)]
    for locale in ("default", "de_DE", "fr_FR")
}


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds of wall and of CPU, and its largest size in MB."""

    wall: float
    cpu: float
    megabytes: float


def write_fleet(folder: Path, accounts: int) -> Path:
    """The root file of a fleet; `answer.json` beside it is in sync with each of its accounts."""
    template = {"shop": {"token": f"env:{TOKEN}", "ice_breakers": QUESTIONS}}
    lines = ["version: 1", f"templates: {json.dumps(template)}", "accounts:"]
    lines += [
        f'  shop-{n:06}: {{id: "{17841400000000000 + n}", extends: shop}}' for n in range(1, accounts + 1)
    ]
    live = [{"locale": locale, "call_to_actions": questions} for locale, questions in QUESTIONS.items()]
    (folder / "answer.json").write_text(json.dumps({"data": [{"ice_breakers": live}]}))
    config = folder / "icesync.yaml"
    config.write_text("\n".join(lines) + "\n")
    return config


@contextmanager
def serving(answer: Path, latency: int = 0) -> Iterator[str]:
    """The URL of a server that gives this answer to everybody, after so many milliseconds."""
    command = [sys.executable, SERVER, answer, "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def cost(*arguments: str | Path, says: str = "") -> Cost:
    """Run one Python process to its end. It has to say this, or its cost does not count."""
    with tempfile.TemporaryFile("w+") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=output, env=os.environ | {TOKEN: "benchmark"}
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode or says not in said:
        sys.exit(f"exit code {process.returncode}, expected {says!r}, got:\n{said[-2000:]}")
    size = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
    return Cost(wall, usage.ru_utime + usage.ru_stime, size)


def plan(config: Path, url: str, accounts: int, *options: str) -> Cost:
    """The cost of `icesync plan` over this fleet in sync, which has called nobody before."""
    says = f"Plan: 0 to create, 0 to update, 0 to delete, {accounts} unchanged."
    with tempfile.TemporaryDirectory() as state:
        line = ["-m", "icesync", "plan", config, "--api-url", url, "--state-dir", state, *options]
        return cost(*line, says=says)
