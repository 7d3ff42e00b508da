"""The `${{ … }}` of workflows, as much of it as action.yml and the examples use."""

import re
from collections.abc import Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(r"\s*('(?:[^']|'')*'|==|!=|&&|\|\||[!()]|[\w.-]+)")
_TEMPLATE: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)

Contexts = Mapping[str, Any]
"""`github`, `inputs`, `steps` and so on; a name that is called, like `always()`, stands under `always`."""


def filled(value: Any, contexts: Contexts) -> str:
    """A value of a workflow with what stands in `${{ }}` put in."""
    return _TEMPLATE.sub(lambda found: shown(evaluate(found[1], contexts)), shown(value))


def holds(condition: Any, contexts: Contexts) -> bool:
    """An `if:`, with or without `${{ }}`."""
    text = str(condition).strip()
    found = _TEMPLATE.fullmatch(text)
    return bool(evaluate(found[1] if found else text, contexts))


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def evaluate(text: str, contexts: Contexts) -> Any:
    words = _TOKEN.findall(text)
    assert "".join(words) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text), f"not understood: {text}"
    value = _either(words, contexts)
    assert not words, f"left over in {text}: {words}"
    return value


def _either(words: list[str], contexts: Contexts) -> Any:
    value = _both(words, contexts)
    while words[:1] == ["||"]:
        words.pop(0)
        other = _both(words, contexts)
        value = value or other
    return value


def _both(words: list[str], contexts: Contexts) -> Any:
    value = _compared(words, contexts)
    while words[:1] == ["&&"]:
        words.pop(0)
        other = _compared(words, contexts)
        value = value and other
    return value


def _compared(words: list[str], contexts: Contexts) -> Any:
    value = _single(words, contexts)
    if words[:1] in (["=="], ["!="]):
        wanted = words.pop(0) == "=="
        other = _single(words, contexts)
        return (shown(value).lower() == shown(other).lower()) is wanted
    return value


def _single(words: list[str], contexts: Contexts) -> Any:
    word = words.pop(0)
    if word == "!":
        return not _single(words, contexts)
    if word == "(":
        value = _either(words, contexts)
        assert words.pop(0) == ")"
        return value
    if word.startswith("'"):
        return word[1:-1].replace("''", "'")
    if words[:2] == ["(", ")"]:
        del words[:2]
        return contexts[word]
    return int(word) if word.isdecimal() else _looked_up(word, contexts)


def _looked_up(path: str, contexts: Contexts) -> Any:
    """Contexts must be known; what is not in one of them is nothing, as on GitHub."""
    first, *rest = path.split(".")
    value = contexts[first]
    for key in rest:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
