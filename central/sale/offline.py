"""Sales that a kiosk made and signed while it could not reach central, told as facts.

Whoever paid has a good ticket: each sale becomes a confirmed request with its ticket, payment and
receipt, once, also where it went beyond its lease; then people are told. Only what a device dates
after its key was revoked is not good, and nothing of it is booked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from admission.codes import human_code
from admission.facts import (
    Clash,
    Conflicted,
    Fact,
    LeaseReturned,
    OfflineSold,
    Side,
    TicketIssued,
)
from admission.foreign import FOREIGN_IDS
from admission.offline import flaw
from admission.values import IssuerKey, Ticket, TicketState
from central import device_keys, keys
from central.capacity import leases, slots, visits, waiting
from central.capacity.leases import Lease
from central.catalogue import venues
from central.catalogue.offers import check_amount, check_line
from central.catalogue.venue import Venue
from central.money import dues
from central.sale import offline_lines, tickets
from central.sale.request_rows import move, new_authorisation, store
from central.sale.states import By, Payment, Refused, Status, TicketRequest
from central.store import schema
from central.sync import feed
from central.watch import clashes
from runtime.wire import fact_from_data

METHOD = "card"
MAX_PLACES = 1000
MAX_NUMBER = 2**31 - 1
MAX_REFERENCE = 100
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Taken:
    """What is still to be told of the sales that were booked."""

    issued: list[Ticket] = field(default_factory=list)
    found: list[Conflicted] = field(default_factory=list)


def token_of(ticket: int) -> str:
    """The request that an offline sale becomes; whoever knows the ticket's id may act on it."""
    return f"offline-{ticket:x}"


def problem(event: OfflineSold | LeaseReturned) -> str | None:
    """What forbids to take a well-formed fact."""
    if not 1 <= event.lease <= MAX_NUMBER or not 1 <= event.places <= MAX_PLACES:
        return f"lease {event.lease}, places {event.places}: not possible"
    if isinstance(event, LeaseReturned):
        return None
    sold = event.issued
    if not (1 <= sold.product <= 65535 and 1 <= sold.persons <= 255 and sold.id < FOREIGN_IDS):
        return f"ticket {sold.id}, product {sold.product}, {sold.persons} persons: not possible"
    if len(sold.language) > 20 or len(event.reference) > MAX_REFERENCE:
        return "language or reference: too long"
    currency = event.price.currency
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        return f"price: {currency!r} is no currency"
    try:
        check_amount(event.price.amount, "price")
        check_line(event.reference + sold.language, "reference")
    except ValueError as error:
        return str(error)
    return None


def take(connection: Connection, facts: Sequence[Fact], now: datetime) -> Taken:
    """Book the sales among these facts, which the feed has not taken yet, and give back the places
    that are told to be returned. It locks time slots, then tills."""
    ours = [f for f in facts if isinstance(f.event, OfflineSold | LeaseReturned)]
    taken = Taken()
    if not ours:
        return taken
    numbers = {f.event.lease for f in ours if isinstance(f.event, OfflineSold | LeaseReturned)}
    held = leases.slots_of(connection, numbers)
    slots.hold(connection, held)
    revision = venues.newest(connection)
    desk = _Desk(connection, revision.venue if revision else None, keys.told(connection), now)
    for fact in ours:
        desk.take(fact, taken)
    if taken.issued:
        visits.recount(connection, [one.id for one in taken.issued], now)
    if any(isinstance(fact.event, LeaseReturned) for fact in ours):
        waiting.serve(connection, held, now)
    return taken


def tell(connection: Connection, taken: Taken, now: datetime, zone: ZoneInfo) -> None:
    """Tell the gates of what was booked, and people of what does not fit."""
    if taken.issued:
        feed.tell(connection, [TicketIssued(one) for one in taken.issued], now)
    clashes.report(connection, taken.found, now, zone)


@dataclass(frozen=True)
class Revoked:
    """`blocked`: so many tickets that were sold later are not good any more."""

    keys: list[IssuerKey]
    blocked: int


def revoke(
    connection: Connection, which: str, since: datetime, why: str, by: By
) -> Revoked | Refused:
    """End a key by its id, or all keys of a device: of tickets signed with it only those are good
    of which somebody tells, and of its sales only those before `since`."""
    ended = device_keys.revoked(connection, which, since, by)
    if isinstance(ended, Refused):
        return ended
    device = ended[0].device
    facts = _sold_since(connection, device, since) if device else []
    blocked = [fact.event.issued for fact, _ in facts if isinstance(fact.event, OfflineSold)]
    tickets.block(connection, blocked, by.at)
    device_keys.tell_revoked(connection, ended, why, by)
    found = [
        _conflict(Clash.REVOKED, fact, received_at, "sold after its key was revoked")
        for fact, received_at in facts
    ]
    revision = venues.newest(connection)
    clashes.report(connection, found, by.at, revision.venue.zone if revision else UTC)
    return Revoked(ended, len(blocked))


