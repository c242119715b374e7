"""Every family of facts is what the reference says, and what is not known is not on the page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.distribution import distribute
from exporter.metrics import families
from exporter.metrics.catalogue import FAMILIES, Family
from exporter.model import (
    Answer,
    ChatPresence,
    CollectorSnapshot,
    Distribution,
    DomainPresence,
    EndedMeetings,
    Exemplar,
    Facts,
    GroupOccupancy,
    OngoingMeetings,
    Reason,
    RoomSeries,
    ServerConnections,
    Snapshot,
    SourceSnapshot,
    StatusHistory,
    WatchedRooms,
)
from exporter.web.exposition import render
from exporter.web.negotiate import OPENMETRICS_1_0_0, TEXT_0_0_4, TEXT_1_0_0, Format
from tests.kit.families import (
    ABOUT_COLLECTING,
    CHAT_PRESENCE,
    CONNECTIONS,
    DOMAIN_PRESENCE,
    ENDED_MEETINGS,
    MEETINGS,
    ROOM_PRESENCE,
    STATUS_HISTORY,
)

PROMISED = {
    "presence_participants": ("gauge", ["source"]),
    "presence_rooms_occupied": ("gauge", ["source"]),
    "presence_room_participants": ("gauge", ["source", "room"]),
    "presence_rooms_folded": ("gauge", ["source"]),
    "presence_folded_participants": ("gauge", ["source"]),
    "presence_room_group_participants": ("gauge", ["source", "group"]),
    "presence_room_group_occupied": ("gauge", ["source", "group"]),
    "presence_room_size_participants": ("gaugehistogram", ["source"]),
    "presence_current_stay_seconds": ("gaugehistogram", ["source"]),
    "presence_lone_stay_seconds": ("gaugehistogram", ["source"]),
    "presence_meetings_ongoing": ("gauge", ["source"]),
    "presence_meeting_age_seconds": ("gaugehistogram", ["source"]),
    "presence_room_meeting_start_timestamp_seconds": ("gauge", ["source", "room"]),
    "presence_join_duration_seconds": ("histogram", ["source"]),
    "presence_meeting_duration_seconds": ("histogram", ["source"]),
    "presence_meeting_peak_participants": ("histogram", ["source"]),
    "presence_users": ("gauge", ["source", "status"]),
    "presence_group_users": ("gauge", ["source", "group", "status"]),
    "presence_status_duration_seconds": ("histogram", ["source", "status"]),
    "presence_current_status_seconds": ("gaugehistogram", ["source", "status"]),
    "presence_status_resolution_seconds": ("gauge", ["source"]),
    "presence_broadcast_disabled": ("gauge", ["source"]),
    "presence_server_connections": ("gauge", ["source"]),
    "presence_server_connections_limit": ("gauge", ["source"]),
    "presence_delta_drift_total": ("counter", ["source"]),
    "presence_ledger_watermark_timestamp_seconds": ("gauge", ["source"]),
    "presence_ledger_pending_meetings": ("gauge", ["source"]),
    "presence_ledger_persistent": ("gauge", ["source"]),
    "presence_ledger_late_meetings_total": ("counter", ["source"]),
    "presence_ledger_abandoned_meetings_total": ("counter", ["source"]),
    "presence_ledger_gap_seconds_total": ("counter", ["source"]),
    "presence_up": ("gauge", ["source"]),
    "presence_collector_success": ("gauge", ["source", "collector"]),
    "presence_collector_duration_seconds": ("gauge", ["source", "collector"]),
    "presence_collector_last_success_timestamp_seconds": ("gauge", ["source", "collector"]),
    "presence_source_info": ("info", ["source", "kind"]),
}

BOUNDS = (1.0, 60.0)
SOME = distribute([1.0, 2.5, 100.0], BOUNDS)

DOMAIN = DomainPresence(
    participants=7,
    rooms_occupied=3,
    rooms=RoomSeries({"lobby": 4, "frontdesk": 0}, folded_rooms=2, folded_participants=3),
    groups=(GroupOccupancy("support", 5, 2), GroupOccupancy("sales", 0, 0)),
    room_sizes=SOME,
    current_stays=SOME,
    lone_stays=SOME,
)
WATCHED = WatchedRooms({"frontdesk": 2, "empty": 0})
ONGOING = OngoingMeetings(3, SOME, {"lobby": 1_800_000_000.0})
CHAT = ChatPresence(
    broadcast_disabled=False,
    users={"online": 2, "away": 0},
    groups={"oncall": {"online": 1, "offline": 1}},
    current={"online": SOME},
    resolution=15.0,
)
T0 = 1_799_000_000.5
ENDED = EndedMeetings(
    stays=SOME,
    durations=SOME,
    peaks=SOME,
    counting_since=T0,
    watermark=T0 + 60,
    pending=5,
    persistent=True,
    late=1,
    abandoned=2,
    gap_seconds=90.5,
    exemplars={
        0: Exemplar("meeting-1", 1.0, T0 + 10.25),
        1: Exemplar("m" * (128 - len("meeting_id")), 60.0, T0 + 20),
        2: Exemplar("m" * (129 - len("meeting_id")), 100.0, T0 + 30),
    },
)
HISTORY = StatusHistory({"online": SOME}, 1_800_000_000.0, drift=4)
OPEN = ServerConnections(150, 200)

SHOWN_BY: list[tuple[Facts, frozenset[str]]] = [
    (DOMAIN, DOMAIN_PRESENCE),
    (WATCHED, ROOM_PRESENCE),
    (ONGOING, MEETINGS),
    (CHAT, CHAT_PRESENCE),
    (ENDED, ENDED_MEETINGS),
    (HISTORY, STATUS_HISTORY),
    (OPEN, CONNECTIONS),
]


def seen(
    value: Facts | None = None,
    *,
    name: str = "presence",
    reason: Reason | None = None,
    kept: Facts | None = None,
    last: float | None = 1_800_000_100.0,
) -> CollectorSnapshot:
    """What one collector answered."""
    return CollectorSnapshot(name, Answer(value, reason, 0.25), last, kept)


def of_one(*collectors: CollectorSnapshot) -> Snapshot:
    """A snapshot of one source."""
    return Snapshot((SourceSnapshot("acme", "daily", collectors),))


def page(snapshot: Snapshot, *, openmetrics: bool = False) -> dict[str, Metric]:
    """The families of a page by their full names."""
    suffixes = {"counter": "_total", "info": "_info"}
    shown = families(snapshot, openmetrics=openmetrics)
    return {metric.name + suffixes.get(metric.type, ""): metric for metric in shown}


def values(metric: Metric) -> dict[str, float]:
    """The samples of a family, written as on a page."""
    samples = {}
    for sample in metric.samples:
        labels = ",".join(f"{name}={value}" for name, value in sample.labels.items() if name != "source")
        samples[f"{sample.name.removeprefix(metric.name)}{{{labels}}}"] = sample.value
    return samples


# The catalogue


def test_every_family_that_is_promised_exists_and_no_other() -> None:
    """Name, type and labels are an interface: dashboards and alerts hang on them."""
    assert {family.name: (family.type, list(family.labels)) for family in FAMILIES} == PROMISED
    assert len(FAMILIES) == len(PROMISED)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_help_says_where_from_how_fresh_and_what_absence_means(family: Family) -> None:
    """A reader of the page needs no other place; one sentence, without the line breaks of its source."""
    text = family.help

    assert re.fullmatch(r"[A-Z0-9][^\n]*\.", text)
    assert "  " not in text
    if family.name in ABOUT_COLLECTING:
        return
    daily = re.search(r"Daily /(presence|rooms/\{room\}/presence|meetings)\b", text)
    chat = re.search(r"Rocket\.Chat (users\.presence|presence\.getConnections)", text)
    assert daily or chat
    fresh = (
        "shared within collect.min_interval",
        "counted in memory since the start",
        "read every ledger.interval",
    )
    assert any(each in text for each in fresh)
    assert "absent" in text


def test_help_promises_no_zero_for_what_is_unknown() -> None:
    """The gauges of facts say that their absence means that nobody knows."""
    gauges = [each for each in FAMILIES if each.type != "info" and each.name not in ABOUT_COLLECTING]
    silent = {each.name for each in gauges if not re.search(r"absent (=|where|until)", each.help)}

    assert silent == set()


# What is known is shown


@pytest.mark.parametrize("facts, names", SHOWN_BY, ids=lambda value: type(value).__name__)
def test_facts_show_their_families_and_no_other(facts: Facts, names: frozenset[str]) -> None:
    """Whether they are this run's or kept from earlier ones."""
    assert set(page(of_one(seen(facts)))) == names | ABOUT_COLLECTING
    assert set(page(of_one(seen(kept=facts, reason=Reason.CONNECT)))) == names | ABOUT_COLLECTING


