"""Handshakes by the settings of a web configuration, between two ends in memory."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from exporter.errors import ConfigError
from exporter.web.security.context import Handshake, handshakes, names_of
from exporter.web.security.settings import ClientAuth, TlsSettings
from exporter.web.security.shown import first_certificate
from tests.kit.certificates import write_issued, write_self_signed
from tests.kit.secured import plain_context

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS: Final = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
SANS: Final = ("client.example.org", "::1", "127.0.0.1", "client@example.org")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The authority of the server and of good clients."""
    return trustme.CA()


@pytest.fixture(scope="module")
def settings(authority: trustme.CA) -> TlsSettings:
    """TLS that asks nothing of clients."""
    issued = authority.issue_cert("server.example.org")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    return TlsSettings(certificate=chain, key=issued.private_key_pem.bytes())


@pytest.fixture(scope="module")
def clients(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | None]:
    """What clients show, by what it is."""
    folder = tmp_path_factory.mktemp("clients")
    return {
        "nothing": None,
        "issued": write_issued(folder / "issued.pem", authority.issue_cert(*SANS)),
        "strange": write_issued(folder / "strange.pem", trustme.CA().issue_cert(*SANS)),
        "self-signed": write_self_signed(folder / "self.pem"),
        "run out": write_self_signed(folder / "old.pem", days_left=-1),
        "for servers": write_self_signed(folder / "server.pem", for_servers=True),
    }


def shaken(server: Handshake, client: ssl.SSLContext) -> ssl.SSLObject | None:
    """The server's end after a handshake; None where either end refused."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.context.wrap_bio(to_server, to_client, server_side=True),
    )
    try:
        for _ in range(4):
            for end in ends:
                with suppress(ssl.SSLWantReadError):
                    end.do_handshake()
    except ssl.SSLError:
        return None
    return ends[1] if server.admits(ends[1].getpeercert()) else None


def admitted(settings: TlsSettings, clients: dict[str, Path | None]) -> set[str]:
    """Who comes in, by both versions of TLS alike."""
    terms = handshakes(settings)
    found = [
        {
            what
            for what, cert in clients.items()
            if shaken(terms(), plain_context(version=version, cert=cert)) is not None
        }
        for version in VERSIONS
    ]
    assert found[0] == found[1]
    return found[0]


EVERYBODY: Final = {"nothing", "issued", "strange", "self-signed", "run out", "for servers"}
ANY: Final = EVERYBODY - {"nothing", "for servers"}


@pytest.mark.parametrize(
    "kind, expected",
    [
        (ClientAuth.NONE, EVERYBODY),
        (ClientAuth.REQUEST, EVERYBODY),
        (ClientAuth.REQUIRE_ANY, ANY),
        (ClientAuth.REQUIRE, ANY),
        (ClientAuth.VERIFY_IF_GIVEN, {"nothing", "issued"}),
        (ClientAuth.REQUIRE_AND_VERIFY, {"issued"}),
    ],
)
def test_who_comes_in_is_what_the_kind_says(
    settings: TlsSettings,
    authority: trustme.CA,
    clients: dict[str, Path | None],
    kind: ClientAuth,
    expected: set[str],
) -> None:
    """Each of Go's kinds, and the old word for one of them."""
    asking = replace(settings, client_auth=kind, client_ca=authority.cert_pem.bytes())
    assert admitted(asking, clients) == expected


@pytest.mark.parametrize(
    "kind, expected",
    [
        (ClientAuth.REQUEST, {"issued", "strange"}),
        (ClientAuth.REQUIRE_ANY, {"issued", "strange"}),
        (ClientAuth.VERIFY_IF_GIVEN, {"issued"}),
        (ClientAuth.REQUIRE_AND_VERIFY, {"issued"}),
    ],
)
@pytest.mark.parametrize("name", SANS)
def test_an_allowed_name_must_be_in_the_certificate(
    settings: TlsSettings,
    authority: trustme.CA,
    clients: dict[str, Path | None],
    kind: ClientAuth,
    expected: set[str],
    name: str,
) -> None:
    """A DNS name, an address of either kind or an e-mail address; who shows nothing has no name."""
    ca = authority.cert_pem.bytes()
    some = {what: clients[what] for what in ("nothing", "issued", "strange")}
    for allowed, who in (({name, "another"}, expected), ({"another"}, set())):
        asking = replace(settings, client_auth=kind, client_ca=ca, allowed_sans=frozenset(allowed))
        assert admitted(asking, some) == who


