"""The counters of this process: what is known in advance stands at 0, and each event is counted once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from structlog.testing import capture_logs

from exporter.model import Answer, Collector, Deadline, Finding, Partial, Reason, Selection
from exporter.telemetry import BuildInfo, Line, Telemetry
from exporter.telemetry.upstream import FIRST_CODES, QUIET, RETRY_REASONS
from tests.demo_client import Hand

PROMISED = {
    "presence_collector_runs_total": ("counter", {"source", "collector"}),
    "presence_collector_failures_total": ("counter", {"source", "collector", "reason"}),
    "presence_schema_drift_total": ("counter", {"source", "field"}),
    "presence_upstream_requests_total": ("counter", {"source", "endpoint", "code"}),
    "presence_upstream_request_duration_seconds": ("histogram", {"source", "endpoint"}),
    "presence_upstream_response_bytes_total": ("counter", {"source", "endpoint"}),
    "presence_upstream_retries_total": ("counter", {"source", "endpoint", "reason"}),
    "presence_upstream_rate_limit_remaining": ("gauge", {"source", "endpoint"}),
    "presence_upstream_pause_until_timestamp_seconds": ("gauge", {"source", "endpoint"}),
    "presence_exporter_build_info": ("info", {"version", "revision", "pythonversion"}),
    "presence_exporter_config_last_reload_successful": ("gauge", set()),
    "presence_exporter_config_last_reload_success_timestamp_seconds": ("gauge", set()),
    "presence_exporter_http_requests_total": ("counter", {"handler", "code"}),
    "presence_exporter_http_request_duration_seconds": ("histogram", {"handler"}),
    "presence_exporter_collections_total": ("counter", {"source"}),
    "presence_exporter_collections_shared_total": ("counter", {"source"}),
}

BUILD = BuildInfo(version="1.2.3", revision="abc", python="3.11.7")
BOUNDS = (0.1, 1.0)
NOW = 1_800_000_000.0


class Presence(Collector):
    """A collector of which only the name matters."""

    name = "presence"
    endpoint = "/presence"

    async def collect(self, deadline: Deadline) -> Partial:  # pragma: no cover - nobody asks it
        return Partial(None)


class Meetings(Presence):
    """Another one."""

    name = "meetings"
    endpoint = "/meetings"


@dataclass
class Account:
    """A source of which only the names matter."""

    name: str = "acme"
    kind: str = "daily"
    collectors: Sequence[Collector] = (Presence(), Meetings())
    endpoints: Sequence[str] = ("/presence", "/meetings")
    drift_fields: Sequence[str] = ("joinTime", "room")

    async def examine(self, deadline: Deadline) -> Sequence[Finding]:  # pragma: no cover - for the doctor
        return ()

    async def aclose(self) -> None:
        """Have nothing to close."""


def telemetry(*sources: Account, wall: Hand | None = None, process_metrics: bool = False) -> Telemetry:
    """Counters of these sources, all of them announced."""
    counters = Telemetry(
        BUILD, request_buckets=BOUNDS, process_metrics=process_metrics, wall=wall or Hand(NOW)
    )
    counters.announce(*sources)
    return counters


def page(counters: Telemetry) -> dict[str, Metric]:
    """The families by their full names."""
    suffixes = {"counter": "_total", "info": "_info"}
    return {metric.name + suffixes.get(metric.type, ""): metric for metric in counters.families()}


def values(counters: Telemetry, family: str) -> dict[str, float]:
    """The samples of a family by their labels, those of histograms by their suffix too."""
    metric = page(counters)[family]
    return {
        " ".join(
            [sample.name.removeprefix(metric.name).removeprefix("_total"), *sample.labels.values()]
        ).strip(): sample.value
        for sample in metric.samples
    }


def counted(counters: Telemetry, family: str) -> dict[str, float]:
    """The samples that are not 0."""
    return {labels: value for labels, value in values(counters, family).items() if value}


def test_every_family_that_is_promised_exists_and_no_other() -> None:
    """Name and type are an interface, and so are the labels."""
    counters = telemetry(Account())
    counters.announce_handlers(["/metrics"])
    counters.observer("acme").remaining("/presence", 9)
    shown = page(counters)

    assert {name: metric.type for name, metric in shown.items()} == {
        name: kind for name, (kind, _) in PROMISED.items()
    }
    for name, (_, labels) in PROMISED.items():
        assert {frozenset(set(sample.labels) - {"le"}) for sample in shown[name].samples} == {
            frozenset(labels)
        }


@pytest.mark.parametrize("name", PROMISED)
def test_help_is_a_sentence(name: str) -> None:
    """Without the line breaks of its source; a counter says since when it counts."""
    text = page(telemetry(Account()))[name].documentation

    assert text.endswith(".")
    assert "  " not in text
    assert PROMISED[name][0] not in {"counter", "histogram"} or "since the start of this process" in text


def test_no_family_says_when_it_was_created() -> None:
    """The text formats have no place for that, and this process's start is a metric of its own."""
    names = {sample.name for metric in telemetry(Account()).families() for sample in metric.samples}

    assert [name for name in names if name.endswith("_created")] == []


