"""Decides which followed meetings are looked for now, and how far around their start.

Pure; time is an argument (Unix seconds). It knows no request.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from exporter.model import FollowedMeeting

SOONEST, LATEST = 60.0, 3600.0
"""Seconds between two looks for a meeting that is not there or still goes on; they double."""

MARGINS: Final = (60.0, 900.0, 7200.0)
"""Seconds around the start in which a room is listed: Daily may have dated a meeting back meanwhile."""

GIVEN_UP: Final = 86400.0
"""Seconds after which a meeting that is not found is abandoned."""


@dataclass(slots=True)
class _Turn:
    due: float = 0.0
    wait: float = SOONEST
    missed: int = 0
    by_room: bool = True


class LookUps:
    """When each followed meeting is looked for next; a restart forgets, and asks once more."""

    def __init__(self, settle: float) -> None:
        """`settle` is the seconds after which a meeting that was seen ended may have settled."""
        self._settle = settle
        self._turns: dict[str, _Turn] = {}

    def due(self, followed: Iterable[FollowedMeeting], *, now: float) -> list[FollowedMeeting]:
        """Those whose turn it is, the oldest first; whatever is not among `followed` is forgotten.

        A turn that is further away than any can be comes from a clock that was put back.
        """
        meetings = sorted(followed, key=lambda each: (each.start, each.id))
        self._turns = {each.id: self._turns.get(each.id) or _Turn() for each in meetings}
        return [
            each for each in meetings if not now < self._turns[each.id].due <= now + LATEST + self._settle
        ]

    def was_missed(self, meeting: FollowedMeeting) -> bool:
        """True where the last look did not find it, so that a window around its start will not either."""
        return self._turns[meeting.id].missed > 0

    def room(self, meeting: FollowedMeeting) -> str | None:
        """The room in which it is looked for; None for the whole domain."""
        return meeting.room if self._turns[meeting.id].by_room else None

    def window(self, meeting: FollowedMeeting) -> tuple[float, float]:
        """The seconds in which to look for it, wider each time that it was not found.

        Without its room the whole domain is listed there, so that only the very second is asked at first.
        """
        margins = MARGINS if self.room(meeting) else (0.0, *MARGINS)
        margin = margins[min(self._turns[meeting.id].missed, len(margins) - 1)]
        second = meeting.start // 1
        return second - margin, second + margin + 1

    def ended(self, meeting: FollowedMeeting, *, now: float) -> None:
        """It was found, has ended, and may settle at the next sight."""
        self._turns[meeting.id] = _Turn(due=now + self._settle, by_room=self._turns[meeting.id].by_room)

    def refused(self, meeting: FollowedMeeting, *, now: float) -> None:
        """The vendor lists nothing of its room, which may have been deleted: from now on without it."""
        self._turns[meeting.id] = _Turn(due=now + SOONEST, by_room=False)

    def goes_on(self, meeting: FollowedMeeting, *, now: float) -> None:
        """It was found, and goes on although it is not in the list of ongoing meetings any more."""
        self._later(self._turns[meeting.id], now=now)
        self._turns[meeting.id].missed = 0

    def missed(self, meeting: FollowedMeeting, *, now: float) -> bool:
        """It was not found; True where that has been so for a day, and it is abandoned."""
        self._later(self._turns[meeting.id], now=now)
        self._turns[meeting.id].missed += 1
        return meeting.unseen_since is not None and now - meeting.unseen_since >= GIVEN_UP

    @staticmethod
    def _later(turn: _Turn, *, now: float) -> None:
        turn.due = now + turn.wait
        turn.wait = min(turn.wait * 2, LATEST)
