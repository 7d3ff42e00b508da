"""A peer: the script that everyone writes first, with requests and safe_load."""

import json
import os
import sys

import requests
import yaml


def expanded(document):
    """Each account with the keys of its template, and `${id}` filled in."""
    for name, account in document["accounts"].items():
        template = document.get("templates", {}).get(account.get("extends"), {})
        merged = {**document.get("defaults", {}), **template, **account}
        if "extends" in account:
            merged = json.loads(json.dumps(merged).replace("${id}", account["id"]))
        yield name, merged


def main(path, url):
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    accounts = differ = 0
    with requests.Session() as session:
        session.trust_env = False  # else it looks for a proxy and a .netrc again for each request
        for name, account in expanded(document):
            token = os.environ[account["token"].removeprefix("env:")]
            response = session.get(
                f"{url}/v24.0/{account['id']}/messenger_profile",
                params={"fields": "ice_breakers"},
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            )
            response.raise_for_status()
            live = {
                entry["locale"]: entry["call_to_actions"]
                for profile in response.json()["data"]
                for entry in profile.get("ice_breakers", ())
            }
            accounts += 1
            if live != account["ice_breakers"]:
                differ += 1
                print(name)
    print(f"{differ} differ, {accounts - differ} in sync")


if __name__ == "__main__":
    main(*sys.argv[1:])
