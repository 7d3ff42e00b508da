"""How long `icesync --help` takes over a bare interpreter: the cost of every start."""

import statistics
import subprocess
import sys
import time

ROUNDS = 15
LIMIT = 0.15  # seconds over `python -c pass`


def seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    bare, help_page = ("-c", "pass"), ("-m", "icesync", "--help")
    seconds(*bare), seconds(*help_page)  # the first run may still have to write its bytecode
    # In turns, so that a slow moment of the machine meets both.
    pairs = [(seconds(*bare), seconds(*help_page)) for _ in range(ROUNDS)]
    base, page = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"help: {page:.3f} s, bare python: {base:.3f} s, ratio {page / base:.1f}")
    print(f"help: {page - base:.3f} s over bare python, limit {LIMIT} s")
    return int(page - base > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
