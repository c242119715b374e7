"""A Daily domain whose past is a list of meetings, and what histograms of them must show; no network.

The vendor speaks the documented wire; the truth is counted here one value at a time, without the exporter's
arithmetic.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from exporter.app import Surroundings
from exporter.commands.backfill.command import Wish
from exporter.commands.setup import Setup
from exporter.config import BucketSettings, CollectSettings, Config, DailySettings, LedgerSettings, Loaded
from tests.kit.clock import WALL_START, loop_time
from tests.kit.rig import daily_settings
from tests.kit.vendor import http_date

NOW: Final = WALL_START
DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting that was held: whole or broken seconds; None for what the vendor does not say of it."""

    id: str
    start: float
    duration: float
    stays: tuple[float, ...] | None = ()
    peak: int | None = None
    ongoing: bool = False

    @property
    def end(self) -> float:
        return self.start + self.duration

    def row(self) -> dict[str, Any]:
        """As the vendor tells of it."""
        row: dict[str, Any] = {
            "id": self.id,
            "room": "my-room",
            "start_time": self.start,
            "duration": self.duration,
            "ongoing": self.ongoing,
        }
        if self.peak is not None:
            row["max_participants"] = self.peak
        if self.stays is not None:
            row["participants"] = [_person(n, self.start, stay) for n, stay in enumerate(self.stays)]
        return row


def _person(number: int, joined: float, stay: float) -> dict[str, Any]:
    return {
        "user_id": None,
        "participant_id": f"participant-{number}",
        "user_name": f"Somebody {number}",
        "join_time": joined,
        "duration": stay,
    }


Instead = Callable[[int], httpx.Response | None]
"""Says for the number of a request (from 1) what is answered instead; None for nothing else."""


@dataclass
class PastVendor(httpx.AsyncBaseTransport):
    """Answers `/meetings`; rows of a page come again on the next one, `repeats` of them.

    `domain` is what it says of the key; None has it fail instead.
    """

    held: Sequence[Held]
    repeats: int = 0
    now: float = NOW
    instead: Instead = field(default=lambda _: None)
    domain: str | None = "acme-video"
    asked: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    asked_whose: int = 0

    def __post_init__(self) -> None:
        self.held = sorted(self.held, key=lambda each: (-each.start, each.id))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/":
            self.asked_whose += 1
            return answer(200, {"domain_name": self.domain}) if self.domain else answer(503, {})
        assert request.url.path == "/v1/meetings", request.url.path
        query = dict(request.url.params.multi_items())
        self.asked.append((loop_time(), query))
        if (other := self.instead(len(self.asked))) is not None:
            return other
        first, last = int(query["timeframe_start"]), int(query["timeframe_end"])
        found = [each for each in self.held if first <= each.start < last]
        begin = 0
        if after := query.get("starting_after"):
            ids = [each.id for each in found]
            begin = max(0, ids.index(after) + 1 - self.repeats)
        page = found[begin : begin + int(query["limit"])]
        body = {"total_count": len(found), "data": [each.row() for each in page]}
        return answer(200, body, now=self.now)


def answer(status: int, body: object, *, now: float = NOW, **headers: str) -> httpx.Response:
    """An answer with the vendor's clock."""
    named = {"Date": http_date(now), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.Response(status, headers=named, content=json.dumps(body).encode())


def many(number: int, *, begin: float, seconds: float, seed: int = 7) -> Iterator[Held]:
    """Seeded meetings that begin in that time: short and long ones, with odd fields here and there."""
    rng = random.Random(seed)
    for index in range(number):
        duration: float = rng.choice((30, 600, rng.randint(1, 5000), rng.randint(3600, 90_000)))
        if index % 7 == 0:
            duration += 0.5
        stays = tuple(
            rng.choice((duration, rng.randint(0, int(duration)), rng.randint(0, 600) + 0.25))
            for _ in range(rng.randint(0, 5))
        )
        yield Held(
            f"m{index:06}",
            begin + rng.randint(0, int(seconds)),
            duration,
            stays=None if index % 50 == 49 else stays,
            peak=None if index % 20 == 19 else len(stays),
        )


def values_of(held: Held) -> dict[str, tuple[float, ...]]:
    """What one meeting adds to each histogram."""
    return {
        "presence_join_duration_seconds": held.stays or (),
        "presence_meeting_duration_seconds": (held.duration,),
        "presence_meeting_peak_participants": () if held.peak is None else (held.peak,),
    }


def truth(held: Iterable[Held], *, start: float, end: float) -> dict[str, float]:
    """Name with `le` → value of every sample, of the meetings that ended in [start, end)."""
    buckets = BucketSettings()
    found: dict[str, float] = {}
    names = values_of(Held("", 0, 0))
    for name in names:
        for bound in (*buckets.of(name), float("inf")):
            found[f"{name}_bucket {bound}"] = 0
        found[f"{name}_count"] = found[f"{name}_sum"] = 0
    for each in held:
        if each.ongoing or not start <= each.end < end:
            continue
        for name, values in values_of(each).items():
            for value in values:
                for bound in (*buckets.of(name), float("inf")):
                    found[f"{name}_bucket {bound}"] += value <= bound
                found[f"{name}_count"] += 1
                found[f"{name}_sum"] += value
    return found


def setup_of(
    vendor: httpx.AsyncBaseTransport,
    *,
    ledger: LedgerSettings | None = None,
    source: DailySettings | None = None,
    now: float = NOW,
) -> Setup:
    """A configuration with that vendor's domain, named `acme`, at the moment `now`."""
    config = Config(
        CollectSettings(),
        BucketSettings(),
        (source or daily_settings(name="acme", meetings=True),),
        ledger=ledger or LedgerSettings(requests_per_minute=6000),
    )
    return Setup(Loaded(config, ()), Surroundings(vendor, lambda: now, random.Random(7)))


def wish(output: Path, *, start: float, end: float, **changes: Any) -> Wish:
    """A backfill of that time with few samples, but for what is changed."""
    given: dict[str, Any] = {"source": "acme", "start": f"{start:.3f}", "end": f"{end:.3f}", "step": "5m"}
    return Wish(**given | {"output": output} | changes)
