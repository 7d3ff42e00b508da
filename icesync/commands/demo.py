"""`icesync demo`: the whole tour, with real requests, against an embedded sandbox."""

import json
import shlex
import urllib.request
from contextlib import chdir
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from icesync.errors import ExitCode, IcesyncError, Interrupted
from icesync.runtime import Runtime

ACCOUNTS: Final = {
    "acme-us": "17841400000000001",
    "acme-fr": "17841400000000002",
    "globex": "17841400000000003",
    "acme-old": "17841400000000004",
}
BY_HAND: Final = {
    "platform": "instagram",
    "ice_breakers": [
        {
            "locale": "default",
            "call_to_actions": [{"question": "Is anybody there?", "payload": "HELLO"}],
        }
    ],
}


@click.command()
@click.pass_obj
def demo(runtime: Runtime) -> int:
    """Take the whole tour in a temporary folder: plan, apply, drift by hand, repair, roll back."""
    from icesync.sandbox.server import running

    with TemporaryDirectory(prefix="icesync-demo-") as folder, running() as sandbox, chdir(folder):
        desired = files("icesync.commands").joinpath("demo.yaml").read_text(encoding="utf-8")
        Path("icesync.yaml").write_text(desired.replace("SANDBOX_URL", sandbox.url), encoding="utf-8")
        tokens = {name: f"sandbox-{account_id}" for name, account_id in ACCOUNTS.items()}
        Path("tokens.json").write_text(json.dumps(tokens), encoding="utf-8")
        _Tour(runtime, sandbox.url).walk()
    return 0


class _Tour:
    """Runs command lines one after the other and shows them as a person would type them."""

    def __init__(self, runtime: Runtime, url: str) -> None:
        self._runtime = runtime
        self._url = url
        # The tour is its own: what the user's environment names is not for it.
        self._environ = {key: value for key, value in runtime.environ.items() if "ICESYNC_" not in key}
        self._curl = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def walk(self) -> None:
        old = ACCOUNTS["acme-old"]
        self._tell("A fleet of four accounts. On one of them somebody has left ice breakers by hand:")
        self._by_hand(old)
        self._tell("What would icesync do?")
        self._run("plan")
        self._tell("One account of four loses everything, more than the limit of 10 %:")
        self._run("apply --yes", expect=4)
        self._run("apply --yes --max-deletes 1")
        self._tell("Nothing is left to do:")
        self._run("plan")
        self._tell("Now somebody edits a live account by hand:")
        self._by_hand(ACCOUNTS["acme-us"])
        self._tell("The nightly check finds it, and tells by its exit code:")
        self._run("drift", expect=2)
        self._tell("The files win:")
        self._run("apply --yes")
        self._tell("Every write was recorded before it was sent:")
        self._run("history")
        self._tell("And each run can be taken back:")
        self._run("rollback last --yes")
        self._run("drift", expect=2)

    def _tell(self, text: str) -> None:
        self._runtime.console.result(f"\n# {text}")

    def _run(self, line: str, expect: int = 0) -> None:
        self._runtime.console.result(f"\n$ icesync {line}")
        code = self._runtime.invoke(shlex.split(line), self._environ)
        if code:
            self._runtime.console.result(f"(exit code {code})")
        if code == ExitCode.INTERRUPTED:
            raise Interrupted("the tour ends here")
        if code != expect:
            raise IcesyncError(f"the tour expected exit code {expect} from `icesync {line}`")

    def _by_hand(self, account_id: str) -> None:
        url, token = f"{self._url}/v24.0/{account_id}/messenger_profile", f"sandbox-{account_id}"
        body = json.dumps(BY_HAND)
        self._runtime.console.result(
            f"\n$ curl -X POST {url} \\\n"
            f"    -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d '{body}'"
        )
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, body.encode(), headers)
        with self._curl.open(request) as answer:
            self._runtime.console.result(answer.read().decode())
