"""`healthcheck`: where it asks, whom it trusts, and what it says when the exporter does not answer well."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from exporter.commands.healthcheck import (
    ClientFiles,
    Target,
    Unhealthy,
    ask,
    target_of_url,
    targets_of_address,
)
from exporter.web.listen import parse_address
from tests.commandline import run
from tests.system.processes import free_port
from tests.upstream import Canned, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEALTHY: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhealthy\n"


NO_URL: Final = (
    "this is not a URL with a host, without user, query and fragment; write http://127.0.0.1:10458"
)


@contextmanager
def answering(payload: bytes, *, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that says these bytes to each request; nothing at all stalls."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        open_still: list[socket.socket] = []

        def serve() -> None:
            # Closing the server ends the wait for the next connection.
            with suppress(OSError):
                while True:
                    talk(server.accept()[0])

        def talk(connection: socket.socket) -> None:
            with suppress(OSError):
                connection.settimeout(60)
                speaking = context.wrap_socket(connection, server_side=True) if context else connection
                open_still.append(speaking)
                speaking.recv(65536)
                if payload:
                    speaking.sendall(payload)
                    speaking.close()
                return
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(60)
            for each in open_still:
                each.close()


def refusal(*arguments: str) -> str:
    """What a command line that cannot be asked is told; exit code 2."""
    result = run("healthcheck", *arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    return result.stderr.removeprefix("presence-exporter: ").rstrip("\n")


def complaint(target: Target, *, patience: float = 5.0) -> str:
    """Why a target is not healthy."""
    with pytest.raises(Unhealthy) as caught:
        ask([target], client=ClientFiles(), patience=patience)
    return str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "", "0.0.0.0", "[::]", "localhost"])
def test_the_address_to_listen_on_is_asked(host: str) -> None:
    """A wildcard is asked on loopback."""
    with run_server({"/-/healthy": b"healthy\n"}) as server:
        result = run("healthcheck", "--web.listen-address", f"{host}:{server.port}")
        assert [seen.target for seen in server.requests] == ["/-/healthy"]
    asked = "localhost" if host == "localhost" else "127.0.0.1"
    assert result.stdout == f"http://{asked}:{server.port}/-/healthy: healthy\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_wildcard_is_every_loopback_address() -> None:
    """IPv4 first: where IPv6 is switched off there is no ::1, though sockets listen on [::]."""
    asked = targets_of_address(parse_address("[::]:1"), tls=False)
    assert [str(target) for target in asked] == ["http://127.0.0.1:1/-/healthy", "http://[::1]:1/-/healthy"]


def test_the_next_address_is_asked_where_nobody_listens() -> None:
    """The first that answers says how the exporter is."""
    with run_server({"/-/healthy": b"healthy\n"}) as server:
        closed, good = Target("127.0.0.1", free_port()), Target("127.0.0.1", server.port)
        assert ask([closed, good], client=ClientFiles()) == good


def test_the_first_of_several_addresses_is_asked() -> None:
    """All of them are the same process."""
    with run_server({"/-/healthy": b"healthy\n"}) as server:
        env = {"PRESENCE_EXPORTER_WEB_LISTEN_ADDRESS": f"127.0.0.1:{server.port} 127.0.0.1:1"}
        assert run("healthcheck", env=env).exit_code == 0


@pytest.mark.parametrize("path", ["", "/", "/-/healthy", "/-/healthy/"])
@pytest.mark.parametrize("prefix", ["", "/presence"])
def test_a_url_may_name_the_exporter_or_the_page(prefix: str, path: str) -> None:
    """A proxy may have put it below a path."""
    target = target_of_url(f"http://127.0.0.1:1{prefix}{path}")
    assert str(target) == f"http://127.0.0.1:1{prefix}/-/healthy"


@pytest.mark.parametrize(
    "url, asked, own",
    [
        ("http://metrics.example.org", "http://metrics.example.org:80/-/healthy", False),
        ("https://metrics.example.org", "https://metrics.example.org:443/-/healthy", False),
        ("https://10.0.0.1:1", "https://10.0.0.1:1/-/healthy", False),
        ("https://[::1]:1", "https://[::1]:1/-/healthy", True),
        ("https://127.8.8.8:1", "https://127.8.8.8:1/-/healthy", True),
        ("https://localhost:1", "https://localhost:1/-/healthy", True),
        ("https://a.localhost:1", "https://a.localhost:1/-/healthy", True),
    ],
)
def test_only_loopback_counts_as_this_machine(url: str, asked: str, own: bool) -> None:
    """Its certificate need not name the address; that of any other must."""
    target = target_of_url(url)
    assert (str(target), target.own) == (asked, own)


def test_a_url_goes_before_the_address() -> None:
    """By flag or by variable."""
    with run_server({"/-/healthy": b"healthy\n"}) as server:
        result = run("healthcheck", "--web.listen-address", ":1", env={"PRESENCE_EXPORTER_URL": server.url})
    assert (result.exit_code, result.stdout) == (0, f"{server.url}/-/healthy: healthy\n")


def test_nobody_listening_is_not_healthy() -> None:
    """One line on stderr, and exit code 1."""
    port = free_port()
    result = run("healthcheck", "--web.listen-address", f"127.0.0.1:{port}")
    assert result.stderr == f"presence-exporter: http://127.0.0.1:{port}/-/healthy: connection refused\n"
    assert (result.exit_code, result.stdout) == (1, "")


def test_another_status_than_200_is_not_healthy() -> None:
    """Redirects are not followed either."""
    moved = Canned(b"", status=302, headers={"Location": "/elsewhere"})
    with run_server({"/-/healthy": moved, "/elsewhere": b"healthy\n"}) as server:
        assert complaint(Target("127.0.0.1", server.port)).endswith("/-/healthy: answered 302")


@pytest.mark.parametrize(
    "payload, why",
    [
        (b"SSH-2.0-x\r\n", "the answer is not HTTP"),
        (b"", "no answer in time"),
    ],
)
def test_what_is_no_exporter_is_not_healthy(payload: bytes, why: str) -> None:
    """It is told in our own words."""
    with answering(payload) as port:
        assert complaint(Target("127.0.0.1", port), patience=0.3).endswith(f": {why}")


def test_a_closed_connection_is_not_healthy() -> None:
    """As that of a server that expects TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with answering(HEALTHY, context=context) as port:
        said = complaint(Target("127.0.0.1", port))
    assert said.split(": ")[1] in {"the connection was closed without an answer", "connection reset by peer"}


