"""How near reading and comparing a fleet comes to the wire: 200 ms an answer, many calls at once.

The ideal is accounts over calls at once, times the latency. What is timed is reading and comparing in
a process of its own, from the first call, which goes alone, to the finished plan; loading is not.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import fleet

ACCOUNTS = 5_000
LATENCY = 200  # milliseconds
ROUNDS = 3
LIMITS = {64: 1.10, 256: 1.15}  # times the ideal, by concurrency


READ = """
import asyncio, sys, tempfile, time
from pathlib import Path
from icesync import config, planner
from icesync.connection import Traffic
from icesync.crew import Alone
from icesync.model import Api
from icesync.runtime import Runtime

async def main(root, url, concurrency):
    accounts = config.load(Path(root)).fleet.accounts
    runtime, api = Runtime(invoke=None), Api(url)
    with tempfile.TemporaryDirectory() as state:
        traffic = Traffic(Path(state), config.load(Path(root)).fleet.budget, concurrency, 30.0)
        async with runtime.client(api, traffic, root=Path(root).parent) as client:
            begin = time.perf_counter()
            crew = Alone(client, runtime.clock, concurrency)
            plan = planner.plan(accounts, await crew.observe(accounts, lambda *_: None))
            print(time.perf_counter() - begin, plan.unchanged)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def seconds(config: Path, url: str, concurrency: int) -> float:
    line = [sys.executable, "-c", READ, config, url, str(concurrency)]
    environ = os.environ | {fleet.TOKEN: "benchmark"}
    took, unchanged = subprocess.run(
        line, env=environ, check=True, capture_output=True, text=True
    ).stdout.split()
    assert int(unchanged) == ACCOUNTS
    return float(took)


def main() -> int:
    failed = False
    with tempfile.TemporaryDirectory() as name:
        config = fleet.write_fleet(Path(name), ACCOUNTS)
        with fleet.serving(Path(name, "answer.json"), LATENCY) as url:
            for concurrency, limit in LIMITS.items():
                ideal = ACCOUNTS / concurrency * LATENCY / 1000
                took = statistics.median(seconds(config, url, concurrency) for _ in range(ROUNDS))
                print(f"wire: {concurrency} at once: {took:.2f} s, ideal {ideal:.2f} s,", end=" ")
                print(f"ratio {took / ideal:.3f}, limit {limit}")
                failed |= took / ideal > limit
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
