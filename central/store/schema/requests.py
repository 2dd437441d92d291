"""Time slots, what was asked for, what was sold and paid."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    true,
)

from central.store.schema.base import Amount, UtcTime, metadata

time_slot = Table(
    "time_slot",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("attraction", String(40), nullable=False),
    Column("day", Date, nullable=False),
    Column("start", UtcTime, nullable=False),
    Column("end", UtcTime, nullable=False),
    Column("arrival_start", UtcTime, nullable=False),
    Column("arrival_end", UtcTime, nullable=False),
    Column("sales_start", UtcTime, nullable=False),
    Column("sales_end", UtcTime, nullable=False),
    Column("capacity", Integer),
    Column("shares", JSON, nullable=False, server_default="[]"),
    Column("planned", Boolean, nullable=False, server_default=true()),
    Column("closed", Boolean),
    Column("own_capacity", Integer),
    Column("seating", ForeignKey("seat_plan.digest")),
    Column("control", String(12), nullable=False, server_default="sales"),
    Column("admitted", Integer, nullable=False, server_default="0"),
    Column("guests", Integer, nullable=False, server_default="0"),
    Column("came", Integer, nullable=False, server_default="0"),
    Column("present", Integer, nullable=False, server_default="0"),
    Column("unscanned", Integer, nullable=False, server_default="0"),
    Index(None, "attraction", "day"),
    Index(None, "control", "day"),
)
"""`day` is the local day on which the slot starts. `planned` is false for a slot that is kept
though the schedules have it no more. `closed` and `own_capacity` are what staff did to it; null is
as planned. `seating` is the plan of its seats, if it has any; then `own_capacity` counts those that
are not blocked. Where `control` counts visits, `admitted` to `present` are the sums of `visit`, and
`unscanned` is how many more came in than went out without a ticket."""

ticket_request = Table(
    "ticket_request",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("authorisation", String(9), nullable=False, unique=True),
    Column("status", String(12), nullable=False, index=True),
    Column("channel", String(12), nullable=False),
    Column("language", String(20), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("holder", JSON(none_as_null=True)),
    Column("device", String(40), nullable=False, server_default=""),
    Index(None, "channel", "id"),
    Index(None, "device", "id"),
    Index(None, "language", "id"),
)

request_line = Table(
    "request_line",
    metadata,
    Column("request", ForeignKey("ticket_request.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("slot", String(64)),
    Column("description", String(30), nullable=False),
    Column("attraction", String(40), nullable=False),
    Column("attraction_name", JSON, nullable=False),
    Column("product", Integer, nullable=False),
    Column("product_name", JSON, nullable=False),
    Column("price", Amount, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("kind", String(12), nullable=False, server_default="ticket"),
    Column("rule", String(40), nullable=False, server_default=""),
    Column("tax_percent", Amount, nullable=False, server_default="0"),
    Column("discount", Amount, nullable=False, server_default="0"),
    Column("value", Amount),
    Column("valid_from", UtcTime),
    Column("valid_until", UtcTime),
    Column("entitled", JSON, nullable=False, server_default="[]"),
    Column("seating", JSON, nullable=False, server_default="[]"),
    Column("text", String(200), nullable=False, server_default=""),
    Column("ticket_text", JSON, nullable=False, server_default="{}"),
    Column("gives_product", Integer),
    Column("gives_quantity", Integer, nullable=False, server_default="0"),
)
"""What was sold, as it was called and priced then; never changed, but for a name in `text` that is
erased. `slot` is the one that made the price; `entitled` are the single attractions that a ticket
of it opens, if they differ. `valid_from` and `valid_until` are of what is open without a slot;
`value`, or `gives_product` and `gives_quantity`, is of vouchers. `text` and `ticket_text` go on the
printed tickets."""

line_slot = Table(
    "line_slot",
    metadata,
    Column("request", Integer, primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("slot", ForeignKey("time_slot.id"), primary_key=True),
    Column("places", Integer, nullable=False),
    ForeignKeyConstraint(["request", "line"], ["request_line.request", "request_line.number"]),
    Index(None, "slot", "request", "places"),
)
"""The places that a line takes in each of its time slots: sold, held or waited for, as its request
stands. The index is all that counting them reads of it."""

ticket = Table(
    "ticket",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("human_code", String(12), nullable=False, unique=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("product", Integer, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("valid_from", UtcTime, nullable=False),
    Column("valid_until", UtcTime, nullable=False),
    Column("state", String(12), nullable=False),
)

ticket_window = Table(
    "ticket_window",
    metadata,
    Column("ticket", ForeignKey("ticket.id"), primary_key=True),
    Column("attraction", String(40), primary_key=True),
    Column("slot", ForeignKey("time_slot.id"), index=True),
    Column("valid_from", UtcTime, nullable=False),
    Column("valid_until", UtcTime, nullable=False),
    Column("persons", Integer, nullable=False),
)
"""When a ticket opens a single attraction, within its own time; of tickets that have such."""

payment = Table(
    "payment",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("method", String(40), nullable=False),
    Column("reference", String(100), nullable=False, index=True),
    Column("amount", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("what", Text, nullable=False),
    Column("address", String(64), nullable=False, server_default=""),
)
"""`address` is that of the network from which it was asked, "" if that is not known."""