def _sold_since(
    connection: Connection, device: str, since: datetime
) -> list[tuple[Fact, datetime]]:
    """Its sales whose tickets are good, each with when it was told."""
    told, ticket = schema.feed.c, schema.ticket.c
    query = (
        select(told.body, told.received_at)
        .join(schema.ticket, ticket.id == told.subject)
        .where(told.kind == "offline_sold", told.device == device, told.at >= since)
        .where(ticket.state == TicketState.VALID.value)
        .order_by(told.n)
    )
    return [(fact_from_data(body), at) for body, at in connection.execute(query)]


@dataclass(frozen=True)
class _Desk:
    """Where sales are booked."""

    connection: Connection
    venue: Venue | None
    keys: Mapping[int, IssuerKey]
    now: datetime

    def take(self, fact: Fact, taken: Taken) -> None:
        match fact.event:
            case LeaseReturned(lease, places):
                leases.book_out(self.connection, lease, fact.device, places)
            case OfflineSold() as sold:
                self._sale(fact, sold, taken)

    def _sale(self, fact: Fact, sold: OfflineSold, taken: Taken) -> None:
        known = self._known(sold.issued.id)
        if known == fact.device:
            return
        if known is not None:
            detail = "the ticket was issued before, not by this device"
            taken.found.append(_conflict(Clash.BEYOND_LEASE, fact, self.now, detail))
            return
        if why := flaw(fact, self.keys):
            taken.issued.append(replace(sold.issued, state=TicketState.BLOCKED))
            taken.found.append(_conflict(Clash.REVOKED, fact, self.now, why))
            return
        places = (sold.lease, fact.device, sold.places)
        lease, had = leases.book_out(self.connection, *places)
        self._book(fact, sold, lease)
        taken.issued.append(replace(sold.issued, state=TicketState.VALID))
        if why := _beyond(fact, sold, lease, had):
            taken.found.append(_conflict(Clash.BEYOND_LEASE, fact, self.now, why))

    def _known(self, ticket: int) -> str | None:
        """The device that sold it."""
        request, table = schema.ticket_request, schema.ticket
        query = select(request.c.device).join(table, table.c.request == request.c.id)
        return self.connection.scalar(query.where(table.c.id == ticket))

    def _book(self, fact: Fact, sold: OfflineSold, lease: Lease | None) -> None:
        """All that an online sale writes down."""
        by = By(fact.device, self.now)
        id_ = lease.slot if lease else self._slot_at(sold)
        slot = slots.lock(self.connection, {id_}, self.now).get(id_)
        line = offline_lines.line_of(sold, self.venue, slot)
        request = TicketRequest(
            id=0,
            token=token_of(sold.issued.id),
            authorisation=new_authorisation(self.connection),
            status=Status.REGISTERED,
            channel=lease.channel if lease else "kiosk",
            language=sold.issued.language,
            currency=sold.price.currency,
            expires_at=self.now,
            holder=None,
            lines=(line,),
            device=fact.device,
        )
        number = store(self.connection, request, by)
        request = replace(request, id=number, status=Status.CONFIRMED)
        sold_at = fact.at.isoformat(timespec="seconds")
        move(self.connection, number, Status.CONFIRMED, f"sold offline at {sold_at}", by)
        dues.book_sale(self.connection, request, by)
        free = not sold.price.amount
        method = dues.FREE if free else METHOD
        payment = Payment(method, dues.FREE if free else sold.reference, sold.price)
        dues.take(self.connection, request, payment, None, by)
        self.connection.execute(insert(schema.ticket), self._columns(number, sold))

    def _slot_at(self, sold: OfflineSold) -> str:
        """The slot that it must have been, if no lease tells; "" if there is none."""
        found, table = self.venue and self.venue.offer(sold.issued.product), schema.time_slot
        if not found:
            return ""
        window = sold.issued.window
        here = (
            table.c.attraction == found[0].id,
            table.c.arrival_start == window.start,
            table.c.arrival_end == window.end,
        )
        return self.connection.scalar(select(table.c.id).where(*here)) or ""

    def _columns(self, request: int, sold: OfflineSold) -> dict[str, object]:
        issued, table = sold.issued, schema.ticket
        human = human_code(issued.id)
        taken = select(table.c.id).where(table.c.human_code == human)
        if self.connection.scalar(taken) is not None:  # the other one keeps it
            human = f"X{issued.id:016x}"[:12]
        return {
            "id": issued.id,
            "human_code": human,
            "request": request,
            "line": 1,
            "code": sold.code,
            "product": issued.product,
            "persons": issued.persons,
            "valid_from": issued.window.start,
            "valid_until": issued.window.end,
            "state": TicketState.VALID.value,
        }


def _beyond(fact: Fact, sold: OfflineSold, lease: Lease | None, had: int) -> str:
    if lease is None:
        return f"{fact.device} has no lease {sold.lease}"
    if fact.at >= lease.expires_at:
        return f"lease {lease.id} had run out by then"
    if had < sold.places:
        return f"{sold.places} places are more than the {had} left of lease {lease.id}"
    return ""


def _conflict(clash: Clash, fact: Fact, received_at: datetime, detail: str) -> Conflicted:
    side = Side(fact.device, fact.number, fact.at, received_at, cut_off=True)
    return Conflicted(clash, fact.ticket, (side,), detail)
