"""The tables of central, for SQLite and PostgreSQL alike. Migrations must lead to exactly this."""

from central.store.schema.base import Amount, UtcTime, metadata
from central.store.schema.capacity import lease, lease_use, slot_change, visit, waiting
from central.store.schema.coats import (
    cloakroom,
    coat_entry,
    coat_history,
    coat_picture,
    coat_piece,
    coat_rack,
    coat_tag,
    coat_ticket,
    coat_try,
)
from central.store.schema.commands import command
from central.store.schema.customers import (
    batch,
    customer,
    customer_word,
    request_reference,
    request_word,
)
from central.store.schema.delivery import delivery, public_link
from central.store.schema.desks import desk_scan, desk_status
from central.store.schema.devices import (
    device_gap,
    device_status,
    zone_count,
    zone_flaw,
    zone_told,
)
from central.store.schema.drafts import sale_draft
from central.store.schema.facts import (
    clash,
    epoch,
    feed,
    idempotency,
    key_change,
    quarantine,
    sequence,
)
from central.store.schema.foreign import foreign_list, foreign_ticket
from central.store.schema.money import day_end, money_entry, payment_option, posting, till
from central.store.schema.offers import (
    promo_code,
    promo_use,
    voucher,
    voucher_change,
    voucher_entry,
)
from central.store.schema.papers import ticket_design
from central.store.schema.requests import (
    history,
    line_slot,
    payment,
    request_line,
    ticket,
    ticket_request,
    ticket_window,
    time_slot,
)
from central.store.schema.seats import seat_block, seat_hold, seat_plan
from central.store.schema.staff import audit, staff, staff_session
from central.store.schema.venue import venue_revision

__all__ = [
    "Amount",
    "UtcTime",
    "audit",
    "batch",
    "clash",
    "cloakroom",
    "coat_entry",
    "coat_history",
    "coat_picture",
    "coat_piece",
    "coat_rack",
    "coat_tag",
    "coat_ticket",
    "coat_try",
    "command",
    "customer",
    "customer_word",
    "day_end",
    "delivery",
    "desk_scan",
    "desk_status",
    "device_gap",
    "device_status",
    "epoch",
    "feed",
    "foreign_list",
    "foreign_ticket",
    "history",
    "idempotency",
    "key_change",
    "lease",
    "lease_use",
    "line_slot",
    "metadata",
    "money_entry",
    "payment",
    "payment_option",
    "posting",
    "promo_code",
    "promo_use",
    "public_link",
    "quarantine",
    "request_line",
    "request_reference",
    "request_word",
    "sale_draft",
    "seat_block",
    "seat_hold",
    "seat_plan",
    "sequence",
    "slot_change",
    "staff",
    "staff_session",
    "ticket",
    "ticket_design",
    "ticket_request",
    "ticket_window",
    "till",
    "time_slot",
    "venue_revision",
    "visit",
    "voucher",
    "voucher_change",
    "voucher_entry",
    "waiting",
    "zone_count",
    "zone_flaw",
    "zone_told",
]
