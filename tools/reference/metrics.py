"""The page docs/metrics.md: what the code says of its metrics, beside what people say in metrics.yml.

Names, types, labels, HELP, reasons and buckets come from the code, and every one of them must have its words
there: one that is missing or too many is an error. It writes no file.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from exporter.config import BucketSettings
from exporter.metrics.catalogue import Family
from exporter.model import Reason
from tools.reference.families import families

WORDS: Final = Path(__file__).with_name("metrics.yml")
"""What people say."""

NOTE: Final = "<!-- Written by `make reference` from the code and tools/reference/metrics.yml. -->"

_WIDTH: Final = 120
_TYPES: Final = {"gaugehistogram": "gauge histogram"}


class Mismatch(Exception):
    """The words are not those that the code needs; the message names what is missing and what is too many."""


class MetricWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a metric; `example` is the sentence that `query` answers."""

    meaning: str
    absent: str
    example: str
    query: str


class ReasonWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a reason."""

    happened: str
    advice: str


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One heading with what stands below it: text, at most one table, more text; `each` adds all examples.

    `buckets` says what else has the buckets of a family.
    """

    heading: str
    text: str = ""
    metrics: dict[str, MetricWords] = {}
    reasons: dict[str, ReasonWords] = {}
    buckets: dict[str, str] = {}
    after: str = ""
    each: bool = False


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All parts of the page, in their order."""

    parts: list[Part]

    @property
    def metrics(self) -> dict[str, MetricWords]:
        """Those of all parts."""
        return {name: said for part in self.parts for name, said in part.metrics.items()}


def words(document: bytes) -> Words:
    """Read what people say; raises `msgspec.ValidationError` where it has another shape."""
    return msgspec.yaml.decode(document, type=Words)


def reference(said: Words) -> str:
    """The whole page; raises `Mismatch` where the code has something else to be described."""
    known = families()
    _compare("metrics", [name for part in said.parts for name in part.metrics], known=known)
    _compare("reasons", [name for part in said.parts for name in part.reasons], known=[*Reason])
    blocks = [block for part in said.parts for block in _part(part, said=said, known=known)]
    return "\n\n".join([NOTE, *blocks]) + "\n"


def _compare(what: str, said: Collection[str], *, known: Collection[str]) -> None:
    missing, superfluous = sorted(set(known) - set(said)), sorted(set(said) - set(known))
    if missing or superfluous or len(said) != len(known):
        raise Mismatch(f"{what} without words: {missing}; words for none: {superfluous}; each once")


def _part(part: Part, *, said: Words, known: Mapping[str, Family]) -> Iterator[str]:
    yield part.heading
    if part.text:
        yield part.text.strip()
    if part.metrics:
        yield _table(
            ("metric", "type", "labels", "meaning", "absent when"),
            [_row(known[name], words) for name, words in part.metrics.items()],
        )
    if part.reasons:
        yield _table(
            ("reason", "what happened", "what to do"),
            [(f"`{name}`", words.happened, words.advice) for name, words in part.reasons.items()],
        )
    if part.buckets:
        yield _table(("family", "buckets"), list(_buckets(part.buckets)))
    if part.after:
        yield part.after.strip()
    if part.each:
        for name, words in said.metrics.items():
            yield from _entry(known[name], words)


def _row(family: Family, said: MetricWords) -> tuple[str, ...]:
    name = f"[`{family.name}`](#{family.name})"
    return name, _type(family), _labels(family), said.meaning, said.absent


def _entry(family: Family, said: MetricWords) -> Iterator[str]:
    yield f"### `{family.name}`"
    yield f"{_type(family)}{' by ' if family.labels else ''}{_labels(family)}.".capitalize()
    yield textwrap.fill(
        family.help, _WIDTH, initial_indent="> ", subsequent_indent="> ", break_on_hyphens=False
    )
    yield f"{said.example}:"
    yield f"```promql\n{said.query.strip()}\n```"


def _type(family: Family) -> str:
    return _TYPES.get(family.type, family.type)


def _labels(family: Family) -> str:
    return ", ".join(f"`{label}`" for label in family.labels)


def _buckets(beside: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    settings = BucketSettings()
    alike: defaultdict[tuple[float, ...], list[str]] = defaultdict(list)
    for name in settings:
        alike[settings.of(name)].append(name)
    for bounds, names in alike.items():
        also = [beside[name] for name in names if name in beside]
        yield ", ".join([*(f"`{name}`" for name in names), *also]), " ".join(f"{end:g}" for end in bounds)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
