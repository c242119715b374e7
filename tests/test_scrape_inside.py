"""The inside of a whole exporter in front of vendors in a bad mood: every decision can be read afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from exporter.config import PresenceMode, UserGroup
from exporter.demo import CHAT, DAILY
from tests.demo_client import MORNING
from tests.kit.clock import START
from tests.kit.rig import inline
from tests.kit.scraping import Exporter, chat_source, daily_source
from tests.kit.threads import run_threaded

PRESENCE, USERS = "/presence", "/api/v1/users.presence"

DECISIONS = {
    (
        DAILY,
        PRESENCE,
        "server_error",
    ): "request 500, retry, request 500, retry, request 500, retry, request 500, gave_up",
    (
        DAILY,
        PRESENCE,
        "unavailable",
    ): "request 503, retry, request 503, retry, request 503, retry, request 503, gave_up",
    (
        DAILY,
        PRESENCE,
        "reset",
    ): "request error, retry, request error, retry, request error, retry, request error, gave_up",
    (DAILY, PRESENCE, "rate_limited_silently"): "request 429, pause",
    (DAILY, PRESENCE, "rate_limited"): "request 429, pause, gave_up",
    (CHAT, USERS, "rate_limited"): "request 429, used_up, pause, gave_up",
    (DAILY, PRESENCE, "stall"): "request error, deadline",
    (DAILY, PRESENCE, "drip"): "request error, deadline",
    (DAILY, PRESENCE, "unauthorized"): "request 401",
    (DAILY, PRESENCE, "redirect"): "request 302",
    (DAILY, PRESENCE, "truncated"): "request 200",
    (DAILY, PRESENCE, "sparse"): "request 200",
    (CHAT, USERS, "presence_disabled"): "request 200, request 200",
}


async def inside(exporter: Exporter) -> Any:
    """The JSON about the last collections."""
    return (await exporter.get("/debug/collections", Accept="application/json")).json()


def answer_of(pull: Any, source: str, *, collector: str = "presence") -> Any:
    """The answer of one collector."""
    (found,) = [
        each for each in pull["answers"] if (each["source"], each["collector"]) == (source, collector)
    ]
    return found


def words(steps: Sequence[Any]) -> str:
    """What happened, in a word each, with the status of requests."""
    return ", ".join(" ".join(filter(None, (each["event"], each.get("code")))) for each in steps)


@pytest.mark.parametrize("vendor, path, mood", DECISIONS)
def test_what_a_mood_leads_to_can_be_read(vendor: str, path: str, mood: str) -> None:
    """Step by step in JSON, and in the same words on the page; a failure is on top of it."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source(), min_interval=0.0)
        exporter.moods.set(vendor, path, mood)
        await exporter.scrape(6.0)
        told = await inside(exporter)
        (pull,) = told["collections"]
        answer = answer_of(pull, "video" if vendor == DAILY else "chat")
        assert words(answer["began"]["steps"]) == DECISIONS[vendor, path, mood]
        page = (await exporter.get("/debug/collections")).text
        assert all(step["text"].replace("'", "&#39;") in page for step in answer["began"]["steps"])
        failures = [failure["latest"] for failure in told["failures"]]
        assert (answer["began"] in failures) is (pull["outcome"] == "failure") is (mood != "sparse")
        # A pause of a Daily domain is one for all that is asked of it.
        touched = {"video"} if vendor == DAILY and mood.startswith("rate_limited") else set()
        others = {
            each["outcome"]
            for each in pull["answers"]
            if each is not answer and each["source"] not in touched
        }
        assert others == {"success"}

    run_threaded(run())


def test_a_pause_is_told_by_the_scrapes_that_respect_it() -> None:
    """With the seconds that are left; when it is over, and all is well, the failure is over too."""

    async def run() -> None:
        exporter = Exporter(chat_source(), min_interval=0.0)
        exporter.moods.set(CHAT, USERS, "rate_limited_silently")
        await exporter.scrape()
        exporter.moods.clear()
        await exporter.scrape(at=START + 10.0)
        told = await inside(exporter)
        (step,) = answer_of(told["collections"][0], "chat")["began"]["steps"]
        assert (step["event"], step["endpoint"], step["reason"]) == ("not_asked", USERS, "rate_limited")
        assert 0 < step["seconds"] < 10
        assert [(each["times"], each["goes_on"]) for each in told["failures"]] == [(2, True)]
        await exporter.scrape(at=START + 60.0)
        assert [each["goes_on"] for each in (await inside(exporter))["failures"]] == [False]

    run_threaded(run())


def test_sharing_and_the_ledgers_interval_are_told() -> None:
    """Within 10 s nothing is asked; then everything but the ended meetings, which are read once a minute."""

    async def run() -> None:
        exporter = Exporter(daily_source())
        for at in (0.0, 5.0, 20.0):
            await exporter.scrape(at=START + at)
        third, second, first = (await inside(exporter))["collections"]
        ways = [[each["way"] for each in pull["answers"]] for pull in (first, second, third)]
        assert ways == [["began"] * 3, ["shared"] * 3, ["began", "began", "shared"]]
        ended = answer_of(third, "video", collector="ended_meetings")
        assert (ended["age_seconds"], ended["shared_for_seconds"], ended["began"]) == (20.0, 60.0, None)
        assert ended["text"] == "not asked: shares run 3, begun 20.0 s before; asked again after 60 s"
        assert answer_of(second, "video")["text"].endswith("begun 5.000 s before; asked again after 10 s")

    run_threaded(run())


