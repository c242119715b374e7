"""Addresses to listening sockets: bound before anything starts, so that a taken port is one clear message.

It knows no HTTP. What an address may look like: docs/http.md, "Listening".
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Za-z:.%]+)\]|(?P<host>[0-9A-Za-z._-]*)):(?P<port>[0-9]{1,5})")

_HIGHEST_PORT = 65535

# More than may come at once; the kernel has its own limit (net.core.somaxconn).
BACKLOG = 2048

# The first descriptor that systemd passes: sd_listen_fds(3).
_FIRST_PASSED = 3


class ListenError(OSError):
    """An address cannot be listened on; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on; an empty host is every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as a flag's value."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read a flag's value; ValueError says what it should look like."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _HIGHEST_PORT:
        raise ValueError(
            f"{text!r} is not an address to listen on; write :10458, 127.0.0.1:10458 or [::]:10458"
        )
    return Address(match["six"] or match["host"] or "", int(match["port"]))


def listen(
    addresses: Iterable[Address], *, dual_stack: bool = socket.has_dualstack_ipv6()
) -> list[socket.socket]:
    """Open a listening socket for each address, or none at all (ListenError).

    Without `dual_stack` the machine knows no IPv6, and every interface means every IPv4 one.
    """
    with ExitStack() as opened:
        sockets = [opened.enter_context(_listening(address, dual_stack=dual_stack)) for address in addresses]
        opened.pop_all()
        return sockets


def inherit(environ: Mapping[str, str], *, pid: int, first: int = _FIRST_PASSED) -> list[socket.socket]:
    """Take the listening sockets that systemd passed to this process (ListenError where there are none)."""
    number = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(pid) or not re.fullmatch("[1-9][0-9]{0,3}", number):
        raise ListenError("systemd passed no socket (LISTEN_PID and LISTEN_FDS): is there a .socket unit?")
    with ExitStack() as opened:
        sockets = [opened.enter_context(_passed(first + index)) for index in range(int(number))]
        opened.pop_all()
        return sockets


def place(listening: socket.socket) -> str:
    """Say where a socket listens, as `127.0.0.1:10458`, or the path of a Unix socket."""
    name = listening.getsockname()
    return str(Address(name[0], name[1])) if isinstance(name, tuple) else str(name)


def _listening(address: Address, *, dual_stack: bool) -> socket.socket:
    try:
        # As Go's servers: a wildcard hears both families, unless it is the IPv4 one.
        if address.host in {"", "::"} and dual_stack:
            return _prompt(
                socket.create_server(
                    ("::", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
                )
            )
        host = address.host or "0.0.0.0"  # noqa: S104 - every interface is what was asked for
        found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)
        # Of a name's addresses one, IPv4 before IPv6, as Go's servers do.
        family, _, _, _, sockaddr = min(found, key=lambda each: each[0] != socket.AF_INET)
        return _prompt(socket.create_server(sockaddr, family=family, backlog=BACKLOG))
    except (OSError, UnicodeError) as exc:
        raise ListenError(f"cannot listen on {address}: {_why(exc)}") from exc


def _prompt(listening: socket.socket) -> socket.socket:
    # Each connection inherits it. asyncio does it only where a socket names its protocol, and `create_server`
    # names none: on a kept connection every answer would wait 40 ms for the client's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _why(exc: OSError | UnicodeError) -> str:
    if isinstance(exc, UnicodeError):
        return "no such host"
    # The library adds the address to the words of all but the resolver's errors, whose numbers are their own.
    words = str(exc.strerror) if isinstance(exc, socket.gaierror) else os.strerror(exc.errno or 0)
    return words[:1].lower() + words[1:]


def _passed(descriptor: int) -> socket.socket:
    try:
        passed = socket.socket(fileno=descriptor)
    except OSError as exc:
        raise ListenError(f"descriptor {descriptor}, passed by systemd, is not a socket") from exc
    passed.set_inheritable(False)
    if passed.type != socket.SOCK_STREAM:
        passed.close()
        raise ListenError(f"descriptor {descriptor}, passed by systemd, is not a stream socket")
    return passed
