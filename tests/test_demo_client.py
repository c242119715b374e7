"""The comparison with the documented bodies finds what differs: it is what the other tests rely on."""

import pytest

from tests.demo_client import differences

DOCUMENTED = {"total": 1, "rows": [{"id": "a", "name": None, "age": 1.5}, {"id": "b"}], "full": True}


@pytest.mark.parametrize(
    "actual, found",
    [
        ({"total": 2, "rows": [], "full": False}, []),
        ({"total": 1.5, "rows": [{"id": "x"}], "full": True}, []),
        ({"total": 1, "rows": []}, [".full: missing"]),
        ({"total": 1, "rows": [], "full": True, "more": 1}, [".more: not documented"]),
        ({"total": 1, "rows": [], "full": 1}, [".full: ['number'] instead of ['boolean']"]),
        ({"total": 1, "rows": [{"name": None}], "full": True}, [".rows[].id: missing"]),
        ({"total": 1, "rows": [{"id": None}], "full": True}, [".rows[].id: ['null'] instead of ['string']"]),
        ({"total": 1, "rows": [{"id": "x", "text": 1}], "full": True}, []),
        ([], [": ['array'] instead of ['object']"]),
    ],
)
def test_differences_in_keys_and_types_are_found(actual: object, found: list[str]) -> None:
    """Missing, additional, of another type, at any depth; extras may be there."""
    extras = {".rows[].text": {"number"}}
    assert differences([actual], [DOCUMENTED], extras=extras) == found


def test_additional_keys_are_of_the_type_that_is_said() -> None:
    """An extra is not a way around the comparison."""
    payload = {**DOCUMENTED, "rows": [{"id": "x", "text": "y"}]}
    found = differences([payload], [DOCUMENTED], extras={".rows[].text": {"number"}})
    assert found == [".rows[].text: ['string'] instead of ['number']"]
