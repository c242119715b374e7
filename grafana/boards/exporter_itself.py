"""Panels of the board "Exporter" about the exporter: what runs, its ledger, its requests and its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import looks, panels, tables
from grafana.boards.panels import About, Look
from grafana.boards.queries import now, ours, over_time
from grafana.boards.tables import Column

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_NO_LEDGER = "no Daily source counts ended meetings, or its ledger could not be used then."
_NO_PROCESS = (
    "the exporter was not scraped then, or leaves these metrics out (--web.disable-exporter-metrics)."
)
_UNSEEN = "the exporter's own metrics were not scraped then."
_BUILD = "max by (job, instance, version, revision, pythonversion) (presence_exporter_build_info{@process})"
# Programs of other jobs have an `up` as well; one that is down was ours if it was so within a day.
_KNOWN = (
    "(last_over_time(presence_exporter_build_info{@process}[1d]) "
    "or last_over_time(presence_source_info{@source}[1d]))"
)


def facts() -> list[list[model.Panel]]:
    """Show which exporters there are, and with which configuration."""
    return [[_builds()], [_reached(), _reloads()]]


def _builds() -> model.Panel:
    return tables.rows(
        About(
            title="Exporters",
            question="Which version runs where, since when, and is its configuration the one of its file?",
            absent="no exporter is scraped with its own metrics. A cell that is unknown: the metrics of the "
            "process are left out.",
        ),
        Column(name="Instance", label="instance"),
        Column(name="Version", label="version"),
        Column(name="Revision", label="revision"),
        Column(name="Python", label="pythonversion"),
        Column(name="Build", query=_BUILD),
        Column(
            name="Running for",
            query=f"time() - max by (job, instance) ({ours('process_start_time_seconds{@process}')})",
            unit="s",
            decimals=0,
        ),
        Column(
            name="Last reload",
            query="max by (job, instance) (presence_exporter_config_last_reload_successful{@process})",
            words=looks.SUCCESS,
            coloured=True,
        ),
        Column(
            name="Configuration read before",
            query="time() - max by (job, instance) "
            "(presence_exporter_config_last_reload_success_timestamp_seconds{@process})",
            unit="s",
            decimals=0,
        ),
        order=tables.Order(by="Instance", descending=False, hidden=("Build",)),
    )


def _reached() -> model.Panel:
    return panels.states(
        About(
            title="When could Prometheus scrape?",
            question="When could Prometheus reach each exporter, or each source where it is a target of its "
            "own?",
            absent="no such target was known to Prometheus then.",
        ),
        over_time(
            f"max by (job, instance) (up{{@process}}) and on (job, instance) {_KNOWN}",
            "{{instance}}",
        ),
        look=Look(words=looks.REACHED, colour=looks.BY_THRESHOLD),
    )


def _reloads() -> model.Panel:
    return panels.states(
        About(
            title="Was the configuration good?",
            question="When was the configuration on disk not usable, so that the one before stayed in force?",
            absent=_UNSEEN,
        ),
        over_time(
            "max by (job, instance) (presence_exporter_config_last_reload_successful{@process})",
            "{{instance}}",
        ),
        look=Look(words=looks.SUCCESS, colour=looks.BY_THRESHOLD),
    )


def ledger() -> list[list[model.Panel]]:
    """Show how far ended meetings are counted, and what never will be."""
    return [[_persistent(), _progress(), _pending(), _lost()]]


def _persistent() -> model.Panel:
    return panels.number(
        About(
            title="Does the ledger outlive a restart?",
            question="Is what was counted kept in a database, or in memory only?",
            absent=_NO_LEDGER,
        ),
        now("max by (job, source) (presence_ledger_persistent{@source})", "{{source}}"),
        look=Look(words=looks.KEPT, colour=looks.BY_THRESHOLD),
    )


def _progress() -> model.Panel:
    return panels.lines(
        About(
            title="How far the ledger is behind",
            question="Every meeting that began before the watermark is counted, given up or followed. How "
            "long ago is that? `overlap` (30 min) and some more are usual; hours mean that counting stands "
            "still.",
            absent=_NO_LEDGER,
        ),
        over_time(
            "time() - max by (job, source) (presence_ledger_watermark_timestamp_seconds{@source})",
            "{{source}}",
        ),
        look=Look(unit="s", least=0),
    )


def _pending() -> model.Panel:
    return panels.lines(
        About(
            title="Meetings that are followed",
            question="How many meetings does the ledger follow until they have ended?",
            absent=_NO_LEDGER,
        ),
        over_time("max by (job, source) (presence_ledger_pending_meetings{@source})", "{{source}}"),
        look=Look(unit="short", decimals=0, least=0),
    )


def _lost() -> model.Panel:
    grown = "max by (job, source) (increase(presence_ledger_{0}_total{@source}[$__rate_interval]))"
    return panels.lines(
        About(
            title="Late and lost meetings",
            question="How many meetings were found late or given up, and of how many seconds were the "
            "meetings never read?",
            absent=_NO_LEDGER,
        ),
        over_time(grown.replace("{0}", "late_meetings"), "{{source}} late"),
        over_time(grown.replace("{0}", "abandoned_meetings"), "{{source}} abandoned"),
        over_time(grown.replace("{0}", "gap_seconds"), "{{source}} seconds never read"),
        look=Look(
            unit="short",
            least=0,
            overrides=[looks.override(("byRegexp", "/seconds never read$/"), unit="s")],
        ),
    )


def requests() -> list[list[model.Panel]]:
    """Show who asks the exporter, and how long answers take."""
    took = "presence_exporter_http_request_duration_seconds_bucket{@process}[$__rate_interval]"
    return [
        [
            panels.lines(
                About(
                    title="Requests to the exporter",
                    question="Which pages of the exporter are asked for, and with which status does it "
                    "answer?",
                    absent=_UNSEEN,
                ),
                over_time(
                    "sum by (handler, code) "
                    "(rate(presence_exporter_http_requests_total{@process}[$__rate_interval]))",
                    "{{handler}} {{code}}",
                ),
                look=Look(unit="reqps", least=0),
            ),
            panels.lines(
                About(
                    title="Duration of the exporter's answers",
                    question="How long does the slowest of twenty answers of the exporter take? A scrape "
                    "takes as long as the slowest source.",
                    absent="nobody asked for this page then, or the exporter's own metrics were not scraped.",
                ),
                over_time(
                    f"histogram_quantile(0.95, sum by (handler, le) (rate({took})))", "{{handler}} 95 %"
                ),
                look=Look(unit="s", least=0),
            ),
        ]
    ]


def process() -> list[list[model.Panel]]:
    """Show what the process uses, and how much it may."""
    return [[_cpu(), _memory(), _files()]]


def _cpu() -> model.Panel:
    return panels.lines(
        About(title="CPU", question="Which part of one core does each exporter use?", absent=_NO_PROCESS),
        over_time(ours("rate(process_cpu_seconds_total{@process}[$__rate_interval])"), "{{instance}}"),
        look=Look(unit="percentunit", least=0),
    )


def _memory() -> model.Panel:
    return panels.lines(
        About(title="Memory", question="How much memory does each exporter hold?", absent=_NO_PROCESS),
        over_time(ours("process_resident_memory_bytes{@process}"), "{{instance}}"),
        look=Look(unit="bytes", least=0),
    )


def _files() -> model.Panel:
    return panels.lines(
        About(
            title="Open files",
            question="How many files and connections are open, and how many may be?",
            absent=_NO_PROCESS,
        ),
        over_time(ours("process_open_fds{@process}"), "{{instance}} open"),
        over_time(ours("process_max_fds{@process}"), "{{instance}} allowed"),
        look=Look(unit="short", decimals=0, least=0),
    )
