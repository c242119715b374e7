"""What a meeting adds to the histograms, and when it may be counted.

Pure, with plain values, and the time as an argument. Durations are counted per whole second, rounded up, so
that any layout of whole-number buckets can be made of them later. It knows no vendor and no database.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from exporter.model import Distribution, LedgerEntry, ListedMeeting

LONGEST: Final = 86_401
"""Seconds; longer stays share this value, beyond the last bucket that is usual."""

SETTLED_ANYHOW: Final = 3600.0
"""Seconds after its end when a meeting counts at first sight: Daily corrects a meeting soon, or never."""

WAIT_FOR_PARTICIPANTS: Final = 600.0
"""Seconds after its end that a meeting without a list of participants is waited for."""

JOIN, MEETING, PEAK = "join", "meeting", "peak"


@dataclass(slots=True)
class Addition:
    """What meetings add: how often each value of each family, and the sums (milliseconds, people)."""

    numbers: Counter[tuple[str, int]] = field(default_factory=Counter)
    join_milliseconds: int = 0
    meeting_milliseconds: int = 0
    peak_participants: int = 0

    def add(self, meeting: ListedMeeting) -> None:
        """Add one meeting with all its stays; what it does not say, or says below 0, is left out."""
        for stay in meeting.stays or ():
            self.numbers[JOIN, whole_seconds(stay)] += 1
            self.join_milliseconds += round(stay * 1000)
        if meeting.duration is not None:
            self.numbers[MEETING, whole_seconds(meeting.duration)] += 1
            self.meeting_milliseconds += round(meeting.duration * 1000)
        if meeting.peak is not None:
            self.numbers[PEAK, meeting.peak] += 1
            self.peak_participants += meeting.peak


class Sights:
    """When each ended meeting was first seen as it is now; a restart forgets, and delays the counting."""

    def __init__(self, settle: float) -> None:
        """`settle` is the seconds between two identical sights that settle a meeting."""
        self._settle = settle
        self._first: dict[str, tuple[ListedMeeting, float]] = {}

    def settled(
        self, meeting: ListedMeeting, *, now: float, until: float | None = None, followed: bool = False
    ) -> bool:
        """True where the meeting has ended and will not change any more, as far as anybody can tell.

        It was seen between `now` and `until`, while a list of several pages was read.
        One that was `followed` has to be seen twice however long its end is ago: Daily may show the duration
        that it had hours before, and with it an end that was none.
        """
        if meeting.ongoing:
            self._first.pop(meeting.id, None)
            return False
        since_end = now - meeting.end
        if meeting.stays is None and since_end < WAIT_FOR_PARTICIPANTS:
            return False
        if since_end >= SETTLED_ANYHOW and not followed:
            return True
        before = self._first.get(meeting.id)
        if before is None or before[0] != meeting:
            self._first[meeting.id] = (meeting, now if until is None else until)
            return self._settle <= 0
        return now - before[1] >= self._settle

    def forget(self, ids: Iterable[str]) -> None:
        """These meetings are decided on."""
        for meeting in ids:
            self._first.pop(meeting, None)

    def forget_before(self, moment: float) -> None:
        """Drop what was seen before that moment and never again, such as a meeting that vanished."""
        self._first = {key: first for key, first in self._first.items() if first[1] >= moment}


def whole_seconds(seconds: float) -> int:
    """Rounded up, so that a value is in the bucket of a whole bound exactly where the true one is."""
    return min(math.ceil(seconds), LONGEST)


def distribution(numbers: Mapping[int, int], bounds: tuple[float, ...], *, total: float) -> Distribution:
    """Value → number as a histogram with these (whole) bounds."""
    per_bucket = [0] * (len(bounds) + 1)
    index = 0
    for value in sorted(numbers):
        while index < len(bounds) and value > bounds[index]:
            index += 1
        per_bucket[index] += numbers[value]
    return Distribution(bounds, tuple(accumulate(per_bucket)), total)


def judge(
    meetings: Collection[ListedMeeting],
    *,
    known: Collection[str],
    followed: Collection[str],
    sights: Sights,
    counting_since: float,
    now: float,
    until: float | None = None,
) -> LedgerEntry:
    """What to write down of the meetings of one complete reading, which took from `now` to `until`.

    `known` were decided on before, `followed` were seen before and had not settled. What ended before
    `counting_since` is not counted; what has not settled is followed until it has.
    """
    count: list[ListedMeeting] = []
    skip: list[tuple[str, float]] = []
    follow: list[ListedMeeting] = []
    for meeting in meetings:
        if meeting.id in known:
            continue
        if not sights.settled(meeting, now=now, until=until, followed=meeting.id in followed):
            follow.append(meeting)
        elif meeting.end >= counting_since:
            count.append(meeting)
        else:
            skip.append((meeting.id, meeting.start))
    return LedgerEntry(now, tuple(count), skip=tuple(skip), follow=tuple(follow))
