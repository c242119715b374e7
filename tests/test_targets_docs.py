"""docs/targets.md says of `/sd` and `collect[]` what they are; its configurations are about what there is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

import pytest
import yaml

from exporter.config import DailySettings, PresenceMode, RocketChatSettings
from exporter.web.front import DISCOVERY, Origin
from exporter.web.wishes import COLLECT, EXPORTER
from tests.kit.front import FRONT, settings
from tests.kit.scraping import Exporter, chat_source, daily_source
from tests.kit.threads import run_threaded
from tests.programs import PROJECT
from tests.test_web_discovery import groups

TEXT: Final = (PROJECT / "docs" / "targets.md").read_text(encoding="utf-8")

EXAMPLES: Final = [
    yaml.safe_load(text)["scrape_configs"]
    for text in re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]


def everything() -> tuple[DailySettings | RocketChatSettings, ...]:
    """Sources that have every collector there is."""
    return daily_source(), daily_source(name="rooms", presence=PresenceMode.ROOMS), chat_source()


def test_every_label_of_the_list_is_described_and_no_other() -> None:
    """With the address of an external URL, whose scheme is known."""
    table = TEXT.partition("| label in the list |")[2].partition("\n\n")[0]
    front = settings(origin=Origin("https", "exporter"))
    labels = {label for group in groups(replace(FRONT, settings=front)) for label in group["labels"]}

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == labels


def test_every_collector_is_named_and_no_other() -> None:
    """In the words about `collect[]`."""
    [names] = re.findall(r"as far as they are configured: (.*?)\. An unknown", TEXT, re.DOTALL)

    async def known() -> set[str]:
        offers = Exporter(*everything()).app.collection.offers()
        return {collector for offer in offers for collector in offer.collectors}

    assert set(re.findall(r"`(\w+)`", names)) == run_threaded(known())


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_ask_for_pages_that_there_are(example: list[dict[str, Any]]) -> None:
    """With collectors that there are, and the list of targets where it is."""

    async def answered(job: dict[str, Any]) -> tuple[int, str]:
        exporter = Exporter(*everything())
        query = "&".join(f"{COLLECT}={name}" for name in job.get("params", {}).get(COLLECT, ()))
        response = await exporter.get(f"/metrics?{query}")
        return response.status_code, response.text

    for job in example:
        status, page = run_threaded(answered(job))
        assert status == 200
        wanted = job.get("params", {}).get(COLLECT, [EXPORTER])
        assert ("presence_exporter_build_info" in page) == (EXPORTER in wanted)
        for discovery in job.get("http_sd_configs", ()):
            assert re.fullmatch(r"http://[\w-]+:10458" + DISCOVERY, discovery["url"])


def test_the_examples_can_tell_sources_apart_when_they_are_scraped() -> None:
    """There are five, and the jobs of one have names of their own."""
    assert len(EXAMPLES) == 5
    for example in EXAMPLES:
        names = [job["job_name"] for job in example]
        assert len(set(names)) == len(names)
