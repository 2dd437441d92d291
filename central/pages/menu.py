"""What staff can go to, by what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from central.staff.people import Member
from central.staff.roles import Right


@dataclass(frozen=True)
class Entry:
    """A page that stands in the menu, for who has the right."""

    right: Right
    path: str
    title: str
    about: str


ENTRIES = (
    Entry(Right.SELL, "/office/sell", "Sell", "Tickets, passes and gift vouchers."),
    Entry(Right.LIVE, "/office/live", "Live", "Lanes and kiosks now; admit by hand."),
    Entry(
        Right.DELIVERIES,
        "/office/deliveries",
        "Deliveries",
        "SMS, e-mails and prints: what went out, what did not.",
    ),
    Entry(Right.COATS, "/office/coats", "Coat check", "Hang coats, hand them out."),
    Entry(
        Right.REQUESTS,
        "/office/requests",
        "Ticket requests",
        "Find a request; pick up, exchange, refund.",
    ),
    Entry(Right.REQUESTS, "/office/tickets", "Issued tickets", "Each one and what became of it."),
    Entry(Right.REQUESTS, "/office/why", "Why refused?", "Scan it: what is the matter?"),
    Entry(Right.BATCHES, "/office/batches", "Batches", "Prepaid and postpaid tickets."),
    Entry(Right.SELL, "/office/day-end", "Day-end", "What is in the till; end its day."),
    Entry(Right.SELL, "/office/customers", "Customers", "People whom the venue knows."),
    Entry(Right.DESIGN, "/office/designs", "Ticket design", "Logo, colours and words of tickets."),
    Entry(Right.VENUE, "/office/venue", "Venue", "What there is to see, when, and what it costs."),
    Entry(Right.STAFF, "/office/staff", "Staff", "Accounts and roles."),
    Entry(Right.AUDIT, "/office/audit", "Audit trail", "What staff did, when and from where."),
)
"""In the order of the menu."""


def menu_of(member: Member | None) -> list[Entry]:
    return [one for one in ENTRIES if member and member.may(one.right)]
