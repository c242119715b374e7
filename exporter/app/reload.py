"""Reads the configuration again, puts it in force, and tells what came of it, in the log and by gauges.

One reload at a time. It knows neither files nor signals: how to read is a function.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from anyio import to_thread

from exporter.app.fleet import Fleet
from exporter.config import Loaded
from exporter.errors import ConfigError
from exporter.log import frames
from exporter.telemetry import Telemetry

log = structlog.get_logger(__name__)

BUG: Final = "this is a bug in the exporter; its log has the place"

NAMED: Final = 10
"""Sources that the log line of a reload names; of more it says how many there are."""


class Reloads:
    """The way of a configuration into force."""

    def __init__(self, read: Callable[[], Loaded], *, fleet: Fleet, telemetry: Telemetry) -> None:
        """`read` is called in a thread, since files may be slow; it may raise `ConfigError`.

        `fault` is what was wrong at the last reload, None where nothing was.
        """
        self._read = read
        self._fleet = fleet
        self._telemetry = telemetry
        self._turn = asyncio.Lock()
        self.fault: str | None = None

    async def reload(self) -> str | None:
        """Read, and put in force what was read; gives what is wrong with it, and nothing has changed then."""
        async with self._turn:
            self.fault = fault = await self._outcome()
        self._telemetry.reloaded(successful=fault is None)
        if fault is not None:
            log.error("configuration not reloaded, the one before stays in force", detail=fault)
        return fault

    async def _outcome(self) -> str | None:
        try:
            loaded = await to_thread.run_sync(self._read, abandon_on_cancel=True)
            changes = await self._fleet.adopt(loaded.config)
        except ConfigError as fault:
            return str(fault)
        except Exception as bug:  # noqa: BLE001 - the wall: what serves goes on, whatever is wrong with the new
            log.error("a reload failed by a bug", traceback=frames(bug))
            return BUG
        for warning in loaded.warnings:
            log.warning("configuration", detail=warning)
        log.info(
            "configuration reloaded",
            added=_some(changes.added),
            changed=_some(changes.changed),
            removed=_some(changes.removed),
            kept=changes.kept,
        )
        return None


def _some(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return " ".join(names)
    return f"{' '.join(names[:NAMED])} and {len(names) - NAMED} more"
