"""What the files said at a Git revision, and what of it is different now. Owns its calls of git.

Only plumbing that reads objects is called: no checkout, no index, no hook, filter or pager, and
nothing is written to the repository.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from subprocess import PIPE, CompletedProcess, run
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Final, TypeAlias

from icesync.config import files, load
from icesync.errors import IcesyncError, UsageError
from icesync.model import Account, Desired, Fleet
from icesync.safe import visible

Parts: TypeAlias = tuple[str, ...]
"""A path below the root file's folder, or a pattern of `include`, part by part."""

_CALM: Final = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# Set inside a hook of git, where they may name another place than the repository around the files.
_ELSEWHERE: Final = frozenset({"GIT_COMMON_DIR", "GIT_DIR", "GIT_NAMESPACE", "GIT_WORK_TREE"})
_OBJECT: Final = re.compile("[0-9a-f]{40,64}")
_REGULAR: Final = "100"
# git itself makes no such names; somebody who wants to leave the folder could.
_OUTWARD: Final = frozenset({"", ".", ".."})


def load_at(path: Path, ref: str, environ: Mapping[str, str]) -> Fleet:
    """The desired state that the root file at this path, and what it includes, had at a revision.

    Raises ConfigError where there was none that loads, and UsageError for a revision that git does
    not find. Symbolic links and submodules count as files that were not there.
    """
    root = files.root_path(path)
    repository = _Repository(root.parent, environ)
    tree = repository.tree(repository.commit(ref))
    with TemporaryDirectory(prefix="icesync-revision-") as folder:
        old = Path(folder, root.name)
        repository.copy(tree, [(root.name,)], Path(folder))
        patterns = _patterns(old)
        included = [name for name in tree if any(_may_match(name, pattern) for pattern in patterns)]
        repository.copy(tree, included, Path(folder))
        return load(old).fleet


def head(folder: Path, environ: Mapping[str, str]) -> str | None:
    """The commit that is checked out around a folder; None where git cannot tell."""
    try:
        return _Repository(folder, environ).commit("HEAD")
    except UsageError:
        return None


def changed(before: Fleet, after: Fleet) -> tuple[Desired, ...]:
    """The accounts of `after` that are new, or whose profile, webhooks, token reference or protection
    are not what they were. With another API it is all of them: what was live there tells nothing here."""
    if before.api != after.api:
        return after.accounts
    known = {each.account.identity: _wanted(each) for each in before.accounts}
    return tuple(each for each in after.accounts if known.get(each.account.identity) != _wanted(each))


def gone(before: Fleet, after: Fleet) -> tuple[Account, ...]:
    """The accounts of `before` that `after` does not know, also not under another name."""
    known = {each.account.identity for each in after.accounts}
    return tuple(each.account for each in before.accounts if each.account.identity not in known)


def _wanted(desired: Desired) -> tuple[object, ...]:
    """What of an account is for the API; its name and its labels are for people, its sink for refreshing."""
    account = desired.account
    return desired.profile, account.webhooks, account.token, account.protect


def _patterns(root: Path) -> list[Parts]:
    """What a root file includes; nothing where it cannot be read, which loading it will tell."""
    source = files.read(root, [])
    include = source.data.get("include") if source else None
    return [PurePosixPath(found).parts for _, found in files.patterns(include) if isinstance(found, str)]


def _may_match(name: Parts, pattern: Parts) -> bool:
    """Whether `Path.glob` could find the file. It has the last word, so one too many does no harm:
    what stands between the first `**` and the last is not looked at."""
    stars = [index for index, part in enumerate(pattern) if part == "**"]
    head, tail = (pattern[: stars[0]], pattern[stars[-1] + 1 :]) if stars else (pattern, ())
    room = len(name) - len(head) - len(tail)
    return (
        (room >= 0 if stars else room == 0)
        and all(map(fnmatchcase, name, head))
        and all(map(fnmatchcase, name[len(name) - len(tail) :], tail))
    )


@dataclass(frozen=True, slots=True)
class _Repository:
    """The Git repository around a folder. Names of files are relative to the folder."""

    folder: Path
    environ: Mapping[str, str]

    def commit(self, ref: str) -> str:
        """The commit that a revision names. Raises UsageError where git does not find it."""
        shallow = self._git("rev-parse", "--is-shallow-repository")
        if shallow.returncode:
            raise UsageError(f"--changed-since needs a Git repository around the files: {_reason(shallow)}")
        found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        commit = found.stdout.decode(errors="replace").strip()
        # `^main`, all that main does not reach, verifies as well.
        if not found.returncode and _OBJECT.fullmatch(commit):
            return commit
        message = f"--changed-since: there is no commit '{visible(ref)}' in this clone; fetch it first:"
        message += " `git fetch origin NAME:refs/remotes/origin/NAME` brings a branch as origin/NAME"
        if shallow.stdout.strip() == b"true":
            message += ", `git fetch --unshallow` the history that this shallow clone lacks"
        raise UsageError(message)

    def tree(self, commit: str) -> dict[Parts, str]:
        """Every regular file under the folder, and the object that holds its content."""
        listing = self._git("ls-tree", "-r", "-z", commit)
        if listing.returncode:
            raise IcesyncError(f"git cannot list the files of {commit}: {_reason(listing)}")
        found = {}
        for entry in os.fsdecode(listing.stdout).split("\0")[:-1]:
            mode, _, rest = entry.split(" ", 2)
            content, _, name = rest.partition("\t")
            parts = tuple(name.split("/"))
            if mode.startswith(_REGULAR) and not _OUTWARD & {*parts}:
                found[parts] = content
        return found

    def copy(self, tree: Mapping[Parts, str], names: Iterable[Parts], folder: Path) -> None:
        """Write these files of a tree, as far as it has them, into a folder."""
        present = [name for name in names if name in tree]
        for name, content in zip(present, self._contents([tree[name] for name in present]), strict=True):
            path = folder.joinpath(*name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _contents(self, objects: Sequence[str]) -> Iterator[bytes]:
        """What the objects hold, one at a time. Raises UsageError for one that is not in the clone."""
        with TemporaryFile() as found:
            self._git("cat-file", "--batch", given="\n".join(objects).encode(), stdout=found)
            found.seek(0)
            for _ in objects:
                header = found.readline().split()
                if header[1:2] != [b"blob"]:
                    message = "--changed-since: this clone lacks contents of that revision;"
                    raise UsageError(f"{message} in a partial clone `git diff REF` fetches them")
                yield found.read(int(header[2]))
                found.read(1)

    def _git(
        self, *words: str, given: bytes = b"", stdout: IO[bytes] | int = PIPE
    ) -> CompletedProcess[bytes]:
        environ = {name: value for name, value in self.environ.items() if name not in _ELSEWHERE}
        command = ["git", "-C", str(self.folder), *words]
        try:
            # No shell; git is named, and what comes from outside is no option of it.
            return run(command, env=environ | _CALM, input=given, stdout=stdout, stderr=PIPE, check=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"--changed-since needs git, which cannot be started: {error}") from None


def _reason(done: CompletedProcess[bytes]) -> str:
    """The first line of what git complains of, and the command that it advises."""
    first, *more = done.stderr.decode(errors="replace").splitlines() or [""]
    advice = "".join(f"; git advises: {line.strip()}" for line in more if line.startswith("\tgit "))
    return visible(first.removeprefix("fatal: ") + advice)
