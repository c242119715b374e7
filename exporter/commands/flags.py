"""The flags as values, and how the text of one becomes a value; knows neither click nor what flags are for.

Every reader here raises `ValueError` with what is allowed. No message shows a URL, which may hold a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult

    from exporter.web.listen import Address

_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,8}")
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command line and its environment twins say; `timeout_offset` in seconds."""

    config_file: Path | None
    config_check: bool
    demo: bool
    log_level: str
    log_format: str
    listen_addresses: tuple[Address, ...]
    web_config_file: Path | None
    systemd_socket: bool
    telemetry_path: str
    max_requests: int
    disable_exporter_metrics: bool
    disable_source_metrics: bool
    timeout_offset: float
    external_url: SplitResult | None


def parse_seconds(text: str) -> float:
    """A number of seconds; `float` alone would take `nan`, `inf` and `1_0` as well."""
    if not _SECONDS.fullmatch(text):
        raise ValueError("this is not a number of seconds; write 0.5 or 2")
    return float(text)


def parse_count(text: str) -> int:
    """A whole number of at least 1."""
    if not _COUNT.fullmatch(text):
        raise ValueError("this is not a number of at least 1; write 40")
    return int(text)


def parse_interval(text: str) -> float:
    """The seconds between two pulls: a duration of at least a second."""
    # Only who gives an interval waits for the configuration's code.
    from exporter.config.units import parse_duration  # noqa: PLC0415

    seconds = parse_duration(text)
    if seconds is None or not 1.0 <= seconds <= _DAY:
        raise ValueError("this is not a duration of one second to one day; write 15s or 1m")
    return seconds


def parse_external_url(text: str) -> SplitResult:
    """The parts of the URL under which others reach this exporter."""
    return plain_url(text, example="https://monitoring.example.org/presence")


def plain_url(text: str, *, example: str) -> SplitResult:
    """The parts of an http or https URL that holds no user, query or fragment."""
    # Only who gives a URL waits for the configuration's code.
    from exporter.config.addresses import split_url  # noqa: PLC0415

    parts = split_url(text)
    if parts is None or "@" in parts.netloc or "?" in text or "#" in text:
        raise ValueError(f"this is not a URL with a host, without user, query and fragment; write {example}")
    return parts
