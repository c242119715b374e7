"""Web configuration files of our own, by what is special: for what the toolkit's test files leave open."""

from __future__ import annotations

from typing import Final

import bcrypt

LONG: Final = "x" * 72
"""The longest password of which every byte counts."""


def _hashed(password: str, *, prefix: str = "$2b$") -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", prefix)


def _tls(keys: str) -> str:
    return f"tls_server_config: {{cert_file: server.crt, key_file: server.key, {keys}}}"


def _user(name: str, hashed: str) -> str:
    return f"basic_auth_users: {{'{name}': '{hashed}'}}"


def _added(header: str) -> str:
    return f"http_server_config: {{headers: {{{header}}}}}"


_ALICE: Final = _hashed("alice123")
_CLIENT_AUTH: Final = "client_auth_type: {}, client_ca_file: {}"

OWN: Final = {
    "keys of TLS without a certificate": "tls_server_config: {min_version: TLS13}",
    "an empty mapping for TLS": "tls_server_config: {}",
    "nothing for TLS": "tls_server_config:",
    "a certificate inline and by file": _tls("cert: made-up"),
    "a key that is not the certificate's": (
        "tls_server_config: {cert_file: server.crt, key_file: client_selfsigned.key}"
    ),
    "`min_version: TLS10`": _tls("min_version: TLS10"),
    "`max_version: TLS11`": _tls("min_version: TLS10, max_version: TLS11"),
    "`max_version` below `min_version`": _tls("min_version: TLS13, max_version: TLS12"),
    "ciphers of TLS 1.3 alone": _tls("cipher_suites: [TLS_AES_128_GCM_SHA256]"),
    "a cipher that Go calls insecure": _tls("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]"),
    "ciphers with CBC among them": _tls(
        "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]"
    ),
    "two of the curves": _tls("curve_preferences: [CurveP256, CurveP384]"),
    "one curve": _tls("curve_preferences: [X25519]"),
    "a client may show a certificate": _tls("client_auth_type: RequestClientCert"),
    "a client may show a certificate with an allowed name": _tls(
        "client_auth_type: RequestClientCert, client_allowed_sans: [test3]"
    ),
    "the old word for any certificate": _tls("client_auth_type: RequireClientCert"),
    "any certificate with an allowed name": _tls(
        "client_auth_type: RequireAnyClientCert, client_allowed_sans: [test3]"
    ),
    "a certificate that verifies, if any": _tls(
        _CLIENT_AUTH.format("VerifyClientCertIfGiven", "client2_selfsigned.pem")
    ),
    "a certificate that verifies, if any, with an allowed name": _tls(
        _CLIENT_AUTH.format("VerifyClientCertIfGiven", "client2_selfsigned.pem")
        + ", client_allowed_sans: [test3]"
    ),
    "a client's own certificate as its authority": _tls(
        _CLIENT_AUTH.format("RequireAndVerifyClientCert", "expired.pem")
    ),
    "authorities that are no certificates": _tls(
        _CLIENT_AUTH.format("RequireAndVerifyClientCert", "server.key")
    ),
    "allowed names without a client's certificate": _tls("client_allowed_sans: [test3]"),
    "an empty list of allowed names": _tls("client_auth_type: RequireAnyClientCert, client_allowed_sans: []"),
    "a repeated key": "http_server_config: {http2: true, http2: true}",
    "`no` instead of `false`": "http_server_config: {http2: no}",
    "an anchor and its alias": f"basic_auth_users: {{alice: &a '{_ALICE}', bob: *a}}",
    "a second document": "http_server_config: {}\n---\nhttp_server_config: {}",
    "a header that is blank": _added('X-XSS-Protection: ""'),
    "a header of few values that is blank": _added('X-Frame-Options: ""'),
    "a header in small letters": _added("x-frame-options: deny"),
    "a hash of version `2`": _user("alice", _ALICE.replace("$2b$", "$2$")),
    "a hash of version `2x`": _user("alice", _ALICE.replace("$2b$", "$2x$")),
    "a hash of version `2a`": _user("alice", _ALICE.replace("$2b$", "$2a$")),
    "a hash with a letter too many": _user("alice", f"{_ALICE}x"),
    "nobody": "basic_auth_users: {}",
    "a password of 72 bytes": _user("long", _hashed(LONG)),
    "a user without a name": _user("", _ALICE),
    "letters of other languages": _user("zoë", _hashed("naïve")),
    "an interval without a burst": "rate_limit: {interval: 1h}",
    "an interval with a burst": "rate_limit: {interval: 1h, burst: 2}",
    "an interval as a number": "rate_limit: {interval: 1000000000, burst: 1}",
    "an interval below 0": "rate_limit: {interval: -1s, burst: 1}",
    "a burst without an interval": "rate_limit: {burst: 1}",
}

CHANGES: Final = {
    "a file that breaks while it is served with": ("http_server_config: {}", "junk"),
    "the same, with TLS": (_tls("min_version: TLS12"), "junk"),
    "TLS that is switched off while it serves": (_tls("min_version: TLS12"), "http_server_config: {}"),
    "a rate limit that comes while it serves": (
        "http_server_config: {}",
        "rate_limit: {interval: 1h, burst: 1}",
    ),
    "a user who comes while it serves": ("basic_auth_users: {}", _user("alice", _ALICE)),
    "a header that comes while it serves": ("http_server_config: {}", _added("X-Frame-Options: deny")),
}
"""Files that change while they are served with: what they say before and after."""
