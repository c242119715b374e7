"""Durations and sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.units import format_duration, format_size, parse_duration, parse_size

MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


@pytest.mark.parametrize(
    "text,seconds",
    [
        ("0s", 0.0),
        ("15s", 15.0),
        ("1m30s", 90.0),
        ("500ms", 0.5),
        ("2h", 7200.0),
        ("7d", 604800.0),
        ("90m", 5400.0),
        ("1d2h3m4s5ms", 93784.005),
        ("1m500ms", 60.5),
    ],
)
def test_a_duration_is_its_seconds(text: str, seconds: float) -> None:
    """Units add up, each once and the biggest first."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "15",
        "s",
        "1.5s",
        "-1s",
        "+1s",
        " 1s",
        "1s ",
        "1 s",
        "1s1m",
        "1s1s",
        "1S",
        "1w",
        "1y",
        "1ms1s",
        "١s",
    ],
)
def test_other_texts_are_no_durations(text: str) -> None:
    """A unit is needed, and nothing but ASCII digits and units in order is read."""
    assert parse_duration(text) is None


@given(st.integers(0, 10**11))
def test_a_duration_survives_being_written(milliseconds: int) -> None:
    """Writing a duration and reading it gives the same seconds."""
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.fixed_dictionaries({}, optional={unit: st.integers(0, 10**6) for unit in MILLISECONDS}))
def test_any_mix_of_units_in_order_is_their_sum(numbers: dict[str, int]) -> None:
    """Every subset of the units, in order, is the sum of what each says."""
    text = "".join(f"{numbers[unit]}{unit}" for unit in MILLISECONDS if unit in numbers)
    total = sum(numbers[unit] * MILLISECONDS[unit] for unit in numbers)
    assert parse_duration(text) == (total / 1000 if numbers else None)


@pytest.mark.parametrize(
    "text,size",
    [("0", 0), ("1048576", 2**20), ("512KiB", 2**19), ("64MiB", 2**26), ("1GiB", 2**30), ("0MiB", 0)],
)
def test_a_size_is_its_bytes(text: str, size: int) -> None:
    """Sizes are plain bytes or have a binary unit."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MiB", "64MB", "64M", "64mib", "1.5MiB", "-1", "1e6", "1_0", " 1", "64 MiB", "٦"]
)
def test_other_texts_are_no_sizes(text: str) -> None:
    """Decimal units, fractions and everything else are refused."""
    assert parse_size(text) is None


@given(st.integers(0, 10**14))
def test_a_size_survives_being_written(size: int) -> None:
    """Writing a size and reading it gives the same bytes."""
    assert parse_size(format_size(size)) == size


@given(st.integers(1, 1023), st.sampled_from(["KiB", "MiB", "GiB"]))
def test_a_round_size_is_written_with_its_unit(number: int, unit: str) -> None:
    """Sizes that a unit tells exactly are written with the biggest such unit."""
    assert format_size(parse_size(f"{number}{unit}") or 0) == f"{number}{unit}"
