"""Each alert is proven from all sides by promtool's tests, in a form that old and new ones read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import promql_parser as promql
import pytest

from tests.kit.rulefiles import ALERTS, RECORDS, TESTS, promtool_test, promtool_tests, rules, samples

NAMES: Final = [alert.name for alert in rules(ALERTS)]
RECORDED: Final = [record.name for record in rules(RECORDS)]
MINUTES_WOULD_TAKE_TOO_LONG: Final = timedelta(minutes=5)
"""The steps of the file that looks back a week."""

each_alert = pytest.mark.parametrize("name", NAMES)


def checks(name: str) -> Iterator[tuple[dict[str, Any], timedelta, list[tuple[timedelta, list[Any]]]]]:
    """The tests about an alert, the time between two evaluations, and when which alerts are expected."""
    for file in TESTS:
        content = promtool_test(file)
        for test in content["tests"]:
            moments = [
                (promql.parse_duration(check["eval_time"]), check["exp_alerts"])
                for check in test.get("alert_rule_test", ())
                if check["alertname"] == name
            ]
            if moments:
                yield test, promql.parse_duration(content["evaluation_interval"]), sorted(moments, key=_when)


def _when(moment: tuple[timedelta, list[Any]]) -> timedelta:
    return moment[0]


def series(name: str) -> list[tuple[str, str]]:
    """All series with their values in the tests about an alert."""
    return [
        (each["series"], str(each["values"])) for test, _, _ in checks(name) for each in test["input_series"]
    ]


def fired(name: str) -> list[dict[str, Any]]:
    """All alerts of that name that are expected to fire."""
    return [alert for _, _, moments in checks(name) for _, alerts in moments for alert in alerts]


def test_tests_are_of_alerts_that_exist() -> None:
    """A misspelt name would be an alert that never fires, as it should not."""
    asked = {check["alertname"] for test in promtool_tests() for check in test.get("alert_rule_test", ())}
    queries = [check["expr"] for test in promtool_tests() for check in test.get("promql_expr_test", ())]

    assert asked == set(NAMES)
    assert set(re.findall(r'alertname="(\w+)"', " ".join(queries))) <= set(NAMES)


def test_old_and_new_promtool_read_the_tests() -> None:
    """Prometheus 2 refuses a file with a key that it does not know."""
    for file in TESTS:
        assert promtool_test(file).keys() == {"rule_files", "evaluation_interval", "tests"}
    for test in promtool_tests():
        assert test.keys() <= {"name", "interval", "input_series", "alert_rule_test", "promql_expr_test"}


def test_every_test_has_a_name_of_its_own() -> None:
    """By which a failure is found, and one test can be run."""
    names = [test["name"] for test in promtool_tests()]
    assert len(names) == len(set(names)) > len(NAMES)


@each_alert
def test_an_alert_fires_when_it_must_and_not_before(name: str) -> None:
    """It is looked at in that minute and in the one before."""
    seen = [
        (then - before, step)
        for _, step, moments in checks(name)
        for (before, quiet), (then, firing) in pairwise(moments)
        if len(quiet) < len(firing)
    ]
    assert any(between == step for between, step in seen)
    assert {step for _, step in seen} <= {timedelta(minutes=1), MINUTES_WOULD_TAKE_TOO_LONG}


@each_alert
def test_an_alert_ends(name: str) -> None:
    """In a test in which it has fired."""
    assert any(
        len(firing) > len(quiet)
        for _, _, moments in checks(name)
        for (_, firing), (_, quiet) in pairwise(moments)
    )


@each_alert
def test_an_alert_is_expected_with_all_that_it_says(name: str) -> None:
    """Every label and every annotation is written out."""
    [alert] = [rule for rule in rules(ALERTS) if rule.name == name]
    assert fired(name)
    for expected in fired(name):
        assert expected.keys() == {"exp_labels", "exp_annotations"}
        assert expected["exp_labels"].items() >= alert.body["labels"].items()
        assert expected["exp_annotations"].keys() == alert.annotations.keys()
        said = " ".join(expected["exp_annotations"].values())
        assert all(
            str(value) in said for label, value in expected["exp_labels"].items() if label not in _UNSAID
        )


_UNSAID: Final = {"severity", "service", "loss"}


@each_alert
def test_an_alert_is_tried_with_gaps_and_with_more_than_one_series(name: str) -> None:
    """Lost scrapes, series that end, and replicas or sources beside each other."""
    values = " ".join(each for _, each in series(name))
    assert re.search(r"\b_", values)
    assert "stale" in values
    assert len({re.sub(r"^\w+|, le=\"[^\"]*\"", "", each) for each, _ in series(name)}) > 1


@each_alert
def test_an_alert_on_counters_is_tried_with_one_that_begins_anew(name: str) -> None:
    """As at a restart of the exporter."""
    [alert] = [rule for rule in rules(ALERTS) if rule.name == name]
    if not re.search(r"\b(?:increase|rate)\(", alert.expr):
        return
    assert any(
        then < before
        for each, values in series(name)
        if "_total{" in each
        for before, then in pairwise(samples(values))
    )


@pytest.mark.parametrize("name", RECORDED)
def test_a_record_is_asked_for_its_values_and_for_its_absence(name: str) -> None:
    """With labels and values written out."""
    asked = [
        [sample["labels"] for sample in check["exp_samples"]]
        for test in promtool_tests()
        for check in test.get("promql_expr_test", ())
        if check["expr"] == name
    ]
    assert {len(samples) for samples in asked} >= {1, 2} or [] in asked
    assert all(label.startswith(name + "{") for samples in asked for label in samples)


def test_what_a_series_is_given_can_be_told() -> None:
    """Missing samples and ends are none."""
    assert samples("1x2 _ 0+2x3 stale _x4 9-1x1 7") == [1, 1, 1, 0, 2, 4, 6, 9, 8, 7]
