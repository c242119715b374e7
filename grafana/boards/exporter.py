"""The board "Exporter": how the vendors are asked, what that costs, and how the exporter itself does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.boards import frame, variables
from grafana.boards.exporter_asking import budget, drift, duration, errors, rate
from grafana.boards.exporter_itself import facts, ledger, process, requests
from grafana.boards.layout import line, section

if TYPE_CHECKING:
    from grafana_foundation_sdk.models import dashboard as model

_PURPOSE = """\
**How are the vendors asked, what does that cost, and is the exporter itself well?** Rate, errors and duration
of the questions come first, then the budget that vendors give, and at last the process. What each process
counts for itself begins anew with it; where replicas share the work, their parts are added up."""


def board() -> model.Dashboard:
    """Put the board together."""
    return frame.board(
        uid=frame.EXPORTER,
        title="Presence exporter",
        description="How are the vendors asked, what does that cost, and is the exporter itself well?",
        variables=variables.common(),
        sections=[
            section("", line(5, frame.guide(_PURPOSE), frame.freshness(), widths=(14, 10))),
            section("What is running?", *(line(7, *each) for each in facts())),
            section("How often is what asked?", *(line(8, *each) for each in rate())),
            section("What fails?", *(line(8, *each) for each in errors())),
            section("How long does it take?", *(line(8, *each) for each in duration())),
            section("Is the vendors' budget enough?", *(line(8, *each) for each in budget())),
            section("Do answers still look as documented?", *(line(7, *each) for each in drift())),
            section("Are ended meetings counted?", *(line(7, *each) for each in ledger())),
            section("Who asks the exporter?", *(line(8, *each) for each in requests()), collapsed=True),
            section("What does the process use?", *(line(8, *each) for each in process()), collapsed=True),
        ],
    )
