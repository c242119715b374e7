"""The address of the ledger's database: which URLs can be used, and the one form that all of them become.

Pure, and without the library that will use the address, which takes longer to import than all the rest.
No message shows an address, because a password may stand in it.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from exporter.errors import ConfigError

SQLITE_FORM: Final = "sqlite:////absolute/path, or sqlite:///path from the configuration file's folder"
POSTGRESQL_FORM: Final = (
    "postgresql+psycopg://user:password@host:5432/database, with special characters as %-codes"
)
URL_FORM: Final = (
    "sqlite:////absolute/path, sqlite:///path from the configuration file's folder, "
    "or postgresql+psycopg://user:password@host:5432/database"
)

PARAMETERS: Final = frozenset(
    {
        "application_name",
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "load_balance_hosts",
        "options",
        "passfile",
        "require_auth",
        "requirepeer",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcrl",
        "sslcrldir",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
    }
)
"""libpq's parameters, but for those that the URL has a place for, and for passwords, which belong there."""

_SQLITE: Final = "sqlite://"
_PREFIX: Final = f"{_SQLITE}/"
_MEMORY: Final = frozenset({_SQLITE, f"{_PREFIX}:memory:"})

_SCHEME: Final = re.compile(r"postgres(?:ql)?(?P<driver>\+[^:]*)?://(?P<rest>.*)")
# Stricter than the library that will read it, so that both find the same parts: the password ends at the
# only @, and holds nothing that begins another part.
_SERVER: Final = re.compile(
    r"(?:[^:/@?#\[\]]*(?::(?P<password>[^/@?#]*))?@)?"
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|[A-Za-z0-9._-]{1,253})?(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?P<database>[^/@?#]*))?(?:\?(?P<query>[^#]*))?"
)


class AddressFault(ConfigError):
    """The address cannot be used; the text says why in half a sentence, and `allowed` what could be."""

    def __init__(self, wrong: str, allowed: str) -> None:
        super().__init__(wrong)
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Address:
    """A database's address; `url` is None for a database in memory."""

    url: str | None = field(repr=False)
    holds_password: bool = False


def read_address(text: str, *, folder: Path) -> Address:
    """The address that `text` is; a relative path starts at `folder`. Raises `AddressFault`."""
    if text in _MEMORY:
        return Address(None)
    if text.startswith(_SQLITE):
        return Address(_PREFIX + quote(str(folder / _sqlite_path(text))))
    if server := _SCHEME.fullmatch(text):
        if server["driver"] not in {None, "+psycopg"}:
            raise AddressFault("names a driver that is not here", POSTGRESQL_FORM)
        return Address(f"postgresql+psycopg://{server['rest']}", holds_password=_has_password(server["rest"]))
    raise AddressFault("is of neither SQLite nor PostgreSQL", URL_FORM)


def sqlite_file(url: str) -> Path | None:
    """The file that a good address names; None for a server."""
    return Path(unquote(url.removeprefix(_PREFIX))) if url.startswith(_PREFIX) else None


def _sqlite_path(text: str) -> str:
    if not text.startswith(_PREFIX):
        raise AddressFault("lacks a third slash", SQLITE_FORM)
    if "?" in text or "#" in text:
        raise AddressFault("holds a query or fragment", SQLITE_FORM)
    path = unquote(text.removeprefix(_PREFIX))
    if not path.isprintable():
        raise AddressFault("names no file that can be", SQLITE_FORM)
    if not path or path.endswith("/"):
        raise AddressFault("names no file", SQLITE_FORM)
    return path


def _has_password(server: str) -> bool:
    found = _SERVER.fullmatch(server)
    try:
        usable = found is not None and 0 < int(found["port"] or 1) < 2**16
        if found is not None and found["six"]:
            ipaddress.IPv6Address(found["six"])
    except ValueError:
        usable = False
    if found is None or not usable:
        raise AddressFault("is not well formed", POSTGRESQL_FORM)
    if not found["database"]:
        raise AddressFault("names no database", POSTGRESQL_FORM)
    names = [name for name, _ in parse_qsl(found["query"] or "", keep_blank_values=True)]
    if not PARAMETERS.issuperset(names):
        raise AddressFault("has a parameter that cannot be used", "parameters as documented, such as sslmode")
    return bool(found["password"])
