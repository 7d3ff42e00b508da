"""A peer: octoDNS with a provider for this API. An account is a zone, a locale a TXT record."""

import json
import logging

import requests
from octodns.provider.base import BaseProvider
from octodns.record import Record
from requests.adapters import HTTPAdapter


class IceBreakersProvider(BaseProvider):
    SUPPORTS = frozenset({"TXT"})
    SUPPORTS_GEO = False
    SUPPORTS_DYNAMIC = False
    SUPPORTS_ROOT_NS = False
    zones_read = 0

    def __init__(self, name, url, token, workers):
        self.log = logging.getLogger(f"IceBreakersProvider[{name}]")
        super().__init__(name)
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"
        # A connection for each worker, else those above ten are thrown away after each request.
        self.session.mount("http://", HTTPAdapter(pool_maxsize=int(workers)))

    def populate(self, zone, target=False, lenient=False):
        account = zone.name.partition(".")[0]
        response = self.session.get(
            f"{self.url}/v24.0/{account}/messenger_profile", params={"fields": "ice_breakers"}, timeout=30
        )
        response.raise_for_status()
        for profile in response.json()["data"]:
            for entry in profile.get("ice_breakers", ()):
                data = {"type": "TXT", "ttl": 3600, "values": texts(entry["call_to_actions"])}
                record = Record.new(zone, entry["locale"].lower(), data, source=self, lenient=lenient)
                zone.add_record(record, lenient=lenient)
        IceBreakersProvider.zones_read += 1
        return True


def texts(questions):
    """The values of a TXT record have no order of their own, so each holds its position."""
    values = [
        json.dumps([position, question["question"], question["payload"]])
        for position, question in enumerate(questions, 1)
    ]
    return [value.replace(";", "\\;") for value in values]


class Counts:
    """A plan output that ends in the line that all peers end in."""

    def __init__(self, name):
        self.name = name

    def run(self, plans, fh, **_):
        for _, plan in plans:
            print(plan.desired.decoded_name, *plan.changes, sep="\n  ", file=fh)
        print(f"{len(plans)} differ, {IceBreakersProvider.zones_read - len(plans)} in sync", file=fh)
