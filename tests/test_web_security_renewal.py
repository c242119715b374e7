"""The web configuration in force, while its files change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
import trustme

from exporter.errors import ConfigError
from exporter.web.security import WebSecurity
from tests.kit.certificates import write_issued
from tests.kit.logs import caught_log

if TYPE_CHECKING:
    from pathlib import Path

ADDED: Final = "http_server_config: {headers: {X-Frame-Options: deny}}"
TLS: Final = "tls_server_config: {cert_file: server.crt, key_file: server.key}"
STAYS: Final = "the web configuration has changed and cannot be used; the old one stays"
AGAIN: Final = "the web configuration was read again"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A web configuration file that says nothing."""
    path = tmp_path / "web.yml"
    path.write_text("")
    return path


def test_a_file_that_cannot_be_used_at_the_start_is_a_fault(file: Path) -> None:
    """There is no old one to stay."""
    file.write_text("junk")
    with pytest.raises(ConfigError, match=r"web\.yml: is not a mapping"):
        WebSecurity(file)


def test_a_file_is_read_again_once_it_has_changed(file: Path) -> None:
    """And told once."""
    security = WebSecurity(file)
    before = security.settings()
    assert security.settings() is before
    with caught_log() as lines:
        file.write_text(ADDED)
        assert security.settings().headers == (("X-Frame-Options", "deny"),)
        assert security.settings() is security.settings()
    assert len(lines.events(AGAIN)) == 1
    assert before.headers == ()


def test_a_file_that_breaks_leaves_the_old_settings_and_is_told_once(file: Path) -> None:
    """Each new fault anew; and the next good one is taken."""
    file.write_text(ADDED)
    security = WebSecurity(file)
    good = security.settings()
    with caught_log() as lines:
        for text in ("junk", "junk: junk"):
            file.write_text(text)
            assert [security.settings() for _ in range(3)] == [good] * 3
        assert [line["why"].partition(": ")[2][:9] for line in lines.events(STAYS)] == [
            "is not a ",
            "junk: is ",
        ]
        file.unlink()
        assert security.settings() is good
        file.write_text("")
        assert security.settings().headers == ()


def test_tls_is_not_switched_while_running(file: Path) -> None:
    """On or off: whoever asks counts on the one or the other."""
    plain = WebSecurity(file)
    write_issued(file.with_name("server.crt"), trustme.CA().issue_cert("server.example.org"))
    file.write_text(TLS)
    encrypted = WebSecurity(file)
    with caught_log() as lines:
        assert plain.settings().tls is None
        file.write_text("")
        assert encrypted.settings().tls is not None
    assert [line["why"] for line in lines.events(STAYS)] == [
        "tls_server_config: TLS is not switched on or off while running; a restart"
    ] * 2
    assert (plain.encrypted, encrypted.encrypted) == (False, True)


def test_a_certificate_that_comes_before_its_key_waits_for_it(file: Path) -> None:
    """The pair is taken once it is complete."""
    authority = trustme.CA()
    write_issued(file.with_name("server.crt"), authority.issue_cert("old.example.org"))
    file.write_text(TLS)
    security = WebSecurity(file)
    before = security.handshake().context
    assert security.handshake().context is before
    successor = authority.issue_cert("new.example.org")
    with caught_log() as lines:
        file.with_name("server.crt").write_bytes(successor.cert_chain_pems[0].bytes())
        assert security.handshake().context is before
        file.with_name("server.key").write_bytes(successor.private_key_pem.bytes())
        assert security.handshake().context is not before
    assert (len(lines.events(STAYS)), len(lines.events(AGAIN))) == (1, 1)


def test_new_warnings_are_told(file: Path) -> None:
    """Where the file comes to what should not stay so."""
    write_issued(file.with_name("server.crt"), trustme.CA().issue_cert("server.example.org"))
    file.write_text(TLS)
    security = WebSecurity(file)
    assert security.warnings == ()
    with caught_log() as lines:
        file.write_text(TLS.replace("}", ", min_version: TLS10}"))
        security.settings()
    assert len(lines.events("web configuration")) == 1
    assert len(security.warnings) == 1


def test_a_handshake_without_tls_is_a_bug(file: Path) -> None:
    """Nobody opens such a connection."""
    with pytest.raises(RuntimeError, match="a handshake without TLS"):
        WebSecurity(file).handshake()
