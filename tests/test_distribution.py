"""Values are counted into buckets as by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.distribution import Tally, distribute, distribute_known
from exporter.model import Distribution

BOUNDS = st.lists(
    st.one_of(st.integers(1, 100), st.floats(0.01, 1e6)), unique=True, min_size=1, max_size=8
).map(lambda bounds: tuple(float(bound) for bound in sorted(bounds)))

VALUES = st.lists(st.one_of(st.integers(0, 100), st.floats(0.0, 2e6)), max_size=40)


def naive(values: list[float], bounds: tuple[float, ...]) -> tuple[int, ...]:
    """Count each bucket by looking at every value."""
    return tuple(sum(value <= bound for value in values) for bound in (*bounds, math.inf))


@given(values=VALUES, bounds=BOUNDS)
def test_each_bucket_counts_the_values_up_to_its_end(values: list[float], bounds: tuple[float, ...]) -> None:
    """The end belongs to the bucket, +Inf holds all, and the total is their sum."""
    counted = distribute(values, bounds)

    assert counted.bounds == bounds
    assert counted.cumulative == naive(values, bounds)
    assert counted.count == len(values)
    assert counted.total == pytest.approx(math.fsum(values))


@given(values=VALUES, bounds=BOUNDS)
def test_values_one_by_one_give_what_all_at_once_give(values: list[float], bounds: tuple[float, ...]) -> None:
    """A tally that grows ends where a list that is counted whole ends."""
    tally = Tally(bounds)
    for value in values:
        tally.add(value)
    grown, whole = tally.snapshot(), distribute(values, bounds)

    assert (grown.bounds, grown.cumulative) == (whole.bounds, whole.cumulative)
    assert grown.total == pytest.approx(whole.total)


@given(values=VALUES, others=VALUES, bounds=BOUNDS)
def test_a_snapshot_stays_as_it_was(
    values: list[float], others: list[float], bounds: tuple[float, ...]
) -> None:
    """What was given out does not grow with the tally."""
    tally = Tally(bounds)
    for value in values:
        tally.add(value)
    first = tally.snapshot()
    before = Distribution(first.bounds, first.cumulative, first.total)
    for value in others:
        tally.add(value)

    assert first == before
    assert tally.snapshot().count == len(values) + len(others)


@given(values=st.lists(st.floats(-1e6, 1e6), max_size=30), bounds=BOUNDS)
def test_a_value_below_zero_counts_as_zero(values: list[float], bounds: tuple[float, ...]) -> None:
    """Clocks that disagree make no stay negative, and take nothing off the sum of the others."""
    clamped = [max(0.0, value) for value in values]

    assert distribute(values, bounds).cumulative == naive(clamped, bounds)
    assert distribute(values, bounds).total == pytest.approx(math.fsum(clamped))


@given(values=VALUES, bounds=BOUNDS)
def test_the_order_of_the_values_does_not_matter(values: list[float], bounds: tuple[float, ...]) -> None:
    """Not even to the last digit of the sum."""
    assert distribute(reversed(values), bounds) == distribute(values, bounds)


def test_nothing_counts_as_zeros() -> None:
    """An empty domain has empty buckets, and a sum of 0."""
    assert distribute([], (1.0, 2.0)) == Distribution((1.0, 2.0), (0, 0, 0), 0.0)
    assert Tally((1.0,)).snapshot() == Distribution((1.0,), (0, 0), 0.0)


def test_values_of_which_none_could_be_read_are_unknown_and_not_none_at_all() -> None:
    """A histogram of nothing is true for nobody, and withheld where there is somebody."""
    assert distribute_known([], (1.0,), of=0) == distribute([], (1.0,))
    assert distribute_known([], (1.0,), of=3) is None
    assert distribute_known([0.5], (1.0,), of=3) == distribute([0.5], (1.0,))
