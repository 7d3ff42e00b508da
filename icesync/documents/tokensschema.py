"""What a document on tokens looks like."""

from typing import Literal

from pydantic import ConfigDict

from icesync.documents.schema import Count, Shape, Stamp, Text
from icesync.model import RefreshStatus, Standing


class RefreshShape(Shape):
    """What became of refreshing a token."""

    status: RefreshStatus
    detail: Text
    """What is known and what comes next; may be empty."""


class TokenShape(Shape):
    """How it stands with one account's token."""

    account: Text
    id: Text
    standing: Standing
    why: Text
    """What is wrong, and the next step; may be empty."""
    seen: Stamp | None
    """When a run used it first, in UTC."""
    obtained: Stamp | None
    """When a refresh gave it; null where that is not known."""
    ends: Stamp | None
    exact: bool
    """Whether it ends just then; else at the latest."""
    refresh: RefreshShape | None = None


class TokensShape(Shape):
    """How tokens stand, as `icesync tokens status -o json` and `icesync tokens refresh -o json` write it."""

    model_config = ConfigDict(title="icesync tokens")

    format: Literal["icesync.tokens/1"]
    created: Stamp
    """When, in UTC."""
    summary: dict[Standing, Count]
    """How many stand how."""
    refreshes: dict[RefreshStatus, Count] | None = None
    """What became of how many; only where some were to be refreshed."""
    tokens: list[TokenShape]
    """Sorted by account name."""
