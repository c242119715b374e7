"""Writes histograms as they grew in the past, as OpenMetrics text with a moment at each sample.

prometheus_client writes a page of one moment, and holds all of it in memory; a past of weeks is written line
by line. OpenMetrics wants a family in one piece, and in it the samples of one moment together, oldest first.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from exporter.metrics.catalogue import Family
from exporter.metrics.page import INFINITY, bucket_label, unit_of
from exporter.model import Distribution

END: Final = "# EOF\n"
"""What stands at the end of the text, once."""

_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def past_family(
    family: Family, grown: Iterable[tuple[int, Distribution]], *, labels: Mapping[str, str]
) -> Iterator[str]:
    """The lines of one histogram: its head, then one text for each moment (Unix seconds), which must rise.

    All moments must have the same bounds.
    """
    yield _head(family)
    named = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    series: list[str] = []
    for at, values in grown:
        series = series or _series(family, named, bounds=values.bounds)
        numbers = (*values.cumulative, values.count, values.total)
        yield "".join(f"{name} {number} {at}\n" for name, number in zip(series, numbers, strict=True))


def _head(family: Family) -> str:
    name, unit = family.name, unit_of(family.name)
    of_unit = f"# UNIT {name} {unit}\n" if unit else ""
    return f"# TYPE {name} {family.type}\n{of_unit}# HELP {name} {family.help.translate(_ESCAPES)}\n"


def _series(family: Family, named: str, *, bounds: tuple[float, ...]) -> list[str]:
    buckets = [f'{family.name}_bucket{{{named},le="{bucket_label(bound)}"}}' for bound in (*bounds, INFINITY)]
    return [*buckets, f"{family.name}_count{{{named}}}", f"{family.name}_sum{{{named}}}"]
