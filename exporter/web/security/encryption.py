"""The keys of `tls_server_config`, as the toolkit has them; knows no connection.

What cannot work, or would look like protection and be none, is refused here: at the start, and not at the
first connection.
"""

from __future__ import annotations

import re
import ssl
from typing import Final

from exporter.config.place import Place
from exporter.config.readers import Flag, ListOf, OneOf, Text
from exporter.config.tables import Key, Table, Values
from exporter.web.security.names import CIPHERS, CURVES, MODERN, VERSIONS, Cipher, Curve, Version
from exporter.web.security.readers import ContentOf, Inline, Unset
from exporter.web.security.settings import ClientAuth, TlsSettings

_PEM = "certificates as PEM"
_PEM_FILE = "the path of a readable file of PEM certificates"
_KEY = "a key as PEM, without password"
_KEY_FILE = "the path of a readable PEM file with a key, without password"

CERT = Key(
    name="cert",
    reader=Unset(Inline(_PEM)),
    default="null",
    meaning="the server's certificate and those between it and its authority, in the file itself",
    example="|…",
)
CERT_FILE = Key(
    name="cert_file",
    reader=Unset(ContentOf(_PEM_FILE)),
    default="null",
    meaning="the same, in another file",
    example="server.crt",
)
KEY = Key(
    name="key",
    reader=Unset(Inline(_KEY, secret=True)),
    default="null",
    meaning="the certificate's key, in the file itself",
    example="|…",
)
KEY_FILE = Key(
    name="key_file",
    reader=Unset(ContentOf(_KEY_FILE, secret=True)),
    default="null",
    meaning="the same, in another file",
    example="server.key",
)
CLIENT_AUTH_TYPE = Key(
    name="client_auth_type",
    reader=Unset(OneOf(ClientAuth)),
    default="NoClientCert",
    meaning="which certificate a client must show; only RequireAndVerifyClientCert keeps strangers out",
    example="RequireAndVerifyClientCert",
)
CLIENT_CA = Key(
    name="client_ca",
    reader=Unset(Inline(_PEM)),
    default="null",
    meaning="the authorities of clients' certificates, in the file itself; none = those of the machine",
    example="|…",
)
CLIENT_CA_FILE = Key(
    name="client_ca_file",
    reader=Unset(ContentOf(_PEM_FILE)),
    default="null",
    meaning="the same, in another file",
    example="clients.pem",
)
CLIENT_ALLOWED_SANS = Key(
    name="client_allowed_sans",
    reader=Unset(
        ListOf(
            reader=Text(re.compile(r"[ -~]{1,253}"), "a DNS name, IP address, e-mail address or URI"),
            allowed="a list of at least one DNS name, IP address, e-mail address or URI",
            least=1,
            distinct=False,
        )
    ),
    default="null",
    meaning="a client's certificate must have one of these as a Subject Alternative Name, exactly",
    example="[prometheus.example.org]",
)
MIN_VERSION = Key(
    name="min_version",
    reader=Unset(OneOf(Version)),
    default="TLS12",
    meaning="the oldest TLS that is spoken; TLS 1.2 at least, whatever is said here",
    example="TLS13",
)
MAX_VERSION = Key(
    name="max_version",
    reader=Unset(OneOf(Version)),
    default="TLS13",
    meaning="the newest TLS that is spoken",
    example="TLS13",
)
CIPHER_SUITES = Key(
    name="cipher_suites",
    reader=Unset(ListOf(reader=OneOf(Cipher), allowed="a list of ciphers", distinct=False)),
    default="null",
    meaning="the ciphers for TLS 1.2, best first; those of TLS 1.3 are always on",
    example="[TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]",
)
CURVE_PREFERENCES = Key(
    name="curve_preferences",
    reader=Unset(ListOf(reader=OneOf(Curve), allowed="a list of one curve, or of all four", distinct=False)),
    default="null",
    meaning="the one curve for the exchange of keys; all four mean what OpenSSL has",
    example="[X25519]",
)
PREFER_SERVER_CIPHER_SUITES = Key(
    name="prefer_server_cipher_suites",
    reader=Flag(),
    default="true",
    meaning="whether the order of `cipher_suites` counts, or that of the client",
    example="false",
)

TLS_KEYS: Final = (
    CERT,
    CERT_FILE,
    KEY,
    KEY_FILE,
    CLIENT_AUTH_TYPE,
    CLIENT_CA,
    CLIENT_CA_FILE,
    CLIENT_ALLOWED_SANS,
    MIN_VERSION,
    MAX_VERSION,
    CIPHER_SUITES,
    CURVE_PREFERENCES,
    PREFER_SERVER_CIPHER_SUITES,
)


