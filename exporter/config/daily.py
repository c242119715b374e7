"""The keys of a Daily source and of its rooms, and what its modes need."""

from exporter.config.addresses import BaseUrl
from exporter.config.naming import KIND, LABEL_NAME, NAME
from exporter.config.place import Place
from exporter.config.readers import Expression, Flag, ListOf, OneOf, Optional, Text, listed, whole
from exporter.config.secretkeys import OptionalSecret, required_secret
from exporter.config.sections import HTTP
from exporter.config.settings import DailySettings, PresenceMode, RoomGroup, RoomSettings
from exporter.config.tables import Key, MapOf, Table, Values
from exporter.rooms import ROOM_NAME, RoomLabel

WATCH = Key(
    name="watch",
    reader=ListOf(
        reader=Text(ROOM_NAME, "1 to 128 letters, digits, _ and -"), allowed="a list of different room names"
    ),
    default="[]",
    meaning="rooms that filters and limit never hide: always shown, with 0 when empty",
    example="[frontdesk]",
)
INCLUDE = Key(
    name="include",
    reader=Optional(Expression()),
    default="null",
    meaning="only rooms whose whole name fits get series; totals and histograms count everyone",
    example='"support-.*"',
)
EXCLUDE = Key(
    name="exclude",
    reader=Optional(Expression()),
    default="null",
    meaning="rooms whose whole name fits get no series; totals and histograms count everyone",
    example='"test-.*"',
)
ROOM_GROUPS = Key(
    name="groups",
    reader=MapOf(
        names=LABEL_NAME,
        reader=Expression(),
        make=RoomGroup,
        allowed="a mapping of group names to expressions",
    ),
    default="{}",
    meaning="rooms counted together, by an expression for the whole name; a room may be in several groups",
    example='{support: "support-.*"}',
)
LIMIT = Key(
    name="limit",
    reader=whole(0, 100_000),
    default="500",
    meaning="most rooms with a series, watched ones apart; the biggest are shown, the rest is folded",
    example="100",
)
LABEL = Key(
    name="label",
    reader=OneOf(RoomLabel),
    default="plain",
    meaning="what the label `room` shows: the name, or a keyed hash of it; off = no series per room",
    example="off",
)
HASH_KEY = OptionalSecret(name="hash_key", meaning="the key of `label: hash`; no other label takes one")


def _rooms(values: Values, at: Place) -> RoomSettings:
    hashed = values[LABEL] is RoomLabel.HASH
    if hashed and values[HASH_KEY] is None:
        allowed = f"label: hash needs exactly one of {listed(HASH_KEY.names)}"
        raise at.key("hash_key").fault("is missing", allowed)
    if not hashed and values[HASH_KEY] is not None:
        wrong = f"is of no use to label: {values[LABEL]}"
        raise at.key("hash_key").fault(wrong, "leave it out, or set label: hash")
    return RoomSettings(
        watch=values[WATCH],
        include=values[INCLUDE],
        exclude=values[EXCLUDE],
        groups=values[ROOM_GROUPS],
        limit=values[LIMIT],
        label=values[LABEL],
        hash_key=values[HASH_KEY],
    )


BASE_URL = Key(
    name="base_url",
    reader=BaseUrl(),
    default="https://api.daily.co/v1",
    meaning="the address of the API, with its version",
    example="https://api.daily.co/v1",
)
API_KEY = required_secret("api_key", "the API key of the domain, from the developers' page of its dashboard")
PRESENCE = Key(
    name="presence",
    reader=OneOf(PresenceMode),
    default="domain",
    meaning="domain = one request for all rooms; rooms = one for each watched room, no totals; off = none",
    example="off",
)
MEETINGS = Key(
    name="meetings",
    reader=Flag(),
    default="true",
    meaning="whether the ongoing meetings are asked for",
    example="false",
)
ROOMS = Key(
    name="rooms",
    reader=Table(
        entries=(WATCH, INCLUDE, EXCLUDE, ROOM_GROUPS, LIMIT, LABEL, HASH_KEY),
        build=_rooms,
    ),
    default="{}",
    meaning="which rooms get a series of their own, and under which name",
    example="{watch: [frontdesk], limit: 100}",
)


def _daily(values: Values, at: Place) -> DailySettings:
    presence, rooms = values[PRESENCE], values[ROOMS]
    if presence is PresenceMode.ROOMS and not rooms.watch:
        raise at.key("rooms").key("watch").fault("is empty", "presence: rooms needs at least one room here")
    if presence is PresenceMode.OFF and not values[MEETINGS]:
        raise at.key("presence").fault("off with meetings: false asks nothing", "switch one of them on")
    return DailySettings(
        name=values[NAME],
        base_url=values[BASE_URL],
        api_key=values[API_KEY],
        presence=presence,
        meetings=values[MEETINGS],
        rooms=rooms,
        http=values[HTTP],
    )


DAILY = Table(
    entries=(NAME, KIND, BASE_URL, API_KEY, PRESENCE, MEETINGS, ROOMS, HTTP),
    build=_daily,
)
