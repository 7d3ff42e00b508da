"""A peer: the obvious asynchronous program, with httpx, CSafeLoader and DeepDiff."""

import asyncio
import json
import os
import sys

import httpx
import yaml
from deepdiff import DeepDiff

CONCURRENCY = 16


def load(path):
    """Each account with the keys of its template, and `${id}` filled in."""
    with open(path, "rb") as file:
        document = yaml.load(file, yaml.CSafeLoader)
    for name, account in document["accounts"].items():
        template = document.get("templates", {}).get(account.get("extends"), {})
        merged = {**document.get("defaults", {}), **template, **account}
        if "extends" in account:
            merged = json.loads(json.dumps(merged).replace("${id}", account["id"]))
        yield name, merged


async def main(accounts, url):
    free = asyncio.Semaphore(CONCURRENCY)

    async def difference(account):
        token = os.environ[account["token"].removeprefix("env:")]
        async with free:
            response = await client.get(
                f"/v24.0/{account['id']}/messenger_profile",
                params={"fields": "ice_breakers"},
                headers={"Authorization": f"Bearer {token}"},
            )
        response.raise_for_status()
        live = {
            entry["locale"]: entry["call_to_actions"]
            for profile in response.json()["data"]
            for entry in profile.get("ice_breakers", ())
        }
        return DeepDiff(live, account["ice_breakers"])

    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        differences = await asyncio.gather(*(difference(account) for account in accounts.values()))
    for name, edits in zip(accounts, differences, strict=True):
        if edits:
            print(name, edits.pretty())
    differ = sum(map(bool, differences))
    print(f"{differ} differ, {len(accounts) - differ} in sync")


if __name__ == "__main__":
    asyncio.run(main(dict(load(sys.argv[1])), sys.argv[2]))