def test_what_was_shown_once_is_not_believed_the_next_time(
    settings: TlsSettings, clients: dict[str, Path | None]
) -> None:
    """Each handshake has terms of its own where anybody is believed, and shared ones where not."""
    terms = handshakes(replace(settings, client_auth=ClientAuth.REQUIRE_ANY))
    first = terms()
    assert shaken(first, plain_context(cert=clients["self-signed"])) is not None
    assert first.context.cert_store_stats()["x509"] == 1
    assert terms().context.cert_store_stats()["x509"] == 0
    shared = handshakes(settings)
    assert shared() is shared()


def test_a_clients_own_certificate_may_be_its_authority(
    settings: TlsSettings, clients: dict[str, Path | None]
) -> None:
    """As in Go: who is in the list is trusted."""
    issued = clients["issued"]
    assert issued is not None
    asking = replace(settings, client_auth=ClientAuth.REQUIRE_AND_VERIFY, client_ca=issued.read_bytes())
    assert admitted(asking, clients) == {"issued"}


def test_without_an_authority_those_of_the_machine_count(
    settings: TlsSettings, clients: dict[str, Path | None]
) -> None:
    """None of which has issued anything here."""
    assert admitted(replace(settings, client_auth=ClientAuth.REQUIRE_AND_VERIFY), clients) == set()


def test_versions_ciphers_and_the_curve_are_those_of_the_settings(settings: TlsSettings) -> None:
    """Whoever knows none of them does not come in."""
    only = replace(settings, maximum=ssl.TLSVersion.TLSv1_2, ciphers=("ECDHE-ECDSA-AES256-GCM-SHA384",))
    end = shaken(handshakes(only)(), plain_context())
    assert end is not None
    assert (end.version(), (end.cipher() or ("",))[0]) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    assert shaken(handshakes(only)(), plain_context(version=ssl.TLSVersion.TLSv1_3)) is None
    client = plain_context()
    client.set_ecdh_curve("prime256v1")
    assert shaken(handshakes(replace(settings, curve="prime256v1"))(), client) is not None
    assert shaken(handshakes(replace(settings, curve="X25519"))(), client) is None


@pytest.mark.parametrize("own_order, expected", [(True, "128"), (False, "256")])
def test_the_order_of_ciphers_is_ours_or_the_clients(
    settings: TlsSettings, own_order: bool, expected: str
) -> None:
    """As `prefer_server_cipher_suites` says."""
    client = plain_context(version=ssl.TLSVersion.TLSv1_2)
    client.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
    end = shaken(handshakes(replace(settings, own_order=own_order))(), client)
    assert end is not None
    assert expected in (end.cipher() or ("",))[0]


def test_http_1_is_what_is_agreed_on(settings: TlsSettings) -> None:
    """There is no HTTP/2 here."""
    end = shaken(handshakes(settings)(), plain_context(alpn=("h2", "http/1.1")))
    assert end is not None
    assert end.selected_alpn_protocol() == "http/1.1"


def test_a_locked_key_asks_nobody_for_its_password(settings: TlsSettings) -> None:
    """It is a fault, and nobody waits at a terminal."""
    plain = serialization.load_pem_private_key(settings.key, None)
    lock = serialization.BestAvailableEncryption(b"made-up")
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    for key in (plain.private_bytes(pem, pkcs8, lock), b"junk"):
        with pytest.raises(ConfigError, match="the key without password"):
            handshakes(replace(settings, key=key))


def test_names_that_cannot_be_read_allow_nobody() -> None:
    """Addresses are written as Go does; other kinds of names do not count."""
    certificate = {
        "subjectAltName": (
            ("DNS", "a"),
            ("IP Address", "<invalid>"),
            ("IP Address", "0:0:0:0:0:FFFF:102:304"),
            ("DirName", "b"),
            ("URI", "spiffe://c"),
        )
    }
    assert names_of(certificate) == {"a", "1.2.3.4", "spiffe://c"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_broken_message_holds_no_certificate(version: ssl.TLSVersion) -> None:
    """Cut off anywhere; OpenSSL refuses it right after."""
    assert first_certificate(b"", version) == b""
    assert first_certificate(b"\x0b\x00\x00\x00", version) == b""
    assert first_certificate(b"\x0b\x00\x00\x04\x00\x00\x00\x00", version) == b""
