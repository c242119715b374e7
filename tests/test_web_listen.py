"""Addresses and the sockets that listen on them."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from exporter.web.listen import Address, ListenError, inherit, listen, parse_address, place

PID = 4242


@pytest.mark.parametrize(
    "text, host, port",
    [
        (":10458", "", 10458),
        ("127.0.0.1:10458", "127.0.0.1", 10458),
        ("0.0.0.0:1", "0.0.0.0", 1),
        ("[::]:65535", "::", 65535),
        ("[::1]:0", "::1", 0),
        ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        ("metrics.example.org:9000", "metrics.example.org", 9000),
    ],
)
def test_an_address_is_read_and_written_back(text: str, host: str, port: int) -> None:
    """All the forms that exporters take."""
    address = parse_address(text)

    assert address == Address(host, port)
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "10458", "localhost", "localhost:", ":http", ":65536", ":-1", ":+1", "::1:80", "[::1]80"),
        *("[]:80", "http://localhost:80", "a b:80", ":80 ", ":80\n", ":٨٠", "host:80/metrics"),
    ],
)
def test_what_is_no_address_is_refused_with_examples(text: str) -> None:
    """The message repeats what was given and shows what it should look like."""
    message = f"{text!r} is not an address to listen on; write :10458, 127.0.0.1:10458 or [::]:10458"

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_address(text)


def caller(listening: socket.socket) -> str:
    """Connect through the IPv4 loopback; say from where the socket sees that come."""
    listening.settimeout(5)
    with socket.create_connection(("127.0.0.1", listening.getsockname()[1]), timeout=60):
        accepted, address = listening.accept()
        accepted.close()
        return str(address[0])


@pytest.mark.parametrize("host", ["", "::"])
def test_a_wildcard_hears_both_families(host: str) -> None:
    """`:PORT` and `[::]:PORT` are one IPv6 socket that IPv4 reaches too."""
    [listening] = listen([Address(host, 0)])

    with listening:
        assert listening.family == (socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET)
        assert caller(listening).endswith("127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_an_ipv4_address_hears_ipv4_alone(host: str) -> None:
    """A name is listened on as its IPv4 address."""
    [listening] = listen([Address(host, 0)])

    with listening:
        assert listening.family == socket.AF_INET
        assert caller(listening).endswith("127.0.0.1")


def test_without_ipv6_every_interface_is_every_ipv4_one() -> None:
    """A kernel without IPv6 does not keep the exporter from starting."""
    [listening] = listen([Address("", 0)], dual_stack=False)

    with listening:
        assert place(listening) == f"0.0.0.0:{listening.getsockname()[1]}"
        assert caller(listening).endswith("127.0.0.1")


@pytest.mark.parametrize("host", ["", "127.0.0.1"])
def test_a_connection_sends_at_once(host: str) -> None:
    """No answer waits until the client has acknowledged the one before, which takes it 40 ms."""
    [listening] = listen([Address(host, 0)])

    with listening, socket.create_connection(("127.0.0.1", listening.getsockname()[1])):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_each_address_has_a_socket() -> None:
    """The flag can be given more than once."""
    first, second = listen([Address("127.0.0.1", 0), Address("127.0.0.1", 0)])

    with first, second:
        assert place(first) != place(second)


def test_a_taken_port_is_named_and_nothing_stays_open() -> None:
    """One clear message; the addresses before it are given back."""
    with (
        closing(listen([Address("127.0.0.1", 0)])[0]) as taken,
        closing(listen([Address("127.0.0.1", 0)])[0]) as free,
    ):
        address = parse_address(place(taken))
        wanted = parse_address(place(free))
        free.close()

        with pytest.raises(ListenError, match=f"^cannot listen on {address}: address already in use$"):
            listen([wanted, address])

        listen([wanted])[0].close()


@pytest.mark.parametrize(
    "host, reason",
    [
        ("192.0.2.1", "cannot assign requested address"),
        ("::1%none", "name or service not known"),
        ("x" * 64 + ".example", "no such host"),
    ],
)
def test_an_address_that_is_not_ours_is_named(host: str, reason: str) -> None:
    """Whatever the system says against it, in one line."""
    with pytest.raises(
        ListenError, match=f"^cannot listen on {Address(host, 1)!s}: {reason}$".replace("[", r"\[")
    ):
        listen([Address(host, 1)])


@pytest.fixture
def passed() -> Iterator[tuple[int, int]]:
    """Give a listening socket as a bare descriptor, as a process inherits it, and its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    descriptor = listening.detach()
    os.set_inheritable(descriptor, True)
    yield descriptor, port
    with suppress(OSError):
        os.close(descriptor)


def test_a_passed_socket_is_taken_as_it_is(passed: tuple[int, int]) -> None:
    """systemd opened it; children of ours shall not have it."""
    descriptor, port = passed

    [listening] = inherit({"LISTEN_PID": str(PID), "LISTEN_FDS": "1"}, pid=PID, first=descriptor)

    assert place(listening) == f"127.0.0.1:{port}"
    assert not listening.get_inheritable()
    listening.close()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": str(PID)},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(PID), "LISTEN_FDS": "0"},
        {"LISTEN_PID": str(PID), "LISTEN_FDS": "-1"},
        {"LISTEN_PID": str(PID), "LISTEN_FDS": "one"},
    ],
)
def test_sockets_that_were_not_passed_to_us_are_an_error(environ: dict[str, str]) -> None:
    """No variable, or one that is meant for another process: said, not guessed."""
    with pytest.raises(ListenError, match="systemd passed no socket"):
        inherit(environ, pid=PID)


def test_a_descriptor_that_is_no_socket_is_an_error(tmp_path: Path) -> None:
    """A file in its place is named by its number."""
    with (tmp_path / "file").open("w") as file, pytest.raises(ListenError, match="is not a socket"):
        inherit({"LISTEN_PID": str(PID), "LISTEN_FDS": "1"}, pid=PID, first=file.fileno())


def test_a_datagram_socket_is_an_error() -> None:
    """HTTP needs a stream."""
    descriptor = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach()

    with pytest.raises(ListenError, match=f"descriptor {descriptor}, .* is not a stream socket"):
        inherit({"LISTEN_PID": str(PID), "LISTEN_FDS": "1"}, pid=PID, first=descriptor)


def test_a_unix_socket_is_named_by_its_path(tmp_path: Path) -> None:
    """systemd may pass such a one."""
    path = str(tmp_path / "exporter.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)

        assert place(listening) == path
