"""What the last collections did and why, for whoever has to find out at night: bounded, and in our words.

`values` is what is told, `recording` what is written while something happens, `book` keeps the last of it,
`observer` writes what the requests to a vendor come to. Pure: no network, no loop, no clock. What goes in are
numbers, statuses, reasons, the vendors' documented paths and texts that were made here: no name, no id, no
secret and no address fits.
"""

from exporter.journal.book import MOST_ANSWERS, MOST_KEPT, Journal
from exporter.journal.observer import NotingObserver
from exporter.journal.recording import FIRST_STEPS, LAST_STEPS, Pull, Recording, asked_by
from exporter.journal.values import (
    AnswerNote,
    Event,
    FailureNote,
    Notes,
    Outcome,
    PullNote,
    RunNote,
    Step,
    Way,
)

__all__ = [
    "FIRST_STEPS",
    "LAST_STEPS",
    "MOST_ANSWERS",
    "MOST_KEPT",
    "AnswerNote",
    "Event",
    "FailureNote",
    "Journal",
    "Notes",
    "NotingObserver",
    "Outcome",
    "Pull",
    "PullNote",
    "Recording",
    "RunNote",
    "Step",
    "Way",
    "asked_by",
]