@pytest.mark.parametrize("host", ["a..b", "fe80::1%nosuchlink"])
def test_a_host_that_does_not_exist_is_not_healthy(host: str) -> None:
    """Whatever the resolver calls it."""
    assert complaint(Target(host, 1)).endswith(": no such host")


@pytest.fixture
def authority() -> trustme.CA:
    """An authority that no machine knows."""
    return trustme.CA()


def context_of(authority: trustme.CA, *, asks_client: bool = False) -> ssl.SSLContext:
    """The server's side of TLS, for a name that nobody calls it by."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("metrics.example.org").configure_cert(context)
    if asks_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_the_certificate_of_loopback_is_not_verified(authority: trustme.CA) -> None:
    """No certificate names it."""
    with answering(HEALTHY, context=context_of(authority)) as port:
        result = run("healthcheck", "--url", f"https://127.0.0.1:{port}")
    assert (result.exit_code, result.stderr) == (0, "")


def test_an_exporter_that_speaks_tls_needs_no_flag(authority: trustme.CA) -> None:
    """Who closes at plain words is asked by TLS; without success, why the first question failed is told."""
    with answering(HEALTHY, context=context_of(authority)) as port:
        result = run("healthcheck", "--web.listen-address", f"127.0.0.1:{port}")
        told = run("healthcheck", "--url", f"http://127.0.0.1:{port}")
    assert (result.exit_code, result.stdout) == (0, f"https://127.0.0.1:{port}/-/healthy: healthy\n")
    assert told.exit_code == 1
    with answering(HEALTHY, context=context_of(authority, asks_client=True)) as port:
        refused = run("healthcheck", "--web.listen-address", f"127.0.0.1:{port}")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"presence-exporter: http://127.0.0.1:{port}/-/healthy: ")


def test_the_certificate_of_another_machine_is_verified(authority: trustme.CA) -> None:
    """Somebody else might answer there."""
    with answering(HEALTHY, context=context_of(authority)) as port:
        said = complaint(Target("127.0.0.1", port, tls=True, own=False))
    assert said.endswith(": the certificate does not verify")


def test_no_tls_is_told_apart() -> None:
    """A plain server at an https address."""
    with answering(HEALTHY) as port:
        assert complaint(Target("127.0.0.1", port, tls=True)).endswith(": no TLS connection")


@pytest.mark.parametrize("together", [True, False])
def test_a_client_shows_its_certificate(authority: trustme.CA, tmp_path: Path, together: bool) -> None:
    """Key and certificate may be in one file; the address to listen on is asked by TLS then."""
    issued = authority.issue_cert("healthcheck@example.org")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    flags = ["--client-cert", str(certificate), *([] if together else ["--client-key", str(key)])]
    with answering(HEALTHY, context=context_of(authority, asks_client=True)) as port:
        address = ["--web.listen-address", f"127.0.0.1:{port}"]
        result = run("healthcheck", *address, *flags)
        without = run("healthcheck", "--url", f"https://127.0.0.1:{port}")
    assert (result.exit_code, result.stdout) == (0, f"https://127.0.0.1:{port}/-/healthy: healthy\n")
    assert without.exit_code == 1


@pytest.mark.parametrize("content", [None, "", "canary"])
def test_an_unusable_certificate_is_a_fault_of_the_flag(tmp_path: Path, content: str | None) -> None:
    """Missing, empty or something else; nothing is asked."""
    file = tmp_path / "client.pem"
    if content is not None:
        file.write_text(content)
    said = refusal("--client-cert", str(file), "--url", "https://127.0.0.1:1")
    assert said == (
        "--client-cert: certificate and key cannot be used; "
        "readable PEM files that belong together, without password"
    )


def test_a_locked_key_asks_nobody_for_its_password(authority: trustme.CA, tmp_path: Path) -> None:
    """A health check has no terminal, and must not wait at one."""
    issued = authority.issue_cert("healthcheck@example.org")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    plain = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    lock = serialization.BestAvailableEncryption(b"password")
    form, layout = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(plain.private_bytes(form, layout, lock))
    files = ("--client-cert", str(certificate), "--client-key", str(key))
    assert "without password" in refusal(*files, "--url", "https://127.0.0.1:1")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (
            ("--web.listen-address", "127.0.0.1:0"),
            "--web.listen-address: port 0 does not say where the exporter listens; give its address by --url",
        ),
        (("--client-key", "/k"), "--client-key: a key is of no use without --client-cert"),
        (
            ("--client-cert", "/c", "--url", "http://127.0.0.1:1"),
            "--client-cert: a certificate is shown by TLS alone; give --url with https://",
        ),
        *(
            (
                ("--url", url),
                f"--url: {NO_URL}",
            )
            for url in (
                "127.0.0.1:1",
                "",
                "ftp://a",
                "http://u:canary@a",
                "http://a?canary",
                "http://a#canary",
            )
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...], said: str) -> None:
    """In one line, without the user and password of a URL."""
    assert refusal(*arguments) == said
