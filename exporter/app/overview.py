"""What the status page tells, put together from what is known; asks nobody."""

from collections.abc import Callable, Sequence

from exporter import __version__
from exporter.collect import Collection
from exporter.model import Source
from exporter.web.status import CollectorLine, Overview, SourceLine


def overview(
    sources: Sequence[Source], collection: Collection, *, wall: Callable[[], float], notes: tuple[str, ...]
) -> Overview:
    """What the status page tells: every configured collector, with what its last run gave."""
    now = wall()
    known = {
        (source.source, seen.collector): seen
        for source in collection.known().sources
        for seen in source.collectors
    }

    def line(source: str, collector: str) -> CollectorLine:
        seen = known.get((source, collector))
        if seen is None:
            return CollectorLine(collector)
        answer = seen.answer
        age = None if seen.last_success is None else max(0.0, now - seen.last_success)
        return CollectorLine(collector, answer.success, str(answer.reason or ""), answer.detail, age)

    lines = tuple(
        SourceLine(
            source.name, source.kind, tuple(line(source.name, each.name) for each in source.collectors)
        )
        for source in sources
    )
    return Overview("Presence exporter", __version__, lines, notes)
