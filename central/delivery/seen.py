"""A delivery as staff see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from central.catalogue.venue import Venue
from central.delivery import phones, words
from central.delivery.outbox import Delivery, Kind
from central.store.schema import ticket_request

KINDS = {Kind.SMS: "SMS", Kind.EMAIL: "e-mail", Kind.PRINT: "print"}
TEXTS = {
    "mail.tickets": "Tickets",
    "print.tickets": "Tickets",
    "print.coat": "Coat ticket",
    "sms.tickets": "Tickets",
    "sms.coat_code": "Coat ticket",
    "sms.coat_fetched": "Coat picked up",
    "sms.coat_left": "Coat left behind",
}


@dataclass(frozen=True)
class Seen:
    """`to` is all of the address, or as much as tells it from others; `segments` are the SMS that
    the text is cut into, 0 if it is none or cannot be said; `token` is the request's, or ""."""

    delivery: Delivery
    kind: str
    to: str
    about: str
    segments: int
    token: str


def seen(
    connection: Connection,
    deliveries: Iterable[Delivery],
    venue: Venue,
    url: str,
    *,
    full: bool = False,
) -> list[Seen]:
    """`url` is the public address of central; `full` shows whole addresses."""
    told = list(deliveries)
    ids = {one.draft.request for one in told if one.draft.request}
    table = ticket_request
    rows = connection.execute(select(table.c.id, table.c.token).where(table.c.id.in_(ids)))
    tokens = {row.id: str(row.token) for row in rows}
    return [
        Seen(
            one,
            KINDS[one.draft.kind],
            address(one, full=full),
            TEXTS.get(one.draft.text, one.draft.text.partition(".")[2]),
            _segments(one, venue, url),
            tokens.get(one.draft.request or 0, ""),
        )
        for one in told
    ]


def address(one: Delivery, *, full: bool) -> str:
    """All of it, or what tells it from others."""
    to = one.draft.to
    if one.draft.kind is Kind.PRINT:
        return to
    if one.draft.kind is Kind.SMS:
        return phones.shown(to) if full else f"…{phones.last_digits(to)}"
    local, _, domain = to.rpartition("@")
    return to if full else f"{local[:1]}…@{domain}"


def _segments(one: Delivery, venue: Venue, url: str) -> int:
    if one.draft.kind is not Kind.SMS:
        return 0
    try:
        return words.segments(words.render(one.draft, venue, url).body)
    except words.NoWords:
        return 0
