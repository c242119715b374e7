"""Serves the simulated vendors until a signal, and says how an exporter reaches them.

What it prints are the credentials of the simulated world, which are no secrets.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click
import structlog

from exporter.commands.demonstration import SEED
from exporter.commands.simulate.bridge import Bridge, BridgeServer
from exporter.commands.simulate.scenarios import SCENARIOS, check_scenario, moods_of, world_of
from exporter.demo import CHAT_ON_CALL, CHAT_TOKEN, CHAT_USER_ID, DAILY_KEY, DemoTransport
from exporter.errors import ConfigError
from exporter.web.guard import Limits
from exporter.web.listen import listen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.web.listen import Address

log = structlog.get_logger(__name__)

LIMITS: Final = Limits(header_seconds=60.0, idle_seconds=75)
"""A vendor has more patience than an exporter: its servers close an idle connection after 75 s."""

_CONFIGURATION: Final = """\
sources:
  - name: daily
    kind: daily
    base_url: http://{place}/v1
    api_key: {daily_key}
    rooms:
      watch: [all-hands, bridge-east, bridge-west]
      groups: {{support: "support-.*", visits: "visit-.*"}}
  - name: rocketchat
    kind: rocketchat
    base_url: http://{place}
    user_id: {chat_user}
    auth_token: {chat_token}
    groups:
      oncall: [{on_call}]
    connections: true
"""


def simulate(address: Address, scenarios: Sequence[str]) -> int:
    """Answer requests at the address as both vendors do, until a signal.

    Raises `ListenError` for a taken port, and `ConfigError` for a scenario that there is not.
    """
    _check(scenarios)
    sockets = listen([address])
    transport = DemoTransport(world_of(scenarios, seed=SEED), moods=moods_of(scenarios, seed=SEED))
    for scenario in scenarios:
        log.info("scenario", name=scenario, does=SCENARIOS[scenario.rpartition(":")[2]])
    server = BridgeServer(Bridge(transport), on_ready=_tell, limits=LIMITS)
    asyncio.run(server.serve(sockets=sockets))
    return 0


def environment(place: str) -> list[str]:
    """The variables with which an exporter asks what listens there, as a shell reads them."""
    return [
        f"DAILY_API_URL=http://{place}/v1",
        f"DAILY_API_KEY={DAILY_KEY}",
        f"ROCKETCHAT_URL=http://{place}",
        f"ROCKETCHAT_USER_ID={CHAT_USER_ID}",
        f"ROCKETCHAT_AUTH_TOKEN={CHAT_TOKEN}",
    ]


def configuration(place: str) -> str:
    """A configuration file that asks what listens there, with groups: what variables cannot say."""
    return _CONFIGURATION.format(
        place=place,
        daily_key=DAILY_KEY,
        chat_user=CHAT_USER_ID,
        chat_token=CHAT_TOKEN,
        on_call=", ".join(CHAT_ON_CALL),
    )


def _tell(places: Sequence[str]) -> None:
    click.echo("Nothing here is real. An exporter with these variables asks this world:")
    for line in environment(places[0]):
        click.echo(line)
    click.echo(
        "\nWith this configuration file it also knows who is on call, and which rooms belong together:"
    )
    click.echo(configuration(places[0]), nl=False)


def _check(scenarios: Sequence[str]) -> None:
    for scenario in scenarios:
        try:
            check_scenario(scenario)
        except ValueError as fault:
            raise ConfigError(f"--scenario: {fault}") from None
