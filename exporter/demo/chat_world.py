"""The simulated Rocket.Chat workspace: its members, their statuses, and when their documents were touched.

Everything is a function of the seed and the moment. It knows nothing of HTTP, and what it says is the truth
against which the server's answers can be held.
"""

import string
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final, Literal, TypeAlias

from exporter.demo.chat_rhythms import HABITS, Spell, drawn
from exporter.demo.clock import DAY, Clock
from exporter.demo.dice import dice
from exporter.demo.limits import WindowLimit
from exporter.demo.people import full_name

CHAT_USER_ID: Final = "demoExporterUser1"
CHAT_TOKEN: Final = "demo-chat-token"  # noqa: S105 - opens nothing but the simulated workspace
CHAT_ON_CALL: Final = tuple(f"demoOnCallMember{number}" for number in range(1, 7))
"""The ids of the members who are on call in turns, two at any hour."""

CHAT_CALLS: Final = 10
"""Requests in a minute to each route, as a server allows if nobody changes it."""

UnauthorizedShape: TypeAlias = Literal["classic", "7x", "8x"]

_ZONES: Final[tuple[float, ...]] = (0, 1, 1, 1, 2, -5, -5, -7, -3.5, 5.5, 5.75, 9)
_CROWD: Final = {"worker": 200, "visitor": 44, "ghost": 10, "gone": 35}
_BOTS: Final = ("rocket.cat", "deploy.bot", "calendar.app", "survey.bot")


@dataclass(frozen=True, slots=True)
class Member:
    """An account; `touched_by_status`: a change of status touches its document, as on some servers."""

    id: str
    username: str
    name: str
    habit: str
    zone: float
    avatar: str | None
    touched_by_status: bool


@dataclass(frozen=True, slots=True)
class _Day:
    """One member's day: the spells in their order, and when the account's document was touched, in none."""

    spells: tuple[Spell, ...]
    touches: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """From `since` on (Unix seconds) some members are in one status for good; `statuses` gives them by id."""

    since: float
    statuses: Callable[[Iterable[Member]], Mapping[str, str]]


class ChatWorkspace:
    """A workspace of three hundred accounts, and the server's settings that decide how it answers."""

    def __init__(
        self,
        seed: object,
        *,
        clock: Clock = time.time,
        user_id: str = CHAT_USER_ID,
        token: str = CHAT_TOKEN,
        version: tuple[int, int] = (8, 8),
        unauthorized: UnauthorizedShape = "8x",
        calls: int | None = CHAT_CALLS,
        administrator: bool = True,
        turn: Turn | None = None,
    ) -> None:
        """Make a workspace whose server answers `calls` requests per minute and route (None = no limit)."""
        self.clock = clock
        self.user_id = user_id
        self.token = token
        self.version = version
        self.unauthorized: UnauthorizedShape = unauthorized
        self.limit = WindowLimit(calls, seconds=60) if calls else None
        self.administrator = administrator
        self._seed = seed
        self.members = {member.id: member for member in _members(seed, user_id)}
        self._day = lru_cache(maxsize=4096)(self._drawn_day)
        self._turned = _turned(turn, self.members.values())

    def spell(self, member: Member, t: float | None = None) -> Spell:
        """Give the status in which a member is at `t` (Unix seconds; now, if left out), and since when."""
        now = self._moment(t)
        turned = self._turned.get(member.id)
        if turned is not None and turned.since <= now:
            return turned
        spells = self._day(member, _day_number(member, now)).spells
        return spells[bisect_right(spells, now, key=lambda spell: spell.since) - 1]

    def statuses(self, t: float | None = None) -> dict[str, str]:
        """Give the status of every account at `t`, offline ones too, by id."""
        now = self._moment(t)
        return {ident: self.spell(member, now).status for ident, member in self.members.items()}

    def touched(self, member: Member, *, since: float, t: float | None = None) -> bool:
        """Say whether a member's document changed after `since` and until `t`: what the deltas go by."""
        now = self._moment(t)
        days = range(_day_number(member, since), _day_number(member, now) + 1)
        return any(since < touch <= now for day in days for touch in self._day(member, day).touches)

    def connections(self, t: float | None = None) -> int:
        """Give how many sessions are open at `t`: one for each person who is not offline."""
        statuses = self.statuses(t)
        return sum(statuses[m.id] != "offline" for m in self.members.values() if m.habit != "bot")

    def _drawn_day(self, member: Member, day: int) -> _Day:
        """Documents of all are edited now and then, the absent ones' too; a status touches those of some."""
        habit = HABITS[member.habit]
        spells = drawn(habit, dice(self._seed, member.id, day), zone=member.zone, day=day)
        rng = dice(self._seed, "touch", member.id, day)
        edits = [_day_begins(member, day) + rng.uniform(0, DAY) for _ in range(rng.randint(0, 3))]
        turns = [self._turned[member.id]] if member.id in self._turned else []
        changes = [spell.since for spell in (*spells, *turns)] if member.touched_by_status else []
        return _Day(spells, (*edits, *changes))

    def _moment(self, t: float | None) -> float:
        return self.clock() if t is None else t


def _turned(turn: Turn | None, members: Iterable[Member]) -> Mapping[str, Spell]:
    """Give by id the spells that have no end."""
    if turn is None:
        return {}
    return {ident: Spell(turn.since, status) for ident, status in turn.statuses(members).items()}


def _day_begins(member: Member, day: int) -> float:
    return day * DAY + (HABITS[member.habit].opens - member.zone) * 3600


def _day_number(member: Member, moment: float) -> int:
    return int((moment - _day_begins(member, 0)) // DAY)


def _members(seed: object, caller: str) -> Iterator[Member]:
    """The bots, the caller, those on call, and the crowd; the caller is a person who has lent an account."""
    rng = dice(seed, "members")
    for bot in _BOTS:
        yield Member(
            bot, bot, bot.replace(".", " ").title(), "bot", 0, _letters(rng), touched_by_status=False
        )
    yield Member(caller, "exporter", "Exporter", "worker", 1, None, touched_by_status=True)
    for number, ident in enumerate(CHAT_ON_CALL):
        zone, name = (0, 8, -8)[number % 3], full_name(rng)
        yield Member(ident, f"oncall.{number + 1}", name, "on_call", zone, None, touched_by_status=False)
    for habit, count in _CROWD.items():
        for number in range(count):
            name = full_name(rng)
            username = f"{name.lower().replace(' ', '.')}.{habit[0]}{number}"
            avatar = _letters(rng) if rng.random() < 0.6 else None
            touched = rng.random() < 0.4
            home = rng.choice(_ZONES)
            yield Member(_letters(rng), username, name, habit, home, avatar, touched_by_status=touched)


def _letters(rng: Random) -> str:
    """Throw an id as the server makes them: seventeen letters and digits."""
    return "".join(rng.choices(string.ascii_letters + string.digits, k=17))
