"""Leases: places that a kiosk may sell while it cannot reach central. Nobody else sells them until
the lease runs out, so sold + reserved + leased never exceed the capacity.

A kiosk stops selling when its lease runs out; what it sold before then counts, however late it
tells. Where the places were sold again meanwhile, `slot_changes.conflicts` tells.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, insert, select, update

from admission.booking import NoRoom, book, in_words
from central.capacity import slots, visits, waiting
from central.sale.states import By, Refused
from central.settings import Channel
from central.store.schema import lease, lease_use
from central.sync import quarantine
from runtime.wire import encode

MAX_PLACES = 1000
MAX_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class LeaseWanted:
    """`places` of a slot for `minutes`, out of the channel's share."""

    slot: str
    places: int
    minutes: int
    channel: Channel = Channel.KIOSK

    def __post_init__(self) -> None:
        if not 1 <= len(self.slot) <= 64:
            raise ValueError("slot: 1 to 64 characters")
        if not 1 <= self.places <= MAX_PLACES:
            raise ValueError(f"places: 1 to {MAX_PLACES}")
        if not 1 <= self.minutes <= MAX_MINUTES:
            raise ValueError(f"minutes: 1 to {MAX_MINUTES}")


@dataclass(frozen=True)
class OfflineTicket:
    """A ticket that was sold offline, and how many places it takes."""

    ticket: int
    places: int


@dataclass(frozen=True)
class Lease:
    """`used` of the `places` were sold, `returned` given back, or sold by a request that has them
    now (central/sale/offline.py)."""

    id: int
    slot: str
    device: str
    channel: str
    expires_at: datetime
    places: int
    used: int
    returned: int

    @property
    def unused(self) -> int:
        return self.places - self.used - self.returned


def take(connection: Connection, want: LeaseWanted, by: By) -> Lease | Refused:
    """Lease the places to the client that asks, all or none."""
    slots.lock(connection, {want.slot}, by.at)
    waiting.serve(connection, {want.slot}, by.at)
    channel = want.channel.value
    listed = slots.find(connection, {want.slot}, by.at, channel=channel).get(want.slot)
    if listed is None:
        return Refused("unknown_slot", f"there is no time slot {want.slot!r}")
    if blocked := listed.off_sale(by.at):
        reason = {"blocked": blocked.value, "slot": want.slot}
        return Refused("sale_blocked", f"{want.slot}: {in_words(blocked)}", reason)
    if listed.slot.seating:
        return Refused("seated", f"{want.slot}: seats are not leased", {"slot": want.slot})
    if isinstance(no_room := book(listed.occupancy, want.places), NoRoom):
        told = {"left": no_room.left, "slot": want.slot}
        return Refused("no_room", f"{no_room.left} places left in {want.slot}", told)
    made = connection.execute(
        insert(lease).values(
            slot=want.slot,
            device=by.who,
            channel=channel,
            created_at=by.at,
            expires_at=by.at + timedelta(minutes=want.minutes),
            places=want.places,
            used=0,
            returned=0,
        )
    )
    assert made.inserted_primary_key is not None
    return _find(connection, made.inserted_primary_key[0], by.who)


def use(
    connection: Connection, number: int, sold: Sequence[OfflineTicket], by: By
) -> Lease | Refused:
    """These tickets were sold on the lease. Told again they count once; more than was leased is
    refused and set aside (GET /v1/quarantine)."""
    found = _find(connection, number, by.who, lock=True)
    if isinstance(found, Refused):
        return found
    ids = [one.ticket for one in sold]
    told = select(lease_use.c.ticket, lease_use.c.lease).where(lease_use.c.ticket.in_(ids))
    known = {row.ticket: row.lease for row in connection.execute(told)}
    if elsewhere := sorted(ticket for ticket, where in known.items() if where != number):
        return Refused("told_before", f"ticket {elsewhere[0]} was sold on another lease")
    fresh = [one for one in sold if one.ticket not in known]
    places = sum(one.places for one in fresh)
    if places > found.unused:
        detail = f"{places} places are more than the {found.unused} left of lease {number}"
        tickets = [{"ticket": str(one.ticket), "places": one.places} for one in fresh]
        payload = encode({"lease": number, "slot": found.slot, "tickets": tickets})
        quarantine.set_payload_aside(connection, by.who, detail, payload, by.at)
        return Refused("more_than_leased", detail, {"left": found.unused, "slot": found.slot})
    if fresh:
        rows = [{"ticket": one.ticket, "places": one.places} for one in fresh]
        connection.execute(
            insert(lease_use), [row | {"lease": number, "at": by.at} for row in rows]
        )
        this = lease.c.id == number
        connection.execute(update(lease).where(this).values(used=found.used + places))
        visits.recount(connection, ids, by.at)
    return _find(connection, number, by.who)


def give_back(connection: Connection, number: int, by: By) -> Lease | Refused:
    """Return all places that were not used; whoever waits for them gets them offered."""
    found = _find(connection, number, by.who, lock=True)
    if isinstance(found, Refused):
        return found
    returned = found.returned + found.unused
    connection.execute(update(lease).where(lease.c.id == number).values(returned=returned))
    waiting.serve(connection, {found.slot}, by.at)
    return _find(connection, number, by.who)


def book_out(
    connection: Connection, number: int, device: str, places: int
) -> tuple[Lease | None, int]:
    """Take so many places out of the device's lease, for a request that has them from now on, or
    for nobody: the lease as it was before, and how many of them it had. The caller holds its slot.
    """
    found = _find(connection, number, device)
    if isinstance(found, Refused):
        return None, 0
    had = min(places, found.unused)
    out = update(lease).where(lease.c.id == number).values(returned=found.returned + had)
    connection.execute(out)
    return found, had


def slots_of(connection: Connection, numbers: Collection[int]) -> set[str]:
    """The time slots of these leases."""
    return set(connection.scalars(select(lease.c.slot).where(lease.c.id.in_(sorted(numbers)))))


def current(connection: Connection, by: By) -> list[Lease]:
    """The leases of the client that asks which have not run out."""
    mine = (lease.c.device == by.who, lease.c.expires_at > by.at)
    rows = connection.execute(select(lease).where(*mine).order_by(lease.c.id)).mappings()
    return [_lease(row) for row in rows]


def _find(
    connection: Connection, number: int, device: str, *, lock: bool = False
) -> Lease | Refused:
    """The device's lease; with `lock` its slot is locked first, and with it every lease of it."""
    query = select(lease).where(lease.c.id == number, lease.c.device == device)
    row = connection.execute(query).mappings().first()
    if row is None:
        return Refused("unknown_lease", f"{device} has no lease {number}")
    if lock:
        slots.hold(connection, {row["slot"]})
        row = connection.execute(query).mappings().one()
    return _lease(row)


def _lease(row: RowMapping) -> Lease:
    return Lease(**{name: value for name, value in row.items() if name != "created_at"})