def test_all_families_can_be_shown() -> None:
    """None is promised that no collector gives."""
    everything = of_one(*(seen(facts, name=str(number)) for number, (facts, _) in enumerate(SHOWN_BY)))

    assert list(page(everything)) == [family.name for family in FAMILIES]


def test_whether_a_source_is_up_is_not_shown_where_it_was_asked_in_part() -> None:
    """All else about it is."""
    part = Snapshot((SourceSnapshot("acme", "daily", (seen(DOMAIN),), whole=False),))
    names = DOMAIN_PRESENCE | ABOUT_COLLECTING - {"presence_up"}

    assert set(page(part)) == names


def test_counts_are_shown_as_they_are() -> None:
    """Zeros that were counted are shown too."""
    shown = page(of_one(seen(DOMAIN), seen(ONGOING, name="meetings")))

    assert values(shown["presence_participants"]) == {"{}": 7}
    assert values(shown["presence_rooms_occupied"]) == {"{}": 3}
    assert values(shown["presence_room_participants"]) == {"{room=lobby}": 4, "{room=frontdesk}": 0}
    assert values(shown["presence_rooms_folded"]) == {"{}": 2}
    assert values(shown["presence_folded_participants"]) == {"{}": 3}
    assert values(shown["presence_room_group_participants"]) == {"{group=support}": 5, "{group=sales}": 0}
    assert values(shown["presence_room_group_occupied"]) == {"{group=support}": 2, "{group=sales}": 0}
    assert values(shown["presence_meetings_ongoing"]) == {"{}": 3}
    assert values(shown["presence_room_meeting_start_timestamp_seconds"]) == {"{room=lobby}": 1_800_000_000.0}


