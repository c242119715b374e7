"""Rules for the dashboard as a file and as a sheet: names, links, annotations, places on the grid.

Knows Grafana's JSON and no query.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from tests.dashboardlint.reading import Complaint, all_panels, panels, title, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboardlint.reading import Json, Rule

UIDS: Final = frozenset({"presence-overview", "presence-rooms", "presence-chat", "presence-exporter"})

COLUMNS: Final = 24

FASTEST: Final = 15
"""Seconds: the vendors' own answers are not newer."""

VARIABLES: Final = ("datasource", "job", "instance", "source", "room", "plan_minutes")
"""In the order in which they stand on every board."""

HOSTS: Final = frozenset({"grafana.com", "prometheus.io", "presence-exporter.example.org"})
"""Where a link out of Grafana may go."""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def identity(dashboard: Json) -> list[Complaint]:
    """The address is for ever, and Grafana alone keeps numbers of dashboards and of their versions."""
    found = [
        f"must have no {key}"
        for key in ("id", "version", "iteration", "gnetId")
        if dashboard.get(key) is not None
    ]
    if not re.fullmatch(r"[a-z0-9-]{8,40}", str(dashboard.get("uid"))):
        found.append("needs a uid of 8 to 40 characters")
    if dashboard.get("uid") not in UIDS:
        found.append(f"the uid {dashboard.get('uid')} is none of those that alerts and links know")
    if dashboard.get("schemaVersion") != 42:
        found.append("is not of schema 42")
    if "presence" not in dashboard.get("tags", ()):
        found.append("needs the tag presence")
    return [Complaint("", text) for text in found]


def grid(dashboard: Json) -> list[Complaint]:
    """No panel lies on another one or outside of the sheet; a closed row is a sheet of its own."""
    found = []
    closed = [each for each in dashboard.get("panels", ()) if each.get("panels")]
    for sheet in (dashboard.get("panels", ()), *(each["panels"] for each in closed)):
        for panel in sheet:
            x, y, w, h = _place(panel)
            if min(x, y) < 0 or min(w, h) < 1 or x + w > COLUMNS:
                found.append(Complaint(title(panel), "is outside of the sheet"))
        found += [
            Complaint(title(one), f"lies on {title(other)}")
            for one, other in combinations(sheet, 2)
            if _overlap(one, other)
        ]
    return found


def _place(panel: Json) -> tuple[int, int, int, int]:
    place = panel.get("gridPos", {})
    x, y, w, h = (int(place.get(key, -1)) for key in "xywh")
    return x, y, w, h


def _overlap(one: Json, other: Json) -> bool:
    ax, ay, aw, ah = _place(one)
    bx, by, bw, bh = _place(other)
    return ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah


def numbers(dashboard: Json) -> list[Complaint]:
    """Each panel has a number of its own, by which links and alerts name it."""
    seen: set[Any] = set()
    found = []
    for panel in all_panels(dashboard):
        number = panel.get("id")
        if not isinstance(number, int) or number < 1 or number in seen:
            found.append(Complaint(title(panel), f"has no number of its own: {number}"))
        seen.add(number)
    return found


def whole(dashboard: Json) -> list[Complaint]:
    """The file needs nothing else: no library panel, and no input that somebody would have to fill in."""
    text = json.dumps(dashboard)
    words = ("libraryPanel", "__inputs", "__requires", "__elements", "${DS_", "pluginVersion")
    return [Complaint("", f"must have no {word}") for word in words if word in text]


def events(dashboard: Json) -> list[Complaint]:
    """Grafana's own annotations stay, and each of ours can be switched on and off."""
    listed = dashboard.get("annotations", {}).get("list", ())
    found = []
    if not any(each.get("builtIn") == 1 and _uid(each) == "-- Grafana --" for each in listed):
        found.append(Complaint("", "Grafana's own annotations are gone"))
    for each in listed:
        if each.get("builtIn") == 1:
            continue
        if each.get("hide") or not isinstance(each.get("enable"), bool):
            found.append(Complaint("", f"the annotation {each.get('name')} cannot be switched"))
        if _uid(each) != "${datasource}":
            found.append(Complaint("", f"the annotation {each.get('name')} asks another data source"))
    return found


