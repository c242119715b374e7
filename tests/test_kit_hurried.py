"""A configuration that is hurried differs in the durations that are named, and in nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.kit.hurried import ROUTES, RULES, hurried, milliseconds
from tests.programs import PROJECT

FILES = [("rules/presence.alerts.yml", RULES), ("alertmanager/alertmanager.yml", ROUTES)]


def without(value: Any, keys: frozenset[str]) -> Any:
    """The same document, with nothing under these keys."""
    match value:
        case dict():
            return {key: None if key in keys else without(inner, keys) for key, inner in value.items()}
        case list():
            return [without(inner, keys) for inner in value]
    return value


@pytest.mark.parametrize("name, keys", FILES)
def test_nothing_else_changes(name: str, keys: frozenset[str]) -> None:
    """Expressions, labels, annotations, receivers and all other durations are those of the file."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    changed = yaml.safe_load(hurried(text, keys=keys, factor=0.01))
    assert changed != yaml.safe_load(text)
    assert without(changed, keys) == without(yaml.safe_load(text), keys)


def test_the_named_durations_take_one_factor() -> None:
    """Wherever they stand; a window in an expression is none of them."""
    text = "groups: [{interval: 1m, rules: [{expr: 'x[5m]', for: 1h30m}, {for: 0s}]}]"
    assert yaml.safe_load(hurried(text, keys=RULES, factor=0.01)) == {
        "groups": [{"interval": "600ms", "rules": [{"expr": "x[5m]", "for": "54000ms"}, {"for": "0ms"}]}]
    }


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "1y", "-1m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A test would wait for something else than it says."""
    with pytest.raises(ValueError, match="no duration"):
        milliseconds(text)
