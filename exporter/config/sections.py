"""The keys of what all sources share: collecting, buckets, exemplars, connections.

Knows no vendor and no file.
"""

from exporter.config.addresses import AuthorityFile, Proxy
from exporter.config.place import Place
from exporter.config.readers import Flag, Optional, Rising, duration, size, whole
from exporter.config.settings import BucketSettings, CollectSettings, HttpSettings
from exporter.config.tables import Key, Table, Values
from exporter.counting import LONGEST

TIMEOUT = Key(
    name="timeout",
    reader=duration("100ms", "10m"),
    default="10s",
    meaning="the deadline of a scrape whose request names none",
    example="10s",
)
MIN_INTERVAL = Key(
    name="min_interval",
    reader=duration("0s", "1h"),
    default="10s",
    meaning="scrapes closer together share one collection; with 0s only those that overlap",
    example="15s",
)
MAX_RESPONSE_BYTES = Key(
    name="max_response_bytes",
    reader=size(2**10, 4 * 2**30),
    default="64MiB",
    meaning="the largest answer of a vendor that is read, decoded; 64MiB hold some 290,000 people",
    example="256MiB",
)


def _collect(values: Values, _: Place) -> CollectSettings:
    return CollectSettings(
        timeout=values[TIMEOUT],
        min_interval=values[MIN_INTERVAL],
        max_response_bytes=values[MAX_RESPONSE_BYTES],
    )


COLLECT = Key(
    name="collect",
    reader=Table(entries=(TIMEOUT, MIN_INTERVAL, MAX_RESPONSE_BYTES), build=_collect),
    default="{}",
    meaning="how collections behave, for all sources",
    example="{timeout: 10s}",
)

_FAMILIES = {
    "room_size_participants": "occupied rooms by the number of people in them",
    "current_stay_seconds": "people present by how long they have been there",
    "lone_stay_seconds": "people alone in a room by how long they have been there",
    "meeting_age_seconds": "ongoing meetings by age",
    "join_duration_seconds": "stays in ended meetings, by length",
    "meeting_duration_seconds": "ended meetings by length",
    "meeting_peak_participants": "ended meetings by the most people at once",
    "current_status_seconds": "chat users by how long they have been in their status",
    "status_duration_seconds": "completed stays in a status",
    "upstream_request_duration_seconds": "requests to the vendors",
}


_IN_LEDGER = {"join_duration_seconds", "meeting_duration_seconds"}
"""Families of durations that are written down per whole second, and only up to `LONGEST`."""


def _bounds_key(family: str) -> Key[tuple[float, ...]]:
    default = "[" + ", ".join(f"{bound:g}" for bound in BucketSettings().of(family)) + "]"
    fractions = family == "upstream_request_duration_seconds"
    example = "[0.1, 1, 10]" if fractions else "[60, 600, 3600]"
    reader = Rising(fractions, LONGEST - 1) if family in _IN_LEDGER else Rising(fractions)
    return Key(name=family, reader=reader, default=default, meaning=_FAMILIES[family], example=example)


BOUNDS = tuple(_bounds_key(family) for family in BucketSettings())


def _buckets(values: Values, _: Place) -> BucketSettings:
    return BucketSettings(**{key.name: values[key] for key in BOUNDS})


BUCKETS = Key(
    name="buckets",
    reader=Table(entries=BOUNDS, build=_buckets),
    default="{}",
    meaning="upper bounds of the histograms, by family without `presence_`; a change breaks stored series",
    example="{meeting_age_seconds: [60, 600, 3600]}",
)

EXEMPLARS = Key(
    name="exemplars",
    reader=Flag(),
    default="false",
    meaning="whether join durations show, in OpenMetrics, the id of one meeting for each bucket",
    example="true",
)

CONNECT_TIMEOUT = Key(
    name="connect_timeout",
    reader=duration("100ms", "1m"),
    default="3s",
    meaning="how long one attempt to connect may take, inside the deadline",
    example="1s",
)
PROXY = Key(
    name="proxy",
    reader=Proxy(),
    default="environment",
    meaning="environment = as HTTPS_PROXY and its kin say; the URL may hold a user and a password",
    example="http://proxy.example.org:3128",
)
CA_FILE = Key(
    name="ca_file",
    reader=Optional(AuthorityFile()),
    default="null",
    meaning="authorities to trust in place of the usual ones; relative to the configuration file's folder",
    example="internal-ca.pem",
)
MAX_CONNECTIONS = Key(
    name="max_connections",
    reader=whole(1, 1000),
    default="10",
    meaning="most connections to the vendor at once",
    example="4",
)


def _http(values: Values, _: Place) -> HttpSettings:
    return HttpSettings(
        connect_timeout=values[CONNECT_TIMEOUT],
        proxy=values[PROXY],
        ca_file=values[CA_FILE],
        max_connections=values[MAX_CONNECTIONS],
    )


HTTP = Key(
    name="http",
    reader=Table(entries=(CONNECT_TIMEOUT, PROXY, CA_FILE, MAX_CONNECTIONS), build=_http),
    default="{}",
    meaning="how the vendor is reached",
    example="{connect_timeout: 1s, proxy: none}",
)
