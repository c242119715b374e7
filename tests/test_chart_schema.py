"""The schema of the chart's values: it takes the defaults, every axis, and nothing that nobody knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest
import yaml

from tests.kit import chart
from tests.kit.chart import Place
from tests.programs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA: Final = chart.schema()
PLACES: Final = chart.places(SCHEMA)
JUDGE: Final = jsonschema.Draft7Validator(SCHEMA)
OTHER_TYPES: Final[dict[str, object]] = {
    "string": 7,
    "integer": "seven",
    "number": "seven",
    "boolean": "yes",
    "object": "seven",
    "array": "seven",
}
OPTIONAL: Final = {
    "for", "keepFiringFor", "severity", "labels", "annotations",  # of each alert
    "initialDelaySeconds", "successThreshold", "terminationGracePeriodSeconds",
    "httpGet", "exec", "tcpSocket", "grpc",  # of each probe
    "limits", "requests", "claims", "whenDeleted", "whenScaled",
}  # fmt: skip
"""Keys that may be given where the defaults have none."""


def everywhere(says: object) -> Iterator[dict[str, Any]]:
    """Every mapping of a schema."""
    if isinstance(says, dict):
        yield says
        for below in says.values():
            yield from everywhere(below)
    elif isinstance(says, list):
        for below in says:
            yield from everywhere(below)


def faults(values: object) -> list[str]:
    """The paths at which values are refused."""
    return [".".join(map(str, fault.absolute_path)) for fault in JUDGE.iter_errors(values)]


def test_the_schema_is_one_that_both_helms_read() -> None:
    """Draft 7, and nothing that would be fetched from elsewhere."""
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    references = {says["$ref"] for says in everywhere(SCHEMA) if "$ref" in says}
    assert references
    assert all(reference.startswith("#/definitions/") for reference in references)


def test_what_has_names_refuses_others() -> None:
    """A misspelt value would change nothing and say nothing."""
    open_ones = [
        says for says in everywhere(SCHEMA) if says.get("properties") and says.get("type") == "object"
    ]
    assert len(open_ones) > 20
    assert [says for says in open_ones if says.get("additionalProperties") is not False] == []


def test_the_defaults_are_good_and_no_place_is_without_one() -> None:
    """The schema and the defaults have the same places."""
    defaults = chart.values()
    assert faults(defaults) == []
    missing = []
    for place in PLACES:
        try:
            chart.value_at(place.path, defaults)
        except (KeyError, TypeError):
            missing.append(place)
    assert {place.name for place in missing if place.path[-1] not in OPTIONAL} == set()


@pytest.mark.parametrize("file", chart.AXES, ids=lambda path: path.stem)
def test_every_axis_is_good(file: Path) -> None:
    """What the continuous checks install is taken."""
    assert faults(yaml.safe_load(file.read_text(encoding="utf-8"))) == []


def examples() -> list[dict[str, Any]]:
    """The values that the document shows; what is not for the chart says so in its first line."""
    text = (PROJECT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(block) for block in blocks if not block.startswith("# prometheus.yml")]


def test_the_documents_examples_are_good() -> None:
    """Each can be copied into a file of values."""
    assert len(examples()) > 3
    assert [faults(example) for example in examples()] == [[] for _ in examples()]


def wrong_type(place: Place) -> object:
    """A value of none of the types that may stand there."""
    said = place.says.get("type")
    return OTHER_TYPES[said] if isinstance(said, str) else ["seven"]


def test_a_value_of_another_type_is_refused() -> None:
    """At every place there is."""
    assert len(PLACES) > 300
    taken = [
        place for place in PLACES if place.name not in faults(chart.placed(place.path, wrong_type(place)))
    ]
    assert taken == []


def test_an_unknown_name_is_refused() -> None:
    """At every place that has names."""
    named = [place for place in PLACES if place.says.get("additionalProperties") is False]
    assert len(named) > 50
    unknown = {"nobodyKnowsThis": 1}
    assert [place for place in named if place.name not in faults(chart.placed(place.path, unknown))] == []


def test_a_word_that_is_none_of_those_is_refused() -> None:
    """Blanks and a bracket are in no name, address or duration that is taken."""
    worded = [place for place in PLACES if "enum" in place.says or "pattern" in place.says]
    assert len(worded) > 100
    word = "] no such thing ["
    assert [place for place in worded if place.name not in faults(chart.placed(place.path, word))] == []


def test_a_number_beyond_its_bounds_is_refused() -> None:
    """No port is 0, and no share is above 1."""
    beyond = [
        (place, place.says[bound] + step)
        for place in PLACES
        for bound, step in (("minimum", -1), ("maximum", 1))
        if bound in place.says
    ]
    assert len(beyond) > 50
    taken = [(place.name, number) for place, number in beyond if not faults(chart.placed(place.path, number))]
    assert taken == []


@pytest.mark.parametrize(
    "path, wrong",
    [
        (("image", "repository"), ""),
        (("dashboards", "label"), ""),
        (("dashboards", "labelValue"), "x" * 64),
        (("prometheusOperator", "releaseLabel"), "x" * 64),
        (("prometheusRule", "alerts", "PresenceAuthRefused", "reasons"), ""),
        (("web", "config", "certificateKeys"), []),
        (("dashboards", "boards"), ["chat", "chat"]),
        (("dashboards", "boards"), ["hall"]),
        (("service", "ipFamilies"), ["IPv4", "IPv6", "IPv4"]),
        (("service", "ipFamilies"), ["IPv5"]),
        (("credentials",), {"a/b": {"value": "k"}}),
        (("credentials",), {"a": {"secret": "k"}}),
        (("credentials",), {"a": {"existingSecret": {"name": "s"}}}),
        (("extraEnv",), [{"value": "k"}]),
        (("extraEnv",), [{"name": "a", "value": 1}]),
        (("imagePullSecrets",), [{"secret": "k"}]),
        (("commonLabels",), {"a": 1}),
        (("podAnnotations",), {"a": True}),
        (("extraManifests",), [7]),
        (("web", "listenAddresses"), ["10458"]),
        (("podDisruptionBudget", "minAvailable"), "half"),
        (("prometheusRule", "additionalGroups"), [{"name": "a"}]),
    ],
)
def test_what_is_wrong_in_its_own_way_is_refused(path: tuple[str, ...], wrong: object) -> None:
    """The other constraints, one by one."""
    name = ".".join(path)
    assert any(fault == name or fault.startswith(f"{name}.") for fault in faults(chart.placed(path, wrong)))