def test_what_is_known_in_advance_stands_at_zero() -> None:
    """Sources, collectors, reasons, endpoints, fields and paths: a rate needs a first value."""
    counters = telemetry(Account(), Account("other", collectors=[Presence()], endpoints=["/presence"]))
    counters.announce_handlers(["/metrics", "/"])
    asked = [("acme", "/presence"), ("acme", "/meetings"), ("other", "/presence")]
    run = [("acme", "presence"), ("acme", "meetings"), ("other", "presence")]

    def zeros(*labels: Iterable[str]) -> dict[str, float]:
        return {" ".join(each): 0.0 for each in labels}

    assert values(counters, "presence_collector_runs_total") == zeros(*run)
    assert values(counters, "presence_collector_failures_total") == zeros(
        *((*each, reason) for each in run for reason in Reason)
    )
    assert values(counters, "presence_schema_drift_total") == zeros(
        *((source, field) for source in ("acme", "other") for field in ("joinTime", "room"))
    )
    assert values(counters, "presence_upstream_requests_total") == zeros(
        *((*each, code) for each in asked for code in FIRST_CODES)
    )
    assert values(counters, "presence_upstream_retries_total") == zeros(
        *((*each, reason) for each in asked for reason in RETRY_REASONS)
    )
    assert values(counters, "presence_upstream_response_bytes_total") == zeros(*asked)
    assert values(counters, "presence_upstream_pause_until_timestamp_seconds") == zeros(*asked)
    for family in ("collections", "collections_shared"):
        assert values(counters, f"presence_exporter_{family}_total") == zeros(["acme"], ["other"])
    assert values(counters, "presence_exporter_http_requests_total") == zeros(
        ["/metrics", "200"], ["/", "200"]
    )
    assert values(counters, "presence_exporter_http_request_duration_seconds") == zeros(
        *((f"_{part}", path) for path in ("/metrics", "/") for part in ("count", "sum")),
        *(("_bucket", path, end) for path in ("/metrics", "/") for end in ("0.1", "1.0", "+Inf")),
    )
    assert values(counters, "presence_upstream_rate_limit_remaining") == {}


def test_the_version_is_an_info() -> None:
    """What runs, from which revision, on which Python."""
    [sample] = page(telemetry())["presence_exporter_build_info"].samples

    assert (sample.labels, sample.value) == (
        {"version": "1.2.3", "revision": "abc", "pythonversion": "3.11.7"},
        1,
    )


def test_runs_and_failures_are_counted_by_reason() -> None:
    """A failed run is a run too."""
    counters = telemetry(Account())
    for reason in (None, Reason.AUTH, Reason.AUTH, Reason.TIMEOUT):
        counters.ran("acme", "presence", answer=Answer(None, reason, 0.1))

    assert counted(counters, "presence_collector_runs_total") == {"acme presence": 4}
    assert counted(counters, "presence_collector_failures_total") == {
        "acme presence auth": 2,
        "acme presence timeout": 1,
    }


