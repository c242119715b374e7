"""The whole backfill, in virtual time: what is in the output, what is said of it, and what it refuses."""

from __future__ import annotations

import asyncio
import io
import time
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.commands.backfill.command import Wish, make, part_of
from exporter.config import DailySettings, LedgerSettings, Origin, Secret
from exporter.errors import ConfigError
from exporter.ledger import Ledger
from exporter.ledger.shown import Layout
from tests.commandline import run
from tests.kit.clock import run_virtual
from tests.kit.logs import caught_log
from tests.kit.past import DAY, NOW, Held, PastVendor, answer, many, setup_of, truth, wish
from tests.kit.rig import chat_settings, daily_settings
from tests.upstream import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.commands.setup import Setup

START = NOW - 10 * DAY
END = NOW - 8 * DAY + 1234.5
TOLD_LATER = 60
"""Seconds before the end at which all is counted."""


def made(setup: Setup, asked: Wish) -> str:
    """Run it in virtual time; what is said at the end."""
    return make(setup, asked, stream=io.StringIO(), run=run_virtual)


def samples(text: str) -> dict[int, dict[str, float]]:
    """Moment → name with `le` → value; fails where OpenMetrics does not allow it."""
    return {at: dict(_samples(page)) for at, page in pages(text).items()}


def pages(text: str) -> dict[int, str]:
    """Moment → what the text says of it, as a text of its own: a parser would take moments for repetitions.

    Each family must come in one piece, its moments in their order.
    """
    found: dict[int, list[str]] = defaultdict(list)
    family: list[str] = []
    heads: list[str] = []
    last = 0
    *lines, end = text.splitlines()
    assert end == "# EOF"
    for line in lines:
        if line.startswith("# TYPE"):
            family, last = [], 0
        if line.startswith("#"):
            family.append(line)
            heads.append(line)
            continue
        at = int(line.rpartition(" ")[2])
        assert at >= last
        if at > last:
            found[at] += family
        last = at
        found[at].append(line)
    assert len(set(heads)) == len(heads)
    return {at: "\n".join([*lines, "# EOF\n"]) for at, lines in found.items()}


