"""The seating plan as venue.toml tells it: where each seat is, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.hall import HALL

from central.catalogue.venue import load_venue
from central.seats.labels import labels
from central.seats.plan import Plan, SeatingZone, check_zones, in_words, plan_of_text
from runtime.settings import BadSettings

THREE = tuple(SeatingZone(zone, "A-T", "1-30") for zone in ("Stalls", "Circle", "Balcony"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A-C", ["A", "B", "C"]),
        ("8-11", ["8", "9", "10", "11"]),
        ("5-1/2, 2-6/2", ["5", "3", "1", "2", "4", "6"]),
        ("AA, BB,C", ["AA", "BB", "C"]),
        ("7-7", ["7"]),
    ],
)
def test_spans_are_read_as_people_write_them(text: str, told: list[str]) -> None:
    assert list(labels(text)) == told


@pytest.mark.parametrize(
    "text", ["", "A-3", "A--C", "1-3/0", "1,1", "ABCDEFG", "1-9999", "a b", "A-1", "AA-CC", "é"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a label|names one twice|at most|at least 1"):
        labels(text)


def test_three_zones_are_three_lines_each() -> None:
    plan = Plan(THREE)
    assert len(plan.seats) == 3 * 20 * 30
    assert next(iter(plan.seats)) == "Stalls-A-1"
    assert list(plan.seats)[-1] == "Balcony-T-30"
    assert (plan.seats["Stalls-A-1"].x, plan.seats["Stalls-A-30"].x) == (-14.5, 14.5)
    assert [plan.seats[f"{zone.zone}-A-1"].y for zone in THREE] == [0.0, 21.0, 42.0]
    assert len({(seat.x, seat.y) for seat in plan.seats.values()}) == len(plan.seats)


def test_what_is_told_of_a_zone_counts() -> None:
    zone = SeatingZone(
        "Left box",
        rows="1-2",
        seats="1-4",
        skip={"2": "1"},
        wheelchair={"1": "4"},
        companion={"1-2": "3"},
        aisles=("2",),
        x=-20.0,
        y=5.0,
        at={"2-4": (-17.5, 6.5)},
    )
    plan = Plan((zone, SeatingZone("Right box", "1", "1")))
    row, behind = plan.rows[0], plan.rows[1]
    assert [(seat.place, seat.x, seat.y) for seat in row] == [
        (0, -22.0, 5.0),
        (1, -21.0, 5.0),
        (3, -19.0, 5.0),
        (4, -18.0, 5.0),
    ]
    assert [seat.number for seat in row if seat.wheelchair] == ["4"]
    assert [seat.id for seat in plan.seats.values() if seat.companion] == [
        "Left box-1-3",
        "Left box-2-3",
    ]
    assert [seat.number for seat in behind] == ["2", "3", "4"]
    assert (behind[-1].x, behind[-1].y) == (-17.5, 6.5)
    assert plan.seats["Right box-1-1"].y == 8.0
    assert in_words("Left box-1-3") == "Left box 1 3"


def test_a_plan_that_was_kept_is_the_same_plan() -> None:
    plan = Plan((*THREE, SeatingZone("Box", "1", "1-2", at={"1-1": (1.5, 2.0)}, aisles=("1",))))
    again = plan_of_text(plan.text)
    assert (again, again.digest, again.seats) == (plan, plan.digest, plan.seats)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"zone": "Stalls-A"}, "1 to 20 letters"),
        ({"zone": "x" * 21}, "1 to 20 letters"),
        ({"zone": " x"}, "1 to 20 letters"),
        ({"rows": "A-3"}, "write a label"),
        ({"rows": "1-1000", "seats": "1-1000"}, "at most 20000 seats"),
        ({"skip": {"A-T": "1-30"}}, "no seat is left"),
        ({"skip": {"U": "1"}}, "no row 'U'"),
        ({"skip": {"A": "31"}}, "no seat '31' in row 'A'"),
        ({"wheelchair": {"A": "1"}, "companion": {"A": "1"}}, "seat A-1 is a wheelchair place and"),
        ({"wheelchair": {"A": "1"}, "skip": {"A": "1-2"}}, "seat A-1 is skipped"),
        ({"aisles": ("31",)}, "aisles: there is no seat '31'"),
        ({"best_row": "U"}, "best_row: there is no row 'U'"),
        ({"at": {"U-1": (1.0, 1.0)}}, "at: there is no seat 'U-1'"),
        ({"at": {"A-1": (1.0,)}}, "= \\[x, y\\]"),
        ({"at": {"A-1": (1.0, float("nan"))}}, "at most 100000"),
        ({"x": float("inf")}, "at most 100000"),
        ({"y": -100_001.0}, "at most 100000"),
    ],
)
def test_what_is_wrong_with_a_zone_is_said(told: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SeatingZone(**{"zone": "Stalls", "rows": "A-T", "seats": "1-30"} | told)


def test_a_plan_has_at_most_20000_seats_and_each_zone_once() -> None:
    check_zones([SeatingZone(f"Z{n}", "1-100", "1-100") for n in range(2)])
    for zones in (
        [SeatingZone(f"Z{n}", "1-100", "1-100") for n in range(3)],
        [SeatingZone(f"Z{n}", "1", "1") for n in range(101)],
    ):
        with pytest.raises(ValueError, match="at most 100 zones and 20000 seats"):
            check_zones(zones)
    with pytest.raises(ValueError, match="same name"):
        check_zones([SeatingZone("Box", "1", "1"), SeatingZone("BOX", "1", "1")])


@pytest.mark.parametrize(
    ("written", "instead", "problem"),
    [
        ('rows = "A-C"', 'rows = "A-3"', r"seating\[0\].*: zone 'Stalls': 'A-3': write a label"),
        ('rows = "A-C"', 'row = "A-C"', r"seating\[0\]\.row.*: no such key; did you mean 'rows'"),
        ('zones = ["Balcony"]', 'zones = ["Bal"]', "product 2: nothing that it .* zone 'Bal'"),
        ('zones = ["Balcony"]', 'zones = ["Balcony", "Balcony"]', "product 2: zones: each once"),
        ('zone = "Balcony"', 'zone = "Stalls"', "concert: two zones have the same name"),
        ("duration_min = 120", "duration_min = 120\ncapacity = 9", "its seats are its capacity"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(
    tmp_path: Path, written: str, instead: str, problem: str
) -> None:
    file = tmp_path / "venue.toml"
    assert written in HALL
    file.write_text(HALL.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(BadSettings, match=problem):
        load_venue(file)
