"""What two servers are asked that have the same web configuration file.

A question has a topic, under which docs/web-config.md tells of a difference. It knows servers by their ports.
"""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.kit.certificates import write_self_signed
from tests.kit.secured import REFUSED, ask_at, basic, plain_context
from tests.system.webfiles import LONG

_SHOWN: Final = (
    "www-authenticate",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
    "content-security-policy",
)

_CERTIFICATES: Final = {
    "TLS 1.2 and 1.3, without a certificate": None,
    "a client's own certificate": "client_selfsigned.pem",
    "another client's own certificate": "client2_selfsigned.pem",
    "a certificate without the usage `digitalSignature`": "server.crt",
    "a certificate for servers alone": "only-server.pem",
    "a certificate that has run out": "expired.pem",
}

_ALICE: Final = basic("alice", "alice123")

_PASSWORDS: Final = {
    "no password": None,
    "the right password": _ALICE,
    "a right password of 80 bytes": basic("long", LONG + "12345678"),
    "a right password in other letters": basic("zoë", "naïve"),
    "no name": basic("", "alice123"),
    "a wrong password": basic("alice", "wrong"),
    "what is no password": "Basic !",
    "another scheme": "Bearer x",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask of the server at a port."""

    topic: str
    ask: Callable[[int], str]


def write_client_certificates(folder: Path) -> None:
    """Write the certificates that the toolkit's test files lack."""
    write_self_signed(folder / "only-server.pem", for_servers=True)
    write_self_signed(folder / "expired.pem", days_left=-1)


def questions(text: str, folder: Path) -> Iterator[Question]:
    """All that a server with a file of that text is asked; certificates are in the folder."""
    if "rate_limit" in text:
        yield Question("many requests", _statuses_of_three)
        yield Question("`/-/healthy` beyond the rate limit", partial(_status, path="/-/healthy"))
        return
    encrypted = "cert:" in text or "cert_file:" in text
    if encrypted:
        yield Question("HTTP without TLS", _status)
        yield from _about_certificates(folder)
        yield from _about_choices()
    if "headers" in text:
        yield Question("the headers of an answer", _headers)
    if "users" in text:
        yield from _about_passwords(plain_context() if encrypted else None)
    if not encrypted:
        yield Question("HTTP", _status)


def question_after_a_change(name: str, text: str) -> Question:
    """What a server is asked once its file, which had that text, has changed."""
    tls = plain_context() if "cert_file:" in text else None
    return Question(name, partial(_statuses_of_three, tls=tls))


def _about_certificates(folder: Path) -> Iterator[Question]:
    for topic, name in _CERTIFICATES.items():
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = plain_context(version=version, cert=None if name is None else folder / name)
            yield Question(topic, partial(_status, tls=context, authorization=_ALICE))


def _about_choices() -> Iterator[Question]:
    status = partial(_status, authorization=_ALICE)
    yield Question("TLS 1.1", partial(status, tls=_old_context()))
    for curve in ("prime256v1", "secp384r1", "secp521r1", "X25519"):
        context = plain_context()
        context.set_ecdh_curve(curve)
        yield Question("a client that knows one curve", partial(status, tls=context))
    small, large = "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"
    yield Question(
        "a client that knows CBC alone", partial(status, tls=_with_ciphers("ECDHE-RSA-AES128-SHA"))
    )
    for ciphers in (f"{small}:{large}", f"{large}:{small}"):
        yield Question("which cipher is taken", partial(_cipher, tls=_with_ciphers(ciphers)))
    yield Question("which HTTP is taken", _protocol)


def _about_passwords(tls: ssl.SSLContext | None) -> Iterator[Question]:
    for topic, authorization in _PASSWORDS.items():
        yield Question(topic, partial(_status, tls=tls, authorization=authorization))
    for authorization in (None, _PASSWORDS["a wrong password"]):
        ask = partial(_status, path="/-/healthy", tls=tls, authorization=authorization)
        yield Question("`/-/healthy` without the password", ask)
    yield Question("the headers of a 401", partial(_headers, tls=tls))


def _status(
    port: int, *, path: str = "/metrics", tls: ssl.SSLContext | None = None, authorization: str | None = None
) -> str:
    return str(ask_at(port, path, tls=tls, authorization=authorization).status)


def _statuses_of_three(port: int, *, tls: ssl.SSLContext | None = None) -> str:
    return ", ".join(_status(port, tls=tls) for _ in range(3))


def _headers(port: int, *, tls: ssl.SSLContext | None = None) -> str:
    headers = ask_at(port, tls=tls).headers
    return "; ".join(f"{name}: {headers[name]}".strip() for name in _SHOWN if name in headers) or "none"


def _cipher(port: int, *, tls: ssl.SSLContext) -> str:
    return ask_at(port, tls=tls).cipher or REFUSED


def _protocol(port: int) -> str:
    context = plain_context(alpn=("h2", "http/1.1"))
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=60) as raw,
            context.wrap_socket(raw) as speaking,
        ):
            return str(speaking.selected_alpn_protocol())
    except OSError:
        return REFUSED


def _with_ciphers(ciphers: str) -> ssl.SSLContext:
    context = plain_context(version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(ciphers)
    return context


def _old_context() -> ssl.SSLContext:
    with warnings.catch_warnings():
        # Python says that TLS 1.1 is old, which is why it is asked for.
        warnings.simplefilter("ignore", DeprecationWarning)
        context = plain_context(version=ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
