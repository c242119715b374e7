"""The journal as JSON; the shape is an interface, described in docs/debug.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from exporter.journal import Event
from exporter.web.inside.telling import step_text, way_text

if TYPE_CHECKING:
    from exporter.journal import AnswerNote, FailureNote, Notes, PullNote, RunNote, Step

MEDIA_TYPE: Final = "application/json"


def as_json(notes: Notes) -> bytes:
    """The whole page, indented for whoever reads it without a program."""
    content = {
        "now": moment(notes.now),
        "failures": [_failure(each) for each in notes.failures],
        "collections": [_pull(each) for each in notes.pulls],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def moment(seconds: float) -> str:
    """Unix seconds as RFC 3339, in UTC and to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _failure(failure: FailureNote) -> dict[str, Any]:
    return {
        "times": failure.times,
        "goes_on": failure.goes_on,
        "first": _run(failure.first),
        "latest": _run(failure.latest),
    }


def _pull(pull: PullNote) -> dict[str, Any]:
    return {
        "number": pull.number,
        "at": moment(pull.at),
        "page": pull.page,
        "allowed_seconds": _seconds(pull.allowed),
        "seconds": _seconds(pull.seconds),
        "outcome": pull.outcome,
        "answers": [_answer(each) for each in pull.answers],
        "answers_left_out": pull.left_out,
    }


def _answer(answer: AnswerNote) -> dict[str, Any]:
    return {
        "source": answer.source,
        "collector": answer.collector,
        "outcome": answer.outcome,
        "reason": answer.reason,
        "detail": answer.detail,
        "seconds": _seconds(answer.seconds),
        "way": answer.way,
        "text": way_text(answer),
        "run": answer.run,
        "age_seconds": _seconds(answer.age),
        "shared_for_seconds": _seconds(answer.shared_for),
        "began": None if answer.began is None else _run(answer.began),
    }


def _run(run: RunNote) -> dict[str, Any]:
    return {
        "number": run.number,
        "source": run.source,
        "collector": run.collector,
        "at": moment(run.at),
        "seconds": _seconds(run.seconds),
        "outcome": run.outcome,
        "reason": run.reason,
        "detail": run.detail,
        "steps": [_step(each) for each in run.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    """What a step does not have is left out."""
    subject = "field" if step.event is Event.DRIFT else "endpoint"
    known = {
        subject: step.subject or None,
        "code": step.code or None,
        "reason": step.reason,
        "seconds": _seconds(step.seconds),
        "bytes": step.size,
        "count": step.count,
    }
    return {
        "after_seconds": _seconds(step.after),
        "event": step.event,
        "text": step_text(step),
        **{name: value for name, value in known.items() if value is not None},
    }


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
