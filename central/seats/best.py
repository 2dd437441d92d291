"""The best available seats: side by side if that can be, in the best zone, leaving no single seat
free, near the middle of the best row. A pure function of what is free.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from math import hypot

from central.seats.plan import Plan, Seat

Rank = tuple[float, ...]


def best_available(
    plan: Plan,
    free: Collection[str],
    wanted: int,
    *,
    zones: Collection[str] = (),
    wheelchair: int = 0,
) -> list[Seat] | None:
    """`wanted` of the free seats, of any zone if none are told, or None if there are too few.

    `wheelchair` of them are wheelchair places, with the others beside them. Who asks for none
    gets the places of wheelchairs and their companions only when nothing else is left.
    """
    rows = [
        [seat for seat in row if seat.id in free]
        for row in plan.rows
        if not zones or row[0].zone in zones
    ]
    if wheelchair:
        return _with_wheelchairs(plan, rows, wanted, wheelchair)
    for allowed in (
        [[seat for seat in row if seat.ordinary] for row in rows],
        [[seat for seat in row if not seat.wheelchair] for row in rows],
        rows,
    ):
        if sum(map(len, allowed)) >= wanted:
            return _fewest_parts(plan, allowed, wanted)
    return None


def _fewest_parts(plan: Plan, rows: Iterable[Sequence[Seat]], wanted: int) -> list[Seat]:
    """One run of seats, or else the fewest that there are, the later ones near the first."""
    order = {zone.zone: number for number, zone in enumerate(plan.zones)}

    def rank(part: _Part) -> Rank:
        zone = part.seats[0].zone
        return order[zone], part.lonely, _distance(part.seats, *plan.middles[zone])

    runs = [run for row in rows for run in _runs(row)]
    first = min(_parts(runs, min(wanted, max(map(len, runs)))), key=rank)
    chosen = [*first.seats]
    start = chosen[0]

    def near(part: _Part) -> Rank:
        seats = part.seats
        return seats[0].zone != start.zone, part.lonely, _distance(seats, start.x, start.y)

    runs.remove(first.run)
    while (missing := wanted - len(chosen)) > 0:
        size = min(missing, max(map(len, runs)))
        parts = sorted(_parts(runs, size), key=near)
        # A run that is longer than what is missing ends it; others are taken whole.
        count = max(1, missing // size)
        chosen += [seat for part in parts[:count] for seat in part.seats]
        runs = [run for run in runs if len(run) < size] + [part.run for part in parts[count:]]
    return chosen


@dataclass(frozen=True, slots=True)
class _Part:
    """`seats` side by side out of a run of free ones; `lonely` single seats stay beside them."""

    run: list[Seat]
    seats: list[Seat]
    lonely: int


def _parts(runs: Iterable[list[Seat]], size: int) -> Iterator[_Part]:
    for run in runs:
        for start in range(len(run) - size + 1):
            left = (start, len(run) - size - start)
            yield _Part(run, run[start : start + size], left.count(1))


def _with_wheelchairs(
    plan: Plan, rows: Sequence[Sequence[Seat]], wanted: int, wheelchairs: int
) -> list[Seat] | None:
    """All in one row, as close together as can be; or else the wheelchairs near each other, and
    the rest where it is best."""
    wheels = [seat for row in rows for seat in row if seat.wheelchair]
    if len(wheels) < wheelchairs or sum(map(len, rows)) < wanted:
        return None
    together = (
        _around(row, at, wanted, wheelchairs)
        for row in rows
        for at in row
        if at.wheelchair and sum(seat.wheelchair for seat in row) >= wheelchairs
    )
    whole = [seats for seats in together if len(seats) == wanted]
    if whole:
        return min(whole, key=lambda seats: (_spread(seats), _distance_to_best(plan, seats)))
    first = min(wheels, key=lambda seat: _distance_to_best(plan, [seat]))
    near = sorted(wheels, key=lambda seat: (seat.zone != first.zone, *_off(seat, first)))
    chosen = near[:wheelchairs]
    if wanted == wheelchairs:
        return chosen
    left = [[seat for seat in row if seat not in chosen] for row in rows]
    without = [[seat for seat in row if not seat.wheelchair] for row in left]
    missing = wanted - wheelchairs
    enough = sum(map(len, without)) >= missing
    return chosen + _fewest_parts(plan, without if enough else left, missing)


def _around(row: Sequence[Seat], at: Seat, wanted: int, wheelchairs: int) -> list[Seat]:
    """The wheelchair places of the row that are next to `at`, and the other seats next to it,
    those of companions before ordinary ones; fewer if there are no more."""
    near = sorted(row, key=lambda seat: (abs(seat.place - at.place), not seat.companion))
    wheels = islice((seat for seat in near if seat.wheelchair), wheelchairs)
    others = islice((seat for seat in near if not seat.wheelchair), wanted - wheelchairs)
    return sorted([*wheels, *others], key=lambda seat: seat.place)


def _runs(row: Iterable[Seat]) -> Iterator[list[Seat]]:
    """The row's seats, parted where neighbours are missing."""
    for _, run in groupby(enumerate(row), key=lambda numbered: numbered[1].place - numbered[0]):
        yield [seat for _, seat in run]


def _spread(seats: Sequence[Seat]) -> int:
    places = [seat.place for seat in seats]
    return max(places) - min(places)


def _distance(seats: Sequence[Seat], x: float, y: float) -> float:
    """From the middle of seats side by side."""
    return hypot((seats[0].x + seats[-1].x) / 2 - x, (seats[0].y + seats[-1].y) / 2 - y)


def _distance_to_best(plan: Plan, seats: Sequence[Seat]) -> Rank:
    order = [zone.zone for zone in plan.zones].index(seats[0].zone)
    return order, _distance(seats, *plan.middles[seats[0].zone])


def _off(seat: Seat, other: Seat) -> Rank:
    return abs(seat.y - other.y), abs(seat.x - other.x)
