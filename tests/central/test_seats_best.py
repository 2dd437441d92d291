"""The best available seats, whatever is free."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from central.seats.best import best_available
from central.seats.plan import Plan, Seat, SeatingZone

HALL = Plan(
    (
        SeatingZone(
            "Stalls",
            "A-D",
            "1-8",
            best_row="B",
            aisles=("4",),
            skip={"A": "1"},
            wheelchair={"D": "1, 2, 8"},
            companion={"D": "3, 7"},
        ),
        SeatingZone("Circle", "A-B", "1-5"),
    )
)
FREE = st.sets(st.sampled_from(list(HALL.seats)), min_size=0).map(
    lambda taken: set(HALL.seats) - taken
)
ZONES = st.sampled_from([(), ("Stalls",), ("Circle",), ("Circle", "Stalls")])
WANTED = st.integers(1, 12)


def usable(free: set[str], zones: tuple[str, ...]) -> list[Seat]:
    return [
        HALL.seats[s]
        for s in HALL.seats
        if s in free and HALL.seats[s].zone in (zones or ("Stalls", "Circle"))
    ]


def runs(seats: list[Seat]) -> list[list[Seat]]:
    """Of seats in the plan's order, those side by side."""
    found: list[list[Seat]] = []
    for seat in seats:
        if found and side_by_side(found[-1][-1], seat):
            found[-1].append(seat)
        else:
            found.append([seat])
    return found


def side_by_side(one: Seat, other: Seat) -> bool:
    return (one.zone, one.row, one.place + 1) == (other.zone, other.row, other.place)


def in_order(seats: list[Seat]) -> list[Seat]:
    order = {id_: number for number, id_ in enumerate(HALL.seats)}
    return sorted(seats, key=lambda seat: order[seat.id])


def windows(run: list[Seat], size: int) -> Iterator[tuple[list[Seat], int]]:
    """(Seats side by side, how many single ones stay beside them)."""
    for start in range(len(run) - size + 1):
        yield run[start : start + size], [start, len(run) - size - start].count(1)


@given(FREE, WANTED, ZONES)
def test_as_many_free_seats_of_the_zones_as_wanted_or_none(
    free: set[str], wanted: int, zones: tuple[str, ...]
) -> None:
    here = usable(free, zones)
    found = best_available(HALL, free, wanted, zones=zones)
    if found is None:
        assert len(here) < wanted
        return
    assert len(found) == len(set(found)) == wanted
    assert set(found) <= set(here)
    assert found == best_available(HALL, free, wanted, zones=zones)


@given(FREE, WANTED, ZONES)
def test_they_are_in_as_few_parts_as_can_be(
    free: set[str], wanted: int, zones: tuple[str, ...]
) -> None:
    ordinary = [seat for seat in usable(free, zones) if seat.ordinary]
    if len(ordinary) < wanted:
        return
    found = best_available(HALL, free, wanted, zones=zones)
    assert found is not None
    longest, parts, missing = sorted(map(len, runs(ordinary)), reverse=True), 0, wanted
    while missing > 0:
        missing -= longest[parts]
        parts += 1
    assert len(runs(in_order(found))) <= parts


@given(FREE, WANTED, ZONES)
def test_the_first_zone_that_has_them_side_by_side_with_no_single_seat_left_if_that_can_be(
    free: set[str], wanted: int, zones: tuple[str, ...]
) -> None:
    fitting = [
        (list(HALL.middles).index(seats[0].zone), lonely, seats)
        for run in runs([seat for seat in usable(free, zones) if seat.ordinary])
        for seats, lonely in windows(run, wanted)
    ]
    if fitting:
        found = best_available(HALL, free, wanted, zones=zones)
        chosen = next(rank for *rank, seats in fitting if seats == found)
        assert chosen == list(min((zone, lonely) for zone, lonely, _ in fitting))


@given(FREE, WANTED)
def test_wheelchair_places_go_to_others_only_when_nothing_else_is_left(
    free: set[str], wanted: int
) -> None:
    found = best_available(HALL, free, wanted)
    if found is None:
        return
    here = usable(free, ())
    wheels, ordinary = sum(s.wheelchair for s in found), sum(s.ordinary for s in here)
    assert wheels == max(0, wanted - sum(not s.wheelchair for s in here))
    assert all(seat.ordinary for seat in found) == (ordinary >= wanted)


@given(FREE, st.integers(0, 6), st.integers(1, 3))
def test_who_asks_for_wheelchair_places_has_them(
    free: set[str], others: int, wheelchairs: int
) -> None:
    here = usable(free, ())
    wanted = others + wheelchairs
    found = best_available(HALL, free, wanted, wheelchair=wheelchairs)
    enough = len(here) >= wanted and sum(s.wheelchair for s in here) >= wheelchairs
    assert (found is not None) == enough
    if found is not None:
        assert len(set(found)) == wanted
        assert set(found) <= set(here)
        plain = sum(not seat.wheelchair for seat in here)
        assert sum(seat.wheelchair for seat in found) == max(wheelchairs, wanted - plain)


def best(free: set[str], wanted: int, wheelchair: int = 0) -> list[str]:
    found = best_available(HALL, free, wanted, wheelchair=wheelchair)
    assert found is not None
    return [seat.id for seat in found]


def test_in_an_empty_hall_it_is_the_middle_of_the_best_row() -> None:
    assert best(set(HALL.seats), 2) in (["Stalls-B-3", "Stalls-B-4"], ["Stalls-B-5", "Stalls-B-6"])


def test_nobody_sits_with_an_aisle_between_if_that_can_be() -> None:
    assert best({f"Stalls-B-{n}" for n in range(2, 9)}, 4) == [f"Stalls-B-{n}" for n in range(5, 9)]


def test_a_party_is_parted_into_neighbouring_rows() -> None:
    free = {f"{row}-{n}" for row in ("Stalls-B", "Stalls-C", "Circle-B") for n in (1, 2, 3)}
    assert best(free, 6) == [f"Stalls-{row}-{n}" for row in "BC" for n in (1, 2, 3)]


def test_a_companion_sits_beside_the_wheelchair() -> None:
    assert best(set(HALL.seats), 2, wheelchair=1) == ["Stalls-D-2", "Stalls-D-3"]
    assert best(set(HALL.seats), 3, wheelchair=2) == ["Stalls-D-1", "Stalls-D-2", "Stalls-D-3"]


def test_wheelchairs_that_cannot_be_in_one_row_are_near_each_other() -> None:
    plan = Plan((SeatingZone("Z", "A-C", "1-3", wheelchair={"A-B": "1", "C": "3"}),))
    found = best_available(plan, set(plan.seats), 3, wheelchair=2)
    assert found is not None
    assert {seat.id for seat in found if seat.wheelchair} == {"Z-A-1", "Z-B-1"}
