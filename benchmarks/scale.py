"""Whether a plan of a hundred thousand accounts costs ten times one of ten thousand, in time and memory."""

import sys
import tempfile
from pathlib import Path

import fleet

FEW, MANY = 10_000, 100_000
TIMES = 3  # the few, whose time a noisy machine moves most
MOST_MEGABYTES = 300
GROWTH = 1.15  # at most, of what one account costs


def main() -> int:
    costs = {}
    for accounts in (1, FEW, MANY):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config = fleet.write_fleet(folder, accounts)
            with fleet.serving(folder / "answer.json") as url:
                runs = [fleet.plan(config, url, accounts) for _ in range(TIMES if accounts == FEW else 1)]
                costs[accounts] = sorted(runs, key=lambda run: run.cpu)[len(runs) // 2]
        print(
            f"scale: {accounts} accounts: {costs[accounts].cpu:.2f} s CPU, {costs[accounts].megabytes:.0f} MB"
        )
    # What starting costs is no growth.
    one, few, many = costs[1], costs[FEW], costs[MANY]
    time = (many.cpu - one.cpu) / MANY / ((few.cpu - one.cpu) / FEW)
    memory = (many.megabytes - one.megabytes) / MANY / ((few.megabytes - one.megabytes) / FEW)
    print(f"scale: an account costs {time:.2f} x the time and {memory:.2f} x the memory, limit {GROWTH}")
    print(f"scale: {many.megabytes:.0f} MB at most, limit {MOST_MEGABYTES} MB")
    return int(time > GROWTH or memory > GROWTH or many.megabytes > MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
