"""The places of the simulated domain and how each one's day goes; knows habits, no vendor rule and no clock.

Each rhythm shows something that operators look for: one person waiting alone, a room that was never closed,
names that never come again, a peak at the same hour of every day, quiet nights that are not empty.
"""

from exporter.demo.people import Person, guest
from exporter.demo.plan import Place, Plan

_BOT = Person(None, "Concierge Bot")


def team_room(plan: Plan) -> None:
    """Stand-up in the morning, a few meetings through the day, next to nothing at the weekend."""
    rng = plan.rng
    if plan.weekend:
        if rng.random() < 0.1:
            plan.gathering(
                plan.at(rng.uniform(10, 17)), minutes=rng.uniform(15, 50), people=plan.colleagues(2)
            )
        return
    plan.gathering(plan.at(9.5), minutes=rng.uniform(8, 20), people=plan.colleagues(rng.randint(4, 9)))
    for hour in rng.sample(range(10, 18), rng.randint(2, 6)):
        people = plan.colleagues(rng.randint(2, 7))
        plan.gathering(plan.at(hour), minutes=rng.choice((15, 25, 30, 45, 50)), people=people)


def support_desk(plan: Plan) -> None:
    """Visitors wait alone until an agent comes; some give up; by night they are few and wait longer."""
    rng = plan.rng
    hour = 4 + rng.uniform(0, 0.5)
    while hour < 27.5:
        by_day = 7 <= hour < 20
        wait = rng.expovariate(1 / (150 if by_day else 420))
        came = plan.at(hour)
        if rng.random() < 0.15:
            plan.stay(guest(rng), join=came, leave=came + rng.uniform(60, 1100))
            hour += 0.4
        else:
            end = came + wait + rng.uniform(240, 1500)
            plan.stay(guest(rng), join=came, leave=end)
            plan.stay(plan.colleagues(1)[0], join=came + wait, leave=end + rng.uniform(-10, 45))
            hour = (end - plan.at(0)) / 3600 + 0.03
        hour += rng.expovariate(1 / (0.2 if by_day and not plan.weekend else 1.1))


def calls(plan: Plan) -> None:
    """Open a room of its own for each call: its name is new, and nobody uses it again."""
    rng = plan.rng
    slots = range(32, 44) if plan.weekend else range(28, 80)
    for slot in sorted(rng.sample(slots, rng.randint(3, 6) if plan.weekend else rng.randint(10, 18))):
        room = f"{plan.place.name}-{rng.getrandbits(40):010x}"
        start = plan.at(slot / 4) + rng.uniform(-60, 60)
        end = start + rng.uniform(480, 1500)
        if rng.random() < 0.1:
            plan.stay(plan.colleagues(1)[0], join=start, leave=start + rng.uniform(300, 900), room=room)
            continue
        plan.stay(guest(rng), join=start - rng.uniform(0, 400), leave=end, room=room)
        plan.stay(plan.colleagues(1)[0], join=start, leave=end + rng.uniform(-5, 20), room=room)
        if rng.random() < 0.2:
            plan.stay(
                guest(rng), join=start + rng.uniform(30, 200), leave=end - rng.uniform(0, 90), room=room
            )


def all_hands(plan: Plan) -> None:
    """Everybody at three in the afternoon on Thursdays, a good part of them on the other working days."""
    if plan.weekend:
        return
    thursday = plan.day % 7 == 0
    people = plan.colleagues(plan.rng.randint(120, 150) if thursday else plan.rng.randint(25, 45))
    plan.gathering(plan.at(15), minutes=55 if thursday else 25, people=people)


def night_owl(plan: Plan) -> None:
    """Two people forget to hang up; one line drops towards morning, the other is open for hours more."""
    rng = plan.rng
    start = plan.at(rng.uniform(19, 22))
    first, second, third = plan.colleagues(3)
    plan.stay(first, join=start, leave=plan.at(rng.uniform(32, 35)))
    plan.stay(second, join=start + rng.uniform(20, 300), leave=plan.at(rng.uniform(26, 29)))
    plan.stay(third, join=start + rng.uniform(20, 300), leave=start + rng.uniform(2400, 6000))