def test_chat_counts_are_shown_as_they_are() -> None:
    """Each status of each group has its series."""
    shown = page(of_one(seen(CHAT, kept=HISTORY), seen(OPEN, name="connections")))

    assert values(shown["presence_users"]) == {"{status=online}": 2, "{status=away}": 0}
    assert values(shown["presence_group_users"]) == {
        "{group=oncall,status=online}": 1,
        "{group=oncall,status=offline}": 1,
    }
    assert values(shown["presence_status_resolution_seconds"]) == {"{}": 15.0}
    assert values(shown["presence_broadcast_disabled"]) == {"{}": 0}
    assert values(shown["presence_delta_drift_total"]) == {"_total{}": 4}
    assert values(shown["presence_server_connections"]) == {"{}": 150}
    assert values(shown["presence_server_connections_limit"]) == {"{}": 200}


def test_a_gauge_histogram_has_its_buckets_its_count_and_its_sum() -> None:
    """The ends of the buckets are written as floats, as every client does."""
    shown = page(of_one(seen(DOMAIN)))["presence_room_size_participants"]

    assert values(shown) == {
        "_bucket{le=1.0}": 1,
        "_bucket{le=60.0}": 2,
        "_bucket{le=+Inf}": 3,
        "_gcount{}": 3,
        "_gsum{}": 103.5,
    }


def test_a_histogram_says_in_openmetrics_when_counting_began() -> None:
    """The text formats have no place for it."""
    snapshot = of_one(seen(kept=HISTORY))
    counted = {
        "_bucket{status=online,le=1.0}": 1,
        "_bucket{status=online,le=60.0}": 2,
        "_bucket{status=online,le=+Inf}": 3,
        "_count{status=online}": 3,
        "_sum{status=online}": 103.5,
    }

    assert values(page(snapshot)["presence_status_duration_seconds"]) == counted
    assert values(page(snapshot, openmetrics=True)["presence_status_duration_seconds"]) == {
        **counted,
        "_created{status=online}": 1_800_000_000.0,
    }


def test_ended_meetings_are_shown_with_what_the_ledger_says_of_itself() -> None:
    """How far it has read, what it waits for, and what it lacks."""
    shown = page(of_one(seen(kept=ENDED, name="ended_meetings")))

    assert values(shown["presence_ledger_watermark_timestamp_seconds"]) == {"{}": T0 + 60}
    assert values(shown["presence_ledger_pending_meetings"]) == {"{}": 5}
    assert values(shown["presence_ledger_persistent"]) == {"{}": 1}
    assert values(shown["presence_ledger_late_meetings_total"]) == {"_total{}": 1}
    assert values(shown["presence_ledger_abandoned_meetings_total"]) == {"_total{}": 2}
    assert values(shown["presence_ledger_gap_seconds_total"]) == {"_total{}": 90.5}


