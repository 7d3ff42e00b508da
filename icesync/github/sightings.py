"""What a drift issue says and remembers: who differed when last read, until they are read again.

The body of the issue is the only memory there is. What a run saw stands in it between two lines that
nobody sees, the first of which tells when that was and who differed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from icesync.github.pages import Run
from icesync.model import Plan
from icesync.render.fitting import GAP
from icesync.render.markdown import COMMENT_CHARS, literal
from icesync.safe import visible

_SEEN: Final = re.compile(
    r"^<!-- icesync-seen:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([^\n]*) -->\n(.*?)\n<!-- icesync-seen:end -->$",
    re.MULTILINE | re.DOTALL | re.ASCII,
)
_LONGEST_TITLE: Final = 200
_MOST_NAMES: Final = 8_000
_MOST_SHOWN: Final = 500
# GitHub takes 65,536 characters: a page of the usual length has room here below what stands above it later.
_MOST: Final = 63_000
_NO_ROOM: Final = "What was seen then is too long to stand here beside the rest."


class Text(NamedTuple):
    """What an issue says."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a run saw: at what moment, who of its accounts differed, and its Markdown. Of more names than
    have room the first are remembered."""

    when: str
    names: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        told = " ".join(_cut([_quoted(name) for name in self.names], _MOST_NAMES))
        return f"<!-- icesync-seen:{self.when} {told} -->\n{self.text}\n<!-- icesync-seen:end -->"


def write(old: str, plan: Plan, fleet: str, page: Callable[[int], str], run: Run) -> Text:
    """The issue after this plan, where it said `old` before. `page` tells of the plan alone, in so many
    characters. Writing it again over what it says then changes nothing."""
    unread = [*_unread(old, plan)]
    names = tuple(account.name for account in plan.differing)
    if names or not unread:
        taken = sum(len(_again(each)) for each in unread)
        room = COMMENT_CHARS - min(taken, COMMENT_CHARS // 2) - len(str(Sighting(plan.created, names, "")))
        now = page(room).strip("\n")
        opening = str(Sighting(plan.created, names, now)) if names else now
    else:
        opening = (
            f"No account that could be read differs. {len(plan.unreadable)} could not be read, and {run.link}"
            " tells why: what was seen of them before stands here until they are read again."
        )
    kept = _bounded(unread, _MOST - len(opening))
    return Text(_title(len(names), bool(unread), fleet), GAP.join([opening, *kept]) + "\n")


def _unread(body: str, plan: Plan) -> Iterator[Sighting]:
    """What the body tells of accounts that the plan could not read, and of no others."""
    unreadable = {each.account.name for each in plan.unreadable}
    # GitHub's own editor, should somebody use it, ends lines as Windows does.
    for when, told, text in _SEEN.findall(body.replace("\r\n", "\n")):
        if names := tuple(name for name in map(unquote, told.split()) if name in unreadable):
            yield Sighting(when, names, text)


def _again(seen: Sighting) -> str:
    """An earlier sighting, below since when it could not be checked."""
    shown = [*_cut([literal(name) for name in seen.names], _MOST_SHOWN)]
    more = f" and {len(seen.names) - len(shown)} more" * (len(shown) < len(seen.names))
    since = f"**Could not be checked since {seen.when}: {', '.join(shown)}{more}.**"
    return f"{since} This is what was seen then; of other accounts it may no longer be true.{GAP}{seen}"


def _bounded(sightings: Iterable[Sighting], most: int) -> Iterator[str]:
    """The sightings, and for a text that has no room its last words, which tell where it came from."""
    for seen in sightings:
        for text in (seen.text, f"{_NO_ROOM}{GAP}{seen.text.rpartition(GAP)[2]}"):
            block = _again(Sighting(seen.when, seen.names, text))
            if len(block) + len(GAP) <= most:
                most -= len(block) + len(GAP)
                yield block
                break


def _title(differ: int, unread: bool, fleet: str) -> str:
    if differ:
        what = f"{differ} account{' differs' if differ == 1 else 's differ'} from the files"
        what += ", others could not be read again" * unread
    elif unread:
        what = "accounts that differed from the files could not be read again"
    else:
        what = "some accounts may differ from the files"
    return visible(f"icesync: {what} ({fleet})")[:_LONGEST_TITLE]


def _quoted(name: str) -> str:
    """A name without what could end a comment of HTML."""
    return quote(name, safe="", errors="replace").replace("--", "-%2D")


def _cut(words: Sequence[str], most: int) -> Iterator[str]:
    """As many of the words as have room."""
    for word in words:
        most -= len(word) + 1
        if most < 0:
            return
        yield word
