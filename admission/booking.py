"""Booking against capacity: sold + reserved + leased never exceed it. When a slot is on sale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from admission.values import TimeSlot


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How full a time slot is, in persons. `capacity` None means no limit."""

    capacity: int | None
    sold: int = 0
    reserved: int = 0
    leased: int = 0

    @property
    def left(self) -> int | None:
        """Places still to be had, never negative; None means no limit."""
        if self.capacity is None:
            return None
        return max(0, self.capacity - self.sold - self.reserved - self.leased)


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Refused: only `left` places remain."""

    left: int


def book(occupancy: Occupancy, quantity: int) -> Occupancy | NoRoom:
    """Reserve `quantity` places (at least 1), all or none."""
    if quantity < 1:
        raise ValueError("a booking is for at least one person")
    if occupancy.left is not None and quantity > occupancy.left:
        return NoRoom(occupancy.left)
    return replace(occupancy, reserved=occupancy.reserved + quantity)


class SaleBlocked(Enum):
    """Why a slot cannot be bought now, in words a visitor understands."""

    NOT_STARTED = "sale_not_started"
    ENDED = "sale_ended"
    EVENT_OVER = "event_over"
    SOLD_OUT = "sold_out"


def sale_blocked(slot: TimeSlot, left: int | None, now: datetime) -> SaleBlocked | None:
    """The first reason that `slot` cannot be bought at `now`; None if it can."""
    if now >= slot.end and now >= slot.arrival.end:
        return SaleBlocked.EVENT_OVER
    if now < slot.sales.start:
        return SaleBlocked.NOT_STARTED
    if now >= slot.sales.end:
        return SaleBlocked.ENDED
    if left == 0:
        return SaleBlocked.SOLD_OUT
    return None