def test_pulls_are_told_apart_by_who_asked() -> None:
    """Those that asked, and those that were given another's answer."""
    counters = telemetry(Account())
    for shared in (False, True, True):
        counters.pulled("acme", shared=shared)

    assert counted(counters, "presence_exporter_collections_total") == {"acme": 1}
    assert counted(counters, "presence_exporter_collections_shared_total") == {"acme": 2}


def test_requests_to_us_are_counted_by_path_and_status() -> None:
    """And timed."""
    counters = telemetry()
    counters.served("/metrics", 200, seconds=0.5)
    counters.served("other", 404, seconds=0.01)

    assert counted(counters, "presence_exporter_http_requests_total") == {"/metrics 200": 1, "other 404": 1}
    durations = counted(counters, "presence_exporter_http_request_duration_seconds")
    assert durations["_sum /metrics"] == 0.5
    assert "_bucket /metrics 0.1" not in durations
    assert durations["_bucket other 0.1"] == durations["_bucket /metrics 1.0"] == 1


def test_requests_to_a_vendor_are_counted_timed_and_weighed() -> None:
    """Each by its endpoint; a code that was not foreseen gets a series when it comes."""
    counters = telemetry(Account())
    observer = counters.observer("acme")
    observer.responded("/presence", code="200", seconds=0.5, size=100)
    observer.responded("/presence", code="418", seconds=2.0, size=11)
    observer.retried("/presence", Reason.SERVER_ERROR)
    observer.remaining("/presence", 7)
    observer.remaining("/presence", 6)

    assert counted(counters, "presence_upstream_requests_total") == {
        "acme /presence 200": 1,
        "acme /presence 418": 1,
    }
    assert counted(counters, "presence_upstream_response_bytes_total") == {"acme /presence": 111}
    assert counted(counters, "presence_upstream_retries_total") == {"acme /presence server_error": 1}
    assert counted(counters, "presence_upstream_rate_limit_remaining") == {"acme /presence": 6}
    assert counted(counters, "presence_upstream_request_duration_seconds") == {
        "_bucket acme /presence 1.0": 1,
        "_bucket acme /presence +Inf": 2,
        "_count acme /presence": 2,
        "_sum acme /presence": 2.5,
    }


PAUSES = "presence_upstream_pause_until_timestamp_seconds"


def test_a_pause_is_shown_until_it_ends() -> None:
    """Then it is 0 again, although nobody tells of its end."""
    wall = Hand(NOW)
    counters = telemetry(Account(), wall=wall)
    counters.observer("acme").paused("/presence", until=NOW + 30)

    assert counted(counters, PAUSES) == {"acme /presence": NOW + 30}
    wall.now += 29.9
    assert counted(counters, PAUSES) == {"acme /presence": NOW + 30}
    wall.now += 0.1
    assert counted(counters, PAUSES) == {}


def test_a_pause_of_a_whole_source_shows_on_each_of_its_endpoints() -> None:
    """And on none of another source's."""
    counters = telemetry(Account(), Account("other"))
    counters.observer("acme").paused("", until=NOW + 30)

    assert counted(counters, PAUSES) == {"acme /presence": NOW + 30, "acme /meetings": NOW + 30}


def test_a_pause_where_nobody_is_asked_again_shows_nowhere() -> None:
    """The doctor's questions have endpoints of their own, which no scrape asks."""
    counters = telemetry(Account())
    counters.observer("acme").paused("/", until=NOW + 30)

    assert counted(counters, PAUSES) == {}


