"""How near reading a fleet comes to the wire: 200 ms an answer, many calls at once, wall time.

Two whole plans are timed, of the fleet and of its first accounts, one for each connection; what the
second takes is start-up, loading and one round, and comes off the first.
"""

import statistics
import sys
import tempfile
from math import ceil
from pathlib import Path

import fleet

ACCOUNTS = 5_000
LATENCY = 200  # milliseconds
ROUNDS = 3
LIMITS = {64: 1.10, 256: 1.15}  # times the ideal, by concurrency


def seconds(folder: Path, url: str, accounts: int, concurrency: int) -> float:
    config = fleet.write_fleet(folder, accounts)
    return fleet.plan(config, url, accounts, "--concurrency", str(concurrency)).wall


def main() -> int:
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fleet.write_fleet(folder, ACCOUNTS)
        with fleet.serving(folder / "answer.json", LATENCY) as url:
            for concurrency, limit in LIMITS.items():
                rounds = ceil(ACCOUNTS / concurrency)
                ideal = (rounds - 1) * LATENCY / 1000
                took = statistics.median(
                    seconds(folder, url, ACCOUNTS, concurrency)
                    - seconds(folder, url, concurrency, concurrency)
                    for _ in range(ROUNDS)
                )
                print(f"wire: {concurrency} at once: {took:.2f} s, ideal {ideal:.2f} s,", end=" ")
                print(f"ratio {took / ideal:.3f}, limit {limit}")
                failed |= took / ideal > limit
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
