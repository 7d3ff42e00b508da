"""The same thousand accounts in the form that each peer reads. Only icesync.yaml may need expanding."""

import json
from pathlib import Path

import yaml

LOCALES = ["default", "ar_AR", "de_DE", "es_ES", "fr_FR", "hi_IN", "it_IT", "ja_JP", "pt_BR", "tr_TR"]
QUESTIONS = 4


def ice_breakers(account: str) -> dict[str, list[dict[str, str]]]:
    """An account's own words: its id stands in each of them."""
    return {
        locale: [
            {
                "question": f"Where is my order number {number} from {account} ({locale})?",
                "payload": f"ORDER_STATUS_{number}_{locale}_{account}",
            }
            for number in range(1, QUESTIONS + 1)
        ]
        for locale in LOCALES
    }


def write_world(folder: Path, count: int, *, differ: int = 0) -> None:
    """`count` accounts as files in this folder, and the answer.json that they are in sync with.

    The first `differ` of them are not: they want another payload than the one that is live.
    """
    accounts = {f"shop-{number:04}": str(17841400000000001 + number) for number in range(count)}
    wanted = {name: ice_breakers(number) for name, number in accounts.items()}
    for name in list(wanted)[:differ]:
        wanted[name]["default"][0]["payload"] = "SOMETHING_ELSE"
    live = [{"locale": locale, "call_to_actions": each} for locale, each in ice_breakers("{id}").items()]
    (folder / "answer.json").write_text(json.dumps({"data": [{"ice_breakers": live}]}))
    _write_yaml(folder / "spelled-out.yaml", _spelled_out(accounts, wanted))
    _write_yaml(folder / "template.yaml", _template(accounts, wanted, differ))
    rows = [{"name": name, "id": number, "ice_breakers": wanted[name]} for name, number in accounts.items()]
    (folder / "accounts.json").write_text(json.dumps(rows))
    hosts = {row.pop("name"): row for row in rows}
    _write_yaml(folder / "inventory.yaml", {"accounts": {"hosts": hosts}})
    _write_zones(folder / "zones", accounts, wanted)


def _spelled_out(accounts: dict[str, str], wanted: dict) -> dict:
    """Every account with all its words, as a fleet that was pulled or generated has them."""
    return {
        "version": 1,
        "defaults": {"token": "env:BENCH_TOKEN"},
        "accounts": {name: {"id": number, "ice_breakers": wanted[name]} for name, number in accounts.items()},
    }


def _template(accounts: dict[str, str], wanted: dict, differ: int) -> dict:
    """The same from one template, two lines an account."""
    return {
        "version": 1,
        "templates": {"shop": {"token": "env:BENCH_TOKEN", "ice_breakers": ice_breakers("${id}")}},
        "accounts": {
            name: {"id": number, "extends": "shop"}
            | ({"ice_breakers": wanted[name]} if position < differ else {})
            for position, (name, number) in enumerate(accounts.items())
        },
    }


def _write_yaml(path: Path, content: dict) -> None:
    dumper = type("Plain", (yaml.CSafeDumper,), {"ignore_aliases": lambda *_: True})
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file, dumper, sort_keys=False, allow_unicode=True, width=1000)


def _write_zones(folder: Path, accounts: dict[str, str], wanted: dict) -> None:
    """What octoDNS reads: an account is a zone, a locale a TXT record, a question one of its values."""
    folder.mkdir()
    for name, number in accounts.items():
        records = {
            locale.lower(): {
                "type": "TXT",
                "values": [json.dumps([n, *q.values()]) for n, q in enumerate(each, 1)],
            }
            for locale, each in wanted[name].items()
        }
        _write_yaml(folder / f"{number}.ig.yaml", records)
