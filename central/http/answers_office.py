"""What central answers the office about requests it looks for, customers and batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from admission.values import Use
from central.http.answers import money, ticket_request, tickets
from central.money.sheet import as_csv
from central.office.batches import Batch, Exported
from central.office.customers import Customer, Suggested
from central.office.search import Found
from central.sale.states import IssuedTicket, References, TicketRequest
from central.seats.plan import in_words

Json = dict[str, Any]

BATCH_COLUMNS = (
    *("human_code", "code", "description", "valid_from", "valid_until"),
    *("seats", "text", "state", "used_at"),
)


def found(page: Sequence[Found], limit: int, now: datetime) -> Json:
    """`next` asks for the page after this one, by after=…"""
    shown = page[:limit]
    more = len(page) > limit and shown
    return {
        "requests": [_found(one, now) for one in shown],
        "next": shown[-1].place if more else None,
    }


def _found(one: Found, now: datetime) -> Json:
    request = one.request
    return ticket_request(request, now) | {
        "created_at": one.created_at.isoformat(),
        "channel": request.channel,
        "device": request.device,
        "language": request.language,
        "holder": asdict(request.holder) if request.holder else None,
        "references": asdict(one.references),
    }


def ticket(
    request: TicketRequest, issued: IssuedTicket, uses: Iterable[Use], suggested: Suggested
) -> Json:
    [told] = tickets([issued])["tickets"]
    return {
        "ticket": told,
        "request": request.token,
        "authorisation": request.authorisation,
        "uses": [use(one) for one in uses],
        "suggested": {
            "customer": suggested.customer,
            "holder": asdict(suggested.holder) if suggested.holder else None,
        },
    }


def use(one: Use) -> Json:
    return {
        "at": one.at.isoformat(),
        "attraction": one.attraction,
        "device": one.device,
        "lane": one.lane,
        "persons": one.entered,
    }


def customers(page: Iterable[Customer]) -> Json:
    return {"customers": [customer(one) for one in page]}


def customer(one: Customer) -> Json:
    return {
        **number_of(one),
        "created_at": one.created_at.isoformat(),
        **asdict(one.details.holder),
        "language": one.details.language,
        "note": one.details.note,
        "merged_into": one.merged_into or None,
        "erased_at": one.erased_at.isoformat() if one.erased_at else None,
    }


def number_of(one: Customer) -> Json:
    """All that an answer to a write tells: those are kept, and a customer may be erased."""
    return {"number": one.number}


def export(one: Customer, merged: Iterable[Customer], requests: Iterable[Json]) -> Json:
    """All that is kept of a customer."""
    return {
        "customer": customer(one),
        "merged": [customer(other) for other in merged],
        "requests": list(requests),
    }


def batches(page: Iterable[Json]) -> Json:
    return {"batches": list(page)}


def batch(one: Batch, request: TicketRequest, references: References, now: datetime) -> Json:
    [line] = request.lines
    return {
        "id": one.id,
        "request": request.token,
        "authorisation": request.authorisation,
        "status": request.status_at(now).value,
        "at": one.made.at.isoformat(),
        "who": one.made.who,
        "product": line.product,
        "slot": line.slot,
        "description": line.description,
        "quantity": line.quantity,
        "total": money(request.total),
        "references": asdict(references),
    }


def batch_csv(tickets: Iterable[Exported]) -> str:
    """One row for each ticket."""
    return as_csv(
        BATCH_COLUMNS,
        (
            (
                one.issued.human_code,
                one.issued.code,
                one.issued.line.description,
                one.issued.ticket.window.start.isoformat(),
                one.issued.ticket.window.end.isoformat(),
                ", ".join(in_words(seat) for _, seat in one.issued.seats),
                one.issued.line.text,
                one.issued.ticket.state.value,
                one.used_at.isoformat() if one.used_at else None,
            )
            for one in tickets
        ),
    )
