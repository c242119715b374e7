"""Sets up the log: one line an event on stderr, as logfmt or JSON; knows nothing of what is logged.

No foreign text goes out raw: httpx and httpcore write addresses and headers, with tokens and ids of people,
so other libraries may only warn, with the first line of their message, and a traceback is logged without
its errors' texts.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog

LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}

FORMATS: Final = ("logfmt", "json")

MOST_FRAMES: Final = 30
"""How many places of a traceback are logged, the deepest ones: an endless recursion has a thousand."""


def set_up(level: str, form: str, *, stream: TextIO | None = None) -> None:
    """Write everything that is logged from now on to `stream` (stderr by default), from `level` up.

    `level` is one of `LEVELS`, `form` one of `FORMATS`.
    """
    renderer: Any = structlog.processors.JSONRenderer()
    if form == "logfmt":
        renderer = structlog.processors.LogfmtRenderer(key_order=("ts", "level", "event"), bool_as_flag=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _short_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_ForeignHandler(logging.WARNING)], level=logging.WARNING, force=True)


def frames(error: BaseException) -> str:
    """Where an error came from, and its type, without its text: that may hold what was worked on."""
    deepest = traceback.extract_tb(error.__traceback__, limit=-MOST_FRAMES)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in deepest]
    return " < ".join([type(error).__qualname__, *reversed(places)])


def _short_level(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["level"] = "warn" if event["level"] == "warning" else event["level"]
    return event


class _ForeignHandler(logging.Handler):
    """Passes on what other libraries log, cut down to what cannot hold a secret."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1]:
            fields["traceback"] = frames(record.exc_info[1])
        structlog.get_logger().log(record.levelno, _first_line(record), **fields)


def _first_line(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - a wrong format, or a value without a text; logging never raises
        text = str(record.msg)
    return text.partition("\n")[0]
