"""The keys of a Rocket.Chat source, and what its modes need."""

import re

from exporter.config.addresses import BaseUrl
from exporter.config.naming import KIND, LABEL_NAME, NAME
from exporter.config.place import Place
from exporter.config.readers import Flag, ListOf, OneOf, Optional, Text, duration
from exporter.config.secretkeys import required_secret
from exporter.config.sections import HTTP
from exporter.config.settings import ChatPresenceMode, RocketChatSettings, UserGroup
from exporter.config.tables import Key, MapOf, Table, Values

# A comma would ask for two users at once, so it can be in no id.
_USER_ID = Text(re.compile(r"[A-Za-z0-9._@-]{1,128}"), "an id of 1 to 128 letters, digits, and . _ @ -")

BASE_URL = Key(
    name="base_url",
    reader=BaseUrl(),
    default=None,
    meaning="the address of the workspace, without /api/v1",
    example="https://chat.example.org",
)
USER_ID = required_secret("user_id", "the id of the account that asks, beside its token")
AUTH_TOKEN = required_secret("auth_token", "a personal access token of that account")
PRESENCE = Key(
    name="presence",
    reader=OneOf(ChatPresenceMode),
    default="full",
    meaning="full = the full list; ids = only the members of the groups; off = none",
    example="full",
)
FULL_EVERY = Key(
    name="full_every",
    reader=duration("30s", "1h"),
    default=None,
    meaning="how often the full list is asked; between, only what changed, which the server tells in part",
    example="5m",
)
_DELTA_TABLE = Table(
    entries=(FULL_EVERY,),
    build=lambda values, _: values[FULL_EVERY],
    allowed="a mapping with the key full_every",
)
DELTA = Key(
    name="delta",
    reader=Optional(_DELTA_TABLE),
    default="null",
    meaning="asks for changes between full lists, with presence: full; left out = the full list each time",
    example="{full_every: 5m}",
)
EXCLUDE_IDS = Key(
    name="exclude_ids",
    reader=ListOf(reader=_USER_ID, allowed="a list of different user ids"),
    default="[rocket.cat]",
    meaning="users who are not counted; bots are in the list of users too",
    example="[rocket.cat, aobEdbYhXfu5hkeqG]",
)
USER_GROUPS = Key(
    name="groups",
    reader=MapOf(
        names=LABEL_NAME,
        reader=ListOf(reader=_USER_ID, allowed="a list of at least one user id, each once", least=1),
        make=UserGroup,
        allowed="a mapping of group names to lists of user ids",
    ),
    default="{}",
    meaning="users counted together, by id; a user may be in several groups",
    example="{oncall: [aobEdbYhXfu5hkeqG]}",
)
CONNECTIONS = Key(
    name="connections",
    reader=Flag(),
    default="false",
    meaning="whether the server's open connections are asked for; needs an administrator's account",
    example="true",
)


def _rocketchat(values: Values, at: Place) -> RocketChatSettings:
    presence = values[PRESENCE]
    if presence is ChatPresenceMode.IDS and not values[USER_GROUPS]:
        raise at.key("groups").fault("is empty", "presence: ids needs at least one group with ids here")
    if presence is ChatPresenceMode.OFF and not values[CONNECTIONS]:
        raise at.key("presence").fault("off with connections: false asks nothing", "switch one of them on")
    if presence is not ChatPresenceMode.FULL and values[DELTA] is not None:
        wrong = f"is of no use to presence: {presence}"
        raise at.key("delta").fault(wrong, "leave it out, or set presence: full")
    return RocketChatSettings(
        name=values[NAME],
        base_url=values[BASE_URL],
        user_id=values[USER_ID],
        auth_token=values[AUTH_TOKEN],
        presence=presence,
        full_every=values[DELTA],
        exclude_ids=values[EXCLUDE_IDS],
        groups=values[USER_GROUPS],
        connections=values[CONNECTIONS],
        http=values[HTTP],
    )


ROCKETCHAT = Table(
    entries=(
        NAME,
        KIND,
        BASE_URL,
        USER_ID,
        AUTH_TOKEN,
        PRESENCE,
        DELTA,
        EXCLUDE_IDS,
        USER_GROUPS,
        CONNECTIONS,
        HTTP,
    ),
    build=_rocketchat,
)
