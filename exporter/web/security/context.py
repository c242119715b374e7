"""From TLS settings to what one handshake goes by; knows no file of ours and no connection.

Nothing is taken from the one before: a replaced authority would only be added to a context that lives on.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exporter.errors import ConfigError
from exporter.web.security.settings import ClientAuth, TlsSettings
from exporter.web.security.shown import trust_what_is_shown

_ANY: Final = frozenset({ClientAuth.REQUIRE_ANY, ClientAuth.REQUIRE})


@dataclass(frozen=True, slots=True)
class Handshake:
    """What one handshake goes by; `admits` gets the client's certificate, as `getpeercert` has it."""

    context: ssl.SSLContext
    allowed_sans: frozenset[str] | None = None

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """True where the certificate has one of the allowed names, or none is asked for."""
        return self.allowed_sans is None or not self.allowed_sans.isdisjoint(names_of(certificate or {}))


def handshakes(tls: TlsSettings) -> Callable[[], Handshake]:
    """What gives the terms of each handshake; raises `ConfigError` where OpenSSL cannot use the settings."""
    context = _context(tls)
    if _believes_anybody(tls):
        return lambda: Handshake(_context(tls), tls.allowed_sans)
    terms = Handshake(context, tls.allowed_sans)
    return lambda: terms


def _believes_anybody(tls: TlsSettings) -> bool:
    # A certificate that may be left out, and that nobody looks at, need not be asked for.
    return tls.client_auth in _ANY or (tls.client_auth is ClientAuth.REQUEST and tls.allowed_sans is not None)


def _context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = tls.minimum, tls.maximum
    context.set_alpn_protocols(["http/1.1"])
    context.set_ciphers(":".join(tls.ciphers))
    if tls.own_order:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.curve is not None:
        context.set_ecdh_curve(tls.curve)
    _load_certificate(context, tls)
    _ask_clients(context, tls)
    return context


def _load_certificate(context: ssl.SSLContext, tls: TlsSettings) -> None:
    try:
        with _as_file(tls.certificate) as certificate, _as_file(tls.key) as key:
            # Without a password of ours, a key that is locked would have one asked for at the terminal.
            context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError:
        raise ConfigError(
            "tls_server_config: certificate and key cannot be used; "
            "PEM that belongs together, the key without password"
        ) from None


def _ask_clients(context: ssl.SSLContext, tls: TlsSettings) -> None:
    if _believes_anybody(tls):
        trust_what_is_shown(context)
    elif tls.client_auth in {ClientAuth.VERIFY_IF_GIVEN, ClientAuth.REQUIRE_AND_VERIFY}:
        required = tls.client_auth is ClientAuth.REQUIRE_AND_VERIFY
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        # As in Go: a certificate of the list is trusted, be it an authority's or one client's own.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        _load_authorities(context, tls.client_ca)
    if tls.client_auth is not ClientAuth.NONE:
        # Each connection shows its certificate anew, so that one that has run out comes in no more.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0


def _load_authorities(context: ssl.SSLContext, authorities: bytes | None) -> None:
    if authorities is None:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    try:
        context.load_verify_locations(cadata=authorities.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            "tls_server_config: client_ca_file or client_ca holds no certificate; certificates as PEM"
        ) from None


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """A path where OpenSSL reads the data: Python's ssl takes no key from memory.

    In memory where the system can, so that no key is written to a disk; else in a file that has no name.
    """
    with contextlib.ExitStack() as opened:
        if hasattr(os, "memfd_create"):
            file = opened.enter_context(open(os.memfd_create("pem"), "w+b", buffering=0))  # noqa: PTH123
        else:  # pragma: no cover - not on Linux
            file = opened.enter_context(tempfile.TemporaryFile(buffering=0))
        file.write(data)
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"


def names_of(certificate: Mapping[str, Any]) -> set[str]:
    """The Subject Alternative Names of a certificate, addresses written as Go writes them."""
    names = {
        _address(name.strip()) if kind == "IP Address" else name
        for kind, name in certificate.get("subjectAltName", ())
        if kind in {"DNS", "email", "URI", "IP Address"}
    }
    return names - {""}


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
