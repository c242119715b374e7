"""Looks for what must not come out: canaries, planted where names, ids and tokens of people travel.

A test with canaries proves nothing unless they reached the vendor or were in its body, and unless something
was logged; `assert_silent` sees to both.
"""

from collections.abc import Mapping
from typing import Any

from exporter.model import Answer, Facts
from tests.kit.clock import at_once
from tests.kit.logs import Lines
from tests.kit.rig import Rig

CANARY = "cAnArY"


def assert_silent(rig: Rig, answers: Mapping[str, Answer[Facts]], lines: Lines) -> None:
    """No canary in facts, words, observations, journal or log; they travelled, and debug lines are there."""
    assert CANARY in seen_by_the_vendor(rig)
    requests = lines.events("upstream request")
    assert len(requests) == len(rig.script.asked) > 0
    assert {line["level"] for line in requests} == {"debug"}
    kept = [at_once(collector.kept()) for collector in rig.source.collectors]
    for place in (answers, kept, rig.heard, rig.runs, rig.journal.view(), lines.text):
        assert CANARY not in (place if isinstance(place, str) else repr(place))


def seen_by_the_vendor(rig: Rig) -> str:
    """What travelled to the vendor: addresses and the headers that identify."""
    return " ".join(f"{request.url} {list(request.headers.items())}" for request in rig.script.asked)


def spoilt(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with a canary in every field of text, and in one more that nobody documented."""
    texts = {key: f"{CANARY}-{key}" for key, value in row.items() if isinstance(value, str) or value is None}
    return {**row, **texts, f"{CANARY}-field": CANARY}