def bridge(plan: Plan) -> None:
    """Three shifts around the clock, each handed over by two pairs of people who overlap."""
    rng = plan.rng
    for shift in range(3):
        begins = plan.place.opens + 8 * shift
        for person in plan.colleagues(2):
            join, leave = plan.at(begins) + rng.uniform(5, 120), plan.at(begins + 8) + rng.uniform(60, 600)
            plan.stay(person, join=join, leave=leave)


def classroom(plan: Plan) -> None:
    """Two long courses on working days."""
    if plan.weekend:
        return
    for hour in (9, 14):
        people = [guest(plan.rng) for _ in range(plan.rng.randint(8, 24))] + plan.colleagues(1)
        plan.gathering(plan.at(hour), minutes=plan.rng.uniform(60, 100), people=people)


def drop_in(plan: Plan) -> None:
    """People look in at any hour: many for a moment only, some to stay a while."""
    rng = plan.rng
    for _ in range(rng.randint(10, 20) if plan.weekend else rng.randint(40, 70)):
        join = plan.at(rng.triangular(4, 28, 14))
        length = rng.uniform(2, 25) if rng.random() < 0.3 else rng.expovariate(1 / 420)
        plan.stay(plan.colleagues(1)[0], join=join, leave=join + length)


def concierge(plan: Plan) -> None:
    """A bot is in the room as soon as a visitor calls; its `user_id` is its `participant_id`."""
    rng = plan.rng
    hour = 4 + rng.expovariate(1)
    while hour < 27.5:
        start = plan.at(hour)
        end = start + rng.uniform(40, 700)
        plan.stay(_BOT, join=start, leave=end - rng.uniform(0, 8), bot=True)
        plan.stay(guest(rng), join=start + 1, leave=end)
        hour += rng.expovariate(1 / 0.7) + 0.2


def fair_hall(plan: Plan) -> None:
    """Another fifty visitors every two hours, day and night."""
    first = plan.rng.uniform(-2, 0)
    for turn in range(13):
        people = [guest(plan.rng) for _ in range(50)]
        plan.gathering(plan.at(plan.place.opens + first + 2 * turn), minutes=115, people=people)


def _team_rooms() -> list[Place]:
    sites = {"lisbon": 0.0, "toronto": -5.0, "osaka": 9.0}
    trees = ("alder", "birch", "cedar", "elm", "hazel", "larch", "maple", "oak", "rowan")
    return [Place(f"{site}-{tree}", team_room, zone=zone) for site, zone in sites.items() for tree in trees]


PLACES: tuple[Place, ...] = (
    *_team_rooms(),
    *(Place(f"support-{number}", support_desk) for number in range(1, 11)),
    *(Place(f"visit-{counter}", calls, zone=1.0, one_room=False) for counter in "abcdefghij"),
    *(Place(f"classroom-{number}", classroom, zone=1.0) for number in range(1, 5)),
    Place("all-hands", all_hands),
    Place("night-owl", night_owl, opens=12.0),
    Place("bridge-east", bridge, opens=6.0),
    Place("bridge-west", bridge, opens=18.0),
    Place("concierge-1", concierge),
    Place("concierge-2", concierge, zone=-5.0),
    Place("info", drop_in),
    Place("lounge", drop_in, zone=-5.0),
    Place("lounge_osaka", drop_in, zone=9.0),
)
"""Some sixty; `info` is also a key of the vendor's error bodies, as rooms in the wild are."""

FAIR: tuple[Place, ...] = tuple(Place(f"fair-{number}", fair_hall) for number in range(1, 21))
"""Twenty halls beside all that, where a fair is held: some nine hundred people at any time."""
