"""Counts parts of the last day again at Daily, and reads what the ledger does not know of them.

`audit` says which parts. It knows the ledger as a Protocol.
"""

from typing import Final

from exporter.errors import AnswerMisshapen
from exporter.model import MeetingLedger
from exporter.sources.daily.audit import Audit, Step
from exporter.sources.daily.books import Books, Run
from exporter.sources.daily.density import WINDOW_PAGES
from exporter.sources.daily.reader import CrowdedError, HistoryReader, SpentError
from exporter.sources.daily.wire import PAGE_ROWS

STEPS: Final = 8
"""How many windows one run counts or reads at most; a small domain's one."""


class Recount:
    """Goes on with the audit where the last run stopped."""

    def __init__(
        self, reader: HistoryReader, books: Books, *, ledger: MeetingLedger, catch_up: float
    ) -> None:
        """What is older than `catch_up` seconds may be a gap, which stays one."""
        self._reader = reader
        self._books = books
        self._ledger = ledger
        self._back = catch_up
        self._audit = Audit()

    async def go_on(self, run: Run, *, small: bool) -> bool:
        """Take the steps that are due, and leave requests for the reading; True where any was."""
        pages = 1 if small else WINDOW_PAGES
        for taken in range(1 if small else STEPS):
            step = self._audit.next(
                now=run.now, since=run.state.counting_since, back=self._back, end=run.watermark
            )
            if step is None or self._reader.fit() < min(2, self._reader.per_minute):
                return taken > 0
            try:
                await self._take(run, step, readable=pages * PAGE_ROWS - 1)
            except SpentError:
                return True
            except CrowdedError:
                # Where Daily is slow, a run may never have time for more.
                self._audit.too_large()
            except AnswerMisshapen as fault:
                run.fault = fault
                self._audit.given_up()
        return True

    async def _take(self, run: Run, step: Step, *, readable: int) -> None:
        if not step.read:
            theirs = await self._reader.count(step.start, step.end)
            ours = await self._ledger.known_between(step.start, end=step.end)
            self._audit.counted(theirs=theirs, ours=ours, readable=readable)
            return
        listing = await self._reader.window(step.start, step.end)
        await self._books.late(run, listing)
        ours = await self._ledger.known_between(step.start, end=step.end)
        self._audit.was_read(difference=len(listing.meetings) - ours)