@given(
    decodings=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.floats(0, 9)), max_size=9)
)
def test_the_time_that_decoding_takes_is_that_of_the_last_answers(
    decodings: list[tuple[str, str, float]],
) -> None:
    """Of all endpoints of all sources together: they may come at the same moment."""
    counters = telemetry(Account("a"), Account("b"))
    last = {}
    for source, endpoint, seconds in decodings:
        counters.observer(source).decoded(endpoint, seconds=seconds)
        last[source, endpoint] = seconds

    assert counters.decode_seconds() == pytest.approx(sum(last.values()))
    for source in {source for source, _ in last}:
        alone = sum(seconds for (each, _), seconds in last.items() if each == source)
        assert counters.decode_seconds(Selection(frozenset({source}))) == pytest.approx(alone)
    assert counters.decode_seconds(Selection(frozenset({"nobody"}))) == 0


def test_drift_is_counted_by_row_and_logged_when_it_begins() -> None:
    """One line for each field of each source; another one only after an hour without."""
    wall = Hand(NOW)
    counters = telemetry(Account(), Account("other"), wall=wall)
    steps = [("acme", "room", 2, 15.0)] * 300 + [
        ("acme", "room", 0, QUIET),
        ("acme", "joinTime", 1, 1.0),
        ("other", "room", 1, 1.0),
        ("acme", "room", 3, 0.0),
    ]
    with capture_logs() as logs:
        for source, field, rows, seconds in steps:
            counters.observer(source).drifted(field, rows)
            wall.now += seconds

    assert counted(counters, "presence_schema_drift_total") == {
        "acme room": 603,
        "acme joinTime": 1,
        "other room": 1,
    }
    assert [(entry["source"], entry["field"], entry["rows"]) for entry in logs] == [
        ("acme", "room", 2),
        ("acme", "joinTime", 1),
        ("other", "room", 1),
        ("acme", "room", 3),
    ]
    assert {(entry["event"], entry["log_level"]) for entry in logs} == {("schema drift begins", "warning")}


def test_the_process_tells_of_itself_where_it_is_wanted() -> None:
    """The collectors of the client library, and not where they are switched off."""
    with_them, without = (set(page(telemetry(process_metrics=wanted))) for wanted in (True, False))

    assert {"python_info", "process_resident_memory_bytes", "python_gc_collections_total"} <= with_them
    assert without == set(PROMISED)


# The configuration is read again


def test_the_start_is_a_reload_that_worked() -> None:
    """The moment is that of the last one that did; a failed one changes the first gauge alone."""
    wall = Hand(NOW)
    counters = telemetry(wall=wall)
    worked, when = (
        f"presence_exporter_config_last_reload_{what}" for what in ("successful", "success_timestamp_seconds")
    )
    seen = []
    for successful in (None, False, True):
        if successful is not None:
            wall.now += 10
            counters.reloaded(successful=successful)
        seen.append((values(counters, worked)[""], values(counters, when)[""]))

    assert seen == [(1.0, NOW), (0.0, NOW), (1.0, NOW + 20)]


def in_force(counters: Telemetry, *sources: Account) -> list[Line]:
    """Put these sources in force, with lines of their own."""
    lines = [counters.line(source.name, kind=source.kind) for source in sources]
    counters.put_in_force(zip(sources, lines, strict=True))
    return lines


def busy(line: Line, counters: Telemetry, *, endpoint: str = "/presence") -> None:
    """Let everything happen once to a source that is called acme."""
    line.responded(endpoint, code="200", seconds=0.5, size=100)
    line.responded(endpoint, code="418", seconds=0.5, size=100)
    line.retried(endpoint, Reason.CONNECT)
    line.remaining(endpoint, 7)
    line.paused(endpoint, until=NOW + 30)
    line.decoded(endpoint, seconds=2.0)
    line.drifted("room", 3)
    counters.ran("acme", "presence", answer=Answer(None, Reason.AUTH, 0.1))
    counters.pulled("acme", shared=False)
    counters.pulled("acme", shared=True)


