"""The doctor: asks every vendor once what a scrape asks, and some things more, and prints what came of it.

It asks through the application that would serve, so what it sees is what a scrape would see; only the
ledger is another one, in memory, since a look at an exporter should not count for it. What it prints holds
names of sources, collectors and watched rooms, and no secret or person.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click
import structlog
from tabulate import tabulate

from exporter.advice import advice
from exporter.commands.configcheck import tell_warnings
from exporter.commands.ledgercheck import examine_ledger, in_memory
from exporter.commands.setup import assemble, set_up
from exporter.commands.wording import printable, some
from exporter.config import DailySettings
from exporter.log import frames
from exporter.model import (
    ChatPresence,
    Deadline,
    DomainPresence,
    EndedMeetings,
    Finding,
    OngoingMeetings,
    Reason,
    ServerConnections,
    WatchedRooms,
)
from exporter.web.routes import WebSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.app import Application
    from exporter.commands.flags import Flags
    from exporter.config import Config, SourceSettings
    from exporter.model import Facts, Source

log = structlog.get_logger(__name__)

HEADERS: Final = ("source", "asked", "result", "reason", "detail", "what to do")
WIDTHS: Final = (None, None, None, None, 40, 60)

SECONDS_A_ROOM: Final = 0.5
"""How much longer the doctor waits for each watched room, which it asks for one after the other."""


def check(flags: Flags, environ: Mapping[str, str]) -> int:
    """Print the table: 0 where all is well, 1 where something fails; raises `ConfigError`."""
    setup = set_up(flags, environ)
    for note in setup.notes:
        click.echo(note, err=True)
    tell_warnings(setup.loaded.warnings)
    config = setup.loaded.config
    application = assemble(in_memory(setup), web=WebSettings())
    findings = asyncio.run(diagnose(application, config))
    findings += examine_ledger(config, now=setup.surroundings.wall())
    places = {source.name: place for place, source in enumerate(config.sources)}
    findings.sort(key=lambda each: places[each.source])
    click.echo(table(findings, kinds={source.name: source.kind for source in application.sources}))
    return 1 if any(finding.reason for finding in findings) else 0


async def diagnose(application: Application, config: Config) -> list[Finding]:
    """Run every collector of every source once and ask what only the doctor asks, all sources at once."""
    now = asyncio.get_running_loop().time()
    patience = {each.name: config.collect.timeout + _for_rooms(each) for each in config.sources}
    try:
        async with asyncio.TaskGroup() as group:
            pull = group.create_task(application.collection.pull(now + config.collect.timeout))
            examinations = {
                source.name: group.create_task(_examine(source, Deadline(now + patience[source.name])))
                for source in application.sources
            }
    finally:
        await application.aclose()
    findings: list[Finding] = []
    for seen in pull.result().sources:
        for each in seen.collectors:
            answer = each.answer
            detail = answer.detail or _told(answer.value or each.kept)
            findings.append(Finding(seen.source, each.collector, answer.reason, detail))
        findings.extend(examinations[seen.source].result())
    return findings


def table(findings: Sequence[Finding], *, kinds: Mapping[str, str]) -> str:
    """The findings as a table, and their sum; `kinds` says of each source which vendor it is of."""
    rows = [
        (
            each.source,
            printable(each.subject),
            "failed" if each.reason else "ok",
            str(each.reason or ""),
            printable(each.detail),
            advice(each.reason, kind=kinds[each.source], subject=each.subject) if each.reason else "",
        )
        for each in findings
    ]
    failed = sum(each.reason is not None for each in findings)
    drawn = tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True, maxcolwidths=list(WIDTHS))
    sum_of_all = f"{failed} failed" if failed else "all is well"
    return f"{drawn}\n\n{some(len(findings), 'question')} asked: {sum_of_all}"


async def _examine(source: Source, deadline: Deadline) -> Sequence[Finding]:
    """What only the doctor asks; a stalled answer or a bug costs these lines and no other."""
    subject = "further questions"
    try:
        async with asyncio.timeout_at(deadline.at):
            return await source.examine(deadline)
    except TimeoutError:
        return [Finding(source.name, subject, Reason.TIMEOUT, "no answer before the deadline")]
    except Exception as bug:  # noqa: BLE001 - the wall: a bug in one source leaves the others their lines
        log.error("bug in an examination", source=source.name, traceback=frames(bug))
        return [Finding(source.name, subject, Reason.INTERNAL, "")]


def _for_rooms(settings: SourceSettings) -> float:
    return SECONDS_A_ROOM * len(settings.rooms.watch) if isinstance(settings, DailySettings) else 0.0


def _told(facts: Facts | None) -> str:
    """What a collector saw, so that a reader can compare it with what should be there."""
    told = ""
    match facts:
        case DomainPresence(participants=people, rooms_occupied=rooms):
            told = f"{some(people, 'participant')} in {some(rooms, 'room')}"
        case WatchedRooms(participants=people):
            told = f"{some(sum(people.values()), 'participant')} in {some(len(people), 'watched room')}"
        case OngoingMeetings(meetings=meetings):
            told = f"{some(meetings, 'meeting')} going on"
        case EndedMeetings(pending=pending):
            told = f"{some(pending, 'meeting')} followed"
        case ChatPresence(users=users, groups=groups):
            told = some(len(groups or {}), "group") if users is None else some(sum(users.values()), "user")
        case ServerConnections(current=current, limit=limit):
            told = f"{current} of {some(limit, 'connection')}"
    return told
