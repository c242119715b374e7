"""Whole pages: as stored, clean for promtool, and understood by those who read them."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.metrics.catalogue import FAMILIES
from exporter.web.negotiate import FORMATS, OPENMETRICS_1_0_0, Format
from tests.demo_client import MORNING
from tests.kit.clock import START, loop_time
from tests.kit.logs import caught_log
from tests.kit.scraping import Exporter, chat_source, daily_source, limited_world
from tests.kit.threads import run_threaded
from tests.plugins.renewal import compare
from tests.programs import require_tool
from tests.test_telemetry import PROMISED

STORED = {"text/plain": "text.txt", "application/openmetrics-text": "openmetrics.txt"}
"""Both versions of the text format are the same page."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Catch what is logged."""
    with caught_log():
        yield


@cache
def page(form: Format, *, process_metrics: bool = False) -> str:
    """The page after forty minutes in which the meetings could not be read once."""

    async def run() -> str:
        exporter = Exporter(
            daily_source(),
            chat_source(full_every=60.0),
            world=limited_world(),
            process_metrics=process_metrics,
            exemplars=True,
        )
        for step in range(80):
            exporter.moods.clear()
            if step == 40:
                exporter.moods.set("daily", "/meetings", "bad_gateway")
            # Not by HTTP, whose durations are those of this machine.
            await exporter.app.collection.pull(loop_time() + 9.5)
            await asyncio.sleep(START + (step + 1) * 30.0 - loop_time())
        answer = await exporter.scrape(accept=form.content_type)
        assert answer.status == 200
        return answer.text

    return run_threaded(run())


def names(families: Iterable[Metric]) -> dict[str, str]:
    """The types of families by their full names."""
    suffixes = {"counter": "_total", "info": "_info"}
    return {each.name + suffixes.get(each.type, ""): each.type for each in families}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.content_type)
def test_the_page_is_as_stored(form: Format, as_stored: Callable[[str, str], None]) -> None:
    """Line by line, in both directions: whoever changes a page sees the change in the diff."""
    as_stored(STORED[form.media_type], page(form))


def test_a_stored_page_tells_what_is_gone_and_what_is_new(tmp_path: Path) -> None:
    """And nothing of the lines between; renewed, it holds the page of now."""
    stored = tmp_path / "pages" / "page.txt"
    compare(stored, "a\nb\nc\n", renewing=True)
    compare(stored, "a\nb\nc\n", renewing=False)
    with pytest.raises(pytest.fail.Exception) as told:
        compare(stored, "a\nc\nd\n", renewing=False)

    assert stored.read_text() == "a\nb\nc\n"
    lines = str(told.value).splitlines()
    assert lines[0] == "page.txt (renew it with --renew-pages)"
    assert [line for line in lines[3:] if not line.startswith("@@")] == ["-b", "+d"]


def test_openmetrics_shows_every_family_with_its_type() -> None:
    """Read by the client library's own parser, which is strict."""
    read = names(parse_openmetrics(page(OPENMETRICS_1_0_0)))  # type: ignore[no-untyped-call]  # unannotated
    promised = {family.name: family.type for family in FAMILIES}

    assert read == promised | {name: kind for name, (kind, _) in PROMISED.items()}


def test_only_openmetrics_says_when_counting_began() -> None:
    """Of completed stays in a status that is the start of the process, of ended meetings the ledger's."""
    created = {}
    for form in FORMATS:
        lines = [line for line in page(form).splitlines() if "_created" in line]
        created[form] = {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines}

    assert created.pop(OPENMETRICS_1_0_0) == {
        "presence_status_duration_seconds_created": MORNING,
        "presence_join_duration_seconds_created": MORNING,
        "presence_meeting_duration_seconds_created": MORNING,
        "presence_meeting_peak_participants_created": MORNING,
    }
    assert list(created.values()) == [{}, {}]


def test_only_openmetrics_has_exemplars() -> None:
    """Of stays in ended meetings, each inside its bucket and at a moment that has passed."""
    shown = {form: [line for line in page(form).splitlines() if " # {" in line] for form in FORMATS}
    exemplars = shown.pop(OPENMETRICS_1_0_0)
    written = re.compile(
        r'presence_join_duration_seconds_bucket\{le="(.*)",source="video"\} \S+'
        r' # \{meeting_id="[\w-]+"\} (\S+) (\S+)'
    )

    assert list(shown.values()) == [[], []]
    assert len(exemplars) > 3
    lowest = 0.0
    for line in exemplars:
        found = written.fullmatch(line)
        assert found
        bound, value, ended_at = map(float, found.groups())
        assert lowest < value <= bound
        assert MORNING <= ended_at <= MORNING + 40 * 60
        lowest = bound


def test_text_is_understood_by_its_parser() -> None:
    """With as many samples as lines."""
    for form in FORMATS[:2]:
        text = page(form)
        samples = [sample for metric in parse_text(text) for sample in metric.samples]

        assert len(samples) == len([line for line in text.splitlines() if not line.startswith("#")])
        assert len({(sample.name, *sorted(sample.labels.items())) for sample in samples}) == len(samples)


@pytest.mark.system
def test_promtool_finds_nothing_to_say() -> None:
    """Names, types, units and HELP are as the guidelines want them, those of the process included."""
    text = page(FORMATS[0], process_metrics=True)
    ran = subprocess.run(
        [require_tool("promtool"), "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert "process_resident_memory_bytes" in text
