"""Clients of the vendors: one for each source, on the network or on what stands in for it.

It knows how a vendor is reached, and not what it is asked. `transport` is the seam for all that answers like
a vendor without being one: the demo, and the tests.
"""

import random
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import httpx

from exporter import __version__
from exporter.config import HttpSettings
from exporter.errors import ConfigError
from exporter.fetch import Fetcher, Vendor
from exporter.model import SourceObserver
from exporter.pauses import Pauses

USER_AGENT = f"presence-exporter/{__version__}"

KEPT_SECONDS = 55.0
"""How long an idle connection is kept.

Longer than any usual time between scrapes, or each would connect anew (httpx closes after 5 s); shorter than
the 60 s after which balancers commonly drop one, some in silence.
"""

_PROXY_FAULT = (
    "http.proxy: the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) cannot be used; "
    "an http:// or https:// URL with a host, or proxy: none"
)

_CA_FAULT = "http.ca_file: {} cannot be used; a readable file of PEM certificates"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the application finds around it: the network (None = the real one), the clock and chance.

    `ledger_threads` is where the ledger's transactions run; None means threads of its own.
    """

    transport: httpx.AsyncBaseTransport | None = None
    wall: Callable[[], float] = time.time
    rng: random.Random = field(default_factory=random.Random)  # noqa: S311 - spreads retries, guards nothing
    ledger_threads: Executor | None = None


def build_fetcher(
    http: HttpSettings,
    vendor: Vendor,
    *,
    max_bytes: Callable[[], int],
    observer: SourceObserver,
    around: Surroundings,
    pauses: Pauses | None = None,
) -> Fetcher:
    """What asks one account's vendor, with a client of its own; raises `ConfigError`."""
    return Fetcher(
        _client(http, around.transport),
        vendor,
        observer=observer,
        max_bytes=max_bytes,
        wall=around.wall,
        rng=around.rng,
        pauses=pauses,
    )


def _client(
    http: HttpSettings, transport: httpx.AsyncBaseTransport | None, *, kept: float = KEPT_SECONDS
) -> httpx.AsyncClient:
    """A client of its own for each source; they share the TLS context, which costs 20 ms to make."""
    from_environment = http.proxy == "environment"
    proxy = None if isinstance(http.proxy, str) else http.proxy.reveal()
    try:
        return httpx.AsyncClient(
            transport=transport,
            verify=_tls_context(http.ca_file, authorities(http)),
            proxy=proxy if transport is None else None,
            trust_env=from_environment and transport is None,
            limits=httpx.Limits(
                max_connections=http.max_connections,
                max_keepalive_connections=http.max_connections,
                keepalive_expiry=kept,
            ),
            # Only the connect has a time of its own: what else stalls or drips meets the collection's wall.
            timeout=httpx.Timeout(None, connect=http.connect_timeout),
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # All else was checked when it was read; what httpx says may hold the proxy's password.
        raise ConfigError(_PROXY_FAULT) from error


def authorities(http: HttpSettings) -> str:
    """What tells the authorities in a CA file from others under its name; raises `ConfigError`."""
    if http.ca_file is None:
        return ""
    try:
        return sha256(http.ca_file.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(_CA_FAULT.format(http.ca_file)) from error


@lru_cache
def _tls_context(ca_file: Path | None, _authorities: str) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(_CA_FAULT.format(ca_file)) from error
