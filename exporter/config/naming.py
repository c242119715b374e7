"""The keys that every source has, and the form of the names in them; knows no vendor."""

import re

from exporter.config.readers import OneOf, Text
from exporter.config.settings import SourceKind
from exporter.config.tables import Key

LABEL_NAME = Text(re.compile(r"[a-zA-Z0-9_-]{1,64}"), "1 to 64 letters, digits, _ and -")
"""Names that become label values: of sources, and of groups."""

NAME = Key(
    name="name",
    reader=LABEL_NAME,
    default=None,
    meaning="the value of the label `source`; no two sources share one",
    example="acme",
)
KIND = Key(
    name="kind",
    reader=OneOf(SourceKind),
    default=None,
    meaning="the vendor, which decides the keys beside it",
    example="daily",
)
