"""How a ticket stands for its holder: by the same rules by which gates decide. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from admission.entries import persons_left, persons_of
from admission.values import Entitlement, History, Product, Ticket, TicketState, Use, Validation


class Stand(Enum):
    """EARLY: good, but not yet. USED: nobody of it may enter any more."""

    VALID = "valid"
    EARLY = "early"
    USED = "used"
    EXPIRED = "expired"
    UNPAID = "unpaid"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Left:
    """How many entries an attraction has left; None is any number. `again`: that many today, on
    the day of the first entry."""

    attraction: str
    entries: int | None


@dataclass(frozen=True)
class Standing:
    """`uses` are the entries, the first first."""

    stand: Stand
    left: tuple[Left, ...] = ()
    uses: tuple[Use, ...] = ()


_STATES = {
    TicketState.CANCELLED: Stand.CANCELLED,
    TicketState.BLOCKED: Stand.BLOCKED,
    TicketState.UNPAID: Stand.UNPAID,
}


def standing(
    ticket: Ticket, product: Product | None, history: History, now: datetime, zone: ZoneInfo
) -> Standing:
    """`product` is None for one that the venue has no more."""
    uses = tuple(sorted((u for u in history.uses if u.entered), key=lambda use: use.at))
    lines = [
        one
        for one in (product.entitlements if product else ())
        if ticket.window_at(one.attraction) is not None
    ]
    left = tuple(_left(one, ticket, history, now, zone) for one in lines)
    stand = _stand(ticket, left, uses, now)
    return Standing(stand, tuple(_if_open(one, ticket, now) for one in left), uses)


def _stand(ticket: Ticket, left: tuple[Left, ...], uses: tuple[Use, ...], now: datetime) -> Stand:
    if ticket.state in _STATES:
        return _STATES[ticket.state]
    if uses and left and all(one.entries == 0 for one in left):
        return Stand.USED
    unused = [one for one in left if one.entries != 0]
    if now >= ticket.window.end or (unused and not any(_open(one, ticket, now) for one in unused)):
        return Stand.EXPIRED
    return Stand.EARLY if now < ticket.window.start else Stand.VALID


def _open(one: Left, ticket: Ticket, now: datetime) -> bool:
    """Whether it is not over yet, of a ticket for several attractions perhaps before the others."""
    window = ticket.window_at(one.attraction)
    return window is not None and now < window.end


def _if_open(one: Left, ticket: Ticket, now: datetime) -> Left:
    return one if _open(one, ticket, now) else replace(one, entries=0)


def _left(
    line: Entitlement, ticket: Ticket, history: History, now: datetime, zone: ZoneInfo
) -> Left:
    persons = persons_of(line, ticket.persons)
    if line.validation is Validation.MULTIPLE:  # n entries of one are one entry of n
        line, persons = replace(line, validation=Validation.SINGLE), line.uses * persons
    may = persons_left(history, line, persons, now, zone)
    unlimited = line.validation in (Validation.PERIOD, Validation.SAME_DAY) and may > 0
    return Left(line.attraction, None if unlimited else may)
