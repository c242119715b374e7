"""The configuration in force as the YAML of its file, with all that is to be kept back taken out.

Pure: settings in, text out. `<secret>` stands for every secret and for the user-info and the query of every
URL, a count for ids of people, and, where `rooms.label` is not plain, also for what the file says of rooms.
With these put back it is a file that loads, and means the same.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import yaml

from exporter.config.secret import Origin, Secret
from exporter.config.settings import (
    BucketSettings,
    Config,
    DailySettings,
    HttpSettings,
    LedgerSettings,
    RocketChatSettings,
    RoomSettings,
    SourceSettings,
)
from exporter.config.units import format_duration, format_size
from exporter.rooms import RoomLabel

SECRET: Final = "<secret>"  # noqa: S105 - stands in the place of one
EXPRESSION: Final = "<expression>"

IN_MEMORY: Final = "sqlite://"

HEADING: Final = (
    "# The configuration in force, with every default. What stands in < > is kept back:\n"
    "# secrets, ids of people, and where rooms.label is not plain, names of rooms.\n"
)

_BOT: Final = ("rocket.cat",)
"""The default of `exclude_ids`, which is nobody's id."""

# Nearly every text is one of these, and asking the library takes a hundred times as long.
_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./:-]*[A-Za-z0-9_/])?")
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key, its value as YAML or as entries of its own, and a comment behind it."""

    key: str
    value: "str | _Entries"
    comment: str = ""


_Entries: TypeAlias = tuple[_Entry, ...]


def redacted(config: Config) -> str:
    """The text of the file that would say all this, with nothing in it that must stay here."""
    collect = config.collect
    entries = (
        _Entry(
            "collect",
            (
                _Entry("timeout", format_duration(collect.timeout)),
                _Entry("min_interval", format_duration(collect.min_interval)),
                _Entry("max_response_bytes", format_size(collect.max_response_bytes)),
            ),
        ),
        _Entry("ledger", _ledger(config.ledger)),
        _Entry("buckets", _buckets(config.buckets)),
        _Entry("exemplars", _flag(config.exemplars)),
    )
    return HEADING + "".join(f"{line}\n" for line in (*_lines(entries), *_sources(config.sources)))


def shown_url(url: str) -> str:
    """A URL without what may be secret in it: the user-info, the query, the fragment."""
    scheme, separator, rest = url.partition("://")
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    mark = rest[len(place) : len(place) + 1]
    _, at, host = place.rpartition("@")
    return f"{scheme}{separator}{SECRET + at if at else ''}{host}{mark + SECRET if mark else ''}"


def _ledger(ledger: LedgerSettings) -> _Entries:
    url = _Entry("url", IN_MEMORY, "in memory, which a restart forgets")
    if ledger.url is not None:
        url = _Entry("url", _url(ledger.url.reveal()), _origin(ledger.url))
    return (
        url,
        _Entry("interval", format_duration(ledger.interval)),
        _Entry("settle", format_duration(ledger.settle)),
        _Entry("overlap", format_duration(ledger.overlap)),
        _Entry("catch_up", format_duration(ledger.catch_up)),
        _Entry("requests_per_minute", str(ledger.requests_per_minute)),
        _Entry("since", "null" if ledger.since is None else format_duration(ledger.since)),
    )


def _buckets(buckets: BucketSettings) -> _Entries:
    return tuple(_Entry(family, _flow(map(_number, buckets.of(family)))) for family in buckets)


def _sources(sources: Sequence[SourceSettings]) -> Iterator[str]:
    yield "sources:"
    for source in sources:
        entries = _daily(source) if isinstance(source, DailySettings) else _rocketchat(source)
        for number, line in enumerate(_lines(entries)):
            yield f"  {'  ' if number else '- '}{line}"


def _daily(source: DailySettings) -> _Entries:
    return (
        _Entry("name", _text(source.name)),
        _Entry("kind", str(source.kind)),
        _Entry("base_url", _url(source.base_url)),
        _secret("api_key", source.api_key),
        _Entry("presence", str(source.presence)),
        _Entry("meetings", _flag(source.meetings)),
        _Entry("rooms", _rooms(source.rooms)),
        _Entry("http", _http(source.http)),
    )


def _rooms(rooms: RoomSettings) -> _Entries:
    plain = rooms.label is RoomLabel.PLAIN

    def expression(pattern: re.Pattern[str] | None) -> str:
        if pattern is None:
            return "null"
        return _text(pattern.pattern) if plain else EXPRESSION

    watch = _flow(map(_text, rooms.watch)) if plain else _count(rooms.watch, "room")
    entries = (
        _Entry("watch", watch),
        _Entry("include", expression(rooms.include)),
        _Entry("exclude", expression(rooms.exclude)),
        _Entry("groups", tuple(_Entry(_text(each.name), expression(each.pattern)) for each in rooms.groups)),
        _Entry("limit", str(rooms.limit)),
        _Entry("label", str(rooms.label)),
    )
    return entries if rooms.hash_key is None else (*entries, _secret("hash_key", rooms.hash_key))


def _rocketchat(source: RocketChatSettings) -> _Entries:
    delta: str | _Entries = "null"
    if source.full_every is not None:
        delta = (_Entry("full_every", format_duration(source.full_every)),)
    bot_alone = source.exclude_ids == _BOT
    return (
        _Entry("name", _text(source.name)),
        _Entry("kind", str(source.kind)),
        _Entry("base_url", _url(source.base_url)),
        _secret("user_id", source.user_id),
        _secret("auth_token", source.auth_token),
        _Entry("presence", str(source.presence)),
        _Entry("delta", delta),
        _Entry("exclude_ids", _flow(_BOT) if bot_alone else _count(source.exclude_ids, "id")),
        _Entry("groups", tuple(_Entry(_text(each.name), _count(each.ids, "id")) for each in source.groups)),
        _Entry("connections", _flag(source.connections)),
        _Entry("http", _http(source.http)),
    )


def _http(http: HttpSettings) -> _Entries:
    proxy = http.proxy if isinstance(http.proxy, str) else _url(http.proxy.reveal())
    return (
        _Entry("connect_timeout", format_duration(http.connect_timeout)),
        _Entry("proxy", proxy),
        _Entry("ca_file", "null" if http.ca_file is None else _text(str(http.ca_file))),
        _Entry("max_connections", str(http.max_connections)),
    )


def _secret(key: str, secret: Secret) -> _Entry:
    return _Entry(key, SECRET, _origin(secret))


def _origin(secret: Secret) -> str:
    """Where a secret is read from; an odd path could end the comment, and is left out."""
    name = secret.name if secret.name.isprintable() else "of that name"
    words = {Origin.FILE: f"from the file {name}", Origin.ENVIRONMENT: f"from the variable {name}"}
    return words.get(secret.origin, "")


def _lines(entries: _Entries) -> Iterator[str]:
    for entry in entries:
        comment = f"  # {entry.comment}" if entry.comment else ""
        if isinstance(entry.value, str) or not entry.value:
            yield f"{entry.key}: {entry.value or '{}'}{comment}"
        else:
            yield f"{entry.key}:"
            yield from (f"  {line}" for line in _lines(entry.value))


def _flow(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _count(items: Sequence[str], noun: str) -> str:
    return _flow([f"<{len(items)} {noun}{'s' if len(items) > 1 else ''}>"] if items else [])


def _flag(value: bool) -> str:  # noqa: FBT001 - it is the value itself
    return str(value).lower()


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _url(url: str) -> str:
    """A URL; in quotes where something is to be put back, since that may end in what YAML reads otherwise."""
    shown = shown_url(url)
    return _text(shown) if shown == url else _written(shown, style="'")


def _text(text: str) -> str:
    """A text as one scalar on one line, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return _written(text, style=None if text.isprintable() else '"')


def _written(text: str, *, style: str | None) -> str:
    """As the library writes it; between double quotes it writes what cannot be printed as codes."""
    unicode = style != '"'
    pair: str = yaml.safe_dump({"": text}, default_style=style, allow_unicode=unicode, width=math.inf)
    return pair.partition(": ")[2].rstrip("\n")
