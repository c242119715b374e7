"""The ledger's keys: what its address becomes, what is a warning, and that nothing shows a password."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from exporter.config import LedgerSettings, Origin, Secret, load_file, sqlite_file
from tests.configuration import daily, fault_of, load, rocketchat

HOST = "db.example.org"
SERVER = f"postgresql+psycopg://writer:canary@{HOST}:5433/presence"


def ledger(keys: str, *, sources: str = "") -> str:
    """A file with these keys of the ledger, in flow style; its source is a Daily one unless told."""
    return f"{sources or daily(secret='api_key_env: KEY')}ledger: {{{keys}}}\n"


def settings(keys: str, folder: Path, *, environ: dict[str, str] | None = None) -> LedgerSettings:
    """The ledger's settings of a file."""
    loaded = load(ledger(keys), folder, environ={"KEY": "k", **(environ or {})})
    assert loaded.warnings == ()
    return loaded.config.ledger


def url_of(text: str, folder: Path) -> str:
    """What an address in the file becomes."""
    url = settings(f"url: '{text}'", folder).url
    assert url is not None
    return url.reveal()


def test_every_key_of_the_ledger_arrives(tmp_path: Path) -> None:
    """Durations are seconds; the database is a secret."""
    keys = (
        "url: 'sqlite:////a.db', interval: 0s, settle: 2m, overlap: 1h, catch_up: 2d, "
        "requests_per_minute: 30, since: 30d"
    )
    url = Secret("sqlite:////a.db", origin=Origin.INLINE)
    assert settings(keys, tmp_path) == LedgerSettings(url, 0.0, 120.0, 3600.0, 172800.0, 30, 2592000.0)


def test_values_at_their_limits_are_taken(tmp_path: Path) -> None:
    """Both ends of every range belong to it, and the overlap may be as long as the catching up."""
    low = "interval: 0s, settle: 0s, overlap: 0s, catch_up: 2h, requests_per_minute: 1"
    high = "interval: 1h, settle: 1h, overlap: 1d, catch_up: 365d, requests_per_minute: 600"
    assert settings(low, tmp_path) == LedgerSettings(None, 0.0, 0.0, 0.0, 7200.0, 1)
    assert settings(high, tmp_path) == LedgerSettings(None, 3600.0, 3600.0, 86400.0, 31536000.0, 600)
    assert settings("overlap: 2h, catch_up: 2h", tmp_path).overlap == 7200.0


def test_exemplars_are_off_unless_told(tmp_path: Path) -> None:
    """An id of a meeting leaves only where somebody wants it."""
    assert load(daily(), tmp_path).config.exemplars is False
    assert load(daily() + "exemplars: true", tmp_path).config.exemplars is True


@pytest.mark.parametrize("text", ["sqlite://", "sqlite:///:memory:"])
def test_an_address_in_memory_is_none(text: str, tmp_path: Path) -> None:
    """What a restart forgets is told apart from a database in one place."""
    assert settings(f"url: '{text}'", tmp_path).url is None


def test_a_path_with_four_slashes_is_absolute(tmp_path: Path) -> None:
    """And stays what it is."""
    assert url_of("sqlite:////var/lib/ledger.db", tmp_path) == "sqlite:////var/lib/ledger.db"


