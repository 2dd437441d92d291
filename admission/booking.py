"""Booking against capacity: what is taken never exceeds it. When a slot is on sale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from admission.values import Control, TimeSlot


@dataclass(frozen=True, slots=True)
class Share:
    """The most places that one sales channel may have of a slot, and how many it has: sold,
    reserved and leased together."""

    most: int
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Visits:
    """Persons who came in a time slot: `admitted` in all, `guests` of them without a place in it
    (with a pass, say). `came`: how many of those with a place need not be waited for any more.
    `present`: who is inside, whoever it is."""

    admitted: int = 0
    guests: int = 0
    came: int = 0
    present: int = 0


NO_VISITS = Visits()


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How full a time slot is, in persons. `capacity` None means no limit. `share` is that of the
    channel that asks, if it has one. `visits` count as `control` says; `shut`: the arrival is over,
    whoever has not come comes no more."""

    capacity: int | None
    sold: int = 0
    reserved: int = 0
    leased: int = 0
    share: Share | None = None
    control: Control = Control.SALES
    visits: Visits = NO_VISITS
    shut: bool = False

    @property
    def booked(self) -> int:
        return self.sold + self.reserved + self.leased

    @property
    def taken(self) -> int:
        """What counts against the capacity."""
        match self.control:
            case Control.ADMITTED:
                return self.visits.admitted if self.shut else self.booked + self.visits.guests
            case Control.PRESENT:
                coming = 0 if self.shut else self.booked - self.visits.came
                return coming + self.visits.present
            case _:
                return self.booked

    @property
    def left(self) -> int | None:
        """Places still to be had, never negative; None means no limit."""
        if self.capacity is None:
            return None
        left = self.capacity - self.taken
        if self.share:
            left = min(left, self.share.most - self.share.taken)
        return max(0, left)

    @property
    def most(self) -> int | None:
        """Places to be had in an empty slot."""
        if self.capacity is None or self.share is None:
            return self.capacity
        return min(self.capacity, self.share.most)

    @property
    def over(self) -> int:
        """Places taken that are not there."""
        return 0 if self.capacity is None else max(0, self.taken - self.capacity)


def share_of(capacity: int | None, percent: int | None, taken: int) -> Share | None:
    """The share that `percent` is of a capacity, rounded down; None for no limit."""
    if capacity is None or percent is None:
        return None
    return Share(capacity * percent // 100, taken)


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
    share = occupancy.share and replace(occupancy.share, taken=occupancy.share.taken + quantity)
    return replace(occupancy, reserved=occupancy.reserved + quantity, share=share)


class SaleBlocked(Enum):
    """Why a slot cannot be bought now, in words a visitor understands."""

    NOT_STARTED = "sale_not_started"
    ENDED = "sale_ended"
    EVENT_OVER = "event_over"
    SOLD_OUT = "sold_out"
    CLOSED = "slot_closed"
    TOO_FEW = "too_few_left"


def sale_blocked(
    slot: TimeSlot, left: int | None, now: datetime, *, closed: bool = False, wanted: int = 1
) -> SaleBlocked | None:
    """The first reason that `wanted` places of `slot` cannot be bought at `now`; None if they
    can."""
    if now >= slot.end and now >= slot.arrival.end:
        return SaleBlocked.EVENT_OVER
    if closed:
        return SaleBlocked.CLOSED
    if now < slot.sales.start:
        return SaleBlocked.NOT_STARTED
    if now >= slot.sales.end:
        return SaleBlocked.ENDED
    if left == 0:
        return SaleBlocked.SOLD_OUT
    if left is not None and left < wanted:
        return SaleBlocked.TOO_FEW
    return None


def in_words(blocked: SaleBlocked, left: int | None = None) -> str:
    """The reason as staff and developers read it; a visitor's screen has its own language."""
    match blocked:
        case SaleBlocked.NOT_STARTED:
            return "the sale has not started"
        case SaleBlocked.ENDED:
            return "the sale has ended"
        case SaleBlocked.EVENT_OVER:
            return "it is over"
        case SaleBlocked.SOLD_OUT:
            return "it is sold out"
        case SaleBlocked.CLOSED:
            return "it is closed"
        case SaleBlocked.TOO_FEW:
            return f"only {left} places are left"
