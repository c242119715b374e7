"""The web configuration file as one declaration: its sections and their keys, as the toolkit has them.

docs/web-config.md has a row for each; those of TLS are declared in `encryption`.
"""

from __future__ import annotations

import re
from typing import Final

from exporter.config.place import Place
from exporter.config.readers import Flag, Text, whole
from exporter.config.tables import Key, MapOf, Table, Values
from exporter.web.security.encryption import TLS
from exporter.web.security.readers import HeaderValue, Interval, PasswordHash, Unset
from exporter.web.security.settings import RateLimit, Settings


def _header(name: str, meaning: str, *choices: str, example: str) -> Key[str | None]:
    return Key(
        name=name, reader=Unset(HeaderValue(choices)), default="null", meaning=meaning, example=example
    )


HEADERS: Final = (
    _header(
        "Content-Security-Policy",
        "for answers that have none of their own; the pages for people have",
        example="\"default-src 'self'\"",
    ),
    _header("X-Frame-Options", "who may show a page in a frame", "deny", "sameorigin", example="deny"),
    _header("X-Content-Type-Options", "whether a browser may guess types", "nosniff", example="nosniff"),
    _header("X-XSS-Protection", "for browsers of old", example='"0"'),
    _header("Strict-Transport-Security", "makes browsers insist on TLS", example="max-age=31536000"),
)


def _headers(values: Values, _: Place) -> tuple[tuple[str, str], ...]:
    return tuple((key.name, value) for key in HEADERS if (value := values[key]) is not None)


HTTP2 = Key(
    name="http2",
    reader=Flag(),
    default="true",
    meaning="without effect: HTTP/1.1 is what is spoken",
    example="false",
)
ADDED = Key(
    name="headers",
    reader=Table(entries=HEADERS, build=_headers),
    default="{}",
    meaning="headers for every answer",
    example="{X-Frame-Options: deny}",
)
HTTP = Key(
    name="http_server_config",
    reader=Table(entries=(HTTP2, ADDED), build=lambda values, _: values[ADDED]),
    default="{}",
    meaning="HTTP/2, and headers for every answer",
    example="{headers: {X-Frame-Options: deny}}",
)

USERS = Key(
    name="basic_auth_users",
    reader=MapOf(
        names=Text(
            re.compile(r"[^:\x00-\x1f\x7f]{0,255}"), "a name of up to 255 characters, without a colon"
        ),
        reader=PasswordHash(),
        make=lambda name, hashed: (name, hashed),
        allowed="a mapping of names to bcrypt hashes",
    ),
    default="{}",
    meaning="who may ask, and the bcrypt hash of each one's password; nobody = everybody",
    example="{prometheus: $2y$10$…}",
)

INTERVAL = Key(
    name="interval",
    reader=Interval(),
    default="0",
    meaning="one request is let through in this time; 0 means no limit",
    example="100ms",
)
BURST = Key(
    name="burst",
    reader=whole(0, 10**6),
    default="0",
    meaning="so many more may come at once; at least 1 where there is an interval",
    example="20",
)


def _rate_limit(values: Values, at: Place) -> RateLimit | None:
    if values[INTERVAL] == 0:
        return None
    if values[BURST] == 0:
        raise at.key("burst").fault("0 lets no request through at all", "at least 1, or interval: 0")
    return RateLimit(values[INTERVAL], values[BURST])


RATE_LIMIT = Key(
    name="rate_limit",
    reader=Table(entries=(INTERVAL, BURST), build=_rate_limit),
    default="{}",
    meaning="how many requests are answered, of all clients together; further ones get a 429",
    example="{interval: 100ms, burst: 20}",
)


def _settings(values: Values, at: Place) -> Settings:
    users = dict(values[USERS])
    if users and values[TLS] is None:
        at.key("basic_auth_users").warn("passwords cross the network unencrypted without tls_server_config")
    return Settings(tls=values[TLS], headers=values[HTTP], users=users, rate_limit=values[RATE_LIMIT])


ROOT = Table(
    entries=(TLS, HTTP, USERS, RATE_LIMIT),
    build=_settings,
    allowed="a mapping with the keys of a web configuration file",
)
