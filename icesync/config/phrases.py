"""How messages name what they found: quoted text without control characters, kinds, near misses."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

_LONGEST: Final = 60
# difflib looks at every choice; a file full of mistakes must not cost their product.
_MOST_CHOICES: Final = 200
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def shown(text: str) -> str:
    """The text in quotes, safe to print: nothing that a terminal could obey, and not too long."""
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def named(step: str | int) -> str:
    """A key as a message names it, or an entry of a list by its number."""
    if isinstance(step, int):
        return f"entry {step + 1}"
    return step if _PLAIN_NAME.fullmatch(step) else shown(step)


def kind(value: object) -> str:
    """What a value is, in the words of someone who writes YAML."""
    if value is None:
        return "nothing"
    return "text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a mapping"


def did_you_mean(word: str, choices: Collection[str]) -> str:
    """`; did you mean 'x'?` where a choice is near, else nothing."""
    if len(choices) > _MOST_CHOICES:
        return ""
    return _suggestion(word[:_LONGEST], tuple(sorted(choices)))


@lru_cache
def _suggestion(word: str, choices: tuple[str, ...]) -> str:
    near = get_close_matches(word, choices, n=1)
    return f"; did you mean {shown(near[0])}?" if near else ""
