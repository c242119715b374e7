"""Panels of the board "Exporter" about the vendors: how they are asked, and what their limits leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import looks, panels
from grafana.boards.panels import About, Look
from grafana.boards.queries import over_time

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_UNSEEN = "the exporter's own metrics were not scraped then; /probe does not have them."
_ASKED = "presence_upstream_requests_total"
_TOOK = "presence_upstream_request_duration_seconds_bucket{@source}[$__rate_interval]"


def rate() -> list[list[model.Panel]]:
    """Show how often vendors are asked, and how much they answer."""
    return [
        [
            panels.lines(
                About(
                    title="Requests",
                    question="How often is each endpoint of the vendors asked, and with which status does it "
                    "answer? The code *error* means that there was no answer.",
                    absent=_UNSEEN,
                ),
                over_time(
                    f"sum by (source, endpoint, code) (rate({_ASKED}{{@source}}[$__rate_interval]))",
                    "{{source}} {{endpoint}} {{code}}",
                ),
                look=Look(unit="reqps", least=0),
            ),
            panels.lines(
                About(
                    title="Answers in bytes",
                    question="How much do the vendors answer, decompressed?",
                    absent=_UNSEEN,
                ),
                over_time(
                    "sum by (source, endpoint) "
                    "(rate(presence_upstream_response_bytes_total{@source}[$__rate_interval]))",
                    "{{source}} {{endpoint}}",
                ),
                look=Look(unit="Bps", least=0),
            ),
        ],
        [_runs(), _sharing()],
    ]


def _runs() -> model.Panel:
    return panels.lines(
        About(title="Collections", question="How often does each collector run?", absent=_UNSEEN),
        over_time(
            "sum by (source, collector) (rate(presence_collector_runs_total{@source}[$__rate_interval]))",
            "{{source}} {{collector}}",
        ),
        look=Look(unit="ops", least=0),
    )


def _sharing() -> model.Panel:
    return panels.lines(
        About(
            title="Scrapes that shared an answer",
            question="How many scrapes made the exporter ask a vendor, and how many shared the answer of "
            "another scrape? Sharing spares the budget when several Prometheus servers scrape.",
            absent=_UNSEEN,
        ),
        over_time(
            "sum by (source) (rate(presence_exporter_collections_total{@source}[$__rate_interval]))",
            "{{source}} asked",
        ),
        over_time(
            "sum by (source) (rate(presence_exporter_collections_shared_total{@source}[$__rate_interval]))",
            "{{source}} shared",
        ),
        look=Look(unit="ops", least=0),
    )


def errors() -> list[list[model.Panel]]:
    """Show what fails, how much of it, and why."""
    return [[_failed_part(), _failed_reasons()], [_retries()]]


def _failed_part() -> model.Panel:
    return panels.lines(
        About(
            title="Failed part of the requests",
            question="Which part of the requests was not answered by a 2xx?",
            absent="nothing was asked then, or the exporter's own metrics were not scraped.",
        ),
        over_time(
            f'sum by (source, endpoint) (rate({_ASKED}{{@source, code!~"2.."}}[$__rate_interval]))'
            f" / sum by (source, endpoint) (rate({_ASKED}{{@source}}[$__rate_interval]))",
            "{{source}} {{endpoint}}",
        ),
        look=Look(unit="percentunit", least=0, most=1),
    )


def _failed_reasons() -> model.Panel:
    return panels.lines(
        About(
            title="Failed collections by reason",
            question="How many collections failed, and why? A reason is drawn while it occurs; the "
            "documentation of the metrics says what to do.",
            absent=_UNSEEN,
        ),
        over_time(
            "sum by (source) (increase(presence_collector_failures_total{@source}[$__rate_interval]))",
            "{{source}} all",
        ),
        over_time(
            "sum by (source, collector, reason) "
            "(increase(presence_collector_failures_total{@source}[$__rate_interval])) > 0",
            "{{source}} {{collector}} {{reason}}",
        ),
        look=Look(unit="short", decimals=0, least=0),
    )


def _retries() -> model.Panel:
    return panels.lines(
        About(
            title="Retries by reason",
            question="How many requests were sent again within one collection, and for which failure before?",
            absent=_UNSEEN,
        ),
        over_time(
            "sum by (source) (increase(presence_upstream_retries_total{@source}[$__rate_interval]))",
            "{{source}} all",
        ),
        over_time(
            "sum by (source, endpoint, reason) "
            "(increase(presence_upstream_retries_total{@source}[$__rate_interval])) > 0",
            "{{source}} {{endpoint}} {{reason}}",
        ),
        look=Look(unit="short", decimals=0, least=0),
    )


def duration() -> list[list[model.Panel]]:
    """Show how long vendors take, and whole collections; there are no exemplars of requests."""
    quantile = f"histogram_quantile({{0}}, sum by (source, endpoint, le) (rate({_TOOK})))"
    return [
        [
            panels.heat(
                About(
                    title="Duration of requests",
                    question="How long do vendors take to answer, all endpoints together? Each row is a "
                    "bucket, named by its upper end.",
                    absent="nothing was asked then, or the exporter's own metrics were not scraped.",
                ),
                over_time(f"sum by (le) (increase({_TOOK}))", "{{le}}", form="heatmap"),
                rows="s",
            ),
            panels.lines(
                About(
                    title="Duration of requests by endpoint",
                    question="How long do the median and the slowest of twenty requests take?",
                    absent="nothing was asked then, or the exporter's own metrics were not scraped.",
                ),
                over_time(quantile.replace("{0}", "0.5"), "{{source}} {{endpoint}} median"),
                over_time(quantile.replace("{0}", "0.95"), "{{source}} {{endpoint}} 95 %"),
                look=Look(unit="s", least=0),
            ),
        ],
        [_collection_time()],
    ]


def _collection_time() -> model.Panel:
    return panels.lines(
        About(
            title="Duration of collections",
            question="How long does each collector take, with its pages, retries and pauses? It must stay "
            "below the scrape_timeout of Prometheus.",
            absent="the source was not scraped then.",
        ),
        over_time(
            "max by (job, source, collector) (presence_collector_duration_seconds{@source})",
            "{{source}} {{collector}}",
        ),
        look=Look(unit="s", least=0),
    )


def budget() -> list[list[model.Panel]]:
    """Show what the vendors' limits leave."""
    return [
        [
            panels.lines(
                About(
                    title="Requests left",
                    question="How many requests does the vendor's limit leave in its present window, as the "
                    "last answer said?",
                    absent="the vendor says nothing of it, as Daily does until it refuses, or nothing was "
                    "scraped.",
                ),
                over_time(
                    "min by (job, source, endpoint) (presence_upstream_rate_limit_remaining{@source})",
                    "{{source}} {{endpoint}}",
                ),
                look=Look(unit="short", decimals=0, least=0),
            ),
            panels.lines(
                About(
                    title="Pauses",
                    question="How much longer does the exporter wait because a vendor asked it to? 0 is no "
                    "pause.",
                    absent=_UNSEEN,
                ),
                over_time(
                    "clamp_min(max by (job, source, endpoint) "
                    "(presence_upstream_pause_until_timestamp_seconds{@source}) - time(), 0)",
                    "{{source}} {{endpoint}}",
                ),
                look=Look(unit="s", least=0),
            ),
        ]
    ]


def drift() -> list[list[model.Panel]]:
    """Show where the vendors' answers are not what their documentation says."""
    return [
        [
            panels.lines(
                About(
                    title="Rows with a strange field",
                    question="In how many rows was a field missing, of another type or of an unknown value? "
                    "They count all the same; a lasting line means that the vendor changed something.",
                    absent=_UNSEEN,
                ),
                over_time(
                    "sum by (source, field) "
                    "(increase(presence_schema_drift_total{@source}[$__rate_interval]))",
                    "{{source}} {{field}}",
                ),
                look=Look(unit="short", decimals=0, least=0),
            ),
            panels.lines(
                About(
                    title="Users corrected after deltas",
                    question="How many users had another status in the full list than deltas had said?",
                    absent="no source reads deltas, or the exporter's own metrics were not scraped.",
                ),
                over_time(
                    "max by (job, source) (increase(presence_delta_drift_total{@source}[$__rate_interval]))",
                    "{{source}}",
                ),
                look=Look(unit="short", decimals=0, least=0, colour=looks.BY_NAME),
            ),
        ]
    ]
