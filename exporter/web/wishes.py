"""What a request wants on its page, read from its query: all sources, one of them, or some collectors.

Pure rules: it knows neither what a source is nor how a page is made. Names alone are taken from a request,
and compared with those of the configuration: never an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import QueryParams

from exporter.model import EVERYTHING, Offer, Selection

COLLECT: Final = "collect[]"
SOURCE: Final = "source"

EXPORTER: Final = "exporter"
"""What stands beside the names of collectors for the exporter's own metrics."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is on a page: the facts of `selection` (None: no facts), and the exporter's `own` metrics."""

    selection: Selection | None
    own: bool


class WishRefused(Exception):
    """There is no such page; the text is for whoever asked, and repeats nothing of the question."""

    def __init__(self, text: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(text)
        self.status = status


def wish_of_all(query: QueryParams, offers: Iterable[Offer], *, facts: bool) -> Wish:
    """What is wanted of all sources and of the exporter; without `facts` of the exporter alone.

    Raises `WishRefused` for a name that is not known.
    """
    collectors = _collectors(offers) if facts else ()
    wanted = _wanted(query, (*collectors, EXPORTER))
    if wanted is None:
        return Wish(EVERYTHING if facts else None, own=True)
    named = wanted - {EXPORTER}
    return Wish(Selection(None, named) if named else None, own=EXPORTER in wanted)


def wish_of_one(query: QueryParams, offers: Sequence[Offer]) -> Wish:
    """What is wanted of the one source that the query names; raises `WishRefused`.

    Collectors that only other sources have are known too, so that one list does for every target of a job.
    """
    named = query.getlist(SOURCE)
    if len(named) != 1 or not named[0]:
        raise WishRefused("name one source, as in ?source=NAME")
    [source] = named
    if source not in {offer.source for offer in offers}:
        raise WishRefused("no source of that name is configured", HTTPStatus.NOT_FOUND)
    return Wish(Selection(frozenset(named), _wanted(query, _collectors(offers))), own=False)


def _collectors(offers: Iterable[Offer]) -> tuple[str, ...]:
    """The collectors that there are, each once."""
    return tuple(dict.fromkeys(name for offer in offers for name in offer.collectors))


def _wanted(query: QueryParams, known: Sequence[str]) -> frozenset[str] | None:
    """The collectors that the query names; None where it names none."""
    named = frozenset(query.getlist(COLLECT))
    if not named.issubset(known):
        raise WishRefused(f"no collector of that name; {COLLECT} takes: {', '.join(known)}")
    return named or None
