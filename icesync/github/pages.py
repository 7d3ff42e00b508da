"""What a comment, a job summary and a drift issue say, as Markdown in the room that GitHub gives."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from icesync.diagnostics import Diagnostic
from icesync.errors import ExitCode
from icesync.model import Plan, Report
from icesync.render.fitting import GAP
from icesync.render.markdown import COMMENT_CHARS, SUMMARY_BYTES, fitted, literal
from icesync.safe import visible

_MARK: Final = 1_000
_LONGEST_FLEET: Final = 500
_MOST_NAMES: Final = 500
_MOST_SELECTION: Final = 2_000
_TITLES: Final = {"show": "plan"}
_ENDED: Final = {
    ExitCode.FAILED: "it failed",
    ExitCode.PARTIAL: "not all accounts could be read or written",
    ExitCode.REFUSED: "it was refused, and nothing was written",
    ExitCode.STALE: "the saved plan, snapshot or run cannot be used here",
    ExitCode.USAGE: "it was asked for something that cannot be",
    ExitCode.INVALID: "the desired state is invalid",
    ExitCode.BUG: "this is a bug in icesync",
    ExitCode.INTERRUPTED: "it was interrupted",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a command line left behind. `said` are the notes and errors that it told people."""

    command: str
    code: int
    value: Plan | Report | None
    said: tuple[str, ...]
    mistakes: tuple[Diagnostic, ...]

    @property
    def changes(self) -> int:
        """The accounts that differ, or that were written."""
        if isinstance(self.value, Plan):
            return len(self.value.differing)
        outcomes = self.value.outcomes if self.value else ()
        return len({outcome.account.name for outcome in outcomes if outcome.action is not None})


@dataclass(frozen=True, slots=True)
class Run:
    """Which run tells, and of which commit. `artifact`: the whole of its result is kept in one."""

    commit: str
    url: str
    artifact: bool

    @property
    def link(self) -> str:
        return f"[this run]({self.url})"

    @property
    def short(self) -> str:
        return literal(self.commit[:12])


def mark(purpose: str, fleet: str) -> str:
    """The hidden first line that a text of ours is known by. No name can end it early; of a long one
    stands the digest."""
    name = quote(fleet, safe="/ ", errors="replace").replace("--", "-%2D")
    if len(name) > _LONGEST_FLEET:
        name = f"sha256/{sha256(name.encode()).hexdigest()}"
    return f"<!-- icesync{purpose}:{name} -->"


def comment(result: Result, run: Run) -> str:
    note = f"For commit {run.short}, by {run.link}. icesync writes this comment anew each time."
    return _page(result, run, [], [note], chars=COMMENT_CHARS)


def summary(result: Result, run: Run) -> str:
    return _page(result, run, [], [f"For commit {run.short}."], size=SUMMARY_BYTES)


def drift_issue(
    result: Result, plan: Plan, config: str, selection: Sequence[str], run: Run, chars: int = COMMENT_CHARS
) -> str:
    """`selection`: the options that chose the accounts of the plan."""
    if not plan.differing:
        opening = ["No account that could be read differs, but not all could be read: the issue stays open."]
    else:
        opening = [
            f"Live state is not what the files say at commit {run.short}.",
            *_who_wins(config, plan, selection),
        ]
    note = f"Seen by {run.link}. icesync keeps this issue up to date, and closes it in the end."
    return _page(result, run, opening, [note], chars=chars)


def failure(result: Result) -> str:
    """Why the step fails, in plain text."""
    why = _why(result) or "there is drift"
    return "\n".join([f"icesync {result.command}, exit code {result.code}: {why}", *result.said])


def _who_wins(config: str, plan: Plan, selection: Sequence[str]) -> Iterator[str]:
    names = [account.name for account in plan.differing]
    only = [f"--only={name}" for name in names]
    adopted = [config, *(change.account.name for change in plan.changes)]
    if len(" ".join(names)) > _MOST_NAMES:
        # The step's own selection: an apply of more than that would write more than is said to differ.
        only = [*selection] if len(" ".join(selection)) <= _MOST_SELECTION else ["--only=…"]
        adopted = [*only, config]
    yield "**Who wins?** The files, as soon as somebody applies them:"
    yield _command("apply", *only, config)
    if plan.changes:  # subscriptions that are missing are nothing to adopt
        yield "Live state, if it is adopted. This prints it as YAML, to be put into the files and merged:"
        yield _command("pull", *adopted)
    if only == ["--only=…"]:
        yield "In place of `--only=…` stands what chose the accounts of the step, which is too long for here."


def _command(*words: str) -> str:
    return f"```sh\nicesync {visible(shlex.join(words))}\n```"


def _page(
    result: Result,
    run: Run,
    opening: Sequence[str],
    closing: Sequence[str],
    *,
    chars: int | None = None,
    size: int | None = None,
) -> str:
    """The value in the room that its surroundings leave; what matters most stands above it."""
    most = chars or size or 0
    above = [
        *_ended(result),
        *_bounded([f"- {literal(line.removeprefix('  - '))}" for line in result.said], most // 8),
        *_bounded([f"- {literal(str(found))}" for found in result.mistakes], most // 4),
    ]
    # In bytes, which are at least as many as characters: so it is enough for both.
    around = (*opening, *above, *closing)
    taken = sum(len(block.encode()) + len(GAP) for block in around) + _MARK
    # The value's own heading knows only what it is, and not what the step was asked for.
    heading, rest = f"## icesync {_TITLES.get(result.command, result.command)}", ""
    if result.value is not None:
        value = fitted(
            result.value,
            most_chars=chars and chars - taken,
            most_bytes=size and size - taken,
            whole_at=f"the {'artifact' if run.artifact else 'log'} of {run.link}",
        )
        rest = value.strip("\n").partition(GAP)[2]
    return GAP.join(filter(None, [*opening, heading, *above, rest, *closing])) + "\n"


def _ended(result: Result) -> Iterator[str]:
    if why := _why(result):
        yield f"**Exit code {result.code}: {why}.**"
    elif result.value is None:
        yield "**Done.**"


def _why(result: Result) -> str:
    """What the exit code means here; empty where it is none of a failure."""
    if result.code == ExitCode.STALE and isinstance(result.value, Report):
        return "live state has changed since the plan was made"
    return _ENDED.get(ExitCode(result.code), "")


def _bounded(lines: Sequence[str], most: int) -> Iterator[str]:
    """The lines as one block, as many as have room, and how many have none."""
    told: list[str] = []
    for number, line in enumerate(lines):
        most -= len(line.encode()) + 1
        if most < 0:
            told.append(f"- and {len(lines) - number} more, which are in the log")
            break
        told.append(line)
    yield from ["\n".join(told)] if told else []
