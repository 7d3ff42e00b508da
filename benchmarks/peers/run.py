"""icesync beside other ways to do its job: 1,000 accounts in sync, no latency, whole processes.

Prints Markdown tables of medians and ratios. Exits with 1 unless icesync, over the fleet that is
spelled out, is at least five times as fast as the best peer and needs the least CPU.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from world import write_world

ACCOUNTS = 1_000
AHEAD = 5
MOST = 1.5  # seconds for icesync itself
HERE = Path(__file__).parent
VENV = HERE.parent.parent / ".benchmarks" / "peers-venv"
BIN = VENV / "bin"
Command = list[str | Path]


@dataclass(frozen=True)
class World:
    folder: Path
    yaml: Path
    url: str


@dataclass(frozen=True)
class Program:
    """One way to do the job. It has to say how many accounts differ and how many are in sync."""

    name: str
    command: Callable[[World], Command]
    needs: tuple[str, ...] = ()
    rounds: int = 99  # at most: the slow ones run less often
    says: str = "{differ} differ, {same} in sync"
    is_peer: bool = True


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float


# The rounds follow each other faster than the usual budget allows; calls are counted all the same.
MANY_ROUNDS = "100000/10m"
ICESYNC = Program(
    "icesync plan",
    lambda world: [
        *(sys.executable, "-m", "icesync", "plan", world.yaml),
        *("--api-url", world.url, "--budget", MANY_ROUNDS),
    ],
    says="Plan: 0 to create, {differ} to update, 0 to delete, {same} unchanged.",
    is_peer=False,
)
SCRIPTS = [
    Program(
        "requests, safe_load",
        lambda world: [BIN / "python", HERE / "requests_script.py", world.yaml, world.url],
    ),
    Program(
        "httpx, CSafeLoader, DeepDiff",
        lambda world: [BIN / "python", HERE / "httpx_deepdiff.py", world.yaml, world.url],
    ),
]
OTHERS = [
    Program(
        "octoDNS, 16 workers",
        lambda _: [BIN / "octodns-sync", "--quiet", "--config-file", HERE / "octodns.yaml"],
    ),
    Program(
        "curl and jq, `xargs -P16`",
        lambda world: ["sh", HERE / "curl_xargs.sh", world.folder / "accounts.json", world.url],
        needs=("curl", "jq"),
        rounds=3,
    ),
    Program(
        "curl and jq, a loop",
        lambda world: ["sh", HERE / "curl_loop.sh", world.folder / "accounts.json", world.url],
        needs=("curl", "jq"),
        rounds=2,
    ),
    Program(
        "Ansible, `uri`",
        lambda world: [
            *(BIN / "ansible-playbook", "--inventory", world.folder / "inventory.yaml"),
            *("--extra-vars", f"url={world.url}", HERE / "ansible.yml"),
        ],
        rounds=1,
    ),
    Program(
        "one `curl --parallel`, one jq (yardstick)",
        lambda world: ["sh", HERE / "curl_parallel.sh", world.folder / "accounts.json", world.url],
        needs=("curl", "jq"),
        is_peer=False,
    ),
]


def set_up() -> None:
    """The peers' packages in a venv of their own, made anew when the list of them changes."""
    wanted, installed = HERE / "requirements.txt", VENV / "requirements.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return
    pip = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    subprocess.run([*pip, "--requirement", wanted], check=True)
    shutil.copy(wanted, installed)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    command = [sys.executable, HERE.parent / "server.py", folder / "answer.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def run(program: Program, world: World, *, same: int, differ: int = 0) -> Cost:
    """One run of the whole process tree. A wrong result is an error: its figure must not count."""
    environ = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(world.folder),
        "LC_ALL": "C.UTF-8",
        "BENCH_TOKEN": "benchmark",
        "PEERS_URL": world.url,
        "PEERS_ZONES": str(world.folder / "zones"),
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent.parent)]),
        "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
    }
    command = program.command(world)
    with tempfile.TemporaryFile("w+") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environ, cwd=world.folder, **streams)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    expected = program.says.format(differ=differ, same=same)
    if process.returncode or expected not in said:
        sys.exit(f"{program.name}: exit {process.returncode}, expected {expected!r}, got:\n{said[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def prove(programs: Sequence[Program], folder: Path) -> None:
    """Each program has to find three accounts of twenty that differ. This warms it up as well."""
    write_world(folder, 20, differ=3)
    with serving(folder) as url:
        for yaml in ("spelled-out.yaml", "template.yaml"):
            for program in programs:
                run(program, World(folder, folder / yaml, url), same=17, differ=3)


def measure(programs: Sequence[Program], world: World, rounds: int) -> dict[Program, list[Cost]]:
    """In turns, so that a slow moment of the machine meets all of them."""
    costs: dict[Program, list[Cost]] = {program: [] for program in programs}
    for number in range(rounds):
        for program in programs:
            if number < program.rounds:
                costs[program].append(run(program, world, same=ACCOUNTS))
                print(f"{program.name}: {costs[program][-1]}", file=sys.stderr)
    return costs


def medians(costs: dict[Program, list[Cost]]) -> dict[Program, Cost]:
    return {
        program: Cost(statistics.median(c.wall for c in runs), statistics.median(c.cpu for c in runs))
        for program, runs in costs.items()
    }


def table(title: str, costs: dict[Program, list[Cost]]) -> str:
    """Medians, and how many times those of icesync they are; the fastest first."""
    middle = medians(costs)
    base = middle[ICESYNC]
    rows = [f"| {title} | wall, s | × | CPU, s | × | runs |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for program, cost in sorted(middle.items(), key=lambda item: item[1].wall):
        wall = f"{cost.wall:.2f} | {cost.wall / base.wall:.1f}"
        cpu = f"{cost.cpu:.2f} | {cost.cpu / base.cpu:.1f}"
        rows.append(f"| {program.name} | {wall} | {cpu} | {len(costs[program])} |")
    return "\n".join(rows)


def is_ahead(costs: dict[Program, list[Cost]]) -> bool:
    middle = medians(costs)
    icesync = middle[ICESYNC]
    peers = [cost for program, cost in middle.items() if program.is_peer]
    wall, cpu = min(peer.wall for peer in peers), min(peer.cpu for peer in peers)
    print(f"ahead of the best peer: wall {wall / icesync.wall:.1f} × of at least {AHEAD}, ", end="")
    print(f"CPU {cpu / icesync.cpu:.1f} × of more than 1, in {icesync.wall:.2f} s of at most {MOST} s")
    return wall >= AHEAD * icesync.wall and cpu > icesync.cpu and icesync.wall <= MOST


def versions() -> str:
    names = [line.partition(">")[0] for line in (HERE / "requirements.txt").read_text().splitlines()]
    ask = (
        "import sys, importlib.metadata as m; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
    )
    return subprocess.check_output([BIN / "python", "-c", ask, *names], text=True).strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--skip", action="append", default=[], metavar="WORD", help="leave out, such as Ansible"
    )
    options = parser.parse_args()
    set_up()
    programs = [ICESYNC]
    for program in SCRIPTS + OTHERS:
        if missing := [tool for tool in program.needs if not shutil.which(tool)]:
            print(f"{program.name}: not run: {missing[0]} is missing")
        elif not any(word.lower() in program.name.lower() for word in options.skip):
            programs.append(program)
    with tempfile.TemporaryDirectory() as name:
        small, full = Path(name, "small"), Path(name, "full")
        small.mkdir()
        full.mkdir()
        prove(programs, small)
        write_world(full, ACCOUNTS)
        with serving(full) as url:
            spelled_out = measure(programs, World(full, full / "spelled-out.yaml", url), options.rounds)
            readers = [program for program in programs if program is ICESYNC or program in SCRIPTS]
            template = measure(readers, World(full, full / "template.yaml", url), options.rounds)
    print(table("each account spelled out", spelled_out))
    print()
    print(table("all from one template", template))
    print(f"\nPython {sys.version.split()[0]}, {versions()}")
    return int(not is_ahead(spelled_out))


if __name__ == "__main__":
    sys.exit(main())
