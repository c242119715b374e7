"""The reference of the metrics is what the generator writes from the code and from its words."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from exporter.config import BucketSettings
from exporter.metrics.catalogue import FAMILIES
from exporter.model import Reason
from tests.programs import PROJECT
from tests.test_telemetry import PROMISED
from tools.reference.__main__ import PAGE, main
from tools.reference.families import families
from tools.reference.metrics import WORDS, Mismatch, reference, words

TEXT = PAGE.read_text(encoding="utf-8")
WRITTEN = WORDS.read_text(encoding="utf-8")


def test_the_page_is_what_the_code_and_the_words_give() -> None:
    """To the letter: `make reference` was run after the last change."""
    assert main(["--check"]) == 0


def test_a_page_that_is_out_of_date_is_told_of_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check leaves it alone."""
    page = tmp_path / "metrics.md"
    page.write_text(TEXT.replace("people present now", "people"), encoding="utf-8")
    before = page.read_text(encoding="utf-8")

    assert main(["--check"], page=page) == 1
    assert "make reference" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == before
    assert main([], page=page) == 0
    assert page.read_text(encoding="utf-8") == TEXT


def test_the_door_leads_to_the_generator() -> None:
    """From wherever it is started."""
    ran = subprocess.run(
        [sys.executable, PROJECT / "tools/reference/run.py", "--check"], check=False, timeout=60, cwd="/"
    )

    assert ran.returncode == 0


def test_the_families_are_those_of_facts_and_those_of_this_process() -> None:
    """With their types and labels, as they are promised elsewhere too, and with their HELP."""
    facts = {family.name: (family.type, set(family.labels)) for family in FAMILIES}

    assert {name: (each.type, set(each.labels)) for name, each in families().items()} == facts | PROMISED
    assert all(family.help.endswith(".") for family in families().values())


def test_every_metric_is_described_with_its_type_and_labels_and_no_other() -> None:
    """In the tables: each has a row, which leads to its entry."""
    kinds = {"gaugehistogram": "gauge histogram"}
    rows = re.findall(
        r"^\| \[`(presence_\w+)`\]\(#\1\) \| ([a-z ]+) \| ([^|]*) \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE
    )

    assert sorted(name for name, _, _ in rows) == sorted(families())
    for name, kind, labels in rows:
        family = families()[name]
        assert kind == kinds.get(family.type, family.type)
        assert tuple(re.findall(r"`(\w+)`", labels)) == family.labels


def test_every_metric_has_an_entry_with_its_help_and_an_example() -> None:
    """Under a heading that can be linked to."""
    entries = dict(re.findall(r"^### `(presence_\w+)`\n\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))

    said = words(WRITTEN.encode())

    assert list(entries) == list(said.metrics)
    for name, entry in entries.items():
        told = said.metrics[name]
        assert families()[name].help in " ".join(entry.replace("\n> ", " ").split())
        assert entry.strip().endswith(f"\n\n{told.example}:\n\n```promql\n{told.query.strip()}\n```")


def test_every_reason_is_described_and_no_other() -> None:
    """In the order in which they are declared."""
    table = TEXT.partition("### Reasons")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)` \| \S[^|]* \| \S[^|]* \|$", table, re.MULTILINE) == [
        str(each) for each in Reason
    ]


def test_the_buckets_are_those_of_the_settings() -> None:
    """Each family that can be set, with its default ends."""
    table = TEXT.partition("| family | buckets |")[2].partition("\n\n")[0]
    listed = {
        family: tuple(map(float, ends.split()))
        for names, ends in re.findall(r"^\| (.*?) \| ([0-9. ]+) \|$", table, re.MULTILINE)
        for family in re.findall(r"`(\w+)`", names)
    }

    assert listed == {each.name: BucketSettings().of(each.name) for each in fields(BucketSettings)}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("      presence_up:", "      presence_upp:"),
        lambda text: text.replace("      presence_up:", "      presence_users:"),
        lambda text: text.replace("      tls:", "      ssl:"),
    ],
    ids=["metric", "metric twice", "reason"],
)
def test_words_for_what_does_not_exist_are_refused(change: Callable[[str], str]) -> None:
    """As is a metric or a reason without words."""
    with pytest.raises(Mismatch, match="without words"):
        reference(words(change(WRITTEN).encode()))


@pytest.mark.parametrize("name", ["meaning", "absent", "example", "query"])
def test_a_metric_without_all_its_words_is_refused(name: str) -> None:
    """There is no default for any of them."""
    with pytest.raises(msgspec.ValidationError, match=name):
        words(WRITTEN.replace(f"        {name}:", f"        no_{name}:", 1).encode())
