"""How the tests of the simulated vendors ask them, and hold answers against the documented examples."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from exporter.demo import (
    CHAT_TOKEN,
    CHAT_URL,
    CHAT_USER_ID,
    DAILY_KEY,
    DAILY_URL,
    ChatWorkspace,
    DailyDomain,
    DemoTransport,
    Moods,
    World,
    plainly,
)
from exporter.demo.chat_world import UnauthorizedShape
from exporter.demo.telling import Teller

EXAMPLES = Path(__file__).parent / "data" / "examples"

WEDNESDAY = 1_800_403_200
"""Midnight (UTC) of a Wednesday, 2027-01-20."""

MORNING = WEDNESDAY + 9 * 3600 + 1800
"""A moment at which every kind of thing goes on in the simulated world."""

HOUR = 3600
DAY = 24 * HOUR

CHAT_LOGIN = {"X-User-Id": CHAT_USER_ID, "X-Auth-Token": CHAT_TOKEN}
DAILY_LOGIN = {"Authorization": f"Bearer {DAILY_KEY}"}


class Hand:
    """A clock that stands still until it is set."""

    def __init__(self, now: float = MORNING) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Asker:
    """A client of one simulated world, without limits unless they are given."""

    seed: object = "test"
    clock: Hand = field(default_factory=Hand)
    moods: Moods = field(default_factory=Moods)
    began: float | None = None
    history: int = 3
    teller: Teller = plainly
    repeats: int = 0
    daily_calls: int | None = None
    chat_calls: int | None = None
    version: tuple[int, int] = (8, 8)
    unauthorized: UnauthorizedShape = "8x"
    administrator: bool = True
    given: World | None = None
    """A world made elsewhere, with the same clock; seed and the vendors' settings are its own."""

    def __post_init__(self) -> None:
        self.world = self.given or self._made()
        self.domain, self.workspace = self.world.daily, self.world.chat
        self.naps: list[float] = []
        self.transport = DemoTransport(self.world, moods=self.moods, sleep=self.nap)

    def _made(self) -> World:
        daily = DailyDomain(
            self.seed,
            clock=self.clock,
            began=self.began,
            history=self.history,
            calls=self.daily_calls,
            teller=self.teller,
            repeats=self.repeats,
        )
        chat = ChatWorkspace(
            self.seed,
            clock=self.clock,
            version=self.version,
            unauthorized=self.unauthorized,
            calls=self.chat_calls,
            administrator=self.administrator,
        )
        return World(self.seed, self.clock, daily=daily, chat=chat)

    async def nap(self, seconds: float) -> None:
        """Pass the time at once."""
        self.naps.append(seconds)
        await asyncio.sleep(0)

    def ask(
        self, url: str, headers: Mapping[str, str], *, method: str = "GET", **query: Any
    ) -> httpx.Response:
        """Give the answer with its whole body."""

        async def run() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, timeout=None) as client:
                return await client.request(method, url, headers=headers, params=query or None)

        return asyncio.run(run())

    def daily(self, path: str, **query: Any) -> httpx.Response:
        """Ask Daily with the right key."""
        return self.ask(DAILY_URL + path, DAILY_LOGIN, **query)

    def chat(self, path: str, **query: Any) -> httpx.Response:
        """Ask the chat server with the right login; `path` is below `/api/v1/`."""
        return self.ask(f"{CHAT_URL}/api/v1/{path}", CHAT_LOGIN, **query)


def example(name: str) -> Any:
    """Read one of the vendors' documented bodies."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def kinds(values: Iterable[Any]) -> set[str]:
    """Name the JSON types among values."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return {"null" if value is None else names[type(value)] for value in values}


def differences(
    actual: list[Any], documented: list[Any], *, extras: Mapping[str, set[str]], at: str = ""
) -> list[str]:
    """Say where values have other keys or types than the documented ones, all views of the same thing.

    `extras` are keys that a vendor may add, and types that a documented key may have besides those in the
    examples; a key that only some of the examples have is optional.
    """
    found = []
    allowed = kinds(documented) | extras.get(at, set())
    if wrong := kinds(actual) - allowed:
        found.append(f"{at}: {sorted(wrong)} instead of {sorted(allowed)}")
    objects = [value for value in actual if isinstance(value, dict)]
    models = [value for value in documented if isinstance(value, dict)]
    known = {key for model in models for key in model}
    for value in objects:
        always = known.intersection(*(set(model) for model in models)) if models else set()
        found += [f"{at}.{key}: missing" for key in always - set(value)]
        found += [f"{at}.{key}: not documented" for key in set(value) - known if f"{at}.{key}" not in extras]
    for key in known | {key for value in objects for key in value if f"{at}.{key}" in extras}:
        found += differences(
            [value[key] for value in objects if key in value],
            [model[key] for model in models if key in model],
            extras=extras,
            at=f"{at}.{key}",
        )
    items = [item for value in actual if isinstance(value, list) for item in value]
    if items:
        models = [item for value in documented if isinstance(value, list) for item in value]
        found += differences(items, models, extras=extras, at=f"{at}[]")
    return sorted(set(found))
