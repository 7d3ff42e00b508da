"""Loading against the bare events: 10,000 accounts of 3 locales x 4 questions, ratio within one run.

Exits with 1 when loading, resolving and validating take more than 1.6 times what the bare event
stream takes over the same bytes.
"""

import resource
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

import yaml

from icesync.config import load

ACCOUNTS = 10_000
ROUNDS = 11
REACH = 1.6


def fleet(accounts: int) -> str:
    lines = ["version: 1", "accounts:"]
    for number in range(accounts):
        lines += [f"  brand-{number:06d}:", f'    id: "{17841400000000000 + number}"']
        lines += [f"    token: env:IG_TOKENS#brand-{number:06d}", "    ice_breakers:"]
        for locale in ("default", "fr_FR", "de_DE"):
            lines.append(f"      {locale}:")
            for question in range(4):
                lines.append(
                    f'        - question: "Where is my brand {number} order number {question} ({locale})?"'
                )
                lines.append(f"          payload: ORDER_STATUS_{number}_{question}_{locale}")
    return "\n".join(lines) + "\n"


def bare_seconds(text: bytes) -> float:
    begin = process_time()
    next_event = yaml.CBaseLoader(text).get_event
    while type(next_event()) is not yaml.StreamEndEvent:
        pass
    return process_time() - begin


def load_seconds(path: Path) -> float:
    begin = process_time()
    loaded = load(path)
    seconds = process_time() - begin
    assert len(loaded.fleet.accounts) == ACCOUNTS
    return seconds


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "icesync.yaml")
        path.write_text(fleet(ACCOUNTS))
        text = path.read_bytes()
        # Pairs, one right after the other: what else the machine does then counts on both sides.
        pairs = [(bare_seconds(text), load_seconds(path)) for _ in range(ROUNDS)]
    ratio = median(load / bare for bare, load in pairs)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 1024
    )
    print(f"{ACCOUNTS} accounts, {len(text) / 1e6:.1f} MB of YAML")
    print(f"bare events  {min(bare for bare, _ in pairs):.3f} s")
    print(f"load         {min(load for _, load in pairs):.3f} s")
    print(f"ratio        {ratio:.2f}, at most {REACH}")
    print(f"peak memory  {megabytes:.0f} MB")
    return ratio > REACH


if __name__ == "__main__":
    sys.exit(main())
