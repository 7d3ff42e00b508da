"""The file format as pydantic models, for JSON Schema alone.

The loader does not validate with them: a file holds layers, partial and with nulls in them, and what
has to be right is the outcome of merging. A test holds loader and schema together.
"""

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from icesync.config import grammar
from icesync.config.locales import KNOWN, WELL_FORMED
from icesync.config.webhooks import FIELDS
from icesync.model import USUAL_BUDGET, Api, Limits

_SCALARS: Final = ["string", "number", "boolean"]


def _pattern(pattern: re.Pattern[str]) -> str:
    """As ECMA regular expressions have it: whole text by anchors, groups without names."""
    return f"^(?:{re.sub(r'[?]P<[a-z]+>', '?:', pattern.pattern)})$"


def _text(**keywords: Any) -> WithJsonSchema:
    """A scalar: icesync takes it as it is typed, so editors may think that it is a number."""
    return WithJsonSchema({"type": _SCALARS, **keywords})


def _keys(pattern: re.Pattern[str], known: list[str] | None = None) -> dict[str, Any]:
    """Names that are allowed as keys, and those that an editor shall offer."""
    names: dict[str, Any] = {"pattern": _pattern(pattern)}
    return {"propertyNames": {"anyOf": [{"enum": known}, names]} if known else names}


Text: TypeAlias = Annotated[str, _text()]
Label: TypeAlias = Annotated[str, _text(pattern=_pattern(grammar.LABEL))]
Webhook: TypeAlias = Annotated[str, WithJsonSchema({"enum": sorted(FIELDS)})]
Limit: TypeAlias = Annotated[
    str, WithJsonSchema({"type": ["string", "integer"], "pattern": _pattern(grammar.LIMIT), "minimum": 0})
]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class IceBreaker(Model):
    """A question that is offered, and the payload that a tap on it sends to your webhook."""

    question: Annotated[str, _text(minLength=1, examples=["Where is my ${brand} order?"])]
    """What the person sees and asks. 80 characters are known to fit. `${name}` takes a value from vars."""
    payload: Annotated[str, _text(minLength=1, examples=["ORDER_STATUS"])]
    """What your webhook receives. 1000 characters are known to fit. May be JSON; `$${` is a literal `${`."""


Questions: TypeAlias = Annotated[list[IceBreaker], Field(min_length=1, max_length=grammar.MAX_QUESTIONS)]
IceBreakers: TypeAlias = (
    Literal["none"]
    | Annotated[
        dict[str, Questions | None],
        Field(min_length=1, json_schema_extra=_keys(WELL_FORMED, sorted(KNOWN))),
    ]
)


class Partial(Model):
    """What a template may say about the accounts that extend it. `null` drops what came before."""

    extends: str | list[str] | None = Field(None, examples=["retail", ["retail", "france"]])
    """Templates to stand on. Later ones win over earlier ones, and own keys over all of them."""
    vars: Annotated[dict[str, Text | None], Field(json_schema_extra=_keys(grammar.VARIABLE))] | None = None
    """Values for `${variables}` in questions, payloads and token. icesync gives name, id, locale and NAME."""
    token: (
        Annotated[
            str, WithJsonSchema({"type": "string", "pattern": r"^\s*(?:env|file|keyring|command):|\$\{"})
        ]
        | None
    ) = Field(
        None, examples=["env:IG_TOKENS#${name}", "file:secrets.json#acme", "command:pass show instagram/acme"]
    )
    """Where the token is, never the token itself: env:NAME, file:PATH, keyring:SERVICE/USER or command:CMD,
    then perhaps #KEY."""
    sink: (
        Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^\s*(?:file|command):|\$\{"})] | None
    ) = Field(None, examples=["file:secrets.json#${name}", "command:gh secret set IG_${NAME}"])
    """Where `tokens refresh` puts the new token: file:PATH#KEY, or command:CMD, which finds it on its
    standard input."""
    labels: list[Label] | None = Field(None, examples=[["retail", "us"]])
    """For --label. The labels of templates and account add up."""
    protect: (
        Annotated[
            bool, WithJsonSchema({"enum": [True, False, "true", "false", "True", "False", "TRUE", "FALSE"]})
        ]
        | None
    ) = None
    """true: refuse every change to this account."""
    webhooks: Annotated[list[Webhook], Field(min_length=1)] | None = Field(
        None, examples=[["messages", "messaging_postbacks"]]
    )
    """Webhook fields that the account is subscribed to, at least. Without this key they are left alone."""
    ice_breakers: IceBreakers | None = None
    """Locales with their questions, or `none` to have none. Without this key the account is left alone."""


class Account(Partial):
    """One Instagram professional account. What it does not say comes from templates and defaults."""

    id: Annotated[
        str, WithJsonSchema({"type": ["string", "integer"], "pattern": _pattern(grammar.ACCOUNT_ID)})
    ] = Field(examples=["17841400000000001", "me"])
    """The number of the professional account, in quotes, or `me` for the account of the token."""


class ApiModel(Model):
    """Where the Graph API is."""

    url: Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})] | None = Field(
        None, examples=[f"https://{host}" for host in grammar.API_HOSTS]
    )
    """A host of Meta, or a loopback address; any other by --api-url only."""
    version: (
        Annotated[str, WithJsonSchema({"type": "string", "pattern": _pattern(grammar.API_VERSION)})] | None
    ) = Field(None, examples=[Api().version])
    """The version of the Graph API."""
    budget: Annotated[str, WithJsonSchema({"type": "string", "pattern": _pattern(grammar.BUDGET)})] | None = (
        Field(None, examples=[str(USUAL_BUDGET), "20/10m", "none"])
    )
    """How many calls one account may get in how long (s, m or h), or `none` for no budget."""


class LimitsModel(Model):
    """How far an apply may go without --force: a count of accounts, or a percentage of them."""

    max_changes: Limit | None = Field(None, examples=[str(Limits().max_changes), 25])
    """How many accounts may change at once."""
    max_deletes: Limit | None = Field(None, examples=[str(Limits().max_deletes), 0])
    """How many accounts may lose all their ice breakers at once."""


class Document(Model):
    """The desired state of a fleet of Instagram accounts, for icesync."""

    version: Annotated[str, WithJsonSchema({"enum": [1, "1"]})] | None = None
    """The version of this format."""
    api: ApiModel | None = None
    include: list[str] | str | None = Field(None, examples=[["accounts/*.yaml"]])
    """More files with templates and accounts: patterns, relative to this file."""
    limits: LimitsModel | None = None
    defaults: Partial | None = None
    """What stands under every account."""
    templates: Annotated[dict[str, Partial | None], Field(json_schema_extra=_keys(grammar.NAME))] | None = (
        None
    )
    """Parts of accounts by name, for `extends`."""
    accounts: Annotated[dict[str, Account], Field(json_schema_extra=_keys(grammar.NAME))] | None = None
    """The accounts by name: letters, digits, - _ ."""


def document_schema() -> dict[str, Any]:
    """JSON Schema of a file. Only an included file may leave the version out."""
    root_only = ("api", "include", "limits", "defaults")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Document.model_json_schema(),
        "dependentRequired": {key: ["version"] for key in root_only},
    }
