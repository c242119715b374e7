"""How the tests are spread over processes (`pytest -n 2`): files stay whole, and the long ones begin first.

A file keeps its fixtures, so one process takes all of it; what is begun last decides how long the other one
waits. It knows markers only, and does nothing in a run of one process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

LONG: Final = ("soak", "system")
"""The markers of tests that take seconds, or a minute."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In one of several processes, move the files with long tests to the front."""
    if hasattr(config, "workerinput"):
        begin_with_long(items)


def begin_with_long(items: list[pytest.Item]) -> None:
    """Move the files that have a long test before all others, and leave the order as it is otherwise."""
    long = {item.path for item in items if any(item.get_closest_marker(each) for each in LONG)}
    items.sort(key=lambda item: item.path not in long)
