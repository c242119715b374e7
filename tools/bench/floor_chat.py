"""The floor of a scrape of chat users: download, typed decode, counts by status; a page for each line."""

import sys
from collections import Counter
from collections.abc import Iterator

import httpx
import msgspec
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector


class _User(msgspec.Struct, gc=False):
    status: str
    id: str = msgspec.field(name="_id")


class _Body(msgspec.Struct, gc=False):
    users: list[_User]


class _Floor(Collector):
    def collect(self) -> Iterator[Metric]:
        body = DECODER.decode(CLIENT.get(sys.argv[1]).content)
        statuses = {user.id: user.status for user in body.users}
        shown = GaugeMetricFamily("presence_users", "Users by status.", labels=["source", "status"])
        for status, users in Counter(statuses.values()).items():
            shown.add_metric(["bench", status], users)
        yield shown


DECODER, CLIENT = msgspec.json.Decoder(_Body), httpx.Client(trust_env=False)
for _ in sys.stdin:
    print(len(openmetrics.generate_latest(_Floor())), flush=True)  # type: ignore[no-untyped-call]
