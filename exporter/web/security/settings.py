"""The web configuration as frozen values; knows no file, no YAML and no connection.

No `repr` here shows a key or the hash of a password.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.web.security.names import MODERN


class ClientAuth(StrEnum):
    """Which certificate a client must show, in the words of Go's `tls.ClientAuthType`."""

    NONE = "NoClientCert"
    REQUEST = "RequestClientCert"
    REQUIRE_ANY = "RequireAnyClientCert"
    # An older spelling of the one above, which the toolkit takes as well.
    REQUIRE = "RequireClientCert"
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """How connections are encrypted; certificates and key as PEM.

    `client_ca` None means the authorities that the machine trusts, `allowed_sans` None any name, `curve` None
    what OpenSSL chooses. `ciphers` are for TLS 1.2, best first, in OpenSSL's words.
    """

    certificate: bytes
    key: bytes = field(repr=False)
    client_auth: ClientAuth = ClientAuth.NONE
    client_ca: bytes | None = None
    allowed_sans: frozenset[str] | None = None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: tuple[str, ...] = MODERN
    own_order: bool = True
    curve: str | None = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`burst` requests at once, and one more every `interval` seconds."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the file says. `users` has a bcrypt hash for each name; nobody in it means no password."""

    tls: TlsSettings | None = None
    headers: tuple[tuple[str, str], ...] = ()
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    rate_limit: RateLimit | None = None
