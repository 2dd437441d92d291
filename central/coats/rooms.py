"""Cloakrooms and their racks: what they are, how full they are, what happened there today."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal

from sqlalchemy import Connection, delete, func, insert, select, update

from central.catalogue.offers import MAX_AMOUNT
from central.catalogue.prices import minor_unit
from central.catalogue.texts import hidden
from central.catalogue.venue import Venue
from central.coats.values import Cloakroom, CoatState, House, PayWhen, Rack, TagState
from central.sale.states import By, Refused
from central.store.schema import cloakroom, coat_piece, coat_rack, coat_tag, coat_ticket

MAX_ROOMS = 50
MAX_RACKS = 100
MAX_CAPACITY = 5000
MAX_KEPT_DAYS = 365
CENT = Decimal("0.01")
_NONE = Cloakroom("", ())
CHANGED = Refused(
    "cloakroom_changed",
    "Somebody changed this cloakroom meanwhile. This is how it is now; nothing of yours was saved.",
)


@dataclass(frozen=True)
class RackStanding:
    """`tags` are in service, `free` of them have nothing on them, `hanging` pieces are on the rack,
    `room` more go there."""

    rack: Rack
    tags: int
    free: int
    hanging: int

    @property
    def room(self) -> int:
        return max(self.rack.capacity - self.hanging, 0)


@dataclass(frozen=True)
class Day:
    """Pieces that came `ins` and went `outs`; coat tickets that are `open`, or `left` behind in
    lost property (of any day)."""

    ins: int
    outs: int
    open: int
    left: int


def house_of(venue: Venue, country: str) -> House:
    return House(country, venue.currency, venue.zone)


def cloakrooms(connection: Connection) -> list[Cloakroom]:
    """By name."""
    rows = connection.execute(select(cloakroom).order_by(cloakroom.c.name)).all()
    racks: dict[int, list[Rack]] = {}
    for row in connection.execute(select(coat_rack).order_by(coat_rack.c.id)):
        racks.setdefault(row.cloakroom, []).append(Rack(row.name, row.capacity, row.id))
    return [
        Cloakroom(
            row.name,
            tuple(racks.get(row.id, ())),
            PayWhen(row.payment),
            row.price,
            row.tax_percent,
            row.closes,
            row.kept_days,
            row.id,
        )
        for row in rows
    ]


def find(connection: Connection, id_: int, *, lock: bool = False) -> Cloakroom | Refused:
    """Locked, nobody else hangs anything there until the transaction ends."""
    if lock:
        query = select(cloakroom.c.id).where(cloakroom.c.id == id_)
        connection.execute(query.with_for_update())
    found = next((room for room in cloakrooms(connection) if room.id == id_), None)
    return found or Refused("unknown_cloakroom", "There is no such cloakroom.")


def save(
    connection: Connection, house: House, wanted: Cloakroom, by: By, seen: str | None = None
) -> Cloakroom | Refused:
    """Make a cloakroom, or make it so; a rack that is left out goes, if it has no tags. `seen` is
    the mark of what staff saw when they began to change it; None for whatever it was."""
    before = find(connection, wanted.id, lock=True) if wanted.id else _NONE
    if isinstance(before, Refused):
        return before
    if wanted.id and seen not in (None, before.mark):
        return CHANGED
    others = [room for room in cloakrooms(connection) if room.id != wanted.id]
    if told := _wrong(house, wanted, others):
        return Refused("bad_cloakroom", told)
    known = {rack.id for rack in before.racks}
    wanted = replace(wanted, price=wanted.price.quantize(minor_unit(house.currency)))
    if {rack.id for rack in wanted.racks if rack.id} - known:
        return Refused("unknown_rack", "That rack is not in this cloakroom.")
    gone = known - {rack.id for rack in wanted.racks}
    used = coat_tag.c.rack.in_(gone)
    if gone and connection.scalar(select(func.count()).where(used)):
        return Refused("rack_used", "A rack with tags stays; give it the capacity 0 instead.")
    id_ = _write(connection, wanted)
    connection.execute(delete(coat_rack).where(coat_rack.c.id.in_(gone)))
    _write_racks(connection, id_, wanted.racks)
    return find(connection, id_)


def standing(connection: Connection, id_: int) -> list[RackStanding]:
    """Every rack, in order."""
    found = find(connection, id_)
    if isinstance(found, Refused):
        return []
    hanging = _by_rack(connection, id_, only_in_service=False, hanging=True)
    used = _by_rack(connection, id_, only_in_service=True, hanging=True)
    tags = _by_rack(connection, id_, only_in_service=True)
    return [
        RackStanding(
            rack,
            tags.get(rack.id, 0),
            tags.get(rack.id, 0) - used.get(rack.id, 0),
            hanging.get(rack.id, 0),
        )
        for rack in found.racks
    ]


def day(connection: Connection, id_: int, since: datetime) -> Day:
    """What happened since then."""
    here = coat_ticket.c.cloakroom == id_
    pieces = (
        select(func.count())
        .select_from(coat_piece)
        .join(coat_ticket, coat_ticket.c.id == coat_piece.c.ticket)
        .where(here)
    )
    states: dict[str, int] = dict(
        connection.execute(
            select(coat_ticket.c.state, func.count())
            .where(here, coat_ticket.c.fetched_at.is_(None))
            .group_by(coat_ticket.c.state)
        ).all()
    )
    return Day(
        connection.scalar(pieces.where(coat_piece.c.hung_at >= since)) or 0,
        connection.scalar(pieces.where(coat_piece.c.fetched_at >= since)) or 0,
        states.get(CoatState.OPEN.value, 0),
        states.get(CoatState.LEFT.value, 0),
    )


def _by_rack(
    connection: Connection, id_: int, *, only_in_service: bool, hanging: bool = False
) -> dict[int, int]:
    query = select(coat_tag.c.rack, func.count()).where(coat_tag.c.cloakroom == id_)
    if only_in_service:
        query = query.where(coat_tag.c.state == TagState.IN_SERVICE.value)
    if hanging:
        on = (coat_piece.c.tag == coat_tag.c.id) & coat_piece.c.off_at.is_(None)
        query = query.join(coat_piece, on)
    return dict(connection.execute(query.group_by(coat_tag.c.rack)).all())


def _write(connection: Connection, wanted: Cloakroom) -> int:
    row = {
        "name": wanted.name,
        "payment": wanted.payment.value,
        "price": wanted.price,
        "tax_percent": wanted.tax_percent,
        "closes": wanted.closes,
        "kept_days": wanted.kept_days,
    }
    if wanted.id:
        connection.execute(update(cloakroom).where(cloakroom.c.id == wanted.id).values(row))
        return wanted.id
    made = connection.execute(insert(cloakroom).values(row))
    assert made.inserted_primary_key
    return int(made.inserted_primary_key[0])


def _write_racks(connection: Connection, id_: int, racks: Sequence[Rack]) -> None:
    """Names may change places, so they all go first, to one that nobody can write."""
    known = [rack for rack in racks if rack.id]
    for rack in (*(replace(rack, name=f"\1{rack.id}") for rack in known), *known):
        row = {"name": rack.name, "capacity": rack.capacity}
        connection.execute(update(coat_rack).where(coat_rack.c.id == rack.id).values(row))
    for rack in racks:
        if not rack.id:
            row = {"cloakroom": id_, "name": rack.name, "capacity": rack.capacity}
            connection.execute(insert(coat_rack).values(row))


def _wrong(house: House, wanted: Cloakroom, others: Sequence[Cloakroom]) -> str:
    """Why it cannot be so; "" if it can."""
    names = [rack.name for rack in wanted.racks]
    unit = minor_unit(house.currency)
    wrong = {
        "Give it a name of 1 to 80 characters.": not _is_name(wanted.name, 80),
        f"There is a cloakroom {wanted.name} already.": wanted.name in [o.name for o in others],
        f"{MAX_ROOMS} cloakrooms are enough.": not wanted.id and len(others) >= MAX_ROOMS,
        f"It needs a rack, and at most {MAX_RACKS}.": not 1 <= len(names) <= MAX_RACKS,
        "Give each rack a name of 1 to 40 characters.": not all(_is_name(n, 40) for n in names),
        "Two racks have the same name.": len(set(names)) < len(names),
        f"A rack carries 0 to {MAX_CAPACITY} pieces.": not all(
            0 <= rack.capacity <= MAX_CAPACITY for rack in wanted.racks
        ),
        f"The price is 0 to {MAX_AMOUNT} {house.currency}, in whole {unit}.": not (
            0 <= wanted.price <= MAX_AMOUNT and wanted.price % unit == 0
        ),
        "Say what it costs, or that nothing is to be paid.": (
            wanted.payment is not PayWhen.NEVER and not wanted.price
        ),
        "Tax is 0 to 100 percent, like 19 or 8.25.": not (
            0 <= wanted.tax_percent <= 100 and wanted.tax_percent % CENT == 0
        ),
        "Write when it closes like 22:30, or nothing.": not _is_time(wanted.closes),
        f"Keep phone numbers for 0 to {MAX_KEPT_DAYS} days.": not (
            0 <= wanted.kept_days <= MAX_KEPT_DAYS
        ),
    }
    return next((told for told, is_wrong in wrong.items() if is_wrong), "")


def _is_name(text: str, most: int) -> bool:
    return 1 <= len(text.strip()) <= most and len(text) <= most and not hidden(text)


def _is_time(text: str) -> bool:
    if text and not re.fullmatch(r"[0-9]{2}:[0-9]{2}", text):
        return False
    try:
        return not text or bool(time.fromisoformat(text).isoformat())
    except ValueError:
        return False
