"""Panels of the board "Chat presence" about people: users by status, and who is there in each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, looks, panels, tables
from grafana.boards.panels import About, Look
from grafana.boards.queries import now, over_time, total
from grafana.boards.tables import Column

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_UNKNOWN = (
    "a Rocket.Chat source that is chosen above cannot be asked or has switched presence off, there is none, "
    f"or nothing is scraped.{frame.PEOPLE_ONLY}"
)
_NO_GROUP = "no groups are configured, or the source could not be asked or has switched presence off then."

_NOT_OFFLINE = "online|away|busy|unknown"
_SEEN = ("online", "away", "busy", "unknown")
_USERS = total(
    "max by (job, source, status) (presence_users{@source})",
    collector="presence",
    kind="rocketchat",
    by="status",
)

# The sum of 4 for members online, 2 for members away or busy, and 1 for members with a status nobody knows.
_STATES = looks.words(
    {"0": ("nobody", looks.BAD), "1": ("unknown", looks.STATUS_COLOURS["unknown"])}
    | dict.fromkeys("23", ("only away or busy", looks.ATTENTION))
    | dict.fromkeys("4567", ("available", looks.GOOD))
)


def _members(status: str) -> str:
    """Members of each group in these statuses, a regular expression; nothing while they are unknown."""
    return f"""sum by (job, source, group) (
        max by (job, source, group, status) (presence_group_users{{@source, status=~"{status}"}}))"""


def numbers() -> list[model.Panel]:
    """How many users are in which status now."""
    return [
        panels.number(
            About(
                title="Users now",
                question="How many users are online, away and busy now? Unknown is a status that is missing "
                "or new.",
                absent=_UNKNOWN,
            ),
            now(_USERS, "{{status}}"),
            look=Look(overrides=looks.status_colours(_SEEN)),
        ),
        panels.number(
            About(
                title="Groups with nobody there",
                question="In how many groups is no member online, away or busy? Groups that are unknown, or "
                "have a member with a status that is, are not counted.",
                absent=_NO_GROUP,
            ),
            now(
                f"count({_members(_NOT_OFFLINE)}) - sum({_members(_NOT_OFFLINE)} > bool 0)",
                "groups",
            ),
            look=Look(
                colour=looks.BY_THRESHOLD,
                thresholds=looks.thresholds((1, looks.BAD), base=looks.GOOD),
            ),
        ),
    ]


def users() -> model.Panel:
    """Show how the statuses moved."""
    return panels.lines(
        About(
            title="Users by status",
            question="How many users were online, away and busy? Together they are the server's whole list.",
            absent=_UNKNOWN,
        ),
        over_time(_USERS, "{{status}}"),
        look=Look(least=0, overrides=looks.status_colours(_SEEN)),
        parts=True,
    )


def groups() -> list[list[model.Panel]]:
    """Show whether somebody can be reached in each group, and who is in which status."""
    return [[_timeline()], [_there(), _table()]]


def _timeline() -> model.Panel:
    return panels.states(
        About(
            title="When was somebody there?",
            question="When was a member of each group available, that is online; when were there only such "
            "as were away or busy; and when was nobody there?",
            absent=f"{_NO_GROUP} The word unknown: nobody else is there than members with an unknown status.",
        ),
        over_time(
            f"4 * ({_members('online')} > bool 0) + 2 * ({_members('away|busy')} > bool 0)"
            f" + ({_members('unknown')} > bool 0)",
            "{{source}} {{group}}",
        ),
        look=Look(words=_STATES, colour=looks.BY_THRESHOLD),
    )


def _there() -> model.Panel:
    return panels.lines(
        About(
            title="Members who are there",
            question="How many members of each group were online, away or busy?",
            absent=_NO_GROUP,
        ),
        over_time(_members("online|away|busy"), "{{source}} {{group}}"),
    )


def _table() -> model.Panel:
    statuses = ("online", "away", "busy", "offline", "unknown")
    return tables.rows(
        About(
            title="Members by status now",
            question="How many members of each group are in which status? Offline are those who are not in "
            "the answer: they may be deactivated or hidden as well.",
            absent=_NO_GROUP,
        ),
        Column(name="Group", label="group", counted=True),
        Column(name="Source", label="source"),
        *(
            Column(
                name=status.capitalize(),
                query=f'max by (job, source, group) (presence_group_users{{@source, status="{status}"}})',
                decimals=0,
            )
            for status in statuses
        ),
        order=tables.Order(by="Online", descending=False),
    )