def _samples(page: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(page):  # type: ignore[no-untyped-call]  # unannotated
        for sample in family.samples:
            le = f" {float(sample.labels['le'])}" if "le" in sample.labels else ""
            yield f"{sample.name}{le}", sample.value


def held_around(number: int = 900) -> list[Held]:
    """Meetings from days before the start to after the end; many straddle one of them."""
    return [each for each in many(number, begin=START - 3 * DAY, seconds=6 * DAY) if _found(each)]


def _found(each: Held) -> bool:
    """False for what began more than a day before the start and ended after it: nobody finds that."""
    return each.start >= START - DAY or each.end < START


def test_every_sample_of_every_moment_is_what_ended_before_it(tmp_path: Path) -> None:
    """Counters begin at 0 at the start, hold all a minute before the end, and are 0 at the end."""
    held = held_around()
    output = tmp_path / "past.om"
    made(setup_of(PastVendor(held, repeats=3)), wish(output, start=START, end=END))
    text = output.read_text()
    shown = samples(text)
    last = int(END) - TOLD_LATER
    assert sorted(shown) == [*range(int(START), last, 300), last, int(END)]
    for at in (*range(int(START), last, 300 * 24), last - (last - int(START)) % 300):
        assert shown[at] == truth(held, start=START, end=at), at
    assert shown[last] == truth(held, start=START, end=END)
    assert shown[int(START)] == shown[int(END)] == truth((), start=START, end=END)
    assert shown[last]["presence_meeting_duration_seconds_count"] > 250
    assert text.endswith("# EOF\n")
    assert list(tmp_path.iterdir()) == [output]


def test_samples_carry_the_source_and_the_labels_that_are_given(tmp_path: Path) -> None:
    """In every sample, with what OpenMetrics escapes; names stay as they are."""
    output = tmp_path / "past.om"
    labels = ("job=presence", 'instance=a"b\\c:1')
    asked = wish(output, start=START, end=END, labels=labels)
    made(setup_of(PastVendor([])), asked)
    page = pages(output.read_text())[int(START)]
    families = list(text_string_to_metric_families(page))  # type: ignore[no-untyped-call]  # unannotated
    for family in families:
        for sample in family.samples:
            rest = {name: value for name, value in sample.labels.items() if name != "le"}
            assert rest == {"source": "acme", "job": "presence", "instance": 'a"b\\c:1'}
    assert [(each.name, each.type, each.unit) for each in families] == [
        ("presence_join_duration_seconds", "histogram", "seconds"),
        ("presence_meeting_duration_seconds", "histogram", "seconds"),
        ("presence_meeting_peak_participants", "histogram", ""),
    ]


def test_a_default_step_is_a_minute(tmp_path: Path) -> None:
    """As often as most scrape."""
    output = tmp_path / "past.om"
    made(setup_of(PastVendor([])), Wish(source="acme", start=str(START), end=str(START + 600), output=output))
    offsets = [at - int(START) for at in sorted(samples(output.read_text()))]
    assert offsets == [0, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600]


def test_what_is_going_on_or_has_not_settled_is_left_out_and_told(tmp_path: Path) -> None:
    """Both are numbers in the closing message, and in no sample."""
    held = [
        Held("long-ended", NOW - 9000, 100, stays=(100,), peak=1),
        Held("just-ended", NOW - 1000, 200, stays=(200,), peak=1),
        Held("just-ended-too", NOW - 2000, 300.0, stays=(200,), peak=1),
        Held("goes-on", NOW - 5000, 10, stays=(10,), peak=1, ongoing=True),
    ]
    output = tmp_path / "past.om"
    said = made(setup_of(PastVendor(held)), wish(output, start=NOW - DAY, end=NOW))
    assert "1 meeting with 1 stay that ended" in said
    assert "Left out: 2 meetings that had not settled" in said
    assert "Left out: 1 meeting still going on" in said
    last = samples(output.read_text())[int(NOW) - 60]
    assert last == truth(held[:1], start=NOW - DAY, end=NOW)


def test_the_closing_message_says_how_the_past_joins_the_present(tmp_path: Path) -> None:
    """With the labels that are still missing, what is assumed of T0, and the command that comes next."""
    output = tmp_path / "past.om"
    said = made(setup_of(PastVendor([])), wish(output, start=START, end=END, labels=("job=presence",)))
    assert "0 meetings with 0 stays" in said
    assert 'source="acme", job="presence"' in said
    assert "without --label instance=…" in said
    assert "--label job=…" not in said
    assert "T0 is not known: ledger.url is not set" in said
    assert "plain counter reset" in said
    assert f"promtool tsdb create-blocks-from openmetrics {output} FOLDER" in said
    assert "Left out" not in said


def test_with_both_labels_nothing_is_missing(tmp_path: Path) -> None:
    """They are those of the live series."""
    asked = wish(tmp_path / "o", start=START, end=END, labels=("job=a", "instance=b"))
    said = made(setup_of(PastVendor([])), asked)
    assert "the live series join these" in said
    assert "without" not in said


async def _begin_counting(url: str, source: str, *, moment: float, domain: str | None) -> None:
    ledger = Ledger(url)
    counted = ledger.of(source, Layout((1.0,), (1.0,), (1.0,)))
    await counted.state(now=moment)
    if domain:
        await counted.name_domain(domain)
    ledger.close()


def ledger_at(
    tmp_path: Path, *, counting_since: float | None, domain: str | None = None, **settings: Any
) -> LedgerSettings:
    """A ledger in a file, which began to count `acme` then, or (None) only another source."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    source = "acme" if counting_since else "other"
    asyncio.run(_begin_counting(url, source, moment=counting_since or NOW, domain=domain))
    return LedgerSettings(url=Secret(url, origin=Origin.INLINE), requests_per_minute=6000, **settings)


def test_a_past_must_end_before_the_ledger_began_to_count(tmp_path: Path) -> None:
    """Else some meetings would be in it and in the live counters; the message names T0 in both forms."""
    ledger = ledger_at(tmp_path, counting_since=END)
    asked = wish(tmp_path / "o", start=START, end=END + 1)
    vendor = PastVendor([])
    with pytest.raises(ConfigError) as caught:
        made(setup_of(vendor, ledger=ledger), asked)
    assert "--end: acme counts meetings that ended from T0 on" in str(caught.value)
    assert f"({END:.3f})" in str(caught.value)
    assert vendor.asked == []
    assert not (tmp_path / "o.part").exists()


def test_the_past_may_end_exactly_where_the_counting_began(tmp_path: Path) -> None:
    """T0 is said; nothing lies between."""
    ledger = ledger_at(tmp_path, counting_since=END)
    said = made(setup_of(PastVendor([]), ledger=ledger), wish(tmp_path / "o", start=START, end=END))
    assert f"({END:.3f})." in said
    assert "in neither" not in said


def test_what_lies_between_the_end_and_the_beginning_of_counting_is_told(tmp_path: Path) -> None:
    """It is in neither."""
    ledger = ledger_at(tmp_path, counting_since=END + 60)
    said = made(setup_of(PastVendor([]), ledger=ledger), wish(tmp_path / "o", start=START, end=END))
    assert "what ended between --end and T0 is in neither" in said


def test_a_ledger_that_has_not_begun_is_said_to_be_assumed_to_begin_later(tmp_path: Path) -> None:
    """Nothing is begun by it."""
    ledger = ledger_at(tmp_path, counting_since=None)
    said = made(setup_of(PastVendor([]), ledger=ledger), wish(tmp_path / "o", start=START, end=END))
    assert "T0 is not known: the ledger does not count acme yet: it is assumed to begin after --end" in said


def test_a_ledger_that_does_not_exist_yet_is_not_made(tmp_path: Path) -> None:
    """To look is not to begin."""
    url = f"sqlite:///{tmp_path / 'none.db'}"
    ledger = LedgerSettings(url=Secret(url, origin=Origin.INLINE))
    said = made(setup_of(PastVendor([]), ledger=ledger), wish(tmp_path / "o", start=START, end=END))
    assert "does not count acme yet" in said
    assert not (tmp_path / "none.db").exists()


def test_a_first_start_that_will_count_from_earlier_on_leaves_less_of_a_past(tmp_path: Path) -> None:
    """`ledger.since` sets T0 back from the first start."""
    ledger = ledger_at(tmp_path, counting_since=None, since=9 * DAY)
    with pytest.raises(ConfigError, match="first start will count from 9d before it on"):
        made(setup_of(PastVendor([]), ledger=ledger), wish(tmp_path / "o", start=START, end=END))
    made(setup_of(PastVendor([]), ledger=ledger), wish(tmp_path / "o", start=START, end=NOW - 9 * DAY))


def test_the_past_of_another_domain_is_refused(tmp_path: Path) -> None:
    """Before anything is read or kept: the message names both domains."""
    ledger = ledger_at(tmp_path, counting_since=END, domain="acme-video")
    vendor = PastVendor([], domain="acme-test")
    with pytest.raises(ConfigError) as caught:
        made(setup_of(vendor, ledger=ledger), wish(tmp_path / "o", start=START, end=END))
    assert str(caught.value).startswith(
        "--source: the key of acme belongs to the Daily domain acme-test, and the ledger counts acme-video"
    )
    assert (vendor.asked, vendor.asked_whose) == ([], 1)
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.db"]


@pytest.mark.parametrize("counted, found", [("acme-video", "acme-video"), ("acme-video", None), (None, "b")])
def test_the_past_of_the_same_domain_or_of_one_that_is_not_known_is_written(
    tmp_path: Path, counted: str | None, found: str | None
) -> None:
    """A failure to ask fails nothing, and nothing is asked where the ledger does not know its domain."""
    ledger = ledger_at(tmp_path, counting_since=END, domain=counted)
    vendor = PastVendor([], domain=found)
    said = made(setup_of(vendor, ledger=ledger), wish(tmp_path / "o", start=START, end=END))
    assert "0 meetings with 0 stays" in said
    assert (vendor.asked_whose > 0) == (counted is not None)


@pytest.mark.parametrize("source", ["nobody", "chat"])
def test_only_a_daily_source_has_a_past(tmp_path: Path, source: str) -> None:
    """Any other name is refused with those that would do."""
    setup = setup_of(PastVendor([]))
    sources = (*setup.loaded.config.sources, chat_settings())
    setup = replace(setup, loaded=replace(setup.loaded, config=replace(setup.loaded.config, sources=sources)))
    with pytest.raises(ConfigError, match="--source: no Daily source has this name; configured: acme"):
        made(setup, wish(tmp_path / "o", start=START, end=END, source=source))


def test_without_any_daily_source_there_is_none_to_name(tmp_path: Path) -> None:
    """The message says so."""
    setup = setup_of(PastVendor([]))
    config = replace(setup.loaded.config, sources=(chat_settings(),))
    setup = replace(setup, loaded=replace(setup.loaded, config=config))
    with pytest.raises(ConfigError, match="configured: none"):
        made(setup, wish(tmp_path / "o", start=START, end=END))


def test_an_output_that_exists_is_only_replaced_when_that_is_said(tmp_path: Path) -> None:
    """And then when the new one is complete."""
    output = tmp_path / "o"
    output.write_text("precious")
    vendor = PastVendor([])
    with pytest.raises(ConfigError, match="exists; --force replaces it"):
        made(setup_of(vendor), wish(output, start=START, end=END))
    assert (vendor.asked, list(tmp_path.iterdir())) == ([], [output])
    made(setup_of(vendor), wish(output, start=START, end=END, force=True))
    assert output.read_text().endswith("# EOF\n")


def test_an_output_must_have_a_folder_and_be_a_file(tmp_path: Path) -> None:
    """A device or a folder is not replaced, even by force."""
    with pytest.raises(ConfigError, match="there is no folder"):
        made(setup_of(PastVendor([])), wish(tmp_path / "no" / "o", start=START, end=END))
    with pytest.raises(ConfigError, match="not a file that could be replaced"):
        made(setup_of(PastVendor([])), wish(tmp_path, start=START, end=END, force=True))


def broken_from(request: int, **headers: str) -> Any:
    """A vendor that refuses the key from that request on."""
    return lambda number: answer(401, {"error": "authentication-error"}) if number >= request else None


def test_a_run_that_failed_is_gone_on_with_and_ends_the_same(tmp_path: Path) -> None:
    """What was read is not asked for again; the output is the same to the byte."""
    held = held_around(4000)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    asked = wish(whole, start=START, end=END)
    once = PastVendor(held)
    made(setup_of(once), asked)
    vendor = PastVendor(held, instead=broken_from(12))
    with pytest.raises(click.ClickException) as caught:
        made(setup_of(vendor), replace(asked, output=parts))
    assert "(auth)" in str(caught.value)
    assert "the same command goes on" in str(caught.value)
    assert part_of(parts).exists()
    again = PastVendor(held)
    said = made(setup_of(again), replace(asked, output=parts))
    assert parts.read_bytes() == whole.read_bytes()
    assert 0 < len(again.asked) < len(once.asked)
    assert min(int(query["timeframe_start"]) for _, query in again.asked) > START - DAY
    assert f"{len([each for each in held if START <= each.end < END])} meetings" in said
    assert not part_of(parts).exists()


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"start": f"{START + 60:.0f}"}, "--start was "),
        ({"end": f"{END + 60:.0f}"}, "--end was "),
        ({"step": "30s"}, "--step was 5m, and is 30s"),
        ({"labels": ("job=a",)}, "--label was none, and is job=a"),
    ],
)
def test_other_values_do_not_go_on_with_an_unfinished_run(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    """The message names what differs, and only that; --force begins anew."""
    asked = wish(tmp_path / "o", start=START, end=END)
    with pytest.raises(click.ClickException):
        made(setup_of(PastVendor([], instead=broken_from(1))), asked)
    changed = replace(asked, **changes)
    with pytest.raises(ConfigError) as caught:
        made(setup_of(PastVendor([])), changed)
    assert words in str(caught.value)
    assert str(caught.value).count(" was ") == 1
    made(setup_of(PastVendor([])), replace(changed, force=True))


def test_another_source_does_not_go_on_with_an_unfinished_run(tmp_path: Path) -> None:
    """Neither under another name nor at another address."""
    asked = wish(tmp_path / "o", start=START, end=END)
    with pytest.raises(click.ClickException):
        made(setup_of(PastVendor([], instead=broken_from(1))), asked)
    other: DailySettings = daily_settings(name="other", meetings=True, base_url="https://elsewhere.test/v1")
    with pytest.raises(ConfigError, match=r"--source was acme, and is other; its base_url was "):
        made(setup_of(PastVendor([]), source=other), replace(asked, source="other"))


def test_force_goes_on_with_the_same_values(tmp_path: Path) -> None:
    """The same command, said again after it was interrupted, loses nothing."""
    held = held_around(4000)
    output = tmp_path / "o"
    output.write_text("older")
    asked = wish(output, start=START, end=END, force=True)
    with pytest.raises(click.ClickException):
        made(setup_of(PastVendor(held, instead=broken_from(12))), asked)
    assert output.read_text() == "older"
    with pytest.raises(ConfigError, match="exists"):
        made(setup_of(PastVendor(held)), replace(asked, force=False))
    again = PastVendor(held)
    made(setup_of(again), asked)
    assert min(int(query["timeframe_start"]) for _, query in again.asked) > START - DAY


def test_the_output_is_the_same_whatever_the_windows_were(tmp_path: Path) -> None:
    """Repeated rows and failures between do not show in it."""
    held = held_around(4000)
    plain, odd = tmp_path / "plain", tmp_path / "odd"
    made(setup_of(PastVendor(held)), wish(plain, start=START, end=END))
    trouble = PastVendor(
        held, repeats=40, instead=lambda n: answer(503, {}) if n % 3 == 0 and n < 40 else None
    )
    made(setup_of(trouble), wish(odd, start=START, end=END))
    assert odd.read_bytes() == plain.read_bytes()


def test_nobody_is_in_the_output_or_in_the_log(tmp_path: Path) -> None:
    """Nor is the id of a meeting in the output."""
    held = held_around(4000)
    output = tmp_path / "o"
    with caught_log("debug") as lines:
        said = made(setup_of(PastVendor(held)), wish(output, start=START, end=END))
    for text in (output.read_text(), lines.text, said):
        for word in ("Somebody", "participant-", "m00", "my-room", "daily-key"):
            assert word not in text
    assert len(lines.events("window read")) > 1


def test_odd_fields_are_told_once(tmp_path: Path) -> None:
    """Their rows are used all the same."""
    held = [Held("a", START + 10, 20, stays=(-5, 20), peak=1), Held("b", START + 30, 20, stays=(20,), peak=1)]
    with caught_log() as lines:
        said = made(setup_of(PastVendor(held)), wish(tmp_path / "o", start=START, end=END))
    assert "2 meetings with 2 stays" in said
    assert [line["duration"] for line in lines.events("odd fields in answers")] == [1]


def test_an_answer_that_is_not_the_documented_one_ends_it(tmp_path: Path) -> None:
    """At once, with what to do."""
    vendor = PastVendor([], instead=lambda _: httpx.Response(200, content=b"<html>"))
    with pytest.raises(click.ClickException, match=r"\(schema\)"):
        made(setup_of(vendor), wish(tmp_path / "o", start=START, end=END))
    assert len(vendor.asked) == 1


def test_the_command_line_prints_what_there_is_to_say(tmp_path: Path) -> None:
    """On stdout, and leaves with 0; progress is on stderr."""
    now = time.time()
    output = tmp_path / "o"
    held = [Held("a", now - 2 * DAY, 60, stays=(60, 30), peak=2)]
    past = ("--start", str(int(now) - 3 * DAY), "--end", str(int(now) - DAY), "--step", "5m")
    with run_server(PastVendor(held, now=now)) as running:
        env = {"DAILY_API_KEY": "k", "DAILY_API_URL": f"{running.url}/v1"}
        ran = run("backfill", "--source", "daily", *past, "--output", str(output), env=env)
    assert ran.exit_code == 0
    assert ran.stdout.startswith(f"{output}: 1 meeting with 2 stays that ended from ")
    assert 'event="window read" source=daily' in ran.stderr
    assert output.read_text().endswith("# EOF\n")


def test_the_command_line_says_that_the_demo_is_none(tmp_path: Path) -> None:
    """And faults are one line with exit code 2."""
    past = ("--start", "2027-01-01", "--end", "2027-01-02")
    ran = run("backfill", "--demo", "--source", "demo-daily", *past, "--output", str(tmp_path / "o"))
    assert ran.exit_code == 2
    assert ran.stderr.startswith("Nothing here is real")
    assert "presence-exporter: --start: this is neither RFC 3339 nor Unix seconds" in ran.stderr
