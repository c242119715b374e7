"""What to do about a database that fails, in our own words; knows the errors of drivers, and no table.

The words of a driver are never passed on: they may hold an address with its password, a name or an id.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import DBAPIError

_LOCKED: Final = "another process holds the file's lock; end it, since only PostgreSQL can be shared"
_FULL: Final = "the disk is full; make room: nothing was lost, and counting goes on by itself"
_READ_ONLY: Final = "the file, its folder or its disk is read-only; let this user write there"
_TOO_SLOW: Final = "the database takes too long or another client holds its locks; look at what it is doing"
_GONE: Final = "the tables are gone or changed; restore a backup, or start the exporter again to count anew"
_NO_FILE: Final = "the file cannot be opened; its folder must exist, and let this user write there"
_NO_RIGHT: Final = "the user may not create or change the tables; grant it that"

_SQLITE: Final[Mapping[str, str]] = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _NO_FILE,
    "SQLITE_NOTADB": "the file is not an SQLite database; name another file",
    "SQLITE_CORRUPT": "the file is damaged; restore a backup, or start anew with another file",
    "SQLITE_ERROR": _GONE,
    "SQLITE_IOERR": "the disk cannot be read or written; look at the machine's log and the user's quota",
}
"""By the beginning of SQLite's own name of an error."""

_POSTGRESQL: Final[Mapping[str, str]] = {
    "25006": "the server is a standby or read-only; name the primary",
    "42501": _NO_RIGHT,
    "42P01": _GONE,
    "3F": _NO_RIGHT,
    "53100": "the server's disk is full; make room: nothing was lost, and counting goes on by itself",
    "53300": "the server has no connection left; allow more",
    "55P03": _TOO_SLOW,
    "57014": _TOO_SLOW,
    "57P": "the server is stopping or starting",
}
"""By the beginning of PostgreSQL's own code of an error (Appendix A of its manual)."""

_REFUSED: Final = (
    "the server does not let us in; look at user, password and database of ledger.url, and at its log"
)
_UNREACHABLE: Final = "the server cannot be reached; see that it runs, and look at the host of ledger.url"


def words_for(error: Exception) -> str:
    """What is wrong and what to do, for any error of SQLAlchemy, a driver or the system."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    if cause is not None and hasattr(cause, "sqlstate"):
        return _of_postgresql(cause.sqlstate, str(cause))
    return f"the database cannot be used ({type(cause).__name__}); look at its log"


def _of_postgresql(code: str | None, said: str) -> str:
    """There is no code where no connection came about, or where one broke."""
    if code is None:
        return _REFUSED if "FATAL" in said or "password" in said else _UNREACHABLE
    known = next((words for begin, words in _POSTGRESQL.items() if code.startswith(begin)), None)
    return known or f"the server refuses a statement (code {code}); look at its log"


def _of_sqlite(cause: sqlite3.Error) -> str:
    name = getattr(cause, "sqlite_errorname", type(cause).__name__)
    known = next((words for begin, words in _SQLITE.items() if name.startswith(begin)), None)
    return known or f"the database refuses a statement ({name}); look at its file"
