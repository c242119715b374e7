"""Decides which part of the last day is counted again, to find what was listed later than anybody waited.

Pure; time is an argument (Unix seconds). It knows no request and no ledger.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0

WINDOWS: Final = 24
"""The last 24 whole hours behind the watermark, all of them once an hour."""

PAUSE: Final = HOUR / WINDOWS
"""Seconds from one of them to the next."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: count the meetings of a window, or read it (`read`)."""

    start: float
    end: float
    read: bool = False


class Audit:
    """Goes through the hours; one that does not agree is cut until it can be read.

    A difference that reading does not remove, as of a meeting that vanished after it was counted, is
    remembered: only a change of it is looked into again.
    """

    def __init__(self) -> None:
        self._steps: deque[Step] = deque()
        self._explained: dict[tuple[float, float], int] = {}
        self._hour = 0.0
        self._at = -math.inf

    def next(self, *, now: float, since: float, back: float, end: float) -> Step | None:
        """The next step from `since` to `end`, no more than `back` seconds ago; None where none is due."""
        if self._steps:
            return self._steps[0]
        if self._at <= now < self._at + PAUSE:
            return None
        oldest = max((now // HOUR - WINDOWS), math.ceil((now - back) / HOUR), since // HOUR) * HOUR
        newest = (end // HOUR - 1) * HOUR
        if newest < oldest:
            return None
        hour = self._hour - HOUR
        self._hour = hour if oldest <= hour <= newest else newest
        # A run that comes late for one hour is no later for the next: a round takes no longer than an hour.
        self._at = self._at + PAUSE if self._at <= now < self._at + 2 * PAUSE else now
        self._explained = {key: value for key, value in self._explained.items() if key[1] > oldest}
        self._steps.append(Step(max(self._hour, math.ceil(since)), self._hour + HOUR))
        return self._steps[0]

    def counted(self, *, theirs: int, ours: int, readable: int) -> None:
        """The window has so many meetings at the vendor and in the ledger; `readable` can be read at once."""
        step = self._steps.popleft()
        if theirs - ours == self._explained.get((step.start, step.end), 0):
            return
        self._explain(step, theirs - ours)
        if theirs <= readable or step.end - step.start <= 1:
            self._steps.appendleft(Step(step.start, step.end, read=True))
        else:
            self._cut(step)

    def was_read(self, *, difference: int) -> None:
        """The window was read, and what is new of it written down; so many are still missing or too many."""
        self._explain(self._steps.popleft(), difference)

    def too_large(self) -> None:
        """The window has grown, and cannot be read at once."""
        self._cut(self._steps.popleft())

    def given_up(self) -> None:
        """The window cannot be read; its turn comes again in an hour."""
        step = self._steps.popleft()
        self._explained.pop((step.start, step.end), None)

    def _explain(self, step: Step, difference: int) -> None:
        self._explained[step.start, step.end] = difference

    def _cut(self, step: Step) -> None:
        middle = (step.start + step.end) // 2
        self._steps.extendleft((Step(middle, step.end), Step(step.start, middle)))