def test_each_page_is_named_and_has_only_what_it_asked_for() -> None:
    """A probe of one source, and some collectors of all."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source())
        await exporter.get("/probe?source=chat")
        await exporter.get("/metrics?collect[]=meetings")
        metrics, probe = (await inside(exporter))["collections"]
        assert (probe["page"], [each["source"] for each in probe["answers"]]) == ("/probe", ["chat", "chat"])
        assert [(each["source"], each["collector"]) for each in metrics["answers"]] == [("video", "meetings")]
        assert metrics["page"] == "/metrics"
        assert [each["number"] for each in (metrics, probe)] == [2, 1]

    run_threaded(run())


def test_looking_asks_nobody_and_is_no_collection() -> None:
    """However often somebody looks, at whatever."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source())
        for path in ("/config", "/debug/collections", "/debug/collections?format=json"):
            assert (await exporter.get(path)).status_code == 200
        assert exporter.wire.sent == []
        assert (await inside(exporter))["collections"] == []

    run_threaded(run())


def test_steps_are_in_the_time_of_their_run() -> None:
    """In their order, from its start to its end; and the run lies within its collection."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source(), min_interval=0.0)
        exporter.moods.set(DAILY, PRESENCE, "server_error")
        exporter.moods.set(CHAT, USERS, "stall")
        await exporter.scrape(6.0, at=START + 7.0)
        (pull,) = (await inside(exporter))["collections"]
        assert pull["allowed_seconds"] == 5.5
        assert datetime.fromisoformat(pull["at"]).timestamp() == MORNING + 7.0
        for answer in pull["answers"]:
            times = [step["after_seconds"] for step in answer["began"]["steps"]]
            assert times == sorted(times)
            assert 0 <= times[0] <= times[-1] <= answer["began"]["seconds"] + 0.001 <= pull["seconds"] + 0.002

    run_threaded(run())


def test_rooms_are_never_named_by_their_real_path() -> None:
    """The documented path stands for every watched room, also for one that there is not."""

    async def run() -> None:
        exporter = Exporter(daily_source(presence=PresenceMode.ROOMS), min_interval=0.0)
        await exporter.scrape()
        told = await inside(exporter)
        steps = answer_of(told["collections"][0], "video", collector="room_presence")["began"]["steps"]
        assert {step["endpoint"] for step in steps} == {"/rooms/{room}/presence"}
        assert len(steps) == 2
        page = (await exporter.get("/debug/collections")).text
        assert "all-hands" not in json.dumps(told) + page

    run_threaded(run())


def test_the_configuration_in_force_is_shown_without_its_secrets() -> None:
    """Names, intervals and addresses are; keys, tokens and ids of people are not."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source(groups=(UserGroup("oncall", ("somebody",)),)))
        answer = await exporter.get("/config")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "name: video" in answer.text
        assert "oncall: [<1 id>]" in answer.text
        assert answer.text.count("<secret>") == 3
        await exporter.scrape()
        secrets = [sent.headers.get("authorization", "")[7:] for sent in exporter.wire.sent]
        secrets += [sent.headers.get("x-auth-token", "") for sent in exporter.wire.sent]
        sent = set(secrets) - {""}
        assert len(sent) == 2
        assert not any(secret in answer.text for secret in sent)
        assert "somebody" not in answer.text

    run_threaded(run())


def test_after_a_reload_the_new_configuration_is_shown_and_what_was_noted_stays() -> None:
    """A source that is gone was asked all the same; a new one is noted like any other."""

    async def run() -> None:
        exporter = Exporter(daily_source(), chat_source(), min_interval=0.0)
        exporter.moods.set(CHAT, USERS, "not_found")
        await exporter.scrape()
        changed = replace(exporter.config, sources=(daily_source(name="other", api_key=inline("k")),))
        await exporter.app.fleet.adopt(changed)
        await exporter.scrape()
        text = (await exporter.get("/config")).text
        assert re.findall(r"- name: (\w+)", text) == ["other"]
        notes = await inside(exporter)
        new, old = notes["collections"]
        assert {each["goes_on"] for each in notes["failures"] if each["latest"]["source"] == "other"} == {
            True
        }
        assert [each["goes_on"] for each in notes["failures"] if each["latest"]["source"] == "chat"] == [
            False
        ]
        assert {each["source"] for each in new["answers"]} == {"other"}
        assert {each["source"] for each in old["answers"]} == {"video", "chat"}
        steps = answer_of(new, "other")["began"]["steps"]
        assert words(steps) == "request 401"
        await exporter.app.aclose()

    run_threaded(run())
