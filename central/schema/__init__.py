"""The tables of central, for SQLite and PostgreSQL alike. Migrations must lead to exactly this."""

from central.schema.base import Amount, UtcTime, metadata
from central.schema.facts import feed, idempotency, quarantine, sequence
from central.schema.requests import (
    history,
    payment,
    request_line,
    ticket,
    ticket_request,
    time_slot,
)

__all__ = [
    "Amount",
    "UtcTime",
    "feed",
    "history",
    "idempotency",
    "metadata",
    "payment",
    "quarantine",
    "request_line",
    "sequence",
    "ticket",
    "ticket_request",
    "time_slot",
]
