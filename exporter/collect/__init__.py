"""Asks all collectors at once, a wall around each, and shares their runs between pulls.

`run` is one, `runs` are those of one collector, `collection` has all of all sources. It knows no vendor and
no metric: sources come in as a Protocol, what happens is told to an observer and noted in the journal.
"""

from exporter.collect.collection import Collection, SharedSource
from exporter.collect.run import GRACE
from exporter.collect.runs import CollectionObserver
from exporter.collect.users import Users

__all__ = ["GRACE", "Collection", "CollectionObserver", "SharedSource", "Users"]
