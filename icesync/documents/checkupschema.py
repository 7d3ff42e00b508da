"""What the JSON of a checkup looks like."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from icesync.documents.schema import Count, ErrorShape, Number, Shape, Stamp, Text, ToldShape
from icesync.model import Verdict

Day = Annotated[str, Field(pattern="^[0-9]{4}(?:-[0-9]{2}){2}$")]


class FindingShape(Shape):
    """How it stands with one requirement."""

    verdict: Verdict
    """`unknown`: it could not be looked at now. `untold`: nobody tells. `skipped`: something that failed
    before makes it pointless."""
    error: ErrorShape | None = None
    """Why, and what a person can do; there where there is something to tell."""


class FindingsShape(Shape):
    """One for each requirement, in the order in which they are looked at."""

    credential: FindingShape
    """The token's reference resolves."""
    token: FindingShape
    """The API takes the token."""
    identity: FindingShape
    """The token is this account's, and no other account holds it."""
    permissions: FindingShape
    """The profile can be read."""
    webhooks: FindingShape
    """The account is subscribed to the fields that its `webhooks` names, or else to those that taps need."""
    days: FindingShape
    """The token lives on."""


class OwnerShape(Shape):
    """Whose token it is."""

    id: Text
    username: Text
    """May be empty."""


class DaysShape(Shape):
    """How long the token lives on."""

    left: Number
    """Whole days; below 0 once it has ended."""
    exact: Annotated[bool, Field(strict=True)]
    """If not, it may be fewer."""


class ExaminationShape(ToldShape):
    """What was found of one account."""

    verdict: Literal["good", "warning", "bad", "unknown"]
    """The gravest of its findings."""
    owner: OwnerShape | None
    """null where nobody told."""
    days: DaysShape | None
    """null where nobody knows."""
    findings: FindingsShape


class CheckedApiShape(Shape):
    """The API that was asked."""

    url: Text
    version: Text
    ends: Day | None
    """The day from which this version cannot be used any more; null where nobody says."""


class CheckupSummary(Shape):
    """How many accounts there are of each verdict."""

    accounts: Count
    good: Count
    warning: Count
    bad: Count
    unknown: Count


class CheckupShape(Shape):
    """What `icesync doctor` found, as `-o json` writes it."""

    model_config = ConfigDict(title="icesync doctor")

    format: Literal["icesync.doctor/1"]
    icesync: Text
    """The version of icesync that looked."""
    created: Stamp
    """When, in UTC."""
    api: CheckedApiShape
    summary: CheckupSummary
    version: FindingShape
    """How the API's version stands, for all accounts."""
    accounts: list[ExaminationShape]
    """Sorted by account name."""
