"""How full time slots are: counted from requests and leases at every look, so no counter can drift,
and a reservation frees its places in the moment it expires.

Slots without a limit are not counted. Who was admitted and is present is summed up by visits.py.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select, true

from admission.values import Control
from central.sale.states import Status
from central.store.schema import lease, line_slot, ticket_request, time_slot, visit

CAPACITY = case(
    (
        time_slot.c.control != Control.NONE.value,
        func.coalesce(time_slot.c.own_capacity, time_slot.c.capacity),
    )
)
"""As staff set it, or as planned."""
_NOW = bindparam("now", type_=ticket_request.c.expires_at.type)
_CHANNEL = bindparam("of_channel", type_=ticket_request.c.channel.type)
_SOLD = ticket_request.c.status == Status.CONFIRMED.value
_RESERVED = and_(
    ticket_request.c.status == Status.RESERVED.value,
    ticket_request.c.expires_at > _NOW,
    ticket_request.c.id != bindparam("but_for", type_=ticket_request.c.id.type),
)
_LEASED = case((lease.c.expires_at > _NOW, lease.c.places - lease.c.used - lease.c.returned))


def how_full(
    *conditions: ColumnElement[bool], of_channel: bool, count_all: bool = False
) -> Select[Any]:
    """The time slots that meet the conditions, with what is taken of each; with `count_all` of
    those without a limit too. Parameters: `now`, `but_for` (a request that is not counted), and
    `of_channel`, the sales channel whose part is told beside."""
    counted = true() if count_all else CAPACITY.is_not(None)
    held = [_places(_SOLD).label("sold"), _places(_RESERVED).label("reserved")]
    if of_channel:
        part = _places(or_(_SOLD, _RESERVED), ticket_request.c.channel == _CHANNEL)
        held.append(part.label("of_channel"))
    # By itself, for a database sorts these rows, of which there are many, and they are narrow.
    taken = (
        select(time_slot.c.id, *held)
        .outerjoin(line_slot, and_(line_slot.c.slot == time_slot.c.id, counted))
        .outerjoin(ticket_request, ticket_request.c.id == line_slot.c.request)
        .where(*conditions)
        .group_by(time_slot.c.id)
        .subquery()
    )
    columns = {
        "sold": taken.c.sold,
        "reserved": taken.c.reserved,
        "used": _of_leases(lease.c.used),
        "leased": _of_leases(_LEASED),
    }
    if of_channel:
        leased = _of_leases(lease.c.used + func.coalesce(_LEASED, 0), lease.c.channel == _CHANNEL)
        columns |= {"of_channel": taken.c.of_channel + leased, "gone": _gone()}
    return (
        select(time_slot, *(column.label(name) for name, column in columns.items()))
        .join(taken, taken.c.id == time_slot.c.id)
        .order_by(time_slot.c.start, time_slot.c.id)
    )


def _places(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(line_slot.c.places).filter(*conditions), 0)


def _gone() -> ColumnElement[int]:
    """How many places of a channel's share are free again because whoever had them has left."""
    gone = (
        select(func.coalesce(func.sum(visit.c.came - visit.c.present), 0))
        .where(visit.c.slot == time_slot.c.id, visit.c.channel == _CHANNEL)
        .scalar_subquery()
    )
    return case((time_slot.c.control == Control.PRESENT.value, gone), else_=0)


def _of_leases(places: ColumnElement[int], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """The sum over the leases of a slot."""
    return (
        select(func.coalesce(func.sum(places), 0))
        .where(lease.c.slot == time_slot.c.id, *conditions)
        .scalar_subquery()
    )
