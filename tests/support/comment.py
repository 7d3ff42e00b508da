"""A comment as GitHub's readers see it: Markdown made into HTML, and what of a plan or a report is in it."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from markdown_it import MarkdownIt

VOID: Final = ("br", "hr", "img")
HEADS: Final = {"Changed accounts": 4, "Webhooks": 3, "Removed": 4, "Accounts": 5}
# So many refusals, and so many warnings, stay longer than anything else.
FIRST: Final = 20
FINE: Final = ("applied", "already")


@dataclass
class Row:
    """A row of a table under a heading; the text of its cells."""

    under: str
    cells: list[str] = field(default_factory=list)


class Comment(HTMLParser):
    """Its rows, its list entries with the heading above them, and its folded parts. Fails for a tag that
    is not closed in its place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[str] = []
        self.rows: list[Row] = []
        self.entries: list[tuple[str, str]] = []
        self.summaries: list[str] = []
        self.notes: list[str] = []
        self.outside = ""
        self._open: list[str] = []
        self._under = ""
        markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        self.feed(markdown.render(text))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [name for name, _ in attrs]
        if tag in VOID:
            return
        self._open.append(tag)
        if tag == "h3":
            self._under = ""
        elif tag == "tr":
            self.rows.append(Row("" if "details" in self._open else self._under))
        elif tag in ("td", "th"):
            self.rows[-1].cells.append("")
        elif tag == "li":
            self.entries.append((self._under, ""))
        elif tag == "summary":
            self.summaries.append("")
        elif tag == "p":
            self.notes.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        opened = set(self._open)
        if "code" not in opened:
            self.outside += data
        if "h3" in opened:
            self._under += data
        elif opened & {"td", "th"}:
            self.rows[-1].cells[-1] += data
        elif "li" in opened:
            self.entries[-1] = (self._under, self.entries[-1][1] + data)
        elif "summary" in opened:
            self.summaries[-1] += data
        elif "p" in opened:
            self.notes[-1] += data

    def table(self, heading: str) -> list[list[str]]:
        """The rows under a heading, without the heads of the columns."""
        return [row.cells for row in self.rows if row.under == heading][1:]

    def listed(self, heading: str) -> list[str]:
        """The list entries under a heading."""
        return [text for under, text in self.entries if under == heading]

    @property
    def shown(self) -> Counter[str]:
        """How much of each kind there is to see, in the words of the note."""
        changes = [cells[0] for cells in self.table("Changed accounts")]
        outcomes = [(cells[0] in FINE, cells[1]) for cells in self.table("Accounts")]
        deleted = changes.count("- delete") + outcomes.count((True, "delete"))
        return Counter(
            {
                "refusals": len(self.listed("Why apply would refuse it")),
                "warnings": len(self.listed("Warnings")),
                "deleted accounts": deleted,
                "other changed accounts": len(changes) - changes.count("- delete"),
                "accounts to subscribe": len(self.table("Webhooks")),
                "removed questions": len(self.table("Removed")),
                "unreadable accounts": len(self.listed("Unreadable")),
                "accounts' edits": len(self.summaries),
                "accounts where something went wrong": sum(not fine for fine, _ in outcomes),
                "other accounts": sum(fine and action != "delete" for fine, action in outcomes),
            }
        )

    @property
    def left(self) -> Counter[str]:
        """How much of each kind the note says to be left out."""
        (note,) = [note for note in self.notes if note.startswith("Left out here: ")] or [""]
        found = re.findall(r"([\d,]+) of ([\d,]+) ([a-z' ]+)(?:, |\.)", note)
        return Counter({kind: int(count.replace(",", "")) for count, _, kind in found})


def stages(comment: Comment) -> list[int]:
    """How much a plan shows of what goes last, of what goes before that, and so on."""
    rows = comment.table("Changed accounts")
    lost = [cells[0] for cells in comment.table("Removed")]
    deleted = [row for row in rows if row[0] == "- delete"]
    reduced = [row for row in rows if row not in deleted and "removed" in row[2]]
    everything = lost.count("everything")
    others = len(rows) - len(deleted) - len(reduced) + len(comment.table("Webhooks"))
    parts = [len(deleted), len(reduced), everything, len(lost) - everything]
    told = [len(comment.listed(heading)) for heading in ("Why apply would refuse it", "Warnings")]
    first, further = [min(count, FIRST) for count in told], sum(max(count - FIRST, 0) for count in told)
    dead = len(comment.listed("Unreadable"))
    return [*first, *parts, dead, further, others, len(comment.summaries)]


def assert_in_order(comment: Comment, whole: Comment) -> None:
    """Nothing is shown while something that should stay longer is not shown whole."""
    shown, there = stages(comment), stages(whole)
    complete = [found == wanted for found, wanted in zip(shown, there, strict=True)]
    for stage, found in enumerate(shown):
        assert not found or all(complete[:stage]), (stage, shown, there)
