"""What central answers: our values as the JSON of docs/openapi.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from admission.booking import Occupancy
from admission.values import Money
from central.capacity.slots import Listed
from central.catalogue.offers import Offer
from central.catalogue.schedule import describe
from central.catalogue.venue import Attraction, Venue
from central.http.idempotency import Answer
from central.sale.states import (
    By,
    HistoryEntry,
    IssuedTicket,
    Line,
    Payment,
    Refused,
    TicketRequest,
)
from central.seats.plan import in_words
from central.sync.feed import Entry

Json = dict[str, Any]

_STATUS = dict.fromkeys(
    (
        "unknown_product",
        "unknown_slot",
        "unknown_request",
        "unknown_lease",
        "unknown_promo_code",
        "unknown_voucher",
        "unknown_ticket",
        "unknown_device",
        "unknown_day_end",
        "unknown_customer",
        "unknown_batch",
        "unknown_seat",
        "unknown_clash",
        "unknown_quarantined",
        "unknown_zone",
        "unknown_job",
    ),
    404,
) | {"venue_invalid": 400, "list_invalid": 400}
"""Refusals that are not a 409 Conflict."""

_TITLES = {400: "Bad request", 401: "Unauthorised", 404: "Not found", 409: "Conflict"}


def problem(status: int, code: str, detail: str, extras: Mapping[str, Any] | None = None) -> Json:
    """An RFC 9457 problem; `code` is for programs."""
    return {
        **(extras or {}),
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
    }


def refusal(refused: Refused) -> Answer:
    status = _STATUS.get(refused.code, 409)
    return Answer(status, problem(status, refused.code, refused.detail, refused.extras))


def money(amount: Money) -> Json:
    return {"amount": f"{amount.amount:f}", "currency": amount.currency}


def catalogue(site: str, venue: Venue, *, sms: bool) -> Json:
    return {
        "site": site,
        "venue": venue.name,
        "timezone": venue.timezone,
        "currency": venue.currency,
        "sms": sms,
        "attractions": [_attraction(venue, attraction) for attraction in venue.attractions],
    }


def _attraction(venue: Venue, attraction: Attraction) -> Json:
    return {
        "id": attraction.id,
        "kind": attraction.kind.value,
        "name": attraction.name,
        "text": attraction.text,
        "seated": bool(attraction.seating),
        "products": [_offer(venue, attraction, offer) for offer in attraction.products],
    }


def _offer(venue: Venue, attraction: Attraction, offer: Offer) -> Json:
    return {
        "id": offer.id,
        "name": offer.name,
        "text": offer.text,
        "price": money(venue.price(offer)),
        "persons": offer.persons,
        "category": offer.category,
        "kind": offer.kind.value,
        "slot": offer.asks(attraction.id)[0].slot.value,
        "entitlements": _entitlements(attraction, offer),
        "tax_percent": f"{offer.tax_percent:f}",
        "zones": list(offer.zones),
    }


def _entitlements(attraction: Attraction, offer: Offer) -> list[Json]:
    """`slot` is "same" where the time of the product counts, whatever that is."""
    asked = {one.attraction: one for one in offer.asks(attraction.id)}
    told = [(one, asked.get(one.attraction)) for one in offer.opens(attraction.id)]
    return [
        {
            "attraction": opened.attraction,
            "slot": asks.slot.value if asks else "same",
            "required": not (asks and asks.optional),
            "persons": opened.persons or offer.persons,
            "validation": opened.validation.value,
            "uses": opened.uses,
        }
        for opened, asks in told
    ]


def dates(days: Mapping[date, Sequence[Listed]], now: datetime) -> Json:
    return {
        "dates": [
            {"date": day.isoformat(), "open": any(slot.blocked(now) is None for slot in slots)}
            for day, slots in days.items()
        ]
    }


def slots(listed: Iterable[Listed], zone: ZoneInfo, now: datetime, wanted: int = 1) -> Json:
    """For somebody who wants so many places."""
    return {"slots": [_slot(one, zone, now, wanted) for one in listed]}


def _slot(listed: Listed, zone: ZoneInfo, now: datetime, wanted: int) -> Json:
    blocked = listed.blocked(now, wanted)
    return {
        "id": listed.slot.id,
        "start": listed.slot.start.isoformat(),
        "end": listed.slot.end.isoformat(),
        "description": describe(listed.slot, zone),
        "left": listed.occupancy.left,
        "blocked": blocked.value if blocked else None,
        **visits(listed.occupancy),
    }


def visits(occupancy: Occupancy) -> Json:
    """Who came, where that counts."""
    counts, told = occupancy.control.counts_visits, occupancy.visits
    return {
        "admitted": told.admitted if counts else None,
        "present": told.present if counts else None,
    }


def ticket_request(request: TicketRequest, now: datetime) -> Json:
    return {
        "token": request.token,
        "authorisation": request.authorisation,
        "status": request.status_at(now).value,
        "expires_at": request.expires_at.isoformat(),
        "total": money(request.total),
        "tax": money(request.tax),
        "lines": [sold_line(line) for line in request.lines],
    }


def full_request(
    request: TicketRequest,
    issued: Iterable[IssuedTicket],
    payments: Iterable[tuple[By, Payment]],
    history: Iterable[HistoryEntry],
    now: datetime,
) -> Json:
    return ticket_request(request, now) | {
        "channel": request.channel,
        "device": request.device,
        "language": request.language,
        "holder": asdict(request.holder) if request.holder else None,
        "tickets": [_ticket(ticket) for ticket in issued],
        "payments": [_payment(by, payment) for by, payment in payments],
        "history": told(history),
    }


def told(history: Iterable[HistoryEntry]) -> list[Json]:
    return [
        {
            "at": entry.by.at.isoformat(),
            "who": entry.by.who,
            "from": entry.by.address,
            "what": entry.what,
        }
        for entry in history
    ]


def tickets(issued: Iterable[IssuedTicket]) -> Json:
    return {"tickets": [_ticket(ticket) for ticket in issued]}


def sold_line(line: Line) -> Json:
    return {
        "product": line.product,
        "slot": line.slot,
        "slots": {one.attraction: one.slot for one in line.opens if one.slot},
        "description": line.description,
        "quantity": line.quantity,
        "text": line.text,
        "price": money(line.price),
        "rule": line.rule,
        "discount": money(Money(line.discount, line.price.currency)),
        "total": money(line.total),
        "tax_percent": f"{line.tax_percent:f}",
        "tax": money(line.tax),
        "seats": [seat for one in line.seating for seat in one.seats if seat],
    }


def _payment(by: By, payment: Payment) -> Json:
    return {
        "at": by.at.isoformat(),
        "method": payment.method,
        "reference": payment.reference,
        "amount": money(payment.amount),
    }


def _ticket(issued: IssuedTicket) -> Json:
    ticket, line = issued.ticket, issued.line
    return {
        "id": str(ticket.id),
        "code": issued.code,
        "human_code": issued.human_code,
        "product": ticket.product,
        "product_name": line.product_name,
        "attraction": line.attraction,
        "attraction_name": line.attraction_name,
        "description": line.description,
        "valid_from": ticket.window.start.isoformat(),
        "valid_until": ticket.window.end.isoformat(),
        "windows": [
            {
                "attraction": attraction,
                "valid_from": window.start.isoformat(),
                "valid_until": window.end.isoformat(),
            }
            for attraction, window in ticket.windows
        ],
        "persons": ticket.persons,
        "price": money(line.price),
        "state": ticket.state.value,
        "text": line.text,
        "product_text": line.ticket_text,
        "seats": [in_words(seat) for _, seat in issued.seats],
    }


def feed(head: int, entries: Iterable[Entry]) -> Json:
    return {"head": head, "entries": [{"n": entry.n, "fact": entry.fact} for entry in entries]}


def activity(head: int, entries: Iterable[Entry]) -> Json:
    return {
        "head": head,
        "entries": [
            {"n": entry.n, "received_at": entry.received_at.isoformat(), "fact": entry.fact}
            for entry in entries
        ],
    }
