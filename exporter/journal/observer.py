"""Notes what the requests to a vendor come to, in the recording of the run that makes them."""

from typing import Final

from exporter.journal.recording import present
from exporter.journal.values import Event
from exporter.model import Reason, SourceObserver

SLOW: Final = 0.1
"""Seconds of decoding, or of waiting for a turn, from which on that is worth a step."""


class NotingObserver(SourceObserver):
    """Notes what it hears, and passes it on to the observer behind; outside of a run it only passes on."""

    def __init__(self, behind: SourceObserver) -> None:
        self._behind = behind

    def responded(self, endpoint: str, *, code: str, seconds: float, size: int) -> None:
        """One request is over."""
        self._behind.responded(endpoint, code=code, seconds=seconds, size=size)
        if run := present():
            run.note(Event.REQUEST, endpoint, code=code, seconds=seconds, size=size)

    def queued(self, endpoint: str, *, seconds: float) -> None:
        """A request waited for its turn."""
        self._behind.queued(endpoint, seconds=seconds)
        if seconds >= SLOW and (run := present()):
            run.note(Event.QUEUED, endpoint, seconds=seconds)

    def retried(self, endpoint: str, reason: Reason) -> None:
        """The same request will be sent again."""
        self._behind.retried(endpoint, reason)

    def backs_off(self, endpoint: str, reason: Reason, *, wait: float) -> None:
        """It will be sent after a wait."""
        self._behind.backs_off(endpoint, reason, wait=wait)
        if run := present():
            run.note(Event.RETRY, endpoint, reason=reason, seconds=wait)

    def gave_up(self, endpoint: str, reason: Reason, *, wait: float | None) -> None:
        """The same request will not be sent again."""
        self._behind.gave_up(endpoint, reason, wait=wait)
        if run := present():
            run.note(Event.GAVE_UP, endpoint, reason=reason, seconds=wait)

    def not_asked(self, endpoint: str, reason: Reason, *, left: float) -> None:
        """A pause is not over."""
        self._behind.not_asked(endpoint, reason, left=left)
        if run := present():
            run.note(Event.NOT_ASKED, endpoint, reason=reason, seconds=left)

    def remaining(self, endpoint: str, requests: float) -> None:
        """The vendor said how many requests are left."""
        self._behind.remaining(endpoint, requests)
        if requests < 1 and (run := present()):
            run.note(Event.USED_UP, endpoint)

    def paused(self, scope: str, *, until: float) -> None:
        """A pause begins."""
        self._behind.paused(scope, until=until)
        if run := present():
            run.note(Event.PAUSE, scope, seconds=run.until(until))

    def decoded(self, endpoint: str, *, seconds: float) -> None:
        """One answer was decoded."""
        self._behind.decoded(endpoint, seconds=seconds)
        if seconds >= SLOW and (run := present()):
            run.note(Event.DECODED, endpoint, seconds=seconds)

    def drifted(self, field: str, rows: int) -> None:
        """Rows were used although a field was not as documented."""
        self._behind.drifted(field, rows)
        if rows and (run := present()):
            run.note(Event.DRIFT, field, count=rows)
