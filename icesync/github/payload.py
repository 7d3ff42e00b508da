"""JSON that came from GitHub, or that somebody had it bring: what is not there, or no such thing, is None."""

import re
from typing import Any, Final

COMMIT: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


def at(data: Any, *trail: str) -> Any:
    """What stands at the end of the trail; None where it leads nowhere."""
    for key in trail:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def objects(found: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
