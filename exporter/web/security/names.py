"""Go's names for versions, ciphers and curves of TLS, and what OpenSSL calls them; knows no key and no file.

The ciphers are those of Go's `tls.CipherSuites()`, which the toolkit takes; the ones that Go calls insecure
are not among them: https://pkg.go.dev/crypto/tls#CipherSuites.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Version(StrEnum):
    """The versions of TLS that the format knows."""

    TLS10 = "TLS10"
    TLS11 = "TLS11"
    TLS12 = "TLS12"
    TLS13 = "TLS13"


VERSIONS: Final[Mapping[Version, ssl.TLSVersion]] = {
    Version.TLS12: ssl.TLSVersion.TLSv1_2,
    Version.TLS13: ssl.TLSVersion.TLSv1_3,
}
"""The versions that are spoken: the older two are broken (RFC 8996)."""


class Cipher(StrEnum):
    """The ciphers that the format knows."""

    AES128 = "TLS_AES_128_GCM_SHA256"
    AES256 = "TLS_AES_256_GCM_SHA384"
    CHACHA20 = "TLS_CHACHA20_POLY1305_SHA256"
    ECDSA_AES128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    RSA_AES128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    ECDSA_AES256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    RSA_AES256 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    ECDSA_CHACHA20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
    RSA_CHACHA20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    ECDSA_AES128_CBC = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
    RSA_AES128_CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
    ECDSA_AES256_CBC = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"
    RSA_AES256_CBC = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"


CIPHERS: Final[Mapping[Cipher, str]] = {
    Cipher.ECDSA_AES128: "ECDHE-ECDSA-AES128-GCM-SHA256",
    Cipher.RSA_AES128: "ECDHE-RSA-AES128-GCM-SHA256",
    Cipher.ECDSA_AES256: "ECDHE-ECDSA-AES256-GCM-SHA384",
    Cipher.RSA_AES256: "ECDHE-RSA-AES256-GCM-SHA384",
    Cipher.ECDSA_CHACHA20: "ECDHE-ECDSA-CHACHA20-POLY1305",
    Cipher.RSA_CHACHA20: "ECDHE-RSA-CHACHA20-POLY1305",
    Cipher.ECDSA_AES128_CBC: "ECDHE-ECDSA-AES128-SHA",
    Cipher.RSA_AES128_CBC: "ECDHE-RSA-AES128-SHA",
    Cipher.ECDSA_AES256_CBC: "ECDHE-ECDSA-AES256-SHA",
    Cipher.RSA_AES256_CBC: "ECDHE-RSA-AES256-SHA",
}
"""The ciphers of TLS 1.2: those of TLS 1.3 are always on, here as in Go."""


MODERN: Final = tuple(name for name in CIPHERS.values() if not name.endswith("-SHA"))
"""Those that encrypt and authenticate in one (RFC 9325, 4.2), in Go's order."""


class Curve(StrEnum):
    """The curves that the format knows."""

    P256 = "CurveP256"
    P384 = "CurveP384"
    P521 = "CurveP521"
    X25519 = "X25519"


CURVES: Final[Mapping[Curve, str]] = {
    Curve.P256: "prime256v1",
    Curve.P384: "secp384r1",
    Curve.P521: "secp521r1",
    Curve.X25519: "X25519",
}
