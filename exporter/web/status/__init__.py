"""The page for people: what is asked, what came of it last, and how old that is.

Pure: an `Overview` in, HTML out. It knows no source, no clock and no room; nothing in it needs JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class CollectorLine:
    """What one collector came to last.

    `success` is None before its first run; `reason` and `detail` say why a run failed; `age` is the seconds
    since its last success, None where there was none.
    """

    name: str
    success: bool | None = None
    reason: str = ""
    detail: str = ""
    age: float | None = None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One configured source and its collectors."""

    name: str
    kind: str
    collectors: tuple[CollectorLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page tells: `notes` are sentences that stand above all else, as that nothing here is real."""

    name: str
    version: str
    sources: tuple[SourceLine, ...] = ()
    notes: tuple[str, ...] = ()


_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid;"
    "overflow-wrap:anywhere}"
)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def page(overview: Overview, links: Sequence[str]) -> str:
    """Write the page; `links` are the paths it points to."""
    title = escape(overview.name)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        f"<p>Version {escape(overview.version)}</p>",
        *(f"<p><strong>{escape(note)}</strong></p>" for note in overview.notes),
        "<ul>",
        *(f'<li><a href="{escape(link)}">{escape(link)}</a></li>' for link in links),
        "</ul>",
        *_sources(overview.sources),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def duration(seconds: float) -> str:
    """Say a number of seconds in its largest whole unit, rounded down."""
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(max(seconds, 0))} s"


def _sources(sources: Sequence[SourceLine]) -> Iterable[str]:
    if not sources:
        yield "<p>No source is configured.</p>"
        return
    yield "<table><thead><tr><th>Source</th><th>Kind</th><th>Collector</th><th>Last result</th>"
    yield "<th>Last success</th></tr></thead><tbody>"
    for source in sources:
        for line in source.collectors:
            cells = (source.name, source.kind, line.name, _result(line), _age(line))
            yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table>"


def _result(line: CollectorLine) -> str:
    if line.success is None:
        return "not asked yet"
    if line.success:
        return "success"
    return ": ".join(part for part in ("failed", line.reason, line.detail) if part)


def _age(line: CollectorLine) -> str:
    return "none yet" if line.age is None else f"{duration(line.age)} ago"
