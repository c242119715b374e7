"""What is written while a pull and its runs happen; knows moments by the clock that it is handed."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias

from exporter.journal.values import AnswerNote, Event, Outcome, PullNote, RunNote, Step, Way
from exporter.model import Answer, Facts, Reason

Clock: TypeAlias = Callable[[], float]

FIRST_STEPS: Final = 16
LAST_STEPS: Final = 8
"""Of a run the first and the last steps are kept: how it began, and how it ended."""

_page: ContextVar[str] = ContextVar("page", default="")
_recording: ContextVar["Recording | None"] = ContextVar("recording", default=None)


@contextmanager
def asked_by(page: str) -> Iterator[None]:
    """Say which of our pages asks for what is pulled in this block, and in what begins in it."""
    token = _page.set(page)
    try:
        yield
    finally:
        _page.reset(token)


def present() -> "Recording | None":
    """The recording of the run that we are in; None outside of any."""
    return _recording.get()


class Recording:
    """One run of one collector, as it happens."""

    __slots__ = (
        "_answer",
        "_ended",
        "_first",
        "_last",
        "_steps",
        "_wall",
        "at",
        "collector",
        "number",
        "source",
    )

    def __init__(self, source: str, collector: str, *, number: int, wall: Clock) -> None:
        self.source = source
        self.collector = collector
        self.number = number
        self.at = wall()
        self._wall = wall
        self._first: list[Step] = []
        self._last: deque[Step] = deque(maxlen=LAST_STEPS)
        self._steps = 0
        self._ended: Outcome | None = None
        self._answer: tuple[float, Reason | None, str] | None = None

    def attach(self) -> None:
        """Let all that happens from now on in this task, and in those that it starts, be noted here."""
        _recording.set(self)

    def note(
        self,
        event: Event,
        subject: str = "",
        *,
        code: str = "",
        reason: Reason | None = None,
        seconds: float | None = None,
        size: int | None = None,
        count: int | None = None,
    ) -> None:
        """Write down a step that happens now."""
        step = Step(self._age(), event, subject, code, reason, seconds, size, count)
        (self._first if self._steps < FIRST_STEPS else self._last).append(step)
        self._steps += 1

    def until(self, moment: float) -> float:
        """The seconds from now to that moment (Unix seconds)."""
        return max(0.0, moment - self._wall())

    def end(self, outcome: Outcome, *, answer: Answer[Facts] | None = None) -> None:
        """The run is over; without an answer where it was cut off."""
        self._ended = outcome
        if answer is None:
            self._answer = (self._age(), None, "")
        else:
            self._answer = (answer.seconds, answer.reason, answer.detail)

    def view(self) -> RunNote:
        """The run as far as it is known."""
        seconds, reason, detail = self._answer or (None, None, "")
        return RunNote(
            self.number,
            self.source,
            self.collector,
            at=self.at,
            outcome=self._ended or Outcome.UNDER_WAY,
            seconds=seconds,
            reason=reason,
            detail=detail,
            steps=tuple(self._kept()),
        )

    def _kept(self) -> Iterator[Step]:
        yield from self._first
        if left_out := self._steps - len(self._first) - len(self._last):
            yield Step(self._first[-1].after, Event.LEFT_OUT, count=left_out)
        yield from self._last

    def _age(self) -> float:
        # A clock that is set back makes no step happen before its run.
        return max(0.0, self._wall() - self.at)


class AnswerLine:
    """One collector's answer to one pull, from the question on."""

    __slots__ = ("_age", "_answer", "_asked", "_began", "_shared_for", "_wall", "_way", "run")

    def __init__(self, run: Recording, way: Way, *, shared_for: float, wall: Clock) -> None:
        self.run = run
        self._way = way
        self._shared_for = shared_for
        self._wall = wall
        self._asked = wall()
        self._age = max(0.0, self._asked - run.at)
        self._answer: tuple[float, Reason | None, str] | None = None

    @property
    def outcome(self) -> Outcome:
        """What the pull was told."""
        if self._answer is None:
            return Outcome.UNDER_WAY
        return Outcome.SUCCESS if self._answer[1] is None else Outcome.FAILURE

    def answered(self, answer: Answer[Facts]) -> None:
        """The pull has its answer."""
        self._answer = (max(0.0, self._wall() - self._asked), answer.reason, answer.detail)

    def view(self) -> AnswerNote:
        """The answer as far as it is known."""
        seconds, reason, detail = self._answer or (None, None, "")
        return AnswerNote(
            self.run.source,
            self.run.collector,
            way=self._way,
            run=self.run.number,
            age=self._age,
            shared_for=self._shared_for,
            outcome=self.outcome,
            seconds=seconds,
            reason=reason,
            detail=detail,
            began=self.run.view() if self._way is Way.BEGAN else None,
        )


class Pull:
    """One pull, as it happens."""

    __slots__ = (
        "_allowed",
        "_at",
        "_left_out",
        "_lines",
        "_number",
        "_outcome",
        "_page",
        "_seconds",
        "_wall",
    )

    def __init__(self, *, number: int, allowed: float, wall: Clock) -> None:
        self._number = number
        self._allowed = allowed
        self._wall = wall
        self._at = wall()
        self._page = _page.get()
        self._lines: list[AnswerLine] = []
        self._left_out = 0
        self._outcome = Outcome.UNDER_WAY
        self._seconds: float | None = None

    def asked(self, run: Recording, way: Way, *, shared_for: float) -> AnswerLine:
        """A collector will answer with that run; gives the line for its answer."""
        line = AnswerLine(run, way, shared_for=shared_for, wall=self._wall)
        self._lines.append(line)
        return line

    def end(self, *, cancelled: bool, most: int) -> None:
        """The pull is over; of its answers `most` are kept, failed ones before good ones."""
        self._seconds = max(0.0, self._wall() - self._at)
        good = all(line.outcome is Outcome.SUCCESS for line in self._lines)
        self._outcome = Outcome.CANCELLED if cancelled else Outcome.SUCCESS if good else Outcome.FAILURE
        if len(self._lines) > most:
            self._left_out = len(self._lines) - most
            chosen = sorted(self._lines, key=lambda line: line.outcome is Outcome.SUCCESS)[:most]
            kept = set(map(id, chosen))
            self._lines = [line for line in self._lines if id(line) in kept]

    def view(self) -> PullNote:
        """The pull as far as it is known."""
        return PullNote(
            self._number,
            self._at,
            self._page,
            allowed=self._allowed,
            outcome=self._outcome,
            seconds=self._seconds,
            answers=tuple(line.view() for line in self._lines),
            left_out=self._left_out,
        )
