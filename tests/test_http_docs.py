"""The table of paths in docs/http.md is what the routes answer: methods, codes and content types.

Whoever adds a route gives it a row there and its cases here: what must happen for each code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx
from starlette.routing import Route
from structlog.testing import capture_logs

from exporter.web.front import COLLECTIONS, CONFIGURATION, DISCOVERY, HEALTHY, PROBE, READY, RELOAD
from exporter.web.negotiate import FORMATS
from exporter.web.routes import build_routes
from tests.kit.front import FRONT, ask, settings
from tests.programs import PROJECT

PAGE: Final = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
WORDS: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Row:
    """What a path takes and gives; the types are those of its 200."""

    methods: str
    codes: tuple[int, ...]
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """A request that is answered with this code, by a front of which some is changed.

    `asks` marks what only a page that is really made can come to: the head of it is a 200.
    """

    code: int
    query: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False


def bug(*_: object) -> Any:
    """Fail as a bug does."""
    raise KeyError


async def refused() -> str:
    """Say what is wrong with the configuration."""
    return "sources: must not be empty"


FULL: Final = {"settings": settings(max_requests=0)}
IN_EACH_FORMAT: Final = [{"Accept": form.content_type} for form in FORMATS]

CASES: Final[Mapping[str, list[Case]]] = {
    "/metrics": [
        *(Case(200, headers=accept) for accept in IN_EACH_FORMAT),
        Case(400, "?collect[]=unknown"),
        Case(500, changes={"families": bug}, asks=True),
        Case(503, changes=FULL, asks=True),
    ],
    PROBE: [
        *(Case(200, "?source=acme", headers=accept) for accept in IN_EACH_FORMAT),
        Case(400),
        Case(400, "?source=acme&collect[]=unknown"),
        Case(404, "?source=unknown"),
        Case(500, "?source=acme", {"collect": bug}, asks=True),
        Case(503, "?source=acme", FULL, asks=True),
    ],
    DISCOVERY: [Case(200), Case(400, headers={"Host": ""}), Case(500, changes={"offers": bug})],
    "/": [Case(200), Case(500, changes={"overview": bug})],
    CONFIGURATION: [Case(200), Case(500, changes={"configuration": bug})],
    COLLECTIONS: [
        Case(200),
        Case(200, headers={"Accept": "application/json"}),
        Case(400, "?format=unknown"),
        Case(500, changes={"journal": bug}),
    ],
    HEALTHY: [Case(200)],
    READY: [Case(200), Case(503, changes={"ready": lambda: False})],
    RELOAD: [Case(200), Case(500, changes={"reload": refused})],
}
"""What each route may answer, without the 405 of them all, and without what stands in front of them."""


def documented() -> dict[str, Row]:
    """Read the table."""
    rows = re.findall(r"^\| `(/[^`]*)` \| ([^|]+) \| ([\d, ]+) \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    return {
        path: Row(methods, tuple(map(int, codes.split(", "))), _types(types))
        for path, methods, codes, types in rows
    }


def _types(cell: str) -> frozenset[str]:
    """The types that a cell names, or those of the formats where it points to them."""
    if "(#formats)" not in cell:
        return frozenset(re.findall(r"`(\w+/[^`]+)`", cell))
    table = PAGE.partition("\n## Formats\n")[2].partition("\n\nThe ")[0]
    return frozenset(re.findall(r"^\| [^|`]+ \| `([^`]+)` \|$", table, re.MULTILINE))


def served(route: Route) -> Row:
    """Try a route: what it answers to each of its cases, by each method that it takes."""
    methods = [method for method in METHODS if method in (route.methods or ())]
    types: set[str] = set()
    for case in CASES.get(route.path, ()):
        for method in methods:
            response = answered(route.path, case, method=method)
            kind = response.headers["content-type"]
            code = 200 if case.asks and method == "HEAD" else case.code
            assert response.status_code == code, f"{method} {route.path}{case.query}"
            assert code == 200 or kind == WORDS
            types |= {kind} if case.code == 200 else set()
    codes = dict.fromkeys(case.code for case in CASES.get(route.path, ()))
    return Row(", ".join(methods), tuple(codes), frozenset(types))


def answered(path: str, case: Case, *, method: str) -> httpx.Response:
    """Send the request of a case; what a bug logs is of no interest here."""
    with capture_logs():
        return ask(
            replace(FRONT, **case.changes), path + case.query, method=method, headers=dict(case.headers)
        )


def test_the_table_of_paths_is_what_the_routes_answer() -> None:
    """Each path with its methods, its codes and its types, none missing and none too many."""
    routes = [route for route in build_routes(FRONT).routes if isinstance(route, Route)]

    assert documented() == {route.path: served(route) for route in routes}


def test_every_other_method_of_a_path_is_told_those_of_the_table() -> None:
    """In the same order."""
    for path, row in documented().items():
        others = set(METHODS) - set(row.methods.split(", "))
        assert others
        for method in others:
            response = ask(FRONT, path, method=method)
            assert (response.status_code, response.headers["allow"]) == (405, row.methods)


def test_the_formats_are_named_exactly_and_in_their_order() -> None:
    """A reader can copy them, and the first is what anything falls back to."""
    assert re.findall(r"^\| [^|`]+ \| `(\w+/[^`]+)` \|$", PAGE, re.MULTILINE) == [
        form.content_type for form in FORMATS
    ]


def test_each_code_of_a_scrape_is_explained_and_no_other() -> None:
    """In a table of its own, below that of the paths."""
    table = PAGE.partition("| code | when |")[2].partition("\n\n")[0]
    rows = documented()
    codes = {*rows["/metrics"].codes, *rows[PROBE].codes}

    assert list(map(int, re.findall(r"^\| (\d+) \|", table, re.MULTILINE))) == sorted(codes)
