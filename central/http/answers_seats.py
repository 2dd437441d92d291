"""Seats as the JSON of docs/openapi.yaml."""

from __future__ import annotations

from collections.abc import Iterable

from central.http.answers import Json
from central.seats.places import Hall, State
from central.seats.plan import Seat
from central.seats.staff import Blocked


def plan(hall: Hall) -> Json:
    return {
        "slot": hall.slot,
        "zones": [zone.zone for zone in hall.plan.zones],
        "seats": [
            _seat(seat, hall.taken.get(id_, State.FREE)) for id_, seat in hall.plan.seats.items()
        ],
    }


def blocked(slot: str, found: Iterable[Blocked]) -> Json:
    return {
        "slot": slot,
        "blocked": [
            {"seat": one.seat, "at": one.by.at.isoformat(), "who": one.by.who, "why": one.why}
            for one in found
        ],
    }


def _seat(seat: Seat, state: State) -> Json:
    return {
        "id": seat.id,
        "zone": seat.zone,
        "row": seat.row,
        "number": seat.number,
        "x": seat.x,
        "y": seat.y,
        "wheelchair": seat.wheelchair,
        "companion": seat.companion,
        "state": state.value,
    }
