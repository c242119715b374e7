"""What a test knows to be there, for the type checker."""

from typing import TypeVar

T = TypeVar("T")


def known(value: T | None) -> T:
    """The value, which must not be unknown."""
    assert value is not None
    return value