def _one_of(values: Values, at: Place, *, inline: Key[bytes | None], file: Key[bytes | None]) -> bytes | None:
    given = [value for value in (values[inline], values[file]) if value is not None]
    if len(given) > 1:
        raise at.key(inline.name).fault(f"is given beside {file.name}", "one of the two")
    return given[0] if given else None


def _needed(values: Values, at: Place, *, inline: Key[bytes | None], file: Key[bytes | None]) -> bytes:
    content = _one_of(values, at, inline=inline, file=file)
    if content is None:
        raise at.key(file.name).fault("is missing", f"{file.reader.allowed} (or {inline.name})")
    return content


def _tls(values: Values, at: Place) -> TlsSettings:
    certificate = _needed(values, at, inline=CERT, file=CERT_FILE)
    minimum, maximum = _versions(values, at)
    client_auth = values[CLIENT_AUTH_TYPE] or ClientAuth.NONE
    sans = values[CLIENT_ALLOWED_SANS]
    ciphers = _ciphers(values, at, maximum=maximum)
    if not ciphers:
        # Without a cipher for it, TLS 1.2 cannot be spoken.
        minimum = ssl.TLSVersion.TLSv1_3
    return TlsSettings(
        certificate=certificate,
        key=_needed(values, at, inline=KEY, file=KEY_FILE),
        client_auth=client_auth,
        client_ca=_client_ca(values, at, client_auth=client_auth),
        allowed_sans=None if sans is None else frozenset(sans),
        minimum=minimum,
        maximum=maximum,
        ciphers=ciphers or MODERN,
        own_order=values[PREFER_SERVER_CIPHER_SUITES],
        curve=_curve(values, at),
    )


def _client_ca(values: Values, at: Place, *, client_auth: ClientAuth) -> bytes | None:
    """The authorities; raises where they, or the allowed names, would have no effect."""
    content = _one_of(values, at, inline=CLIENT_CA, file=CLIENT_CA_FILE)
    if client_auth is ClientAuth.NONE:
        for name, value in (
            ("client_ca_file", content),
            ("client_allowed_sans", values[CLIENT_ALLOWED_SANS]),
        ):
            if value is not None:
                raise at.key(name).fault(
                    "has no effect without client_auth_type", "RequireAndVerifyClientCert there"
                )
    elif client_auth is not ClientAuth.REQUIRE_AND_VERIFY:
        at.key("client_auth_type").warn(f"{client_auth} does not keep strangers out")
    if content is None and client_auth in {ClientAuth.VERIFY_IF_GIVEN, ClientAuth.REQUIRE_AND_VERIFY}:
        at.key("client_ca_file").warn(
            "is missing: clients of every authority that this machine trusts come in"
        )
    return content


def _versions(values: Values, at: Place) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    oldest, newest = values[MIN_VERSION] or Version.TLS12, values[MAX_VERSION] or Version.TLS13
    maximum = VERSIONS.get(newest)
    if maximum is None:
        raise at.key("max_version").fault(f"{newest} is not spoken any more", "TLS12 or TLS13")
    minimum = VERSIONS.get(oldest)
    if minimum is None:
        at.key("min_version").warn(f"{oldest} is not spoken any more: TLS12 is the oldest")
        minimum = ssl.TLSVersion.TLSv1_2
    if minimum > maximum:
        raise at.key("max_version").fault(f"{newest} is older than min_version", oldest)
    return minimum, maximum


def _ciphers(values: Values, at: Place, *, maximum: ssl.TLSVersion) -> tuple[str, ...]:
    chosen = values[CIPHER_SUITES]
    if not chosen:
        return MODERN
    names = tuple(CIPHERS[each] for each in chosen if each in CIPHERS)
    if not names and maximum is ssl.TLSVersion.TLSv1_2:
        raise at.key("cipher_suites").fault("has no cipher of TLS 1.2", "at least one of them")
    return names


def _curve(values: Values, at: Place) -> str | None:
    given = values[CURVE_PREFERENCES]
    chosen = set(given or ())
    if len(chosen) in {0, len(CURVES)}:
        return None
    if len(chosen) > 1:
        # Python hands OpenSSL one curve or leaves it its own choice (SSLContext.set_ecdh_curve).
        raise at.key("curve_preferences").fault(
            "has more than one curve", "a list of one curve, or of all four"
        )
    return CURVES[chosen.pop()]


TLS = Key(
    name="tls_server_config",
    reader=Unset(Table(entries=TLS_KEYS, build=_tls)),
    default="null",
    meaning="TLS; left out, connections are not encrypted",
    example="{cert_file: server.crt, key_file: server.key}",
)