@pytest.mark.parametrize("name", sorted(each for each in ENDED_MEETINGS if "_ledger_" not in each))
def test_counting_of_ended_meetings_began_when_the_ledger_did(name: str) -> None:
    """Not with this process: what was counted before is in it."""
    counted = {
        "_bucket{le=1.0}": 1,
        "_bucket{le=60.0}": 2,
        "_bucket{le=+Inf}": 3,
        "_count{}": 3,
        "_sum{}": 103.5,
    }
    snapshot = of_one(seen(kept=ENDED, name="ended_meetings"))

    assert values(page(snapshot)[name]) == counted
    assert values(page(snapshot, openmetrics=True)[name]) == {**counted, "_created{}": T0}


def exemplars(*, openmetrics: bool) -> dict[str, dict[str, Any]]:
    """The exemplars of a page by their series."""
    shown = page(of_one(seen(kept=ENDED, name="ended_meetings")), openmetrics=openmetrics)
    return {
        f"{sample.name}:{sample.labels['le']}": {
            "labels": sample.exemplar.labels,
            "value": sample.exemplar.value,
            "at": sample.exemplar.timestamp,
        }
        for metric in shown.values()
        for sample in metric.samples
        if sample.exemplar is not None
    }


def test_exemplars_name_a_meeting_with_the_moment_that_its_stay_ended() -> None:
    """Inside their buckets; an id that OpenMetrics has no room for is left out. Text has no place for any."""
    assert exemplars(openmetrics=False) == {}
    assert exemplars(openmetrics=True) == {
        "presence_join_duration_seconds_bucket:1.0": {
            "labels": {"meeting_id": "meeting-1"},
            "value": 1.0,
            "at": T0 + 10.25,
        },
        "presence_join_duration_seconds_bucket:60.0": {
            "labels": {"meeting_id": "m" * 118},
            "value": 60.0,
            "at": T0 + 20,
        },
    }


def test_exemplars_come_back_from_the_text() -> None:
    """As a server reads them, with stable moments: rendered twice they are the same."""
    snapshot = of_one(seen(kept=ENDED, name="ended_meetings"))
    text = render(families(snapshot, openmetrics=True), OPENMETRICS_1_0_0).decode()

    assert text == render(families(snapshot, openmetrics=True), OPENMETRICS_1_0_0).decode()
    assert 'le="1.0",source="acme"} 1.0 # {meeting_id="meeting-1"} 1.0 1799000010.75' in text
    read = parse_openmetrics(text)  # type: ignore[no-untyped-call]  # it has no annotations
    found = [sample.exemplar for metric in read for sample in metric.samples if sample.exemplar]
    assert [(each.labels["meeting_id"], each.value) for each in found] == [
        ("meeting-1", 1.0),
        ("m" * 118, 60.0),
    ]
    plain = render(families(snapshot, openmetrics=False), TEXT_0_0_4).decode()
    assert "meeting-1" not in plain


# What is not known is not


def test_a_failed_collector_is_shown_as_failed_and_its_facts_are_not() -> None:
    """Its health stays; the facts of the others stay too."""
    shown = page(of_one(seen(reason=Reason.AUTH, last=None), seen(ONGOING, name="meetings")))

    assert set(shown) == ABOUT_COLLECTING | MEETINGS
    assert values(shown["presence_up"]) == {"{}": 0}
    assert values(shown["presence_collector_success"]) == {
        "{collector=presence}": 0,
        "{collector=meetings}": 1,
    }
    assert values(shown["presence_collector_duration_seconds"]) == {
        "{collector=presence}": 0.25,
        "{collector=meetings}": 0.25,
    }
    assert values(shown["presence_collector_last_success_timestamp_seconds"]) == {
        "{collector=meetings}": 1_800_000_100.0
    }


@pytest.mark.parametrize(
    "facts, names",
    [
        (ChatPresence(broadcast_disabled=True), {"presence_broadcast_disabled"}),
        (
            replace(CHAT, users=None),
            {
                "presence_broadcast_disabled",
                "presence_group_users",
                "presence_current_status_seconds",
                "presence_status_resolution_seconds",
            },
        ),
        (
            replace(CHAT, resolution=None, current=None),
            {"presence_broadcast_disabled", "presence_group_users", "presence_users"},
        ),
    ],
)
def test_what_a_run_cannot_know_is_left_out(facts: ChatPresence, names: frozenset[str]) -> None:
    """Each part on its own."""
    assert set(page(of_one(seen(facts)))) == names | ABOUT_COLLECTING


def test_no_drift_is_shown_where_no_deltas_are_asked() -> None:
    """A counter that cannot count would say that all is well."""
    assert "presence_delta_drift_total" not in page(of_one(seen(kept=replace(HISTORY, drift=None))))


