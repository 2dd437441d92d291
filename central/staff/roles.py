"""Who may do what in the ticket office (the table is in docs/office.md)."""

from __future__ import annotations

from enum import Enum


class Right(Enum):
    """What a page or a button needs; the value is what the table calls it."""

    REQUESTS = "find requests and tickets, see why one is refused"
    SELL = "sell, take payments, print and send, customers"
    EXCHANGE = "exchange tickets, hand out reservations"
    REFUND = "cancel and give money back"
    INVITE = "give tickets away: invitations"
    BATCHES = "make prepaid and postpaid tickets"
    COATS = "hang coats and hand them out"
    COATS_MANAGE = "lost coat tickets, closing time, tags and cloakrooms"
    LIVE = "see lanes and kiosks"
    OPEN = "open a lane once, admit by hand"
    MODE = "choose a lane's mode"
    DELIVERIES = "see what was sent to whom, send it again"
    DESIGN = "design tickets"
    VENUE = "set the venue up"
    STAFF = "accounts of staff"
    AUDIT = "see what staff did"


class Role(Enum):
    STEWARD = "steward"
    CLOAKROOM = "cloakroom"
    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


_STEWARD = frozenset({Right.REQUESTS, Right.LIVE, Right.OPEN})
_CLOAKROOM = frozenset({Right.COATS})
_CASHIER = frozenset(
    {Right.REQUESTS, Right.SELL, Right.EXCHANGE, Right.COATS, Right.LIVE, Right.DELIVERIES}
)
_SUPERVISOR = (
    _STEWARD
    | _CASHIER
    | {Right.REFUND, Right.INVITE, Right.BATCHES, Right.COATS_MANAGE, Right.MODE, Right.AUDIT}
)

RIGHTS = {
    Role.STEWARD: _STEWARD,
    Role.CLOAKROOM: _CLOAKROOM,
    Role.CASHIER: _CASHIER,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: frozenset(Right),
}
