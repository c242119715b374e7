"""The web configuration in force: read at the start, and again once one of its files has changed.

Whoever asks for it has the files looked at, so there is no timer and no signal. A new file that cannot be
used leaves the old one in force, and is told in the log once. It knows files, and not who asks or why.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from exporter.config.sight import changed
from exporter.errors import ConfigError
from exporter.web.security.context import Handshake
from exporter.web.security.reading import Loaded, attempt
from exporter.web.security.settings import Settings

log = structlog.get_logger(__name__)


class WebSecurity:
    """What a web configuration file says now; raises `ConfigError` where it cannot be used at the start."""

    def __init__(self, path: Path) -> None:
        """Read the file, and those that it names."""
        self._path = path
        first = attempt(path)
        if isinstance(first.outcome, ConfigError):
            raise first.outcome
        self._loaded: Loaded = first.outcome
        self._seen = first.seen

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works and should not stay so, each in one line."""
        return self._loaded.warnings

    @property
    def encrypted(self) -> bool:
        """True where connections speak TLS, which does not change while we run."""
        return self._loaded.handshake is not None

    def settings(self) -> Settings:
        """What a request that comes now goes by."""
        self._renew()
        return self._loaded.settings

    def handshake(self) -> Handshake:
        """What a connection that comes now goes by."""
        self._renew()
        if self._loaded.handshake is None:
            raise RuntimeError("a handshake without TLS")
        return self._loaded.handshake()

    def _renew(self) -> None:
        if not changed(self._seen):
            return
        latest = attempt(self._path)
        self._seen = latest.seen
        outcome = _unless_switched(latest.outcome, encrypted=self.encrypted)
        if isinstance(outcome, ConfigError):
            log.error(
                "the web configuration has changed and cannot be used; the old one stays", why=str(outcome)
            )
        else:
            self._loaded = outcome
            log.info("the web configuration was read again", file=str(self._path))
            for warning in self._loaded.warnings:
                log.warning("web configuration", detail=warning)


def _unless_switched(outcome: Loaded | ConfigError, *, encrypted: bool) -> Loaded | ConfigError:
    """What came of a new file, if it leaves TLS on or off: open connections, and who asks, count on that."""
    if isinstance(outcome, Loaded) and (outcome.handshake is not None) != encrypted:
        return ConfigError("tls_server_config: TLS is not switched on or off while running; a restart")
    return outcome
