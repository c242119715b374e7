"""How Daily tells of a meeting: some late, and some wrongly at first; knows no clock and no HTTP.

`sessions` has the truth. What Daily documents of the difference: it writes every 15 s or so, dates sessions
back, and leaves open how long after its end a meeting is told to go on, and when its durations are final.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from exporter.demo.dice import dice
from exporter.demo.sessions import Meeting

CORRECTED_EVERY: Final = 45
"""Seconds between two corrections of the durations of an ended meeting."""

DATED_BACK: Final = 600
"""Seconds by which Daily dates a session back: as long as somebody may wait in it alone."""

MOST: Final = 3600
"""Seconds; nothing that is told of a start or an end is further from the truth."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How one meeting is told, in seconds; left out, it is told as it is.

    It is listed `late`, as begun `started_late`, which is set right `dated_back_after` its first listing. It
    is told to go on until `lag` after its end (`unlisted` = but not in the list of ongoing ones), and then
    every duration lacks each of `lacking` in turn. It `vanishes` so long after its start. Durations have
    this `fraction` of a second more than the truth.
    """

    late: int = 0
    started_late: int = 0
    dated_back_after: int = 0
    lag: int = 0
    unlisted: bool = False
    lacking: tuple[int, ...] = ()
    vanishes: int | None = None
    fraction: float = 0

    def __post_init__(self) -> None:
        """Refuse what the domain would not look for."""
        if max(self.late, self.started_late, self.lag) > MOST:
            raise ValueError(f"no start and no end is told by more than {MOST} s wrongly")


PLAIN: Final = Telling()

Teller: TypeAlias = Callable[[Meeting], Telling]
"""Says how a meeting is told; always the same of the same meeting."""


@dataclass(frozen=True, slots=True)
class Told:
    """A meeting as it is told at one moment; `lacking` and `fraction` are seconds of its durations."""

    meeting: Meeting
    start: int
    ongoing: bool
    unlisted: bool
    lacking: int
    fraction: float

    @property
    def place(self) -> tuple[int, str]:
        """Where it is in a list: the newest first, and ids decide within a second."""
        return -self.start, self.meeting.id


def told(meeting: Meeting, telling: Telling, *, now: float) -> Told | None:
    """Tell of a meeting at `now` (Unix seconds); None where it is not listed yet, or not any more."""
    first = meeting.start + telling.started_late
    listed = max(meeting.listed + telling.late, first)
    vanished = telling.vanishes is not None and now >= meeting.start + telling.vanishes
    if now < listed or vanished:
        return None
    flips = meeting.end + telling.lag
    step = int((now - flips) // CORRECTED_EVERY) if now >= flips else 0
    return Told(
        meeting,
        start=first if now < listed + telling.dated_back_after else meeting.start,
        ongoing=now < flips,
        unlisted=telling.unlisted and now >= meeting.end,
        lacking=telling.lacking[step] if now >= flips and step < len(telling.lacking) else 0,
        fraction=telling.fraction,
    )


def plainly(_meeting: Meeting) -> Telling:
    """Tell every meeting as it is."""
    return PLAIN


def mildly(seed: object) -> Teller:
    """Tell as a vendor does on a usual day: each thing some seconds late, and a few durations corrected."""

    def telling(meeting: Meeting) -> Telling:
        rng = dice(seed, "mildly", meeting.id)
        late, lag = rng.randrange(16), rng.randrange(5, 46)
        return Telling(late=late, lag=lag, lacking=(15,) if rng.random() < 0.1 else ())

    return telling


def awkwardly(seed: object) -> Teller:
    """Tell each meeting in one of the ways that are hard to count: most of them oddly, none impossibly."""

    def telling(meeting: Meeting) -> Telling:
        rng = dice(seed, "awkwardly", meeting.id)
        length = meeting.end - meeting.start
        started_late = min(DATED_BACK, length)
        return rng.choice(
            (
                PLAIN,
                Telling(fraction=rng.choice((0.25, 0.5, 0.875))),
                Telling(late=rng.randrange(60, 900)),
                Telling(started_late=started_late, dated_back_after=rng.randrange(CORRECTED_EVERY)),
                Telling(lag=DATED_BACK + rng.randrange(60), unlisted=rng.random() < 0.5),
                Telling(lag=rng.randrange(120), lacking=(length // 2, length // 10)),
                Telling(late=rng.randrange(300), lag=rng.randrange(900), lacking=(30,)),
            )
        )

    return telling
