"""The configuration of the embedded simulated world: two sources whose names say that nothing is real."""

from exporter.config.secret import Origin, Secret
from exporter.config.settings import (
    BucketSettings,
    CollectSettings,
    Config,
    DailySettings,
    HttpSettings,
    RocketChatSettings,
    RoomGroup,
    RoomSettings,
    UserGroup,
)


def demo_config(
    *,
    daily_url: str,
    daily_key: str,
    chat_url: str,
    chat_user_id: str,
    chat_token: str,
    watch: tuple[str, ...] = (),
    room_groups: tuple[RoomGroup, ...] = (),
    user_groups: tuple[UserGroup, ...] = (),
    connections: bool = False,
) -> Config:
    """The sources `demo-daily` and `demo-rocketchat`, with the addresses and credentials of that world."""
    http = HttpSettings(proxy="none")
    daily = DailySettings(
        name="demo-daily",
        base_url=daily_url,
        api_key=Secret(daily_key, origin=Origin.INLINE),
        rooms=RoomSettings(watch=watch, groups=room_groups),
        http=http,
    )
    chat = RocketChatSettings(
        name="demo-rocketchat",
        base_url=chat_url,
        user_id=Secret(chat_user_id, origin=Origin.INLINE),
        auth_token=Secret(chat_token, origin=Origin.INLINE),
        groups=user_groups,
        connections=connections,
        http=http,
    )
    return Config(CollectSettings(), BucketSettings(), sources=(daily, chat))