def _uid(annotation: Json) -> str:
    return str((annotation.get("datasource") or {}).get("uid"))


def links(dashboard: Json) -> list[Complaint]:
    """The other boards are a click away, with the same time and the same choice."""
    found = []
    byname = [each for each in dashboard.get("links", ()) if each.get("type") == "dashboards"]
    if not any("presence" in each.get("tags", ()) for each in byname):
        found.append(Complaint("", "has no links to the boards with the tag presence"))
    return found + [
        Complaint("", f"the link {each.get('title')} loses the time or the choice")
        for each in byname
        if not (each.get("keepTime") and each.get("includeVars"))
    ]


def linked(dashboard: Json) -> list[Complaint]:
    """Every link to a board leads to one that exists, and every other one to a known place."""
    found = []
    for panel, url in _urls(dashboard):
        if board := re.match(r"/?d/([\w-]+)", url):
            if board[1] not in UIDS:
                found.append(Complaint(panel, f"leads to the board {board[1]}, which does not exist"))
        elif (re.match(r"https?://([^/:]+)", url) or ["", ""])[1] not in HOSTS:
            found.append(Complaint(panel, f"leads to {url}"))
    return found


def drilling(dashboard: Json) -> list[Complaint]:
    """A link to a board takes the time and the choice with it."""
    return [
        Complaint(panel, f"the link {url} loses the time or the data source")
        for panel, url in _urls(dashboard)
        if re.match("/?d/", url)
        if "${__url_time_range}" not in url
        or not ("${__all_variables}" in url or "${datasource:queryparam}" in url)
    ]


def _urls(dashboard: Json) -> Iterator[tuple[str, str]]:
    for each in dashboard.get("links", ()):
        if each.get("type") == "link":
            yield "", str(each.get("url"))
    for panel in panels(dashboard):
        yield from ((title(panel), url) for url in _found(panel))


def _found(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("url"), str):
            yield part["url"]
        if part.get("type") == "text" and isinstance(part.get("options"), dict):
            yield from re.findall(r"\]\(([^)\s]+)\)", str(part["options"].get("content")))
        for each in part.values():
            yield from _found(each)
    elif isinstance(part, list):
        for each in part:
            yield from _found(each)


def refreshing(dashboard: Json) -> list[Complaint]:
    """Nothing is asked again faster than the vendors' answers change."""
    offered = dashboard.get("timepicker", {}).get("refresh_intervals", ())
    return [
        Complaint("", f"refreshes every {each}")
        for each in (dashboard.get("refresh"), *offered)
        if not (found := re.fullmatch(r"(\d+)([smhd])", str(each)))
        or int(found[1]) * _SECONDS[found[2]] < FASTEST
    ]


def variable_order(dashboard: Json) -> list[Complaint]:
    """The same choice stands at the same place on every board."""
    names = [str(each.get("name")) for each in variables(dashboard)]
    if names != [name for name in VARIABLES if name in names] or names[:4] != list(VARIABLES[:4]):
        return [
            Complaint("", f"variables stand in the order {', '.join(VARIABLES)}, and not {', '.join(names)}")
        ]
    return []


def nobody(dashboard: Json) -> list[Complaint]:
    """No name, address or id of a person or a machine, in the words or in what is asked."""
    text = json.dumps(dashboard, ensure_ascii=False)
    patterns = {
        "an e-mail address": r"[\w.+-]+@[\w-]+\.\w+",
        "an address of a machine": r"\b\d{1,3}(?:\.\d{1,3}){3}\b|localhost",
        "a path of a machine": r"(?<![\w/}\]])/(?:home|mnt|opt|root|srv|tmp|Users)/",
        "who made it": r'"(?:createdBy|updatedBy|author)"',
        "an id of a person or a meeting": r"\b(?:user_?[iI]d|user_?[nN]ame|participant_?[iI]d|meeting_id)\b",
    }
    return [
        Complaint("", f"has {what}: {found[0]}")
        for what, pattern in patterns.items()
        if (found := re.search(pattern, text))
    ]


RULES: Final[tuple[Rule, ...]] = (
    identity,
    grid,
    numbers,
    whole,
    events,
    links,
    linked,
    drilling,
    refreshing,
    variable_order,
    nobody,
)
