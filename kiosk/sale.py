"""One sale, told by its journal: records fold into a Sale, and a Sale says what is to be done next.

The same two functions drive a sale while the visitor watches and after a power cut, so there is
one set of rules for money. Whatever happens, a sale ends in exactly one of: nothing charged;
charged, and tickets issued and printed; charged and reversed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from admission.values import Money
from kiosk.goods import Holder, IssuedTicket, Order, Refusal, Reservation


# What is written: the visitor's wishes …
@dataclass(frozen=True, slots=True)
class Begun:
    order: Order


@dataclass(frozen=True, slots=True)
class PaymentWanted:
    """One more attempt to pay. `holder` is forgotten by the journal when the sale closes."""

    holder: Holder | None


@dataclass(frozen=True, slots=True)
class Abandoned:
    reason: str


# … what is about to be done …
@dataclass(frozen=True, slots=True)
class Doing:
    """Written before the effect `id` runs."""

    id: str


# … and what came of it.
@dataclass(frozen=True, slots=True)
class Reserved:
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class ReservationRefused:
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class ChargeTaken:
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChargeNotTaken:
    reason: str


@dataclass(frozen=True, slots=True)
class ChargeReversed:
    pass


@dataclass(frozen=True, slots=True)
class Confirmed:
    pass


@dataclass(frozen=True, slots=True)
class SaleRefused:
    """Central will not confirm or issue what was paid for."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Issued:
    tickets: tuple[IssuedTicket, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    ticket: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Central has taken the cancellation, or knows of nothing to cancel."""


Record = (
    Begun
    | PaymentWanted
    | Abandoned
    | Doing
    | Reserved
    | ReservationRefused
    | ChargeTaken
    | ChargeNotTaken
    | ChargeReversed
    | Confirmed
    | SaleRefused
    | Issued
    | Printed
    | Cancelled
)


class Paying(Enum):
    """Where the latest attempt to pay stands."""

    NONE = "none"
    WANTED = "wanted"
    ASKED = "asked"
    """The terminal was asked; only it knows the outcome."""
    NOT_TAKEN = "not_taken"
    TAKEN = "taken"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Sale:
    """What the journal says about one sale. `attempt` counts the attempts to pay."""

    id: str
    order: Order
    reservation: Reservation | None = None
    refusal: Refusal | None = None
    holder: Holder | None = None
    attempt: int = 0
    paying: Paying = Paying.NONE
    declined: str = ""
    reference: str = ""
    taken_at: datetime | None = None
    confirmed: bool = False
    tickets: tuple[IssuedTicket, ...] = ()
    printed: frozenset[int] = frozenset()
    abandoned: str | None = None
    cancelled: bool = False
    doing: str = ""

    @property
    def charge_id(self) -> str:
        return f"{self.id}-{self.attempt}"

    @property
    def unprinted(self) -> tuple[IssuedTicket, ...]:
        return tuple(ticket for ticket in self.tickets if ticket.id not in self.printed)

    @property
    def closed(self) -> bool:
        """Nothing is left to do, ever."""
        refused_at_once = self.refusal is not None and self.reservation is None
        return refused_at_once or self.cancelled or bool(self.tickets and not self.unprinted)

    @property
    def owes(self) -> bool:
        """Money or paper is outstanding: nobody else is served before that is settled."""
        return not self.closed and self.paying in (Paying.ASKED, Paying.TAKEN)


def fold(sale: Sale, record: Record) -> Sale:  # noqa: PLR0912 - one line a record
    """The sale after one more record."""
    match record:
        case PaymentWanted() if sale.paying not in (Paying.NONE, Paying.NOT_TAKEN):
            return sale
        case PaymentWanted(holder):
            attempt = sale.attempt + 1
            return replace(sale, holder=holder, attempt=attempt, paying=Paying.WANTED, declined="")
        case Abandoned(reason):
            return replace(sale, abandoned=sale.abandoned or reason)
        case Doing(effect):
            return _about_to(replace(sale, doing=effect))
        case Reserved(reservation):
            return replace(sale, reservation=reservation)
        case ReservationRefused(refusal):
            return replace(sale, refusal=refusal)
        case ChargeTaken(reference, at):
            return replace(sale, paying=Paying.TAKEN, reference=reference, taken_at=at)
        case ChargeNotTaken(reason):
            return replace(sale, paying=Paying.NOT_TAKEN, declined=reason)
        case ChargeReversed():
            return replace(sale, paying=Paying.REVERSED)
        case Confirmed():
            return replace(sale, confirmed=True)
        case SaleRefused(refusal):
            return replace(sale, refusal=refusal, abandoned=sale.abandoned or "refused")
        case Issued(tickets):
            return replace(sale, tickets=tickets)
        case Printed(ticket):
            return replace(sale, printed=sale.printed | {ticket})
        case Cancelled():
            return replace(sale, cancelled=True)
        case Begun():
            return sale


def _about_to(sale: Sale) -> Sale:
    """A charge asked for may have been taken; a reversal begun is never called off."""
    if sale.doing == _effect_id(sale, "charge"):
        return replace(sale, paying=Paying.ASKED)
    if sale.doing == _effect_id(sale, "reverse"):
        return replace(sale, abandoned=sale.abandoned or "patience")
    return sale


@dataclass(frozen=True, slots=True)
class Todo:
    """An effect. `id` is the same however often it is tried: an idempotency key for central."""

    id: str


class Reserve(Todo):
    pass


class Charge(Todo):
    pass


class AskOutcome(Todo):
    """Find out what became of a charge. Changes nothing, so it is not announced by a Doing."""


class Confirm(Todo):
    pass


class Issue(Todo):
    pass


@dataclass(frozen=True, slots=True)
class Print(Todo):
    ticket: IssuedTicket


class Reverse(Todo):
    pass


class Cancel(Todo):
    pass


def todo(sale: Sale, now: datetime, patience: timedelta) -> Todo | None:
    """What is to be done next; None while the visitor is to decide, or when it is closed.

    A sale charged for longer than `patience` without tickets is reversed.
    """
    if sale.closed:
        return None
    if sale.reservation is None:
        return Reserve(_effect_id(sale, "reserve"))
    if sale.tickets:
        ticket = sale.unprinted[0]
        return Print(_effect_id(sale, f"print-{ticket.id}"), ticket)
    match sale.paying:
        case Paying.WANTED if sale.abandoned is None:
            return Charge(_effect_id(sale, "charge"))
        case Paying.ASKED:
            return AskOutcome(_effect_id(sale, "outcome"))
        case Paying.TAKEN:
            return _after_charge(sale, now, patience)
    return Cancel(_effect_id(sale, "cancel")) if sale.abandoned is not None else None


def _after_charge(sale: Sale, now: datetime, patience: timedelta) -> Todo:
    assert sale.taken_at is not None
    clock_went_back = now < sale.taken_at - patience
    if sale.abandoned is not None or clock_went_back or now >= sale.taken_at + patience:
        return Reverse(_effect_id(sale, "reverse"))
    return (
        Issue(_effect_id(sale, "issue")) if sale.confirmed else Confirm(_effect_id(sale, "confirm"))
    )


def _effect_id(sale: Sale, what: str) -> str:
    return f"{sale.charge_id}-{what}"


def price(sale: Sale) -> Money:
    """What is to be paid, by central's reckoning; only after `Reserved`."""
    assert sale.reservation is not None
    return sale.reservation.total
