"""The configuration: frozen values, their defaults, and the messages about what is wrong with them.

From the bottom: `units`, `files`, `sight`, `secret` and `settings` are values; `place` words the messages;
`document` reads YAML; `readers`, `addresses`, `database`, `secretkeys` and `tables` read values and mappings
of them; `sections`, `ledger`, `naming`, `daily`, `rocketchat`, `schema` declare our keys; `load`,
`environment` and `demonstration` make a `Config`, and `redacted` writes it for people. None of it knows the
command line, the log or the network.
"""

from exporter.config.database import sqlite_file
from exporter.config.demonstration import demo_config
from exporter.config.environment import from_environment
from exporter.config.fixed import refuse_fixed
from exporter.config.load import Loaded, load_file
from exporter.config.redacted import redacted
from exporter.config.secret import Origin, Secret
from exporter.config.settings import (
    BucketSettings,
    ChatPresenceMode,
    CollectSettings,
    Config,
    DailySettings,
    HttpSettings,
    LedgerSettings,
    PresenceMode,
    ProxySetting,
    RocketChatSettings,
    RoomGroup,
    RoomSettings,
    SourceKind,
    SourceSettings,
    UserGroup,
)
from exporter.rooms import RoomLabel

__all__ = [
    "BucketSettings",
    "ChatPresenceMode",
    "CollectSettings",
    "Config",
    "DailySettings",
    "HttpSettings",
    "LedgerSettings",
    "Loaded",
    "Origin",
    "PresenceMode",
    "ProxySetting",
    "RocketChatSettings",
    "RoomGroup",
    "RoomLabel",
    "RoomSettings",
    "Secret",
    "SourceKind",
    "SourceSettings",
    "UserGroup",
    "demo_config",
    "from_environment",
    "load_file",
    "redacted",
    "refuse_fixed",
    "sqlite_file",
]
