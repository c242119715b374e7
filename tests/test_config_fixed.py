"""What holds for the life of the process is named by its key where a new configuration has it changed."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporter.config import (
    BucketSettings,
    CollectSettings,
    Config,
    LedgerSettings,
    Origin,
    Secret,
    refuse_fixed,
)
from exporter.config.fixed import NEEDS_A_RESTART
from exporter.errors import ConfigError
from tests.configuration import daily, load
from tests.kit.rig import chat_settings, daily_settings, inline

URL = "postgresql+psycopg://user:canary@db/presence"
CONFIG = Config(CollectSettings(), BucketSettings(), (daily_settings(),), LedgerSettings(inline(URL)))


def refusal(**changes: Any) -> str | None:
    """With what a configuration with these changes is refused; None where it is not."""
    try:
        refuse_fixed(CONFIG, replace(CONFIG, **changes))
    except ConfigError as fault:
        return str(fault)
    return None


@pytest.mark.parametrize("family", [each.name for each in fields(BucketSettings)])
def test_buckets_are_fixed(family: str) -> None:
    """Each family by its name."""
    assert (
        refusal(buckets=replace(CONFIG.buckets, **{family: (1.0, 2.0)}))
        == f"buckets.{family}: {NEEDS_A_RESTART}"
    )


@pytest.mark.parametrize(
    "key, value",
    [
        ("url", None),
        ("url", inline(URL + "2")),
        ("interval", 1.0),
        ("settle", 1.0),
        ("overlap", 1.0),
        ("catch_up", 1.0),
        ("requests_per_minute", 1),
        ("since", 1.0),
    ],
)
def test_the_ledger_is_fixed(key: str, value: Any) -> None:
    """Each key by its name, and no message has the password of an address."""
    assert refusal(ledger=replace(CONFIG.ledger, **{key: value})) == f"ledger.{key}: {NEEDS_A_RESTART}"


def test_exemplars_are_fixed() -> None:
    """They are remembered as meetings are counted."""
    assert refusal(exemplars=True) == f"exemplars: {NEEDS_A_RESTART}"


def test_all_else_may_change() -> None:
    """Also where the address of the ledger stands, as long as it is the same."""
    moved = Secret(URL, origin=Origin.FILE, name="/run/secrets/ledger-url")
    changes: dict[str, Any] = {
        "collect": CollectSettings(1.0, 2.0, 3),
        "sources": (chat_settings(),),
        "ledger": replace(CONFIG.ledger, url=moved),
    }
    assert refusal(**changes) is None


def test_a_file_that_is_the_same_makes_the_same_settings(tmp_path: Path) -> None:
    """Expressions, secrets and lists included: or every reload would change every source."""
    text = daily(
        "rooms: {watch: [a], include: 'a.*', exclude: 'b', groups: {g: 'x|y'}, label: hash, hash_key: h},"
        " http: {proxy: 'http://u:p@proxy:1', ca_file: ca.pem}"
    )
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    first, second = (load(text, tmp_path).config for _ in range(2))

    assert first.sources == second.sources
    assert first.sources[0] is not second.sources[0]
    refuse_fixed(first, second)
