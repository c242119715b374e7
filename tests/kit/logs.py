"""Catches what would be logged, from debug up, as the program sets its log up; and undoes that."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from exporter import log


class Lines:
    """What was logged so far."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        """All of it, as it was written."""
        return self.stream.getvalue()

    def events(self, event: str) -> list[dict[str, Any]]:
        """The lines about one event."""
        return [line for line in map(json.loads, self.text.splitlines()) if line["event"] == event]


@contextmanager
def caught_log(level: str = "debug") -> Iterator[Lines]:
    """Log into the lines that this gives, until the block ends."""
    lines = Lines()
    root = logging.getLogger()
    handlers, root_level = list(root.handlers), root.level
    # Those of pytest would be closed by the set-up; they come back below.
    root.handlers.clear()
    log.set_up(level, "json", stream=lines.stream)
    try:
        yield lines
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(root_level)
