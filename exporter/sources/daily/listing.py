"""A list of meetings over all its pages: `GET /meetings` until nothing new comes and the count is complete.

Knows paging and nothing of what the rows are for. Pages come newest first; new meetings push old ones back
while they are read, so that rows repeat and none is skipped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from exporter import errors
from exporter.fetch import Fetcher, Question
from exporter.model import Deadline
from exporter.sources.daily.wire import PAGE_ROWS

ENDPOINT: Final = "/meetings"

CHURN: Final = 0.02
"""The part of a list of several pages that may come and go while it is read; more is missing means cut."""


class Identified(Protocol):
    """A row of the list."""

    @property
    def id(self) -> str:
        """The meeting session's id."""


Row = TypeVar("Row", bound=Identified)

Page: TypeAlias = tuple[list[Row], int | None]
"""Rows, and how many there are on all pages, where the page says."""


@dataclass(slots=True)
class Listing(Generic[Row]):
    """The meetings of the pages read so far, each once.

    `moment` is when the first page was true, `until` when the last one was (Unix seconds).
    """

    meetings: dict[str, Row] = field(default_factory=dict)
    expected: int = 0
    moment: float = 0.0
    until: float = 0.0
    last_id: str | None = None
    pages: int = 0

    def add(self, page: Page[Row], moment: float) -> bool:
        """Take in a page; False where it was the last: nothing new, or short and the count complete.

        A short page alone is not the end, since a server that gives fewer rows than asked for would cut the
        list.
        """
        rows, total = page
        known = len(self.meetings)
        self.meetings.update((row.id, row) for row in rows)
        if total is not None:
            self.expected = min(self.expected, total) if self.pages else total
        if not self.pages:
            self.moment = moment
        self.until = max(self.moment, moment)
        self.pages += 1
        self.last_id = rows[-1].id if rows else self.last_id
        complete = len(rows) < PAGE_ROWS and len(self.meetings) >= self.expected
        return len(self.meetings) > known and not complete

    def is_whole(self) -> bool:
        """True where no more is missing than may have ended meanwhile; of a single page, nothing."""
        churn = self.expected * CHURN if self.expected > PAGE_ROWS else 0
        return len(self.meetings) >= self.expected - churn


Query: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MeetingLists(Generic[Row]):
    """Asks for lists of meetings whose pages `decode` understands; `paced` as in `Question`."""

    fetcher: Fetcher
    decode: Callable[[bytearray], Page[Row]]
    paced: bool = True

    async def read(self, query: Query, *, deadline: Deadline) -> Listing[Row]:
        """All pages; where meetings are missing, once more; raises `AnswerMisshapen` where they still are."""
        listing = await self._read_once(query, deadline)
        if not listing.is_whole():
            listing = await self._read_once(query, deadline)
        if listing.is_whole():
            return listing
        listed = f"{len(listing.meetings)} of {listing.expected} meetings"
        raise errors.AnswerMisshapen(f"{ENDPOINT}: {listed} listed on all pages")

    async def _read_once(self, query: Query, deadline: Deadline) -> Listing[Row]:
        listing: Listing[Row] = Listing()
        while await self.turn(listing, query, deadline=deadline):
            pass
        return listing

    async def turn(
        self, listing: Listing[Row], query: Query, *, deadline: Deadline, limit: int = PAGE_ROWS
    ) -> bool:
        """Ask for the next page; False where it was the last."""
        cursor = () if listing.last_id is None else (("starting_after", listing.last_id),)
        params = (*query, ("limit", str(limit)), *cursor)
        question = Question(ENDPOINT, ENDPOINT, params, paced=self.paced)
        reply = await self.fetcher.get(
            question, lambda body, now: (self.decode(body), now), deadline=deadline
        )
        return listing.add(*reply.value)
