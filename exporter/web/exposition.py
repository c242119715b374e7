"""Families to bytes: the page in the chosen format, and its compressed form.

Pure and slow (a megabyte takes some 50 ms): to be called in a worker thread. It knows no snapshot and no
request.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from prometheus_client import Metric, exposition
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from exporter.web.negotiate import Format

# A page of 1.06 MB (14,000 rooms), 50 ms to render: level 1 takes 3.2 ms and leaves 173 kB, level 4 5.0 ms
# and 157 kB, level 6 7.8 ms and 137 kB. The way to Prometheus is short, the processor is shared: speed wins.
GZIP_LEVEL = 1


class _Families(Collector):
    """What prometheus_client asks to render: something with a `collect`."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def render(families: Iterable[Metric], form: Format) -> bytes:
    """Write the families as a page of that format.

    Both text versions have the same bytes, and so have the escaping schemes that `negotiate` answers with,
    since every name is valid in the old character set: each generator gets the scheme it is quickest with.
    """
    if form.openmetrics:
        page: bytes = openmetrics.generate_latest(  # type: ignore[no-untyped-call]  # it has no annotations
            _Families(families), escaping=openmetrics.ALLOWUTF8
        )
        return page
    return exposition.generate_latest(_Families(families), escaping=openmetrics.UNDERSCORES)


def compress(page: bytes) -> bytes:
    """Compress a page as gzip, the same bytes each time."""
    return gzip.compress(page, GZIP_LEVEL, mtime=0)
