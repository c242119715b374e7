"""The keys of the ledger: where ended meetings are written down, and how the history is read.

Opens no database: that it cannot be reached is for a scrape to tell, which serves everything else.
"""

from exporter.config.database import URL_FORM, AddressFault, read_address
from exporter.config.document import Node
from exporter.config.place import Place
from exporter.config.readers import Optional, duration, text_of, whole
from exporter.config.secret import Origin, Secret
from exporter.config.secretkeys import OptionalSecret, secret_from_text
from exporter.config.settings import LedgerSettings
from exporter.config.tables import Key, Table, Values


def _inline_url(node: Node, at: Place) -> Secret:
    """Unlike other secrets, an address in the file need not hold one: that is found out later."""
    return secret_from_text(text_of(node, at, allowed=URL_FORM), at, origin=Origin.INLINE)


URL = OptionalSecret(
    name="url",
    meaning="the database; left out = in memory, which a restart forgets",
    form=URL_FORM,
    example="sqlite:////var/lib/presence-exporter/ledger.db",
    inline=_inline_url,
)
INTERVAL = Key(
    name="interval",
    reader=duration("0s", "1h"),
    default="60s",
    meaning="ended meetings are read this often at most; 0s = at each scrape",
    example="30s",
)
SETTLE = Key(
    name="settle",
    reader=duration("0s", "1h"),
    default="60s",
    meaning="a meeting counts once it was seen ended twice, this far apart and the same",
    example="2m",
)
OVERLAP = Key(
    name="overlap",
    reader=duration("0s", "1d"),
    default="30m",
    meaning="how late a meeting may be listed; for so long the history is read again",
    example="1h",
)
CATCH_UP = Key(
    name="catch_up",
    reader=duration("2h", "365d"),
    default="7d",
    meaning="how much of an outage is read later; what is older is a gap, and told by a counter",
    example="2d",
)
REQUESTS_PER_MINUTE = Key(
    name="requests_per_minute",
    reader=whole(1, 600),
    default="60",
    meaning="most requests for ended meetings, for each source; Daily allows an account 20 a second",
    example="30",
)
SINCE = Key(
    name="since",
    reader=Optional(duration("0s", "3650d")),
    default="null",
    meaning="the first start alone: count the meetings too that ended so long before; left out = none",
    example="30d",
)

_PLACES = {Origin.INLINE: "url", Origin.FILE: "url_file", Origin.ENVIRONMENT: "url_env"}


def _address(given: Secret | None, at: Place) -> Secret | None:
    """The address in the form that is used; None where there is none, or it says that there is none."""
    if given is None:
        return None
    inline = given.origin is Origin.INLINE
    place = at.key(_PLACES[given.origin])
    try:
        address = read_address(given.reveal(), folder=at.reading.folder)
    except AddressFault as fault:
        raise place.fault(f"{'' if inline else 'the URL there '}{fault}", fault.allowed) from None
    if inline and address.holds_password:
        at.reading.inline_secrets.append(place.path)
    return Secret(address.url, origin=given.origin, name=given.name) if address.url else None


def _ledger(values: Values, at: Place) -> LedgerSettings:
    # A run that found the last one longer ago than `catch_up` would skip what the overlap holds back.
    if values[OVERLAP] > values[CATCH_UP]:
        raise at.key("overlap").fault("is longer than catch_up", "a duration up to that of catch_up")
    return LedgerSettings(
        url=_address(values[URL], at),
        interval=values[INTERVAL],
        settle=values[SETTLE],
        overlap=values[OVERLAP],
        catch_up=values[CATCH_UP],
        requests_per_minute=values[REQUESTS_PER_MINUTE],
        since=values[SINCE],
    )


LEDGER = Key(
    name="ledger",
    reader=Table(
        entries=(URL, INTERVAL, SETTLE, OVERLAP, CATCH_UP, REQUESTS_PER_MINUTE, SINCE), build=_ledger
    ),
    default="{}",
    meaning="where ended meetings are written down, so that each is counted once",
    example='{url: "sqlite:///ledger.db"}',
)
