"""Keeps the last pulls, and apart from them the last failures, which good pulls do not push out."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from exporter.journal.recording import Clock, Pull, Recording
from exporter.journal.values import FailureNote, Notes, Outcome
from exporter.model import Answer, Facts, Reason

MOST_KEPT: Final = 20
"""So many pulls are kept, and so many failures."""

MOST_ANSWERS: Final = 100
"""Of one pull so many answers are kept: who has a thousand sources looks at those that failed."""


class _Failing:
    """One collector that fails again and again for one reason, without a good run between."""

    __slots__ = ("first", "goes_on", "latest", "reason", "times")

    def __init__(self, run: Recording, reason: Reason) -> None:
        self.reason = reason
        self.first = run
        self.latest = run
        self.times = 1
        self.goes_on = True

    def is_about(self, run: Recording) -> bool:
        """True where that run belongs to the same collector, which has not recovered since."""
        same = (self.first.source, self.first.collector) == (run.source, run.collector)
        return same and self.goes_on

    def view(self) -> FailureNote:
        """As it is told."""
        return FailureNote(self.times, self.first.view(), self.latest.view(), self.goes_on)


class Journal:
    """The last pulls and failures; one for the life of the process, handed to all who tell something."""

    def __init__(self, *, wall: Clock) -> None:
        self._wall = wall
        self._pulls: deque[Pull] = deque(maxlen=MOST_KEPT)
        self._failures: deque[_Failing] = deque(maxlen=MOST_KEPT)
        self._pull_number = 0
        self._run_number = 0

    @contextmanager
    def pull(self, *, allowed: float) -> Iterator[Pull]:
        """Note a pull that has `allowed` seconds, for as long as the block lasts."""
        self._pull_number += 1
        pull = Pull(number=self._pull_number, allowed=allowed, wall=self._wall)
        self._pulls.append(pull)
        cancelled = True
        try:
            yield pull
            cancelled = False
        finally:
            pull.end(cancelled=cancelled, most=MOST_ANSWERS)

    def begin(self, source: str, collector: str) -> Recording:
        """A run of that collector begins."""
        self._run_number += 1
        return Recording(source, collector, number=self._run_number, wall=self._wall)

    def end(self, run: Recording, answer: Answer[Facts] | None) -> None:
        """It is over; None where it was cut off because nobody waited any more."""
        if answer is None:
            run.end(Outcome.CANCELLED)
        elif answer.reason is None:
            run.end(Outcome.SUCCESS, answer=answer)
            self._close(run)
        else:
            run.end(Outcome.FAILURE, answer=answer)
            self._failed(run, answer.reason)

    def asks_only(self, sources: Iterable[str]) -> None:
        """No other source is asked any more: what failed there does not go on."""
        asked = set(sources)
        for each in self._failures:
            each.goes_on = each.goes_on and each.first.source in asked

    def view(self) -> Notes:
        """All there is to tell, the newest first."""
        return Notes(
            self._wall(),
            tuple(pull.view() for pull in reversed(self._pulls)),
            tuple(failing.view() for failing in reversed(self._failures)),
        )

    def _failed(self, run: Recording, reason: Reason) -> None:
        known = next((each for each in self._failures if each.is_about(run) and each.reason is reason), None)
        if known is None:
            # Another reason does not end it: one that comes and goes must not push out all the others.
            self._failures.append(_Failing(run, reason))
            return
        known.latest = run
        known.times += 1
        self._failures.remove(known)
        self._failures.append(known)

    def _close(self, run: Recording) -> None:
        for each in self._failures:
            if each.is_about(run):
                each.goes_on = False
