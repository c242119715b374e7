"""What the Alertmanager example is meant to do with each alert: who gets it, and what it holds back.

Told apart from the example itself, so that both must agree.
"""

from __future__ import annotations

from typing import Final

from tests.kit.alertpages import alerts
from tests.programs import PROJECT

FOLDER: Final = PROJECT / "alertmanager"
EXAMPLE: Final = FOLDER / "alertmanager.yml"
ROCKETCHAT: Final = FOLDER / "alertmanager-rocketchat.yml"

RECEIVERS: Final = {"critical": "pager", "warning": "chat", "info": "mail"}
SEVERITIES: Final = {alert.name: alert.severity for alert in alerts()}
NAMES: Final = list(SEVERITIES)

GONE: Final = "PresenceExporterGone"
DOWN: Final = "PresenceSourceDown"
CAUSES: Final = ("PresenceAuthRefused", "PresenceRateLimited", "PresenceSwitchedOff")
FOLLOW: Final = ("PresenceStale", "PresenceLedgerStuck")
CAN_WAIT: Final = (
    "PresenceUnusuallyFewParticipants",
    "PresenceUnusuallyManyParticipants",
    "PresenceRoomStuckOpen",
)
HELD_BACK: Final = {
    GONE: {*NAMES} - {GONE},
    **{cause: {DOWN, *FOLLOW, *CAN_WAIT} for cause in CAUSES},
    DOWN: {*FOLLOW, *CAN_WAIT},
    "PresenceStale": {*CAN_WAIT},
}
"""What each alert holds back, of the same job and source."""
