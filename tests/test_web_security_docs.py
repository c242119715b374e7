"""docs/web-config.md has every key, as the code declares it, and its examples can be used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import trustme
import yaml

from exporter.config.tables import Row
from exporter.web.security.encryption import TLS_KEYS
from exporter.web.security.reading import Loaded, attempt
from exporter.web.security.schema import ADDED, BURST, HEADERS, HTTP2, INTERVAL, ROOT
from exporter.web.security.settings import ClientAuth
from tests.kit.certificates import write_issued
from tests.programs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from exporter.config.tables import Entry

TEXT = (PROJECT / "docs" / "web-config.md").read_text(encoding="utf-8")


def section(title: str) -> list[list[str]]:
    """The cells of all rows of tables under a heading, without their heads."""
    body = TEXT.partition(f"### {title}\n")[2].split("\n##")[0]
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def declared(entries: Iterable[Entry[object]]) -> list[list[str]]:
    """The same rows, as the code would write them."""
    rows: list[Row] = [row for entry in entries for row in entry.rows]
    return [[f"`{row.name}`", row.allowed, _default(row), row.meaning] for row in rows]


def _default(row: Row) -> str:
    return "" if row.default in {"null", "{}"} else f"`{row.default}`"


@pytest.mark.parametrize(
    "title, entries",
    [
        ("`http_server_config`", (HTTP2, ADDED, *HEADERS)),
        ("`rate_limit`", (INTERVAL, BURST)),
    ],
)
def test_every_key_is_documented_as_it_is_declared(title: str, entries: tuple[Entry[object], ...]) -> None:
    """Name, what it takes, default and meaning."""
    assert section(title) == declared(entries)


def test_every_key_of_tls_is_documented_and_every_kind_of_client() -> None:
    """The kinds have a table of their own."""
    rows = section("`tls_server_config`")
    assert rows[: len(TLS_KEYS)] == declared(TLS_KEYS)
    kinds = {kind for row in rows[len(TLS_KEYS) + 1 :] for kind in re.findall(r"`(\w+)`", row[0])}
    assert kinds == {str(kind) for kind in ClientAuth}


def test_every_section_is_documented() -> None:
    """In the order of the file."""
    names = [row.name for entry in ROOT.entries for row in entry.rows]
    assert re.findall(r"^### `(\w+)`$", TEXT, re.MULTILINE) == names


def test_the_example_can_be_used(tmp_path: Path) -> None:
    """With certificates beside it, and without a word of warning."""
    authority = trustme.CA()
    write_issued(tmp_path / "server.crt", authority.issue_cert("presence.example.org"))
    (tmp_path / "clients-ca.pem").write_bytes(authority.cert_pem.bytes())
    example, prometheus = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "web.yml").write_text(example)
    outcome = attempt(tmp_path / "web.yml").outcome
    assert isinstance(outcome, Loaded), outcome
    assert outcome.warnings == ()
    assert list(outcome.settings.users) == ["prometheus"]
    (job,) = yaml.safe_load(prometheus)["scrape_configs"]
    assert job["basic_auth"]["username"] == "prometheus"
