"""What `icesync plan` costs in CPU for ten thousand accounts in sync, the server's own CPU not counted."""

import statistics
import sys
import tempfile
from pathlib import Path

import fleet

ACCOUNTS = 10_000
ROUNDS = 3
LIMIT = 1.0  # milliseconds of CPU an account
# What a program on httpx as it comes pays for the same answers: in a ratio the machine's speed cancels out.
YARDSTICK = """
import asyncio, httpx, sys
async def main(url, count):
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(int(count)):
            (await client.get(url)).json()
asyncio.run(main(*sys.argv[1:]))
"""


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = fleet.write_fleet(folder, ACCOUNTS)
        with fleet.serving(folder / "answer.json") as url:
            pairs = [
                (
                    fleet.cost("-c", YARDSTICK, url, str(ACCOUNTS)).cpu,
                    fleet.plan(config, url, ACCOUNTS).cpu,
                )
                for _ in range(ROUNDS)
            ]
    bare, whole = (statistics.median(costs) * 1000 / ACCOUNTS for costs in zip(*pairs, strict=True))
    print(f"plan: {whole:.2f} ms of CPU an account, bare httpx: {bare:.2f} ms, ratio {whole / bare:.1f}")
    print(f"plan: {whole:.2f} ms of CPU an account, limit {LIMIT} ms")
    return int(whole > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
