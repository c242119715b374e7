"""The floor of a scrape of rooms: download, typed decode, render of the same samples; a page for each line.

Arguments: the URL, `openmetrics` or `text`, and `all` figures or the `counts` alone, which need no times.
"""

import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime

import httpx
import msgspec
from prometheus_client import Metric, exposition
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics

AGES = (30, 60, 300, 600, 900, 1800, 2700, 3600, 5400, 7200, 14400, 28800, 86400, float("inf"))


class _Person(msgspec.Struct, gc=False):
    joined: datetime = msgspec.field(name="joinTime")


class _Floor:
    def collect(self) -> Iterator[Metric]:
        rooms = DECODER.decode(CLIENT.get(sys.argv[1]).content)
        shown = GaugeMetricFamily("presence_room_participants", "People.", labels=["source", "room"])
        for room, people in rooms.items():
            shown.add_metric(["bench", room], len(people))
        yield shown
        yield GaugeMetricFamily("presence_participants", "People.", value=sum(map(len, rooms.values())))
        if sys.argv[3] == "all":
            now = time.time()
            stays = sorted(now - each.joined.timestamp() for people in rooms.values() for each in people)
            buckets = [(str(age), float(bisect_right(stays, age))) for age in AGES]
            yield GaugeHistogramMetricFamily("presence_current_stay_seconds", "Stays.", buckets, sum(stays))


DECODER, CLIENT = msgspec.json.Decoder(dict[str, list[_Person]]), httpx.Client(trust_env=False)
render = openmetrics.generate_latest if sys.argv[2] == "openmetrics" else exposition.generate_latest
for _ in sys.stdin:
    print(len(render(_Floor())), flush=True)