def test_a_path_with_three_slashes_starts_at_the_folder_of_the_file(tmp_path: Path) -> None:
    """As every relative path does, wherever the process was started; also where another file names it."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "url").write_text("sqlite:///ledger.db\n")
    (folder / "url").chmod(0o600)
    expected = f"sqlite:///{tmp_path}/a%20folder/ledger.db"
    assert url_of("sqlite:///ledger.db", folder) == expected
    for keys in ("url_file: url", "url_env: LEDGER"):
        url = settings(keys, folder, environ={"LEDGER": "sqlite:///ledger.db"}).url
        assert url is not None
        assert url.reveal() == expected


@pytest.mark.parametrize(
    "text, path",
    [
        ("sqlite:////var/lib/a%20b.db", "/var/lib/a b.db"),
        ("sqlite:////var/lib/%C3%A4.db", "/var/lib/ä.db"),
        ("sqlite:////var/lib/a%25b%3F%23.db", "/var/lib/a%b?#.db"),
        ("sqlite:////a+b.db", "/a+b.db"),
    ],
)
def test_the_library_finds_the_file_that_is_meant(text: str, path: str, tmp_path: Path) -> None:
    """Special characters are codes, and both sides read them alike."""
    url = url_of(text, tmp_path)
    assert make_url(url).database == path
    assert sqlite_file(url) == Path(path)


@pytest.mark.parametrize(
    "rest, parts",
    [
        (f"u:p@{HOST}:5433/db", ("u", "p", HOST, 5433, "db", {})),
        (f"u@{HOST}/db", ("u", None, HOST, None, "db", {})),
        (f"{HOST}/db", (None, None, HOST, None, "db", {})),
        ("u:p%40s%2Fs%3A@[::1]:5432/db", ("u", "p@s/s:", "::1", 5432, "db", {})),
        ("u:a:b@h/db", ("u", "a:b", "h", None, "db", {})),
        ("/db?host=/run/pg", (None, None, None, None, "db", {"host": "/run/pg"})),
        (
            "h/db?sslmode=require&sslsni=0",
            (None, None, "h", None, "db", {"sslmode": "require", "sslsni": "0"}),
        ),
    ],
)
@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_the_library_finds_the_server_that_is_meant(
    scheme: str, rest: str, parts: tuple[object, ...], tmp_path: Path
) -> None:
    """Whichever way the scheme is written, the same driver reads the same parts."""
    url = make_url(url_of(f"{scheme}://{rest}", tmp_path))
    found = (url.username, url.password, url.host, url.port, url.database, dict(url.query))
    assert (url.drivername, found) == ("postgresql+psycopg", parts)
    assert sqlite_file(url_of(f"{scheme}://{rest}", tmp_path)) is None


@pytest.mark.parametrize(
    "keys, origin, name",
    [
        (f"url: '{SERVER}'", Origin.INLINE, ""),
        ("url_file: url", Origin.FILE, "url"),
        ("url_env: LEDGER", Origin.ENVIRONMENT, "LEDGER"),
    ],
)
def test_the_address_is_a_secret_that_nothing_shows(
    keys: str, origin: Origin, name: str, tmp_path: Path
) -> None:
    """It knows where it came from; neither the settings nor their text unfold it."""
    (tmp_path / "url").write_text(f"{SERVER}\n")
    (tmp_path / "url").chmod(0o600)
    found = settings(keys, tmp_path, environ={"LEDGER": f" {SERVER}\n"})
    assert found.url is not None
    assert (found.url.reveal(), found.url.origin) == (SERVER, origin)
    assert found.url.name.endswith(name)
    assert not any(part in f"{found!r} {found.url}" for part in ("canary", "writer", HOST))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://writer:can@ry-canary@h/db",
        "postgresql+psycopg://writer:canary@h:99999/db",
        "postgresql+psycopg://writer:canary@h",
        "postgresql+psycopg://writer:canary@[1]/db",
        "postgresql+psycopg://writer:canary@h/db?canary=1",
        "postgresql+psycopg2://writer:canary@h/db",
        "mysql://writer:canary@h/db",
        "sqlite://writer:canary@h/db",
        "writer:canary@h/db",
        "canary",
    ],
)
def test_no_fault_shows_what_may_be_a_password(url: str, tmp_path: Path) -> None:
    """In the file itself, in a file of its own and in a variable."""
    (tmp_path / "url").write_text(url)
    for keys in (f"url: '{url}'", "url_file: url", "url_env: LEDGER"):
        message = fault_of(ledger(keys), tmp_path, environ={"KEY": "k", "LEDGER": url})
        assert message.startswith(f"ledger.{keys.partition(':')[0]}: ")
        assert "canary" not in message
        assert "writer:" not in message


@pytest.mark.parametrize(
    "url, secret",
    [(SERVER, True), (f"postgresql://writer@{HOST}/presence", False), ("sqlite:////a.db", False)],
)
def test_only_an_address_with_a_password_makes_the_file_a_secret(
    url: str, secret: bool, tmp_path: Path
) -> None:
    """Who may read the file may read the password; a path is nobody's secret."""
    path = tmp_path / "config.yml"
    path.write_text(ledger(f"url: '{url}'"))
    path.chmod(0o644)
    told = f"{path}: every user of this machine can read it, and ledger.url is a secret (chmod o-r)"
    assert load_file(path, {"KEY": "k"}).warnings == ((told,) if secret else ())


@pytest.mark.parametrize("sources", [daily("meetings: false"), rocketchat()])
def test_a_ledger_without_meetings_is_a_warning(sources: str, tmp_path: Path) -> None:
    """It does no harm, and is not what somebody meant."""
    told = "ledger: nothing is written down: no source is of kind: daily with meetings: true"
    assert load(ledger("url: 'sqlite:///a.db'", sources=sources), tmp_path).warnings == (told,)
    assert load(ledger("since: 1d", sources=sources), tmp_path).warnings == (told,)
    assert load(ledger("", sources=sources), tmp_path).warnings == ()


def test_counting_back_without_a_database_is_a_warning(tmp_path: Path) -> None:
    """Each start would add the same meetings again, and `rate()` would see them happen."""
    told = "ledger.since: in memory every start is the first and counts these meetings again; set url"
    assert load(ledger("since: 30d"), tmp_path, environ={"KEY": "k"}).warnings == (told,)
    assert load(ledger("since: 30d, url: 'sqlite:///a'"), tmp_path, environ={"KEY": "k"}).warnings == ()
