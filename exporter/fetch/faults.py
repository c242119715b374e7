"""The one place where foreign exceptions become ours; no text made here holds a value from the wire."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec

from exporter import errors


def translated(error: httpx.HTTPError | ssl.SSLError, endpoint: str) -> errors.UpstreamError:
    """Our error for a foreign one; its text may hold addresses and headers, so only its kind is kept.

    httpx lets errors of TLS through as they are where they come after the handshake, as the alert of a
    server that misses a client certificate.
    """
    if isinstance(error, httpx.DecodingError):
        return errors.AnswerMisshapen(f"{endpoint}: the body's compression is broken")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return errors.TlsFailed(f"{endpoint}: the server's certificate does not verify")
        if isinstance(cause, ssl.SSLError):
            return errors.TlsFailed(f"{endpoint}: no TLS connection")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return errors.ConnectionFailed(f"{endpoint}: no connection")
    return errors.ConnectionFailed(f"{endpoint}: the connection broke")


@contextmanager
def decoding(endpoint: str) -> Iterator[None]:
    """Where a body becomes a value: what msgspec says of it becomes `AnswerMisshapen`."""
    try:
        yield
    except msgspec.ValidationError as error:
        raise errors.AnswerMisshapen(f"{endpoint}: not the documented shape{_place(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.AnswerMisshapen(f"{endpoint}: not JSON") from error
    except RecursionError as error:
        raise errors.AnswerMisshapen(f"{endpoint}: nested too deep") from error


def _place(error: msgspec.ValidationError) -> str:
    """The path of the fault; the rest of msgspec's text may repeat a value of the body."""
    found = re.search(r" - at `(\$[^`]*)`$", str(error))
    return f" at {found[1]}" if found else ""
