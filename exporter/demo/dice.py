"""Chance that is no chance: the same parts give the same throws, on every run and in any order of asking."""

import random
from uuid import NAMESPACE_OID, UUID, uuid5


def dice(*parts: object) -> random.Random:
    """Give dice that depend on `parts` alone."""
    return random.Random(":".join(map(str, parts)))  # noqa: S311 - a play, no secret hangs on it


def drawn_uuid(rng: random.Random) -> str:
    """Throw an id in the form of a UUID."""
    return str(UUID(int=rng.getrandbits(128)))


def derived_uuid(*parts: object) -> str:
    """Give the id, in the form of a UUID, that belongs to `parts`."""
    return str(uuid5(NAMESPACE_OID, ":".join(map(str, parts))))
