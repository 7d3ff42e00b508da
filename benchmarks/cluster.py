"""What more workers of a Dask cluster make of it: 200 ms an answer, wall time with 1, 2 and 4 of them.

Named after what it measures, because a script `dask.py` would stand in the way of Dask. What starting
costs, a plan of one account, comes off; it takes a call itself, which is put back.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import fleet
from distributed import Client

ACCOUNTS = 5_000
LATENCY = 200  # milliseconds
CONCURRENCY = 16  # of each worker: so few that the wire is the limit, and not the machine
WORKERS = (1, 2, 4)
LIMIT = 1.15  # times the ideal


@contextmanager
def running(part: str, *options: str) -> Iterator[None]:
    """A scheduler or a worker, as a process of its own that says nothing."""
    line = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard", *options]
    environ = os.environ | {fleet.TOKEN: "benchmark"}
    with subprocess.Popen(line, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """The address of a scheduler that has so many workers."""
    known = folder / f"scheduler-{workers}.json"
    file = f"--scheduler-file={known}"
    with ExitStack() as processes:
        processes.enter_context(running("scheduler", "--host=127.0.0.1", "--port=0", file))
        for _ in range(workers):
            local = f"--local-directory={folder}"
            processes.enter_context(running("worker", file, "--no-nanny", "--nthreads=1", local))
        while not known.exists():
            time.sleep(0.05)
        address: str = json.loads(known.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address


def main() -> int:
    failed, alone = False, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = fleet.write_fleet(folder, ACCOUNTS)
        with fleet.serving(folder / "answer.json", LATENCY) as url:
            for count in WORKERS:
                with cluster(folder, count) as address:
                    options = ("--dask", address, "--concurrency", str(CONCURRENCY))
                    start = fleet.plan(config, url, 1, "--only=shop-000001", *options).wall
                    whole = fleet.plan(config, url, ACCOUNTS, *options).wall
                took = whole - start + LATENCY / 1000
                alone = alone or took
                ideal = ACCOUNTS * LATENCY / 1000 / CONCURRENCY / count
                print(f"cluster: {count} workers: {took:.2f} s, ideal {ideal:.2f} s,", end=" ")
                print(f"ratio {took / ideal:.3f}, limit {LIMIT}, {alone / took:.2f} x as fast as one")
                failed |= took / ideal > LIMIT
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
