"""Clients that must show a certificate, any one: nobody vouches for it, but they must have its key.

OpenSSL would ask an authority for each certificate, and Python has no way to tell it not to. So the one that
a client shows is made an authority of its own, in a context that serves this one handshake.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Final

# RFC 8446, 4: the type of the message that holds a certificate.
_CERTIFICATE: Final = 11

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's flags do not list: nobody vouches for the dates either.
_NO_CHECK_TIME: Final = 0x200000


def trust_what_is_shown(context: ssl.SSLContext) -> None:
    """Have the context accept any certificate, but insist on one; it is for one handshake alone."""

    def hear(  # noqa: PLR0917 - the ssl module's shape
        _connection: object, direction: str, version: int, _content: int, message: int, data: bytes
    ) -> None:
        if direction == "read" and message == _CERTIFICATE and (shown := first_certificate(data, version)):
            # What cannot be read as a certificate is refused by OpenSSL right after this.
            with contextlib.suppress(ssl.SSLError):
                context.load_verify_locations(cadata=shown)

    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME) | ssl.VERIFY_X509_PARTIAL_CHAIN
    # The only place where Python lets a server see a certificate that is not verified yet; undocumented.
    context._msg_callback = hear  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public one


def first_certificate(message: bytes, version: int) -> bytes:
    """The client's own certificate (DER) of a message with its header; nothing where none is shown.

    RFC 5246, 7.4.2; TLS 1.3 has a context before the list: RFC 8446, 4.4.2.
    """
    rest = message[4:]
    if version >= ssl.TLSVersion.TLSv1_3:
        rest = rest[1 + rest[0] :] if rest else rest
    length = int.from_bytes(rest[3:6], "big")
    return rest[6 : 6 + length]
