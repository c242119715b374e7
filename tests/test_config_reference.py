"""The reference in docs/configuration.md says what the program does, in both directions."""

import re
from pathlib import Path

import pytest
import trustme

from exporter.config import CollectSettings, DailySettings, Origin, RocketChatSettings, RoomLabel
from exporter.config.database import PARAMETERS
from exporter.config.tables import Row
from exporter.sources import daily
from tests.configuration import in_section, load, rows_by_section

DOCUMENT = Path(__file__).parents[1] / "docs" / "configuration.md"
FORMS = ("_key_file", "_id_file", "_token_file", "url_file", "_env")
NO_YAML = {"required", "one of the three", "none"}


def described() -> dict[str, list[str]]:
    """The lines of the reference's tables, by the heading they stand under."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^### ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        found[heading] = re.findall(r"^\| `.*\|$", body, flags=re.MULTILINE)
    return found


def line_of(row: Row) -> str:
    """The line that the reference must have for a key."""
    default = row.default if row.default in NO_YAML else f"`{row.default}`"
    return f"| `{row.name}` | {row.allowed} | {default} | {row.meaning} |"


def test_the_reference_lists_every_key_and_no_other() -> None:
    """Sections, keys, what they take, their defaults and meaning are those of the program, in its order."""
    expected = {section: [line_of(row) for row in rows] for section, rows in rows_by_section().items()}
    assert described() == expected


def test_how_many_watched_rooms_fit_is_what_the_pace_lets_through() -> None:
    """In the time of a scrape, as Prometheus has it by default, and as it is here where it says none."""
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    fit = daily.REQUESTS_PER_SECOND * CollectSettings().timeout
    assert f"which is {daily.REQUESTS_PER_SECOND:g} requests a second" in text
    assert f"more than about {fit:g} watched rooms do not fit into one scrape" in text
    assert f"default timeout of {CollectSettings().timeout:g} seconds" in text


def test_the_example_of_the_reference_uses_every_key_but_alternatives(tmp_path: Path) -> None:
    """The full example loads, without a warning, and holds every key but the other forms of a secret."""
    (example,) = re.findall(
        r"^```yaml\n(# .*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "secrets").mkdir()
    for name in ("daily", "rocketchat-user-id", "rocketchat-token"):
        (tmp_path / "secrets" / name).write_text(f"{name}\n")
        (tmp_path / "secrets" / name).chmod(0o600)
    loaded = load(example, tmp_path, environ={"ROOM_HASH_KEY": "hash-key"})
    assert loaded.warnings == ()
    first, second = loaded.config.sources
    assert isinstance(first, DailySettings)
    assert isinstance(second, RocketChatSettings)
    assert (first.name, first.api_key.reveal(), first.api_key.origin) == ("acme", "daily", Origin.FILE)
    assert (first.rooms.watch, first.rooms.label) == (("frontdesk",), RoomLabel.HASH)
    assert first.rooms.hash_key is not None
    assert (first.rooms.hash_key.reveal(), first.rooms.hash_key.origin) == ("hash-key", Origin.ENVIRONMENT)
    assert (second.user_id.reveal(), second.auth_token.reveal()) == ("rocketchat-user-id", "rocketchat-token")
    assert second.full_every == 300.0
    assert loaded.config.ledger.url is not None
    assert loaded.config.ledger.url.reveal() == "sqlite:////var/lib/presence-exporter/ledger.db"
    keys = {row.name for rows in rows_by_section().values() for row in rows}
    stems = ("api_key", "user_id", "auth_token", "hash_key", "url")
    alternatives = {f"{stem}{form}" for stem in stems for form in ("", "_file", "_env")}
    written = set(re.findall(r"\b[a-z_]+(?=:)", example))
    assert keys - alternatives <= written
    assert {stem for stem in stems if any(key.startswith(stem) for key in written)} == set(stems)


def test_the_reference_lists_every_parameter_of_a_server() -> None:
    """And no other, in the order of the alphabet."""
    (sentence,) = re.findall(
        r"Parameters of libpq may follow.*?: (.*?)\. A path", DOCUMENT.read_text(), re.DOTALL
    )
    assert re.findall(r"`(\w+)`", sentence) == sorted(PARAMETERS)


@pytest.mark.parametrize("section", rows_by_section())
def test_the_example_of_every_key_is_good(section: str, tmp_path: Path) -> None:
    """What a key's declaration gives as an example loads, beside what else that key needs."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "internal-ca.pem"))
    tried = 0
    for row in rows_by_section()[section]:
        if row.name == "kind" or row.name.endswith(FORMS):
            continue
        needed = "label: hash, " if row.name == "hash_key" else ""
        text = in_section(section, row.name, value=row.example).replace("{hash_key:", f"{{{needed}hash_key:")
        assert load(text, tmp_path, environ={"DAILY_KEY": "k"}).config.sources
        tried += 1
    assert tried > 0
