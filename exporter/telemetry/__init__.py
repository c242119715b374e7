"""Counters about ourselves: what we asked, what came of it, and who scraped us.

Fed from outside: by `fetch` and `collect` as their observer, and by a middleware for each request to us.
All of it is counted by this process since its start, in a registry of its own. It knows no vendor and
decides nothing.
"""

from exporter.telemetry.activity import EndpointActivity, SourceActivity
from exporter.telemetry.counters import BuildInfo, Telemetry
from exporter.telemetry.line import Line

__all__ = ["BuildInfo", "EndpointActivity", "Line", "SourceActivity", "Telemetry"]