def test_a_source_without_a_run_shows_that_it_is_configured() -> None:
    """An info of its kind."""
    shown = page(of_one())

    assert values(shown["presence_source_info"]) == {"_info{kind=daily}": 1}
    assert set(shown) == {"presence_up", "presence_source_info"}


def test_an_empty_snapshot_is_an_empty_page() -> None:
    """No source, no family."""
    assert page(Snapshot()) == {}


@given(sources=st.lists(st.lists(st.none() | st.sampled_from(range(len(SHOWN_BY))), max_size=3), max_size=3))
def test_a_source_shows_what_its_own_collectors_know(sources: list[list[int | None]]) -> None:
    """Nothing of the one shows or hides anything of the other."""
    snapshot = Snapshot(
        tuple(
            SourceSnapshot(
                f"source{number}",
                "daily",
                tuple(
                    seen(None if which is None else SHOWN_BY[which][0], name=f"c{place}", last=None)
                    for place, which in enumerate(collectors)
                ),
            )
            for number, collectors in enumerate(sources)
        )
    )
    expected = {
        (f"source{number}", name)
        for number, collectors in enumerate(sources)
        for which in collectors
        if which is not None
        for name in SHOWN_BY[which][1]
    }
    shown = {
        (sample.labels["source"], name)
        for name, metric in page(snapshot).items()
        for sample in metric.samples
        if name not in ABOUT_COLLECTING
    }

    assert shown == expected


# Formats

EVERYTHING = of_one(*(seen(facts, name=str(number)) for number, (facts, _) in enumerate(SHOWN_BY)))


def parsed(metrics: Iterable[Metric]) -> dict[str, tuple[str, str]]:
    """Type and HELP of each family as a reader understood them."""
    return {metric.name: (metric.type, metric.documentation) for metric in metrics}


def test_openmetrics_is_understood_by_its_parser() -> None:
    """With each type as it is, and with units."""
    text = render(families(EVERYTHING, openmetrics=True), OPENMETRICS_1_0_0).decode()
    read = list(parse_openmetrics(text))  # type: ignore[no-untyped-call]  # it has no annotations
    suffixes = {"counter": "_total", "info": "_info"}

    assert {m.name + suffixes.get(m.type, ""): (m.type, m.documentation) for m in read} == {
        family.name: (family.type, family.help) for family in FAMILIES
    }
    assert {m.name: m.unit for m in read if m.unit} == {
        name: "seconds"
        for family in FAMILIES
        if (name := family.name.removesuffix("_total")).endswith("_seconds")
    }


@pytest.mark.parametrize("form", [TEXT_0_0_4, TEXT_1_0_0])
def test_text_is_understood_by_its_parser(form: Format) -> None:
    """A gauge histogram is a histogram there, an info a gauge; nothing says when counting began."""
    text = render(families(EVERYTHING, openmetrics=False), form).decode()
    read = parsed(parse_text(text))
    types = {"gaugehistogram": "histogram", "info": "gauge"}
    names = {family.name.removesuffix("_total"): family for family in FAMILIES}
    expected = {name: (types.get(each.type, each.type), each.help) for name, each in names.items()}
    expected |= {
        name + suffix: ("gauge", each.help)
        for name, each in names.items()
        for suffix in ("_gcount", "_gsum")
        if each.type == "gaugehistogram"
    }

    assert read == expected
    assert "_created" not in text


@given(
    counts=st.lists(st.integers(0, 50), max_size=20).map(lambda sizes: distribute(sizes, (1.0, 5.0, 20.0))),
)
def test_what_is_counted_comes_back_from_either_format(counts: Distribution) -> None:
    """Bucket by bucket, count and sum."""
    snapshot = of_one(seen(replace(DOMAIN, room_sizes=counts)))
    for openmetrics, form, parse in (
        (True, OPENMETRICS_1_0_0, parse_openmetrics),
        (False, TEXT_0_0_4, parse_text),
    ):
        read = parse(render(families(snapshot, openmetrics=openmetrics), form).decode())
        samples = {
            (sample.name, sample.labels.get("le")): sample.value
            for metric in read
            for sample in metric.samples
            if sample.name.startswith("presence_room_size_participants")
        }
        buckets = [
            (float(bound or math.inf), count) for (name, bound), count in samples.items() if "_bucket" in name
        ]

        assert buckets == list(zip((*counts.bounds, math.inf), counts.cumulative, strict=True))
        assert samples["presence_room_size_participants_gcount", None] == counts.count
        assert samples["presence_room_size_participants_gsum", None] == counts.total
