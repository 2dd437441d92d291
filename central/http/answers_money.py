"""What central answers about money."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from admission.values import Money
from central.http.answers import money
from central.money.days import DayEnd
from central.money.dues import Terms
from central.money.invitations import Invited
from central.money.ledger import Booked, Receipt
from central.money.sheet import as_csv

Json = dict[str, Any]

LEDGER_COLUMNS = (
    *("entry", "at", "device", "kind", "request", "receipt", "method", "reference", "reason"),
    *("account", "amount", "currency"),
)
INVITED_COLUMNS = ("reason", "requests", "cancelled", "amount", "currency")
DAY_COLUMNS = ("device", "number", "what", "name", "count", "amount", "currency")


def account_of(terms: Terms, due: Money, receipts: Iterable[Receipt]) -> Json:
    """How a request stands with money."""
    return {
        "payment_option": terms.option.value,
        "due": money(due),
        "receipts": [_receipt(receipt) for receipt in receipts],
    }


def _receipt(receipt: Receipt) -> Json:
    return {
        "device": receipt.device,
        "number": receipt.number,
        "at": receipt.at.isoformat(),
        "kind": receipt.kind,
        "method": receipt.method,
        "reference": receipt.reference,
        "amount": money(receipt.amount),
    }


def ledger(booked: Iterable[Booked]) -> Json:
    return {
        "entries": [
            {
                "id": one.id,
                "at": one.at.isoformat(),
                "device": one.device,
                "kind": one.kind,
                "request": one.request,
                "receipt": one.receipt,
                "method": one.method,
                "reference": one.reference,
                "reason": one.reason,
                "currency": one.currency,
                "postings": {account: f"{b:f}" for account, b in one.postings.items()},
            }
            for one in booked
        ]
    }


def ledger_csv(booked: Iterable[Booked]) -> str:
    """One row for each posting."""
    return as_csv(
        LEDGER_COLUMNS,
        (
            [
                *(one.id, one.at.isoformat(), one.device, one.kind, one.request, one.receipt),
                *(one.method, one.reference, one.reason, account, amount, one.currency),
            ]
            for one in booked
            for account, amount in one.postings.items()
        ),
    )


def invitations(found: Iterable[Invited]) -> Json:
    return {"invitations": [vars(one) | {"amount": f"{one.amount:f}"} for one in found]}


def invitations_csv(found: Iterable[Invited]) -> str:
    """One row for each reason."""
    rows = [[getattr(one, name) for name in INVITED_COLUMNS] for one in found]
    return as_csv(INVITED_COLUMNS, rows)


def day_ends(found: Iterable[DayEnd]) -> Json:
    return {"day_ends": [day_end(one) for one in found]}


def day_end(one: DayEnd) -> Json:
    told = {"id": one.id, "device": one.device, "number": one.number, "who": one.who}
    return told | {"at": one.at.isoformat(), "invitations": []} | one.body


def day_end_csv(one: DayEnd) -> str:
    """One row for the receipts, then one for each method and account."""
    key, receipts = (one.device, one.number), one.body["receipts"]
    numbers = f"{receipts['first']} to {receipts['last']}" if receipts["count"] else ""
    rows: list[tuple[str | int | Decimal | None, ...]] = [
        (*key, "receipts", numbers, receipts["count"], None, None)
    ]
    for sums in one.body["methods"]:
        method, currency = sums["method"], sums["currency"]
        taken, given = Decimal(sums["taken"]), -Decimal(sums["given_back"])
        rows.append((*key, "taken", method, sums["payments"], taken, currency))
        rows.append((*key, "given back", method, sums["refunds"], given, currency))
    for why in one.body.get("invitations", ()):
        told = (Decimal(why["amount"]), why["currency"])
        rows.append((*key, "invitation", why["reason"], why["count"], *told))
    for account in one.body["accounts"]:
        amount = Decimal(account["amount"])
        rows.append((*key, "account", account["account"], None, amount, account["currency"]))
    return as_csv(DAY_COLUMNS, rows)
