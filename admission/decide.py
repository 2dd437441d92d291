"""The one set of admission rules. The gate and central call the same function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol
from zoneinfo import ZoneInfo

from admission.codes import HumanCode, SignedCode, genuine, read_code
from admission.values import (
    Entitlement,
    IssuerKey,
    LaneMode,
    Product,
    Ticket,
    TicketState,
    Use,
    Validation,
)


class LedgerView(Protocol):
    """What the rules ask of the ledger. Answers are of this moment and cost no waiting."""

    def ticket(self, ticket_id: int) -> Ticket | None: ...
    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None: ...
    def product(self, product_id: int) -> Product | None: ...
    def issuer(self, key_id: int) -> IssuerKey | None: ...
    def uses(self, ticket_id: int) -> Sequence[Use]:
        """Every entry recorded on the ticket, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """Somebody shows `code` at a lane that opens to `attractions`. `zone` tells local days."""

    code: str
    attractions: frozenset[str]
    zone: ZoneInfo
    mode: LaneMode = LaneMode.CONTROLLED


class Reason(Enum):
    UNREADABLE = "unreadable"
    UNKNOWN_KEY = "unknown_key"
    NOT_GENUINE = "not_genuine"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    UNPAID = "unpaid"
    LANE_CLOSED = "lane_closed"
    UNKNOWN_PRODUCT = "unknown_product"
    WRONG_ATTRACTION = "wrong_attraction"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    ALREADY_USED = "already_used"


@dataclass(frozen=True, slots=True)
class Granted:
    """`persons` may pass now, on this line of the ticket's product."""

    ticket: Ticket
    entitlement: Entitlement
    persons: int


@dataclass(frozen=True, slots=True)
class Denied:
    """Refused. `at` is when it was used, opens or closed; `where` the lane of the earlier use."""

    reason: Reason
    ticket: Ticket | None = None
    at: datetime | None = None
    where: str | None = None


def decide(view: LedgerView, request: AdmissionRequest, now: datetime) -> Granted | Denied:
    """Answer the request. The first rule that fails gives the reason; nothing is changed."""
    ticket = _find(view, request.code)
    if isinstance(ticket, Denied):
        return ticket
    if reason := _STATES.get(ticket.state):
        return Denied(reason, ticket)
    if request.mode is LaneMode.CLOSED:
        return Denied(Reason.LANE_CLOSED, ticket)
    product = view.product(ticket.product)
    if product is None:
        return Denied(Reason.UNKNOWN_PRODUCT, ticket)
    entitlement = product.entitlement(request.attractions)
    if entitlement is None:
        return Denied(Reason.WRONG_ATTRACTION, ticket)
    if now < ticket.window.start:
        return Denied(Reason.TOO_EARLY, ticket, at=ticket.window.start)
    if now >= ticket.window.end:
        return Denied(Reason.TOO_LATE, ticket, at=ticket.window.end)
    uses = [u for u in view.uses(ticket.id) if u.attraction == entitlement.attraction and u.entered]
    persons = _persons_left(ticket, entitlement, uses, now, request.zone)
    if persons == 0:
        last = max(uses, key=lambda use: use.at)
        return Denied(Reason.ALREADY_USED, ticket, at=last.at, where=last.lane)
    return Granted(ticket, entitlement, persons)


_STATES = {
    TicketState.CANCELLED: Reason.CANCELLED,
    TicketState.BLOCKED: Reason.BLOCKED,
    TicketState.UNPAID: Reason.UNPAID,
}


def _find(view: LedgerView, text: str) -> Ticket | Denied:
    """The ticket as the ledger knows it, else as its own signature vouches for it."""
    match read_code(text):
        case SignedCode() as code:
            issuer = view.issuer(code.key)
            if issuer is None:
                return Denied(Reason.UNKNOWN_KEY)
            if not genuine(code, issuer) or code.ticket.window.end <= issuer.valid_from:
                return Denied(Reason.NOT_GENUINE)
            return view.ticket(code.ticket.id) or code.ticket
        case HumanCode(bits):
            return view.ticket_by_low_bits(bits) or Denied(Reason.UNKNOWN)
        case None:
            return Denied(Reason.UNREADABLE)


def _persons_left(
    ticket: Ticket, line: Entitlement, uses: Sequence[Use], now: datetime, zone: ZoneInfo
) -> int:
    """How many persons may still enter on `line` at `now`; `uses` are those of this line."""
    entered = sum(use.entered for use in uses)
    match line.validation:
        case Validation.SINGLE:
            return max(0, ticket.persons - entered)
        case Validation.MULTIPLE:
            return min(ticket.persons, max(0, line.uses * ticket.persons - entered))
        case Validation.SAME_DAY:
            days = {use.at.astimezone(zone).date() for use in uses}
            return ticket.persons if days <= {now.astimezone(zone).date()} else 0


def explain(denied: Denied, now: datetime, zone: ZoneInfo) -> str:
    """One English sentence for visitor and steward: "already used at 10:04 at North 2"."""
    at = _clock_time(denied.at, now, zone) if denied.at else ""
    match denied.reason:
        case Reason.TOO_EARLY:
            return f"opens at {at}"
        case Reason.TOO_LATE:
            return f"closed at {at}"
        case Reason.ALREADY_USED:
            return f"already used at {at} at {denied.where}"
        case reason:
            return _SENTENCES[reason]


def _clock_time(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    same_day = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M}" if same_day else f"{local:%H:%M on %d %b %Y}"


_SENTENCES = {
    Reason.UNREADABLE: "not a ticket of this venue",
    Reason.UNKNOWN_KEY: "not genuine, as far as this gate knows",
    Reason.NOT_GENUINE: "not genuine",
    Reason.UNKNOWN: "no such ticket",
    Reason.CANCELLED: "ticket was cancelled",
    Reason.BLOCKED: "ticket is blocked",
    Reason.UNPAID: "ticket is not paid",
    Reason.LANE_CLOSED: "this lane is closed",
    Reason.UNKNOWN_PRODUCT: "kind of ticket not known here yet",
    Reason.WRONG_ATTRACTION: "not valid at this entrance",
}
