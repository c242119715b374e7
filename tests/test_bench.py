"""The bench itself, at sizes that measure nothing: no test here holds a time against a bound."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kit.vendor import EXAMPLES
from tests.programs import PROJECT, require_prometheus
from tools.bench.__main__ import CASES, DOCS, verdict, write_into
from tools.bench.bodies import chat_presence, daily_meetings, daily_presence
from tools.bench.figures import (
    Case,
    Figure,
    beside_floor,
    exactly,
    milliseconds,
    peak,
    per_second,
    ratio,
    seconds,
    table,
)
from tools.bench.processes import Cost

NOW = 1_800_000_000.0
FLOORS = sorted((PROJECT / "tools/bench").glob("floor_*.py"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of processes")
@pytest.mark.parametrize("name", CASES)
def test_a_case_runs_and_gets_the_counts_right(name: str) -> None:
    """At tiny sizes every case measures all that it would measure, and no count is wrong."""
    if name == "dashboards":
        require_prometheus(3)
    command = [sys.executable, "tools/bench/run.py", "--tiny", "--only", name]

    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)

    assert ran.returncode == 0, ran.stderr
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in ran.stdout.splitlines() if "|" in line
    ]
    assert len(rows) > 4
    assert [row for row in rows if row[3].startswith("exactly") and row[4] != "held"] == []


def test_what_is_not_known_is_refused() -> None:
    """A misspelt case is an error, not a bench of nothing."""
    command = [sys.executable, "tools/bench/run.py", "--only", "room"]

    assert subprocess.run(command, cwd=PROJECT, capture_output=True, check=False, timeout=60).returncode == 2


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.stem)
def test_a_floor_is_a_script_of_30_lines(floor: Path) -> None:
    """What the exporter is held against is as short as is said, its docstring and empty lines apart."""
    text = floor.read_text(encoding="utf-8")
    docstring = ast.parse(text).body[0].end_lineno

    assert 0 < len([line for line in text.splitlines()[docstring:] if line.strip()]) <= 30


def test_rooms_have_the_documented_fields() -> None:
    """The body is measured in the shape that Daily sends: a map of rooms, all fields in each row."""
    body = json.loads(daily_presence(3, 2, now=NOW))

    assert [len(people) for people in body.values()] == [2, 2, 2]
    assert list(body["room-00-000000"][0]) == list(_example("daily-presence.json")["my-room"][0])
    joined = datetime.fromisoformat(body["room-00-000002"][1]["joinTime"]).timestamp()
    assert NOW - 6 * 3600 <= joined <= NOW


def test_variants_have_rooms_of_other_names() -> None:
    """A name that is kept for ever would show in the long run."""
    names = [set(json.loads(daily_presence(3, 1, now=NOW, variant=number))) for number in range(2)]

    assert names[0].isdisjoint(names[1])


def test_meetings_are_one_whole_page() -> None:
    """The exporter reads them with one request."""
    page = json.loads(daily_meetings(20, now=NOW))

    assert page["total_count"] == len(page["data"]) == 20
    assert all(meeting["ongoing"] for meeting in page["data"])


def test_some_users_change_their_status() -> None:
    """One in fifty between two variants; the rows have the documented fields."""
    first, second = (json.loads(chat_presence(200, variant=number))["users"] for number in range(2))

    assert set(first[0]) == set(_example("rocketchat-presence-full.json")["users"][0])
    assert [user["_id"] for user in first] == [user["_id"] for user in second]
    assert sum(old["status"] != new["status"] for old, new in zip(first, second, strict=True)) == 4


def test_the_ratio_is_taken_within_pairs() -> None:
    """Where the machine is slow for both of a pair, the ratio stays what it was."""
    pairs = [(Cost(mine, mine), Cost(its, its)) for mine, its in ((1.2, 1.0), (6.0, 5.0), (2.0, 1.0))]

    ours, floor, found = beside_floor("a scrape", pairs, most=1.5)

    assert (ours.measured, floor.measured, found.measured) == ("2.00 s", "1.00 s", "1.20")
    assert found.held


@pytest.mark.parametrize(
    "figure, held",
    [
        (ratio("a", 1.5, most=1.5), True),
        (ratio("a", 1.51, most=1.5), False),
        (seconds("a", 0.59, most=0.6), True),
        (seconds("a", 0.61, most=0.6), False),
        (peak(158 * 10**6, payload=26 * 10**6), True),
        (peak(159 * 10**6, payload=26 * 10**6), False),
        (milliseconds("a", 0.003, most=0.003), True),
        (milliseconds("a", 0.0031, most=0.003), False),
        (per_second("a", 20_000, least=20_000), True),
        (per_second("a", 19_999, least=20_000), False),
        (exactly("a", 1_000_000, expected=1_000_000), True),
        (exactly("a", 999_999, expected=1_000_000), False),
    ],
    ids=lambda value: f"{value.what} {value.measured}" if isinstance(value, Figure) else str(value),
)
def test_a_missed_bound_fails_the_run(figure: Figure, held: bool) -> None:
    """The bound itself is still good; whatever is worse is named in the table, and in the exit code."""
    cases = [Case("one", [figure, seconds("without a bound", 9.0)]), Case("another", [])]

    assert verdict(cases) == (0 if held else 1)
    assert ("**missed**" in table(cases)) is not held


def test_the_table_of_the_docs_is_renewed(tmp_path: Path) -> None:
    """The report stands between its two marks, however often it is written."""
    document = tmp_path / "page.md"
    document.write_text("# Page\n\n<!-- figures -->\n<!-- end of figures -->\n\nEnd.\n", encoding="utf-8")

    for report in ("first\n", "second\n"):
        write_into(document, report)

    assert document.read_text(encoding="utf-8") == (
        "# Page\n\n<!-- figures -->\n\nsecond\n\n<!-- end of figures -->\n\nEnd.\n"
    )


def test_the_docs_show_a_run_that_held() -> None:
    """What users read is a full run, with no bound missed."""
    text = DOCS.read_text(encoding="utf-8")

    assert "100,000 rooms" in text
    assert text.count("| held") > 10
    assert "missed**" not in text


def _example(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
