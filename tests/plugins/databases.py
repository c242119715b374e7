"""One PostgreSQL server for the whole run, started by the first test that asks for it.

Tests that stop or break a server start one of their own (`running_postgresql`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.postgresql import PostgresqlServer, running_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """Give the shared server: each test makes a database of its own there."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: PostgresqlServer) -> str:
    """Give the address of a new, empty database."""
    return postgresql.url(postgresql.create_database())
