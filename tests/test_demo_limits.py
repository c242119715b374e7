"""Both vendors' limits count as the vendors do."""

from exporter.demo.limits import SlidingLimit, WindowLimit


def test_a_sliding_limit_looks_back_from_each_call() -> None:
    """So many within any stretch, wherever it begins; a clock that steps back does not lock anybody out."""
    limit = SlidingLimit(2, seconds=5)
    assert [limit.allows(now) for now in (0.0, 4.0, 4.9, 9.0, 20.0)] == [True, True, False, True, True]
    assert limit.allows(1.0)


def test_a_window_is_opened_by_its_first_call() -> None:
    """It ends sixty seconds later, whatever was asked in between; refused calls leave nothing over."""
    limit = WindowLimit(2, seconds=60)
    counted = [limit.count("c", "/r", now=now) for now in (100.0, 130.0, 159.0, 160.0)]
    assert [allowance.allowed for allowance in counted] == [True, True, False, True]
    assert [allowance.remaining for allowance in counted] == [1, 0, 0, 1]
    assert [allowance.reset for allowance in counted] == [160.0, 160.0, 160.0, 220.0]


def test_each_client_and_route_has_a_window_of_its_own() -> None:
    """One that is full leaves the others alone; a clock that steps back opens a new one."""
    limit = WindowLimit(1, seconds=60)
    assert limit.count("c", "/r", now=100.0).allowed
    assert not limit.count("c", "/r", now=101.0).allowed
    assert limit.count("d", "/r", now=101.0).allowed
    assert limit.count("c", "/s", now=101.0).allowed
    assert limit.count("c", "/r", now=50.0).allowed
