"""What `icesync plan` costs in CPU for a thousand accounts in sync, the server's own CPU not counted."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ACCOUNTS = 1_000
ROUNDS = 3
LIMIT = 3.0  # milliseconds of CPU an account
SERVER = Path(__file__).with_name("server.py")
PLANNED = f"Plan: 0 to create, 0 to update, 0 to delete, {ACCOUNTS} unchanged."
QUESTIONS = {
    locale: [{"question": f"Question {n} ({locale})?", "payload": f"PAYLOAD_{n}"} for n in range(1, 5)]
    for locale in ("default", "de_DE", "fr_FR")
}
# What any program on httpx pays for the same answers: a yardstick that the machine's speed cancels out of.
YARDSTICK = """
import asyncio, httpx, sys
async def main(url, count):
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(int(count)):
            (await client.get(url)).json()
asyncio.run(main(*sys.argv[1:]))
"""


def write_world(folder: Path) -> tuple[Path, Path]:
    """A fleet, and the answer that is in sync with each of its accounts."""
    accounts = {
        f"shop-{n:04}": {"id": str(17841400000000000 + n), "extends": "shop"} for n in range(ACCOUNTS)
    }
    templates = {"shop": {"token": "env:BENCH_TOKEN", "ice_breakers": QUESTIONS}}
    live = [{"locale": locale, "call_to_actions": questions} for locale, questions in QUESTIONS.items()]
    config, answer = folder / "icesync.yaml", folder / "answer.json"
    config.write_text(yaml.safe_dump({"version": 1, "templates": templates, "accounts": accounts}))
    answer.write_text(json.dumps({"data": [{"ice_breakers": live}]}))
    return config, answer


@contextmanager
def serving(answer: Path) -> Iterator[str]:
    with subprocess.Popen([sys.executable, SERVER, answer], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def cpu(*arguments: str | Path) -> tuple[float, str]:
    """Milliseconds of CPU an account of one Python process, and what it printed."""
    with tempfile.TemporaryFile("w+") as output:
        environ = os.environ | {"BENCH_TOKEN": "benchmark"}
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, env=environ)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return (usage.ru_utime + usage.ru_stime) * 1000 / ACCOUNTS, output.read()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        config, answer = write_world(Path(folder))
        with serving(answer) as url:
            bare = [cpu("-c", YARDSTICK, url, str(ACCOUNTS))[0] for _ in range(ROUNDS)]
            runs = [cpu("-m", "icesync", "plan", config, "--api-url", url) for _ in range(ROUNDS)]
    wrong = [text for _, text in runs if not text.rstrip().endswith(PLANNED)]
    if wrong:
        print(f"plan: expected {PLANNED!r}, got:\n{wrong[0]}")
        return 1
    each, base = statistics.median(cost for cost, _ in runs), statistics.median(bare)
    print(f"plan: {each:.2f} ms of CPU an account, bare httpx: {base:.2f} ms, ratio {each / base:.1f}")
    print(f"plan: {each:.2f} ms of CPU an account, limit {LIMIT} ms")
    return int(each > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
