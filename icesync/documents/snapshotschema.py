"""What a snapshot file looks like, and the Snapshot that it reads back to."""

from typing import Literal

from pydantic import ConfigDict

from icesync.documents.schema import (
    AccountShape,
    ApiShape,
    Digest,
    ErrorShape,
    Fields,
    ProfileShape,
    Shape,
    Stamp,
    Text,
    profile,
)
from icesync.model import Api, Observation, Snapshot


class SeenShape(AccountShape):
    """An account that could be read."""

    ice_breakers: ProfileShape
    """Live when the snapshot was taken: locale to questions in order. Empty: nothing was live."""

    webhooks: Fields | None = None
    """The fields that it was subscribed to, sorted; null or absent where that was not asked."""

    def value(self) -> Observation:
        subscribed = None if self.webhooks is None else tuple(self.webhooks)
        return Observation(self.named(), profile(self.ice_breakers), subscribed=subscribed)


class UnseenShape(AccountShape):
    """An account that could not be read."""

    error: ErrorShape

    def value(self) -> Observation:
        return Observation(self.named(), None, self.error.value())


class SnapshotShape(Shape):
    """Live state as `icesync pull --snapshot FILE` keeps it, for `icesync plan --against FILE`."""

    model_config = ConfigDict(title="icesync snapshot")

    format: Literal["icesync.snapshot/1"]
    icesync: Text
    """The version of icesync that took the snapshot."""
    created: Stamp
    """When, in UTC."""
    api: ApiShape
    accounts: list[SeenShape]
    """Sorted by account name."""
    unreadable: list[UnseenShape]
    """Sorted by account name."""
    digest: Digest
    """SHA-256 over the rest of this document as JSON with sorted keys and without blanks."""

    def value(self) -> Snapshot:
        seen = [each.value() for each in self.accounts]
        seen += [each.value() for each in self.unreadable]
        return Snapshot(
            created=self.created,
            observations=tuple(sorted(seen, key=lambda each: each.account.name)),
            api=Api(self.api.url, self.api.version),
        )
