"""What a plan file looks like, and the Plan that it reads back to. Owns the pydantic that every saved
document is made of."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf, ValidationError

from icesync.errors import PlanFileError
from icesync.model import (
    Account,
    Action,
    Against,
    Api,
    Change,
    EditKind,
    FailureKind,
    Forecast,
    GraphFailure,
    Limit,
    Limits,
    Plan,
    Profile,
    Subscription,
    Unreadable,
)

# An instance check: what came from outside may hold lone surrogates, which pydantic's own `str` refuses.
Text = InstanceOf[str]
Count = Annotated[int, Field(ge=0, strict=True)]
Number = Annotated[int, Field(strict=True)]
Stamp = Annotated[str, Field(pattern="^[0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2}Z$")]
Bound = Annotated[str, Field(pattern="^(?:[0-9]{1,9}|(?:[0-9]{1,2}|100)%)$")]
Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]


class Shape(BaseModel):
    """An object of the document: these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def sorted_once(found: list[str]) -> list[str]:
    """The list, if it is sorted and nothing stands in it twice."""
    if found != sorted(set(found)):
        raise ValueError("not sorted, or something stands in it twice")
    return found


class QuestionShape(Shape):
    """One ice breaker."""

    question: Text
    """What is offered to the user."""
    payload: Text
    """What a tap on it sends to the webhook."""


ProfileShape = dict[Text, list[QuestionShape]]


def profile(shape: ProfileShape) -> Profile:
    return Profile.of(
        {locale: [(each.question, each.payload) for each in questions] for locale, questions in shape.items()}
    )


class ErrorShape(Shape):
    """Why an account could not be read or written."""

    kind: FailureKind
    code: Number | None
    """The Graph API's `code`."""
    subcode: Number | None
    """The Graph API's `error_subcode`."""
    message: Text
    trace: Text | None
    """Meta's `fbtrace_id`, for a talk with its support."""
    hint: Text
    """What a person can do; may be empty."""
    not_before: Stamp | None = None
    """The earliest time at which the account can go, where time is what it takes. In UTC."""

    def value(self) -> GraphFailure:
        return GraphFailure(**dict(self))


class AccountShape(Shape):
    account: Text
    """The account's name in the desired state."""
    id: Text
    """The Instagram professional account id, or `me`."""

    def named(self) -> Account:
        return Account(self.account, self.id)


class ToldShape(AccountShape):
    """An account with what people need to decide about it."""

    labels: list[Text] = []
    """Its labels in the desired state, sorted."""
    protect: Annotated[bool, Field(strict=True)] = False
    """Any change to it is refused, until that is lifted in the files."""

    def named(self) -> Account:
        return Account(self.account, self.id, labels=tuple(sorted(self.labels)), protect=self.protect)


class EditShape(Shape):
    """One line of the difference, for people. `before` and `after` of the change decide."""

    kind: EditKind
    locale: Text
    position: Annotated[int, Field(ge=1, strict=True)]
    """From 1, in `after`; for `remove` in `before`."""
    before: QuestionShape | None
    after: QuestionShape | None


class ChangeShape(ToldShape):
    """One account that differs, as its whole document before and after."""

    action: Literal[Action.CREATE, Action.UPDATE, Action.DELETE]
    before: ProfileShape
    """Live when the plan was made: locale to questions in order. Empty: nothing was live."""
    after: ProfileShape
    """What apply will make it. Empty: everything is deleted."""
    edits: list[EditShape]

    def value(self) -> Change:
        return Change(self.named(), profile(self.before), profile(self.after))


Fields = Annotated[list[Text], AfterValidator(sorted_once)]


class SubscriptionShape(ToldShape):
    """One account that lacks webhook fields; nothing is ever unsubscribed."""

    action: Literal[Action.SUBSCRIBE]
    before: Fields
    """The fields that it was subscribed to when the plan was made, sorted."""
    after: Fields
    """Those and the ones that apply will add, sorted."""

    def value(self) -> Subscription:
        return Subscription(self.named(), tuple(self.before), tuple(self.after))


