"""The demo: the simulated world's addresses and credentials as a configuration, and the way into it."""

import re
from typing import Final

import httpx

from exporter.config import Loaded, RoomGroup, UserGroup, demo_config
from exporter.demo import (
    CHAT_ON_CALL,
    CHAT_TOKEN,
    CHAT_URL,
    CHAT_USER_ID,
    DAILY_KEY,
    DAILY_URL,
    DailyDomain,
    DemoTransport,
    World,
    mildly,
)

NOTE: Final = "Nothing here is real: this is the demo, and both vendors are simulated inside this process."

SEED: Final = "presence-exporter"


def demonstration() -> tuple[Loaded, httpx.AsyncBaseTransport]:
    """The configuration of the simulated world, and the transport that leads there and nowhere else."""
    config = demo_config(
        daily_url=DAILY_URL,
        daily_key=DAILY_KEY,
        chat_url=CHAT_URL,
        chat_user_id=CHAT_USER_ID,
        chat_token=CHAT_TOKEN,
        watch=("all-hands", "bridge-east", "bridge-west"),
        room_groups=(
            RoomGroup("support", re.compile("support-.*")),
            RoomGroup("visits", re.compile("visit-.*")),
        ),
        user_groups=(UserGroup("oncall", CHAT_ON_CALL),),
        connections=True,
    )
    world = World(SEED, daily=DailyDomain(SEED, teller=mildly(SEED)))
    return Loaded(config, ()), DemoTransport(world)
