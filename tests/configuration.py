"""What the tests of the configuration share: small files that are good but for what a test adds."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.config import Loaded, load_file
from exporter.config.readers import Optional
from exporter.config.schema import ROOT, SOURCE_TABLES
from exporter.config.tables import Key, Row, Table
from exporter.errors import ConfigError


def load(text: str, folder: Path, *, environ: Mapping[str, str] | None = None) -> Loaded:
    """Load `text` as the file `config.yml` of that folder, which only its owner may read."""
    path = folder / "config.yml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return load_file(path, environ or {})


def fault_of(text: str, folder: Path, *, environ: Mapping[str, str] | None = None) -> str:
    """The message with which loading `text` fails, with the folder as `{folder}`."""
    with pytest.raises(ConfigError) as caught:
        load(text, folder, environ=environ)
    return str(caught.value).replace(str(folder), "{folder}")


def daily(keys: str = "", *, secret: str = "api_key: k") -> str:
    """A file with one Daily source and these further keys of it, in flow style."""
    given = ", ".join(part for part in ("name: a, kind: daily", secret, keys) if part)
    return f"sources: [{{{given}}}]\n"


def rocketchat(keys: str = "") -> str:
    """A file with one Rocket.Chat source and these further keys of it, in flow style."""
    given = "name: a, kind: rocketchat, base_url: 'https://chat.example', user_id: u, auth_token: t"
    return f"sources: [{{{given}{', ' if keys else ''}{keys}}}]\n"


def rows_by_section() -> dict[str, list[Row]]:
    """Every key that the configuration knows, by the section it stands in."""
    found: dict[str, list[Row]] = {}
    _walk("top level", ROOT, found=found)
    for kind, table in SOURCE_TABLES.items():
        _walk(f"sources[], kind: {kind}", table, found=found)
    return found


def _walk(section: str, reader: object, *, found: dict[str, list[Row]]) -> None:
    table = reader.reader if isinstance(reader, Optional) else reader
    if not isinstance(table, Table):
        return
    found[section] = [row for entry in table.entries for row in entry.rows]
    for entry in table.entries:
        if isinstance(entry, Key):
            above = "sources[]." if section.startswith("sources[]") else ""
            _walk(above + entry.name, entry.reader, found=found)


def in_section(section: str, key: str, *, value: str) -> str:
    """A file that is good but for that key in that section."""
    planted = f"{key}: {value}"
    if section == "top level":
        return f"{planted}\n" + ("" if key == "sources" else daily())
    if not section.startswith("sources[]"):
        return f"{section}: {{{planted}}}\n" + daily()
    chat = section.endswith(("rocketchat", "delta"))
    good = {"name": "a", "kind": "rocketchat" if chat else "daily"}
    good |= {"base_url": "'https://h'", "user_id": "u", "auth_token": "t"} if chat else {"api_key": "k"}
    if "kind" in section:
        others = [f"{name}: {text}" for name, text in good.items() if not key.startswith(name)]
        return f"sources: [{{{', '.join([*others, planted])}}}]"
    others = [f"{name}: {text}" for name, text in good.items()]
    return f"sources: [{{{', '.join(others)}, {section.rpartition('.')[2]}: {{{planted}}}}}]"
