"""The web configuration file: what it may say, what it means, and how a fault is told."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import bcrypt
import pytest
import trustme

from exporter.errors import ConfigError
from exporter.web.security.names import MODERN
from exporter.web.security.reading import Loaded, attempt
from exporter.web.security.settings import ClientAuth, RateLimit, Settings, TlsSettings
from tests.kit.certificates import write_issued

if TYPE_CHECKING:
    from pathlib import Path

HASH: Final = bcrypt.hashpw(b"made-up", bcrypt.gensalt(4)).decode()
FILES: Final = "cert_file: server.crt, key_file: server.key"
EVERYBODY: Final = "is missing: clients of every authority that this machine trusts come in"
VERIFIED: Final = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The authority of all certificates here."""
    return trustme.CA()


@pytest.fixture
def file(tmp_path: Path, authority: trustme.CA) -> Path:
    """Where the file is, with certificates beside it."""
    write_issued(tmp_path / "server.crt", authority.issue_cert("server.example.org"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "web.yml"


def loaded(file: Path, text: str) -> Loaded:
    """What comes of a good file."""
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    outcome = attempt(file).outcome
    assert isinstance(outcome, Loaded), outcome
    return outcome


def tls(file: Path, keys: str = "") -> TlsSettings:
    """What comes of the keys under `tls_server_config`, beside certificate and key."""
    settings = loaded(file, f"tls_server_config: {{{FILES}, {keys}}}").settings.tls
    assert settings is not None
    return settings


def fault(file: Path, text: str) -> str:
    """What is told of a bad file."""
    file.write_text(text, encoding="utf-8")
    outcome = attempt(file).outcome
    assert isinstance(outcome, ConfigError), outcome
    prefix, _, said = str(outcome).partition(": ")
    assert prefix == str(file)
    return said


def test_a_file_without_anything_lets_everybody_in(file: Path) -> None:
    """Empty, with comments alone, or with sections that hold nothing."""
    nothing = "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n"
    for text in ("", "# nothing\n", "{}", nothing, "rate_limit: {interval: 0, burst: 0}"):
        assert loaded(file, text) == Loaded(Settings(), None)


def test_certificates_may_stand_in_the_file_or_beside_it(file: Path) -> None:
    """Both ways come to the same, and paths start at the folder of the file."""
    beside = tls(file)
    lines = {
        name: (file.parent / f"server.{end}").read_text() for name, end in (("cert", "crt"), ("key", "key"))
    }
    inline = "".join(f"  {name}: |\n" + _indented(text) for name, text in lines.items())
    within = loaded(file, f"tls_server_config:\n{inline}")
    assert within.settings.tls == beside
    assert within.handshake is not None
    assert beside.certificate == lines["cert"].encode()


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def test_what_is_not_said_has_safe_defaults(file: Path) -> None:
    """TLS 1.2 and 1.3, ciphers that authenticate, no certificates of clients."""
    settings = tls(file)
    assert (settings.minimum, settings.maximum) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert (settings.ciphers, settings.own_order, settings.curve) == (MODERN, True, None)
    assert (settings.client_auth, settings.client_ca, settings.allowed_sans) == (ClientAuth.NONE, None, None)


def test_every_key_of_tls_is_heard(file: Path) -> None:
    """Each in OpenSSL's words."""
    settings = tls(
        file,
        f"{VERIFIED}, client_allowed_sans: [a, b], min_version: TLS12, max_version: TLS12, cipher_suites: "
        "[TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA], curve_preferences: [CurveP256],"
        " prefer_server_cipher_suites: false",
    )
    assert settings.client_auth is ClientAuth.REQUIRE_AND_VERIFY
    assert settings.client_ca == (file.parent / "ca.pem").read_bytes()
    assert settings.allowed_sans == frozenset({"a", "b"})
    assert (settings.minimum, settings.maximum) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    assert settings.ciphers == ("ECDHE-RSA-AES128-SHA",)
    assert (settings.own_order, settings.curve) == (False, "prime256v1")


def test_an_empty_text_means_that_a_key_is_not_set(file: Path) -> None:
    """As it does to the toolkit, whose users have such files."""
    empty = 'cert: "", key: "", client_ca: "", client_ca_file: "", client_auth_type: "", min_version: ""'
    assert tls(file, empty) == tls(file)
    assert loaded(file, 'http_server_config: {headers: {X-Frame-Options: ""}}').settings.headers == ()


def test_all_curves_leave_the_choice_to_openssl(file: Path) -> None:
    """There is no way to name several to it."""
    assert tls(file, "curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]").curve is None


def test_ciphers_of_tls_13_alone_leave_tls_12_out(file: Path) -> None:
    """It could not be spoken without a cipher."""
    assert tls(file, "cipher_suites: [TLS_AES_128_GCM_SHA256]").minimum is ssl.TLSVersion.TLSv1_3


def test_the_other_sections_are_heard(file: Path) -> None:
    """Headers in the order of the documentation, users with their hashes, a limit in seconds."""
    settings = loaded(
        file,
        "http_server_config: {http2: false, headers: {X-XSS-Protection: 1, X-Frame-Options: deny}}\n"
        f"basic_auth_users: {{zoë: '{HASH}'}}\n"
        "rate_limit: {interval: 1m30s, burst: 5}",
    ).settings
    assert settings.headers == (("X-Frame-Options", "deny"), ("X-XSS-Protection", "1"))
    assert settings.users == {"zoë": HASH.encode()}
    assert settings.rate_limit == RateLimit(90.0, 5)


def test_nothing_here_shows_a_key_or_a_hash(file: Path) -> None:
    """Whoever prints settings by mistake shows neither."""
    key = (file.parent / "server.key").read_text()
    shown = repr(loaded(file, f"tls_server_config: {{{FILES}}}\nbasic_auth_users: {{a: '{HASH}'}}"))
    assert HASH not in shown
    assert key.splitlines()[1] not in shown


@pytest.mark.parametrize(
    "text, said",
    [
        (f"tls_server_config: {{{FILES}, {VERIFIED}}}", ()),
        (
            f"basic_auth_users: {{a: '{HASH}'}}",
            ("basic_auth_users: passwords cross the network unencrypted without tls_server_config",),
        ),
        (
            f"tls_server_config: {{{FILES}, client_auth_type: VerifyClientCertIfGiven}}",
            (
                "tls_server_config.client_auth_type: VerifyClientCertIfGiven does not keep strangers out",
                f"tls_server_config.client_ca_file: {EVERYBODY}",
            ),
        ),
        (
            f"tls_server_config: {{{FILES}, min_version: TLS11}}",
            ("tls_server_config.min_version: TLS11 is not spoken any more: TLS12 is the oldest",),
        ),
    ],
    ids=["verified", "unencrypted", "strangers", "old"],
)
def test_what_should_not_stay_so_is_told(file: Path, text: str, said: tuple[str, ...]) -> None:
    """It works all the same."""
    assert loaded(file, text).warnings == said


def test_keys_that_everyone_can_read_are_told(file: Path) -> None:
    """One in its own file, and one in the web configuration file."""
    key = file.parent / "server.key"
    key.chmod(0o644)
    said = f"tls_server_config.key_file: every user of this machine can read {key} (chmod o-r)"
    assert loaded(file, f"tls_server_config: {{{FILES}}}").warnings == (said,)
    text = "tls_server_config:\n  cert_file: server.crt\n  key: |\n" + _indented(key.read_text())
    assert loaded(file, text).warnings == ()
    file.chmod(0o644)
    outcome = attempt(file).outcome
    assert isinstance(outcome, Loaded)
    assert outcome.warnings == (
        f"{file}: every user of this machine can read it, and tls_server_config.key is a secret (chmod o-r)",
    )


TLS: Final = f"tls_server_config: {{{FILES}, %s}}"


@pytest.mark.parametrize(
    "text, said",
    [
        (
            "sources: []",
            "sources: is unknown (line 1); the keys here are tls_server_config, http_server_config, ",
        ),
        ("rate_limit: {}\nrate_limit: {}", "rate_limit: is given twice (line 2); each key once"),
        ("x", "is not a mapping; a mapping with the keys of a web configuration file"),
        ("{", "line 2, column 1: this is not YAML; "),
        ("tls_server_config: {cert_file: server.crt}", "tls_server_config.key_file: is missing; "),
        ("tls_server_config: {}", "tls_server_config.cert_file: is missing; "),
        (TLS % "cert: x", "tls_server_config.cert: is given beside cert_file; one of the two"),
        (
            "tls_server_config: {cert_file: nowhere.crt, key_file: server.key}",
            "tls_server_config.cert_file: the file (looked for in ",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: ca.pem}",
            "tls_server_config: certificate and key cannot be used; PEM that belongs together, the key",
        ),
        (
            TLS % "min_version: TLS14",
            "tls_server_config.min_version: TLS14 is unknown; TLS10, TLS11, TLS12 or TLS13",
        ),
        (
            TLS % "max_version: TLS11",
            "tls_server_config.max_version: TLS11 is not spoken any more; TLS12 or TLS13",
        ),
        (
            TLS % "min_version: TLS13, max_version: TLS12",
            "tls_server_config.max_version: TLS12 is older than min_version; TLS13",
        ),
        (
            TLS % "max_version: TLS12, cipher_suites: [TLS_AES_128_GCM_SHA256]",
            "tls_server_config.cipher_suites: has no cipher of TLS 1.2; at least one of them",
        ),
        (
            TLS % "curve_preferences: [CurveP256, X25519]",
            "tls_server_config.curve_preferences: has more than one curve; a list of one curve",
        ),
        (
            TLS % "client_ca_file: ca.pem",
            "tls_server_config.client_ca_file: has no effect without client_auth_type; RequireAndVerify",
        ),
        (
            TLS % "client_allowed_sans: [a]",
            "tls_server_config.client_allowed_sans: has no effect without client_auth_type; RequireAndVerify",
        ),
        (
            TLS % "client_auth_type: RequireAndVerifyClientCert, client_ca_file: server.key",
            "tls_server_config: client_ca_file or client_ca holds no certificate; certificates as PEM",
        ),
        (
            "basic_auth_users: {a: canary}",
            "basic_auth_users.a: is not a bcrypt hash; a bcrypt hash, as htpasswd",
        ),
        (
            "basic_auth_users: {'a:b': x}",
            "basic_auth_users: line 1: a name is not well formed; a name of up to",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: all}}",
            "http_server_config.headers.X-Frame-Options: is",
        ),
        (
            "http_server_config: {headers: {X-XSS-Protection: ä}}",
            "http_server_config.headers.X-XSS-Protection: is",
        ),
        ("rate_limit: {interval: 1s}", "rate_limit.burst: 0 lets no request through at all; at least 1, or "),
        ("rate_limit: {interval: 1}", "rate_limit.interval: 1 is not a duration; "),
    ],
)
def test_a_fault_names_the_file_and_the_key(file: Path, text: str, said: str) -> None:
    """In one line, with what is allowed."""
    told = fault(file, text)
    assert told.startswith(said)
    assert "\n" not in told
    assert "canary" not in told


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    """Missing, or not a text."""
    outcome = attempt(file).outcome
    assert str(outcome) == f"{file}: does not exist; a readable YAML file in UTF-8, of at most 1 MiB"
    file.write_bytes(b"\xff")
    assert (
        str(attempt(file).outcome) == f"{file}: is not UTF-8; a readable YAML file in UTF-8, of at most 1 MiB"
    )


def test_every_file_that_was_looked_at_is_remembered(file: Path) -> None:
    """Also those of an attempt that failed, since they are what must change."""
    loaded(file, f"tls_server_config: {{{FILES}, {VERIFIED}}}")
    names = ["ca.pem", "server.crt", "server.key", "web.yml"]
    assert sorted(path.name for path in attempt(file).seen) == names
    fault(file, "tls_server_config: {cert_file: nowhere.crt}")
    assert sorted(path.name for path in attempt(file).seen) == ["nowhere.crt", "web.yml"]
