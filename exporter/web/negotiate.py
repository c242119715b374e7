"""Which of the three formats a request gets, and whether compressed: pure functions of its Accept headers.

It knows no page and no family; and it never raises, whatever a client sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

# Longer than any real scraper's by far; more is not looked at.
_LONGEST_HEADER = 4096

_QUALITY = re.compile(r"0(\.[0-9]*)?|1(\.0*)?")

# https://prometheus.io/docs/instrumenting/escaping_schemes: underscores unless the client names another. All
# our names are valid in the old character set, so that a page is the same page under both of these; under
# `dots` and `values` it would not be, and who asks for those is answered, and told so, in underscores.
_UNDERSCORES = "underscores"
_ALLOW_UTF8 = "allow-utf-8"


@dataclass(frozen=True, slots=True)
class Format:
    """One exposition format; `escaping` is part of its name from version 1.0.0 on."""

    media_type: str
    version: str
    escaping: str | None = None

    @property
    def content_type(self) -> str:
        """The exact value of the Content-Type header.

        Media type, version and escaping: https://prometheus.io/docs/instrumenting/content_negotiation.
        """
        escaping = f"; escaping={self.escaping}" if self.escaping else ""
        return f"{self.media_type}; version={self.version}; charset=utf-8{escaping}"

    @property
    def openmetrics(self) -> bool:
        """True where the page is OpenMetrics, which can say more than the text formats."""
        return self.media_type == _OPENMETRICS


_TEXT = "text/plain"
_OPENMETRICS = "application/openmetrics-text"

TEXT_0_0_4 = Format(_TEXT, "0.0.4")
TEXT_1_0_0 = Format(_TEXT, "1.0.0", _UNDERSCORES)
OPENMETRICS_1_0_0 = Format(_OPENMETRICS, "1.0.0", _UNDERSCORES)

# Where a range fits several (`*/*`, `text/plain`), the first: what every reader understands.
FORMATS = (TEXT_0_0_4, TEXT_1_0_0, OPENMETRICS_1_0_0)

_NEWEST = {_TEXT: TEXT_1_0_0, _OPENMETRICS: OPENMETRICS_1_0_0}


@dataclass(frozen=True, slots=True)
class _Range:
    """One element of an Accept header."""

    media_type: str
    quality: float
    version: str | None
    escaping: str | None

    def fits(self, form: Format) -> int:
        """Say how closely it names the format: 0 = not at all, more = closer (RFC 9110, section 12.5.1)."""
        if self.media_type == "*/*":
            return 1
        if self.media_type == form.media_type.partition("/")[0] + "/*":
            return 2
        if self.media_type != form.media_type:
            return 0
        if self.version is None:
            return 3
        if self.version == form.version:
            return 5
        # "unknown versions fall back to the newest known of that format"
        known = any(self.version == each.version for each in FORMATS if each.media_type == form.media_type)
        return 4 if form is _NEWEST[form.media_type] and not known else 0


def negotiate(accept: str | None) -> Format:
    """Choose the format that an Accept header likes best.

    The highest quality wins; what names a format more closely is what counts for it. Equals go by their place
    in the header: Prometheus lists first what it prefers, and Go's client library reads it so. Elements that
    cannot be read say nothing; where nothing is left, or nothing acceptable, it is text 0.0.4: a scrape never
    fails over this.
    """
    ranges = [each for each in map(_range, _elements(accept)) if each is not None]
    best: tuple[float, int] | None = None
    chosen = TEXT_0_0_4
    for form in FORMATS:
        place = _place(form, ranges)
        if place is None or ranges[place].quality == 0:
            continue
        rank = (-ranges[place].quality, place)
        if best is None or rank < best:
            best, chosen = rank, _escaped(form, ranges[place].escaping)
    return chosen


def liking(media_type: str, *, accept: str | None) -> float:
    """Say how much an Accept header likes a media type, by its closest range: 0 = not at all, 1 = most.

    No header, or one of which nothing can be read, likes everything.
    """
    closeness = {"*/*": 1, media_type.partition("/")[0] + "/*": 2, media_type: 3}
    ranges = [each for each in map(_range, _elements(accept)) if each is not None and each.media_type]
    found = [(closeness[each.media_type], each.quality) for each in ranges if each.media_type in closeness]
    return max(found)[1] if found else float(not ranges)


def wants_gzip(accept_encoding: str | None) -> bool:
    """Say whether a compressed answer is acceptable and not liked less than a plain one."""
    qualities: dict[str, float] = {}
    for element in _elements(accept_encoding):
        coding, parameters = _split(element)
        quality = _quality(parameters)
        if quality is not None:
            qualities.setdefault(coding, quality)
    # RFC 9110, section 8.4.1.3: x-gzip is gzip; section 12.5.3: `*` is every coding that is not named.
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _place(form: Format, ranges: Sequence[_Range]) -> int | None:
    """Find the range that speaks for the format: the closest; of equally close, the best liked."""
    closest = max(
        enumerate(ranges),
        key=lambda item: (item[1].fits(form), item[1].quality, -item[0]),
        default=None,
    )
    return closest[0] if closest is not None and closest[1].fits(form) else None


def _escaped(form: Format, escaping: str | None) -> Format:
    if form.escaping is not None and escaping == _ALLOW_UTF8:
        return replace(form, escaping=_ALLOW_UTF8)
    return form


def _elements(header: str | None) -> Iterable[str]:
    if header is None or len(header) > _LONGEST_HEADER:
        return ()
    # A comma inside a quoted parameter splits too: no parameter that counts here holds one.
    return header.split(",")


def _range(element: str) -> _Range | None:
    media_type, parameters = _split(element)
    quality = _quality(parameters)
    if quality is None:
        return None
    return _Range(media_type, quality, parameters.get("version"), parameters.get("escaping"))


def _split(element: str) -> tuple[str, dict[str, str]]:
    head, *parts = element.split(";")
    parameters: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        parameters.setdefault(name.strip().lower(), value.strip().strip('"'))
    return head.strip().lower(), parameters


def _quality(parameters: dict[str, str]) -> float | None:
    text = parameters.get("q", "1")
    return float(text) if _QUALITY.fullmatch(text) else None