class UnreadableShape(ToldShape):
    """An account whose live state is unknown; apply leaves it alone."""

    error: ErrorShape

    def value(self) -> Unreadable:
        return Unreadable(self.named(), self.error.value())


class ApiShape(Shape):
    """Where the live state was read, and where apply writes."""

    url: Text
    version: Text


class PlanSummary(Shape):
    accounts: Count
    """The managed accounts in the run."""
    create: Count
    update: Count
    delete: Count
    unchanged: Count
    unmanaged: Count
    unreadable: Count
    subscribe: Count = 0
    """Accounts that lack webhook fields; they may be among those of the changes too."""


class ForecastShape(Shape):
    """What carrying the plan out costs. There where there are changes."""

    calls: Count
    """Calls of the API: each account is read again, written, and read back."""
    waiting: Count
    """Accounts whose budget has no room for their calls now."""
    not_before: Stamp | None
    """When the last of them has, in UTC; null where none waits, or where it never has."""

    def value(self) -> Forecast:
        return Forecast(self.calls, self.waiting, self.not_before)


class AgainstShape(Shape):
    """There where a snapshot stood for live state."""

    created: Stamp
    """When the snapshot was taken, in UTC."""
    age: Count
    """How old it was when the plan was made, in seconds."""

    def value(self) -> Against:
        return Against(self.created, self.age)


class LimitsShape(Shape):
    """How far an apply may go without `--force`, each as a count or as a share of `summary.accounts`."""

    max_changes: Bound
    """Accounts that change."""
    max_deletes: Bound
    """Accounts that lose all their ice breakers."""

    def value(self) -> Limits:
        return Limits(Limit.parse(self.max_changes), Limit.parse(self.max_deletes))


class PlanShape(Shape):
    """What `icesync apply` would do, as `icesync plan -o json` writes it."""

    model_config = ConfigDict(title="icesync plan")

    format: Literal["icesync.plan/1"]
    icesync: Text
    """The version of icesync that made the plan."""
    created: Text
    """When, in UTC: `2026-11-23T03:09:11Z`."""
    complete: bool
    """Every managed account in the run could be read."""
    api: ApiShape
    desired: Text
    """Digest of the resolved desired state that the plan was made from."""
    summary: PlanSummary
    changes: list[ChangeShape]
    """Sorted by account name."""
    unreadable: list[UnreadableShape]
    """Sorted by account name."""
    subscriptions: list[SubscriptionShape] = []
    """Sorted by account name."""
    forecast: ForecastShape | None = None
    against: AgainstShape | None = None
    limits: LimitsShape | None = None
    """In force when the plan was made; `apply` goes by those in force then."""
    refusals: list[Text] = []
    """Why an apply within these limits would refuse the plan, a sentence each."""
    warnings: list[Text] = []
    """What people should know before they decide, a sentence each, sorted."""
    digest: Digest
    """SHA-256 over the rest of this document as JSON with sorted keys and without blanks."""

    def value(self) -> Plan:
        return Plan(
            changes=tuple(change.value() for change in self.changes),
            unreadable=tuple(found.value() for found in self.unreadable),
            unchanged=self.summary.unchanged,
            unmanaged=self.summary.unmanaged,
            api=Api(self.api.url, self.api.version),
            created=self.created,
            desired=self.desired,
            forecast=self.forecast.value() if self.forecast else None,
            against=self.against.value() if self.against else None,
            limits=self.limits.value() if self.limits else None,
            warnings=tuple(self.warnings),
            subscriptions=tuple(found.value() for found in self.subscriptions),
        )


Document = TypeVar("Document", bound=Shape)


def shaped(shape: type[Document], document: Mapping[str, Any]) -> Document:
    """The document in its shape, or PlanFileError that tells the first place where it is damaged."""
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise PlanFileError(f"damaged at {place}: {first['msg']}{more}") from None


def json_schema(shape: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape.model_json_schema()}
