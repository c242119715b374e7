"""What a query wishes for is a page that there is, or is refused with words that repeat none of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from exporter.model import EVERYTHING, Offer, Selection
from exporter.web.wishes import Wish, WishRefused, wish_of_all, wish_of_one
from tests.kit.front import OFFERS

KNOWN: Final = "collect[] takes: presence, meetings, ended_meetings, connections"


def only(*collectors: str, source: str | None = None) -> Selection:
    """These collectors, of that source or of all."""
    return Selection(frozenset({source}) if source else None, frozenset(collectors) if collectors else None)


def of_all(query: str, *, facts: bool = True, offers: Sequence[Offer] = OFFERS) -> Wish:
    """What that query wishes of all sources."""
    return wish_of_all(QueryParams(query), offers, facts=facts)


def of_one(query: str, *, offers: Sequence[Offer] = OFFERS) -> Wish:
    """What that query wishes of one source."""
    return wish_of_one(QueryParams(query), offers)


@pytest.mark.parametrize(
    "query, wish",
    [
        ("", Wish(EVERYTHING, own=True)),
        ("collect[]=presence", Wish(only("presence"), own=False)),
        ("collect%5B%5D=presence", Wish(only("presence"), own=False)),
        ("collect[]=presence&collect[]=connections", Wish(only("presence", "connections"), own=False)),
        ("collect[]=presence&collect[]=presence", Wish(only("presence"), own=False)),
        ("collect[]=exporter", Wish(None, own=True)),
        ("collect[]=exporter&collect[]=meetings", Wish(only("meetings"), own=True)),
        ("collect=presence", Wish(EVERYTHING, own=True)),
        ("source=acme", Wish(EVERYTHING, own=True)),
        ("target=http://127.0.0.1/", Wish(EVERYTHING, own=True)),
    ],
)
def test_of_all_sources_a_page_has_all_or_the_collectors_that_are_named(query: str, wish: Wish) -> None:
    """The exporter's own metrics are there where all is, or where they are named."""
    assert of_all(query) == wish


@pytest.mark.parametrize("query", ["", "collect[]=exporter"])
def test_without_facts_the_exporter_is_all_there_is(query: str) -> None:
    """So it is what may be named."""
    assert of_all(query, facts=False) == Wish(None, own=True)
    with pytest.raises(WishRefused, match=r"takes: exporter$"):
        of_all(query + "&collect[]=presence", facts=False)


@pytest.mark.parametrize(
    "query, wish",
    [
        ("source=acme", only(source="acme")),
        ("source=chat&collect[]=presence", only("presence", source="chat")),
        ("source=chat&collect[]=presence&collect[]=meetings", only("presence", "meetings", source="chat")),
        ("source=chat&collect[]=meetings", only("meetings", source="chat")),
        ("source=chat&target=http://127.0.0.1/&url=x", only(source="chat")),
    ],
)
def test_of_one_source_a_page_never_has_the_exporters_own_metrics(query: str, wish: Selection) -> None:
    """Collectors that other sources have may be named: one list does for all targets of a job."""
    assert of_one(query) == Wish(wish, own=False)


@pytest.mark.parametrize("query", ["", "source=", "source", "source=acme&source=chat", "source=acme&source="])
def test_a_probe_names_one_source(query: str) -> None:
    """None or several are not a page."""
    with pytest.raises(WishRefused, match=r"^name one source, as in \?source=NAME$") as refused:
        of_one(query)

    assert refused.value.status is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("name", ["nobody", "ACME", " acme", "acme\x00", "http://127.0.0.1/", "a" * 10_000])
def test_a_source_that_is_not_configured_is_not_found(name: str) -> None:
    """Whatever it looks like: nothing but a configured name is one."""
    with pytest.raises(WishRefused, match=r"^no source of that name is configured$") as refused:
        of_one(urlencode({"source": name}))

    assert refused.value.status is HTTPStatus.NOT_FOUND
    with pytest.raises(WishRefused, match=r"^no source"):
        of_one("source=acme", offers=())


@pytest.mark.parametrize("name", ["", "Presence", "presence ", "presence,meetings", "room_presence", "*"])
def test_an_unknown_collector_is_refused_with_those_that_are_known(name: str) -> None:
    """Each once, in the order of the configuration; beside good ones too."""
    query = urlencode([("collect[]", "presence"), ("collect[]", name)])
    with pytest.raises(WishRefused) as refused:
        of_all(query)
    with pytest.raises(WishRefused) as refused_of_one:
        of_one("source=acme&" + query)

    assert str(refused.value) == f"no collector of that name; {KNOWN}, exporter"
    assert str(refused_of_one.value) == f"no collector of that name; {KNOWN}"
    assert {refused.value.status, refused_of_one.value.status} == {HTTPStatus.BAD_REQUEST}


def test_the_exporters_own_metrics_are_not_part_of_a_probe() -> None:
    """They are on the metrics page alone, so nobody counts them once for each target."""
    with pytest.raises(WishRefused, match="takes"):
        of_one("source=acme&collect[]=exporter")


KEYS: Final = st.sampled_from(["source", "collect[]", "target"])
NAMES: Final = st.sampled_from(
    ["acme", "chat", "presence", "meetings", "connections", "exporter", "", "nobody"]
)
QUERIES: Final = st.lists(st.tuples(KEYS, NAMES | st.text(max_size=8))).map(urlencode)
REFUSALS: Final = {
    "name one source, as in ?source=NAME",
    "no source of that name is configured",
    f"no collector of that name; {KNOWN}",
    f"no collector of that name; {KNOWN}, exporter",
    "no collector of that name; collect[] takes: exporter",
}


def answered(page: Callable[[], Wish]) -> Wish | str:
    """The wish, or the words of the refusal."""
    try:
        return page()
    except WishRefused as refusal:
        return str(refusal)


@given(query=QUERIES, facts=st.booleans())
def test_whatever_is_asked_only_what_is_configured_is_wished_for(query: str, facts: bool) -> None:
    """No name of a request gets further than its comparison, and into no answer."""
    collectors = {name for offer in OFFERS for name in offer.collectors}
    for answer in (answered(lambda: of_all(query, facts=facts)), answered(lambda: of_one(query))):
        if isinstance(answer, str):
            assert answer in REFUSALS
            continue
        selection = answer.selection or Selection()
        assert (selection.sources or frozenset()) <= {"acme", "chat"}
        assert (selection.collectors or frozenset()) <= collectors
        assert answer.own or answer.selection
