"""The seating plan: zones of rows of seats, as venue.toml tells them. Pure values.

A seat's id is its zone, row and number: "Stalls-C-12". Places on the picture are in seat widths:
x from the left to the right as one looks at the stage, y away from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from math import isfinite

from central.seats.labels import labels
from runtime.convert import brief_unstructure, structure

MAX_SEATS = 20_000
"""Of one plan."""
MAX_ZONES = 100
MAX_ZONE = 20
MAX_SEAT_ID = MAX_ZONE + 2 * 7
BEHIND = 2.0
"""So much room is between two zones of which nobody told where they are."""
MAX_AT = 100_000.0
_ZONE = re.compile(rf"[^\W_](?:[\w. ]{{0,{MAX_ZONE - 2}}}[\w.])?")


@dataclass(frozen=True, slots=True)
class Seat:
    """`place` counts along its row; between neighbours it differs by 1, over an aisle or a gap by
    more."""

    zone: str
    row: str
    number: str
    place: int
    x: float
    y: float
    wheelchair: bool = False
    companion: bool = False

    @property
    def id(self) -> str:
        return f"{self.zone}-{self.row}-{self.number}"

    @property
    def ordinary(self) -> bool:
        return not (self.wheelchair or self.companion)


@dataclass(frozen=True)
class SeatingZone:
    """Rows of seats in a part of the hall.

    `rows` and `seats` are spans of labels ("A-T", "1-30"), rows from the stage backwards, seats
    from the left. `skip`, `wheelchair` and `companion` name seats by rows: {"A-C" = "1-2, 29-30"};
    `skip` leaves them out, a companion's seat is for who comes along with a wheelchair. After the
    seats `aisles` people walk. The middle of row `best_row` is the best seat (the first row if
    left out). `x` is the middle of the zone, `y` its first row; `at` tells where single seats are:
    {"A-1" = [1.5, 2]}.
    """

    zone: str
    rows: str
    seats: str
    skip: Mapping[str, str] = field(default_factory=dict)
    wheelchair: Mapping[str, str] = field(default_factory=dict)
    companion: Mapping[str, str] = field(default_factory=dict)
    aisles: tuple[str, ...] = ()
    best_row: str = ""
    x: float = 0.0
    y: float | None = None
    at: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ZONE.fullmatch(self.zone):
            raise ValueError(
                f"zone {self.zone!r}: 1 to {MAX_ZONE} letters, digits, dots and spaces"
            )
        try:
            self._check()
        except ValueError as error:
            raise ValueError(f"zone {self.zone!r}: {error}") from error

    @cached_property
    def size(self) -> int:
        """How many seats there are."""
        return len(self._rows) * len(self._numbers) - len(self._named(self.skip))

    @property
    def depth(self) -> int:
        return len(self._rows)

    @property
    def best(self) -> str:
        return self.best_row or self._rows[0]

    def laid_out(self, y: float) -> tuple[tuple[Seat, ...], ...]:
        """Its rows, the first of them at `y` unless the zone tells another place."""
        top = y if self.y is None else self.y
        gone, wheels, beside = (
            self._named(told) for told in (self.skip, self.wheelchair, self.companion)
        )
        places = self._places()
        middle = (places[-1] + places[0]) / 2
        rows = []
        for depth, row in enumerate(self._rows):
            seats = []
            for number, place in zip(self._numbers, places, strict=True):
                if (row, number) in gone:
                    continue
                x, y = self.at.get(f"{row}-{number}", (self.x + place - middle, top + depth))
                which = (row, number)
                seats.append(
                    Seat(self.zone, row, number, place, x, y, which in wheels, which in beside)
                )
            rows.append(tuple(seats))
        return tuple(rows)

    def _places(self) -> list[int]:
        places, place = [], 0
        for number in self._numbers:
            places.append(place)
            place += 2 if number in self.aisles else 1
        return places

    @cached_property
    def _rows(self) -> tuple[str, ...]:
        return labels(self.rows)

    @cached_property
    def _numbers(self) -> tuple[str, ...]:
        return labels(self.seats)

    def _named(self, told: Mapping[str, str]) -> set[tuple[str, str]]:
        """The seats of this zone that a table of rows and numbers means. Raises ValueError."""
        rows, numbers = set(self._rows), set(self._numbers)
        named: set[tuple[str, str]] = set()
        for span, seats in told.items():
            here, those = labels(span), labels(seats)
            if strange := [row for row in here if row not in rows]:
                raise ValueError(f"there is no row {strange[0]!r}")
            if strange := [number for number in those if number not in numbers]:
                raise ValueError(f"there is no seat {strange[0]!r} in row {span!r}")
            named |= {(row, number) for row in here for number in those}
        return named

    def _check(self) -> None:
        if len(self._rows) * len(self._numbers) > MAX_SEATS:
            raise ValueError(f"at most {MAX_SEATS} seats")
        if self.size < 1:
            raise ValueError("no seat is left")
        gone, wheels, beside = map(self._named, (self.skip, self.wheelchair, self.companion))
        for one, other, what in (
            (wheels, beside, "a wheelchair place and a companion's"),
            (gone, wheels | beside, "skipped and a place"),
        ):
            if both := sorted(one & other):
                raise ValueError(f"seat {'-'.join(both[0])} is {what}")
        if strange := sorted(set(self.aisles) - set(self._numbers)):
            raise ValueError(f"aisles: there is no seat {strange[0]!r}")
        if self.best not in self._rows:
            raise ValueError(f"best_row: there is no row {self.best!r}")
        known = {f"{row}-{number}" for row in self._rows for number in self._numbers}
        if strange := sorted(set(self.at) - known):
            raise ValueError(f"at: there is no seat {strange[0]!r}")
        if any(len(xy) != 2 for xy in self.at.values()):
            raise ValueError('at: write "A-1" = [x, y]')
        told = [self.x, self.y or 0.0, *(n for xy in self.at.values() for n in xy)]
        if not all(isfinite(n) and abs(n) <= MAX_AT for n in told):
            raise ValueError(f"x and y are at most {MAX_AT:g}")


_brief = brief_unstructure(SeatingZone)


@dataclass(frozen=True)
class Plan:
    """All seats of a hall: rows in the order of venue.toml, the better zones first."""

    zones: tuple[SeatingZone, ...]

    @cached_property
    def text(self) -> str:
        return json.dumps([_brief(zone) for zone in self.zones], sort_keys=True)

    @cached_property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    @cached_property
    def rows(self) -> tuple[tuple[Seat, ...], ...]:
        rows: list[tuple[Seat, ...]] = []
        y = 0.0
        for zone in self.zones:
            rows += zone.laid_out(y)
            y = (y if zone.y is None else zone.y) + zone.depth - 1 + BEHIND
        return tuple(row for row in rows if row)

    @cached_property
    def seats(self) -> Mapping[str, Seat]:
        """Id → seat, in order."""
        return {seat.id: seat for row in self.rows for seat in row}

    @cached_property
    def middles(self) -> Mapping[str, tuple[float, float]]:
        """Zone → where it is best."""
        return {zone.zone: self._middle(zone) for zone in self.zones}

    def _middle(self, zone: SeatingZone) -> tuple[float, float]:
        seats = [seat for seat in self.seats.values() if seat.zone == zone.zone]
        best = [seat.y for seat in seats if seat.row == zone.best] or [seat.y for seat in seats]
        xs = [seat.x for seat in seats]
        return (min(xs) + max(xs)) / 2, sum(best) / len(best)


def check_zones(zones: Sequence[SeatingZone]) -> None:
    """Raise ValueError for what no plan is."""
    if len(zones) > MAX_ZONES or sum(zone.size for zone in zones) > MAX_SEATS:
        raise ValueError(f"a plan has at most {MAX_ZONES} zones and {MAX_SEATS} seats")
    names = [zone.zone.casefold() for zone in zones]
    if len(set(names)) < len(names):
        raise ValueError("two zones have the same name")


@lru_cache(maxsize=32)
def plan_of_text(text: str) -> Plan:
    """The plan that was kept as `text`."""
    return Plan(structure(json.loads(text), tuple[SeatingZone, ...]))


def in_words(seat: str) -> str:
    """As it stands on a ticket: "Stalls C 12"."""
    return seat.replace("-", " ")
