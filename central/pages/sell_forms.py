"""What the forms of a sale tell."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from central.catalogue.venue import Venue
from central.pages.forms import Form
from central.sale import checkout, drafts
from central.sale.drafts import Draft
from central.sale.states import By, Refused
from central.sale.wishes import Wanted
from runtime.convert import parse_day

MAX_PRODUCT = 65535
MAX_SLOT = 64
TAKEN = "yes"
"""Of a part without a time slot to choose."""
_PART = "part-"


def version_of(form: Form) -> int:
    """Of the cart that the page showed."""
    return form.number("version", 0, 2**31 - 1)


def day_in(form: Form, name: str) -> date | None:
    text = form.text(name, 10)
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError:
        form.problems.append((name, "a day like 2026-11-21"))
        return None


def wanted(form: Form) -> Wanted:
    """A product without a slot of its own. Of its parts `part-<attraction>` is a time slot, TAKEN,
    or nothing for what is left out."""
    parts = {name: form.text(name, MAX_SLOT) for name in form.names(_PART)[: drafts.MAX_LINES]}
    told = {name.removeprefix(_PART)[:40]: value for name, value in parts.items()}
    return Wanted(
        form.number("product", 1, MAX_PRODUCT),
        quantity=form.number("quantity", 1, drafts.MAX_QUANTITY, 1),
        day=day_in(form, "day"),
        slots={name: slot for name, slot in told.items() if slot not in ("", TAKEN)},
        without=tuple(name for name, slot in told.items() if not slot),
    )


def fitting(
    connection: Connection, venue: Venue, before: Draft, after: Draft | Refused, by: By
) -> Draft | Refused:
    """The changed cart, unless that is what makes it one that cannot be had."""
    if isinstance(after, Refused) or not after.lines:
        return after
    refused = checkout.check(connection, venue, after, by)
    if not isinstance(refused, Refused):
        return after
    if before.lines and isinstance(checkout.check(connection, venue, before, by), Refused):
        return after
    return refused
