"""A desk to work at as a user does: a folder with files, an API to talk to, and the command line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from icesync import cli
from icesync.sandbox.server import Running
from tests.support.clock import FakeClock

Profile = Mapping[str, Sequence[tuple[str, str]]]


class Result(NamedTuple):
    """What a command line gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def listed(profile: Profile) -> list[dict[str, Any]]:
    """A profile in the form of the API's documents."""
    return [
        {"locale": locale, "call_to_actions": [{"question": q, "payload": p} for q, p in questions]}
        for locale, questions in profile.items()
    ]


@dataclass
class Desk:
    """Account number n has the id 1784140000000000n and a token in `tokens.json`. A desk that outlives a
    test has no `capsys`, so `icesync` does not work there."""

    folder: Path
    sandbox: Running
    capsys: pytest.CaptureFixture[str] | None = None
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def config(self) -> Path:
        return self.folder / "icesync.yaml"

    def id_of(self, number: int) -> str:
        return str(17841400000000000 + number)

    def declare(
        self,
        accounts: Mapping[str, Profile | str | None],
        *,
        webhooks: Mapping[str, Sequence[str]] | None = None,
        **root: Any,
    ) -> None:
        """Write icesync.yaml: a profile, `none`, or None for an account without. Accounts are numbered
        from 1 in their order, have no budget, and ask for `webhooks` where they are given some. JSON is
        YAML."""
        document: dict[str, Any] = {"version": 1, "api": {"url": self.sandbox.url, "budget": "none"}, **root}
        document["defaults"] = {"token": "file:tokens.json#${name}", **root.get("defaults", {})}
        document["accounts"] = {}
        tokens = {}
        for number, (name, wanted) in enumerate(accounts.items(), 1):
            account: dict[str, Any] = {"id": self.id_of(number)}
            if isinstance(wanted, str):
                account["ice_breakers"] = wanted
            elif wanted is not None:
                account["ice_breakers"] = {
                    locale: [{"question": q, "payload": p} for q, p in questions]
                    for locale, questions in wanted.items()
                }
            if webhooks and name in webhooks:
                account["webhooks"] = list(webhooks[name])
            document["accounts"][name] = account
            tokens[name] = f"sandbox-{account['id']}"
        self.config.write_text(json.dumps(document, indent=1), encoding="utf-8")
        self.give_tokens(tokens)

    def give_tokens(self, tokens: Mapping[str, str]) -> None:
        (self.folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")

    def live(self, number: int) -> dict[str, list[tuple[str, str]]]:
        """What stands on account number n, whatever the world makes its readers see."""
        return {
            entry["locale"]: [(each["question"], each["payload"]) for each in entry["call_to_actions"]]
            for entry in self.sandbox.api.profiles.get(self.id_of(number), [])
        }

    def seed(self, number: int, profile: Profile) -> None:
        self.sandbox.api.seed(self.id_of(number), listed(profile))

    def subscribe(self, number: int, *fields: str) -> None:
        """Subscribe account number n to these fields and to no others, past all rules."""
        self.sandbox.api.subscribed[self.id_of(number)] = fields

    def subscribed(self, number: int) -> set[str]:
        """The fields that account number n is subscribed to."""
        return set(self.sandbox.api.subscribed.get(self.id_of(number), ()))

    def calls(self, number: int, *methods: str) -> int:
        """How many requests account number n has seen, of these methods or of all."""
        return sum(
            account == self.id_of(number) and (not methods or method in methods)
            for method, account in self.sandbox.api.calls
        )

    def icesync(self, *arguments: str, config: bool = True) -> Result:
        """Run a command line in this process, on the injected clock. The config's path goes last."""
        assert self.capsys is not None
        self.capsys.readouterr()
        line = [*arguments, str(self.config)] if config else list(arguments)
        code = cli.run(line, clock=self.clock)
        out, err = self.capsys.readouterr()
        return Result(code, out, err)
