"""Asks the running exporter whether it is healthy, as container health checks need it: often, and cheaply.

It knows addresses and HTTP, and nothing of the configuration; the standard library is enough, and quick to
import. Certificates are not verified on this machine's own addresses, which no certificate names.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import click

from exporter.commands.flags import plain_url
from exporter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exporter.web.listen import Address

PATH: Final = "/-/healthy"

PATIENCE: Final = 3.0
"""Seconds for each step; answering costs a healthy exporter a millisecond."""

_ANYWHERE: Final = frozenset({"", "::", "0.0.0.0"})  # noqa: S104 - compared with, not listened on

_CERTIFICATE_FAULT: Final = (
    "--client-cert: certificate and key cannot be used; "
    "readable PEM files that belong together, without password"
)

_WORDS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (TimeoutError, "no answer in time"),
    (ssl.SSLCertVerificationError, "the certificate does not verify"),
    (ssl.SSLError, "no TLS connection"),
    ((socket.gaierror, UnicodeError), "no such host"),
    (http.client.RemoteDisconnected, "the connection was closed without an answer"),
)


class Unhealthy(click.ClickException):
    """The exporter does not answer as it should; the text says where, and why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask; `own` where the address is one of this machine, so that no certificate can name it.

    `sure` is False where nobody said whether it speaks TLS.
    """

    host: str
    port: int
    tls: bool = False
    own: bool = True
    sure: bool = True
    path: str = PATH

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """What shows who asks; the key may stand in the file of the certificate."""

    certificate: Path | None = None
    key: Path | None = None


def healthcheck(addresses: Sequence[Address], *, url: str | None, client: ClientFiles) -> int:
    """Ask at the URL, or else at the first address to listen on; raises `Unhealthy` or `ConfigError`."""
    if client.key and not client.certificate:
        raise ConfigError("--client-key: a key is of no use without --client-cert")
    try:
        if url is None:
            targets = targets_of_address(addresses[0], tls=client.certificate is not None)
        else:
            targets = (target_of_url(url),)
    except ValueError as fault:
        raise ConfigError(f"{'--web.listen-address' if url is None else '--url'}: {fault}") from None
    if client.certificate and not targets[0].tls:
        raise ConfigError("--client-cert: a certificate is shown by TLS alone; give --url with https://")
    click.echo(f"{ask(targets, client=client)}: healthy")
    return 0


def targets_of_address(address: Address, *, tls: bool) -> tuple[Target, ...]:
    """Where an exporter that listens there answers; a wildcard is asked on loopback, IPv4 first.

    Raises `ValueError` for port 0, which does not say where the exporter listens.
    """
    if address.port == 0:
        raise ValueError("port 0 does not say where the exporter listens; give its address by --url")
    hosts = ("127.0.0.1", "::1") if address.host in _ANYWHERE else (address.host,)
    return tuple(Target(host, address.port, tls, sure=tls) for host in hosts)


def target_of_url(text: str) -> Target:
    """Where an exporter with that URL answers; raises `ValueError`, without the text."""
    parts = plain_url(text, example="http://127.0.0.1:10458")
    tls, host = parts.scheme == "https", parts.hostname or ""
    path = parts.path.rstrip("/").removesuffix(PATH) + PATH
    return Target(host, parts.port or (443 if tls else 80), tls, own=_is_loopback(host), path=path)


def ask(targets: Sequence[Target], *, client: ClientFiles, patience: float = PATIENCE) -> Target:
    """The first of the targets where anybody listens, once it says that it is healthy."""
    refused: list[str] = []
    for each in targets:
        target = each
        try:
            target, status = _answer(target, client, patience=patience)
        except ConnectionRefusedError as error:
            refused.append(f"{target}: {_why(error)}")
            continue
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise Unhealthy(f"{target}: {_why(error)}") from error
        if status != HTTPStatus.OK:
            raise Unhealthy(f"{target}: answered {status}")
        return target
    raise Unhealthy(refused[0])


def _answer(target: Target, client: ClientFiles, *, patience: float) -> tuple[Target, int]:
    """Who answered, and with which status: one who closes at plain words may speak TLS."""
    try:
        return target, _status(target, client, patience=patience)
    except ConnectionResetError:
        if target.sure:
            raise
        secured = replace(target, tls=True)
        with contextlib.suppress(OSError, http.client.HTTPException):
            return secured, _status(secured, client, patience=patience)
        raise


def _status(target: Target, client: ClientFiles, *, patience: float) -> int:
    connection: http.client.HTTPConnection
    if target.tls:
        context = _tls(target, client)
        connection = http.client.HTTPSConnection(target.host, target.port, timeout=patience, context=context)
    else:
        connection = http.client.HTTPConnection(target.host, target.port, timeout=patience)
    try:
        connection.request("GET", target.path)
        return connection.getresponse().status
    finally:
        connection.close()


def _tls(target: Target, client: ClientFiles) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if target.own:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client.certificate is not None:
        try:
            # Without a password of ours, a key that is locked would have one asked for at the terminal.
            context.load_cert_chain(client.certificate, client.key, password="")
        except (OSError, ssl.SSLError):
            raise ConfigError(_CERTIFICATE_FAULT) from None
    return context


def _why(error: Exception) -> str:
    """In our own words: those of the libraries may repeat what was asked."""
    for kinds, words in _WORDS:
        if isinstance(error, kinds):
            return words
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else "the answer is not HTTP"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
