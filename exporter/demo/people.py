"""The invented people who play in both vendors' worlds; knows names and ids, nothing of rooms or statuses."""

from dataclasses import dataclass
from random import Random

from exporter.demo.dice import dice, drawn_uuid

_GIVEN = (
    "Ada", "Amos", "Anouk", "Arun", "Bela", "Bruno", "Carla", "Chike", "Dana", "Dimitri", "Edda", "Emeka",
    "Farah", "Felix", "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jalal", "Jun", "Kaya", "Kofi", "Lena",
    "Liam", "Mabel", "Mateo", "Mina", "Nadia", "Nils", "Noor", "Olga", "Omar", "Paula", "Piotr", "Quinn",
    "Rafa", "Rosa", "Sami", "Selma", "Tariq", "Tove", "Uma", "Vera", "Wim", "Xenia", "Yael", "Yusuf",
    "Zita", "Zoran",
)  # fmt: skip
_FAMILY = (
    "Abara", "Achterberg", "Bakshi", "Bellini", "Castellan", "Cho", "Dahlgren", "Demir", "Eklund",
    "Esposito", "Fairweather", "Fofana", "Gallo", "Gupta", "Haddad", "Holm", "Ibarra", "Ito", "Jansen",
    "Joshi", "Kallio", "Kowal", "Lindqvist", "Lombardi", "Marsh", "Mwangi", "Nakagawa", "Novak", "Okafor",
    "Olsen", "Petrov", "Pinto", "Quist", "Rahimi", "Rossi", "Sato", "Sorensen", "Tanaka", "Thorne", "Ueda",
    "Urban", "Varga", "Vidal", "Weber", "Wolff", "Yamada", "Yilmaz", "Zapata", "Zeller",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who joins rooms: a guest has no `user_id`, and may have no name."""

    user_id: str | None
    name: str | None


def full_name(rng: Random) -> str:
    """Throw a name; a few of them come out twice, as in life."""
    return f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"


def staff(seed: object, *, size: int) -> tuple[Person, ...]:
    """Give the people of the house, who are known to the vendor by an id of their own."""
    rng = dice(seed, "staff")
    return tuple(Person(drawn_uuid(rng), full_name(rng)) for _ in range(size))


def guest(rng: Random) -> Person:
    """Throw a visitor: no id, and every fourth gives no name either."""
    return Person(None, full_name(rng) if rng.random() < 0.75 else None)