def shown(counters: Telemetry, *, source: str | None = None) -> dict[str, float]:
    """Every sample that has a source, or that source, by its name and labels."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for metric in counters.families()
        for sample in metric.samples
        if "source" in sample.labels and source in {None, sample.labels["source"]}
    }


def test_a_source_that_is_gone_leaves_no_series() -> None:
    """Nor does what still happens to it bring one back; the others' stay as they are."""
    counters = telemetry()
    acme, other = Account(), Account("other")
    line, staying = in_force(counters, acme, other)
    busy(line, counters)
    staying.responded("/presence", code="200", seconds=0.5, size=9)
    before = shown(counters, source="other")
    counters.put_in_force([(other, staying)])
    busy(line, counters)

    assert shown(counters) == before
    assert counters.decode_seconds() == 0
    assert counters.activity("acme").collected == 0
    in_force(counters, acme)
    assert set(counted(counters, "presence_upstream_requests_total")) == set()
    assert "acme /presence 200" in values(counters, "presence_upstream_requests_total")


def test_a_source_that_was_changed_counts_on() -> None:
    """By its name; what its vendor said of the limit may be of another account, and is forgotten."""
    counters = telemetry()
    [before] = in_force(counters, Account())
    busy(before, counters)
    counted_before = shown(counters)
    [now] = in_force(counters, Account())

    forgotten = {
        "presence_upstream_rate_limit_remaining acme /presence": None,
        "presence_upstream_pause_until_timestamp_seconds acme /presence": 0.0,
    }
    assert shown(counters) == {
        name: value for name, value in (counted_before | forgotten).items() if value is not None
    }
    assert counters.decode_seconds() == 0
    busy(now, counters)
    assert shown(counters)["presence_upstream_requests_total acme /presence 418"] == 2
    assert shown(counters)["presence_upstream_rate_limit_remaining acme /presence"] == 7
    assert counters.activity("acme").endpoints[0].last_minute == 4


def test_what_a_changed_source_has_no_more_vanishes() -> None:
    """Collectors, endpoints and fields; they do not come back with what was under way."""
    counters = telemetry()
    [before] = in_force(counters, Account())
    busy(before, counters)
    changed = Account(collectors=[Meetings()], endpoints=["/meetings"], drift_fields=["joinTime"])
    in_force(counters, changed)
    fresh = telemetry(changed)
    busy(before, counters)

    assert set(shown(counters)) == set(shown(fresh))
    assert counted(counters, "presence_exporter_collections_total") == {"acme": 2}


def test_requests_under_way_count_for_the_changed_source() -> None:
    """But what a vendor says to the old form of it is not said of the new one."""
    counters = telemetry()
    [before] = in_force(counters, Account())
    in_force(counters, Account())
    busy(before, counters)
    series = shown(counters)

    assert series["presence_upstream_requests_total acme /presence 200"] == 1
    assert series["presence_upstream_retries_total acme /presence connect"] == 1
    assert series["presence_schema_drift_total acme room"] == 3
    assert series["presence_upstream_pause_until_timestamp_seconds acme /presence"] == 0
    assert "presence_upstream_rate_limit_remaining acme /presence" not in series
    assert counters.decode_seconds() == 0


def test_a_source_of_another_kind_is_another_source() -> None:
    """Even where both have an endpoint of that name."""
    counters = telemetry()
    [before] = in_force(counters, Account())
    busy(before, counters)
    chat = Account(kind="rocketchat", collectors=[Presence()], endpoints=["/presence"])
    in_force(counters, chat)
    busy(before, counters)
    counters.ran("acme", "meetings", answer=Answer(None, None, 0.1))

    assert set(shown(counters)) == set(shown(telemetry(chat)))
    assert counted(counters, "presence_upstream_requests_total") == {}
    assert counters.activity("acme").collected == 1


def test_a_source_that_stays_in_force_is_not_touched() -> None:
    """Its line is the same, so nothing of it is forgotten."""
    counters = telemetry()
    source = Account()
    [line] = in_force(counters, source)
    busy(line, counters)
    before = shown(counters)
    counters.put_in_force([(source, line)])

    assert shown(counters) == before
    assert counters.decode_seconds() == 2.0
