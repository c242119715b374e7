"""The chart's files as tests look at them: values, schema, metadata, suites; runs nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.programs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

CHART: Final = PROJECT / "helm" / "presence-exporter"
AXES: Final = tuple(sorted((CHART / "ci").iterdir()))
"""Values, one file for each axis of the chart."""

SUITES: Final = tuple(sorted(path for path in (CHART / "tests").iterdir() if path.is_file()))


def metadata() -> dict[str, Any]:
    """What Chart.yaml says."""
    return dict(yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8")))


def values() -> dict[str, Any]:
    """The defaults."""
    return dict(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")))


def schema() -> dict[str, Any]:
    """What values may be."""
    return dict(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the schema: its path in the values and what may stand there, references followed."""

    path: tuple[str, ...]
    says: dict[str, Any]

    @property
    def name(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)


def places(document: dict[str, Any]) -> list[Place]:
    """Every place of a schema that has a name, from the top."""
    return list(_below(document, {}, ()))


def _below(document: dict[str, Any], says: dict[str, Any], path: tuple[str, ...]) -> Iterator[Place]:
    for name, below in (says or document).get("properties", {}).items():
        found = document["definitions"][below["$ref"].rpartition("/")[2]] if "$ref" in below else below
        yield Place((*path, name), found)
        if found.get("properties"):
            yield from _below(document, found, (*path, name))


def placed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Values that say one thing at one place."""
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def value_at(path: tuple[str, ...], found: Any) -> Any:
    """What stands at a place of values; a KeyError where nothing does."""
    for name in path:
        found = found[name]
    return found
