"""Says in a few words what a step of a run, or an answer to a pull, was; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exporter.journal import Event, Way

if TYPE_CHECKING:
    from exporter.journal import AnswerNote, Step

_SAID: Final = {
    Event.QUEUED: "waited {seconds} for its turn to ask {subject}",
    Event.RETRY: "will ask {subject} again in {seconds}, because of {reason}",
    Event.NOT_ASKED: "did not ask {subject}: the pause that the vendor wants lasts {seconds} more ({reason})",
    Event.PAUSE: "a pause of {seconds} begins, for {subject}",
    Event.USED_UP: "the vendor says that no request to {subject} is left in this window of its limit",
    Event.DECODED: "reading the answer of {subject} took {seconds}, in which nothing else ran",
    Event.DRIFT: "{count} rows with {subject} missing or odd, used all the same",
    Event.JOINED: "one more scrape waits for this run",
    Event.LEFT: "a scrape that waited went without the answer",
    Event.DEADLINE: "the deadline passed: cut off",
    Event.CANCELLED: "nobody waits any more: cancelled",
    Event.KEPT: "the run was good, but what was counted so far cannot be read",
    Event.LEFT_OUT: "{count} more steps, not kept",
}


def step_text(step: Step) -> str:
    """What happened."""
    if step.event is Event.REQUEST:
        took = span(step.seconds or 0.0)
        if step.code == "error":
            return f"asked {step.subject}: the connection failed or was cut off, after {took}"
        return f"asked {step.subject}: {step.code}, {step.size or 0:,} bytes in {took}"
    if step.event is Event.GAVE_UP:
        why = "it was asked often enough"
        if step.seconds is not None:
            why = f"waiting {span(step.seconds)} does not fit into the deadline"
        return f"did not ask {step.subject} again: {why} ({step.reason})"
    return _SAID[step.event].format(
        subject=step.subject or "the whole source",
        seconds=span(step.seconds or 0.0),
        reason=step.reason,
        count=step.count,
    )


def way_text(answer: AnswerNote) -> str:
    """Why the collector was asked, or was not."""
    if answer.way is Way.BEGAN:
        return f"began run {answer.run}"
    if answer.way is Way.JOINED:
        return f"joined run {answer.run}, begun {span(answer.age)} before"
    again = f"asked again after {about(answer.shared_for)}"
    return f"not asked: shares run {answer.run}, begun {span(answer.age)} before; {again}"


def span(seconds: float) -> str:
    """A time as exactly as it matters: milliseconds below ten seconds, whole seconds above a minute."""
    if seconds < 10:
        return f"{seconds:.3f} s"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds:.0f} s"


def about(seconds: float) -> str:
    """A time that somebody chose, without more digits than that takes."""
    return f"{round(seconds, 1):g} s"
