"""Day-ends: what each device did with money since the last one; numbered, never changed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from central.money.accounts import RECEIVABLE, is_paid
from central.money.dues import FREE
from central.money.ledger import Till, lock_till
from central.sale.states import By, Refused
from central.store.schema import day_end, money_entry, posting, till

Json = dict[str, Any]


@dataclass(frozen=True)
class DayEnd:
    """`body` is the report: `receipts`, `methods`, `accounts`; amounts are texts."""

    id: int
    device: str
    number: int
    at: datetime
    who: str
    body: Json


def close(connection: Connection, device: str, by: By) -> DayEnd:
    """End the device's day: report what it did since the last time."""
    before = lock_till(connection, device)
    body, last = _since(connection, before)
    number = before.day_end + 1
    connection.execute(
        update(till).where(till.c.device == device).values(day_end=number, closed=last)
    )
    made = connection.execute(
        insert(day_end).values(device=device, number=number, at=by.at, who=by.who, body=body)
    )
    assert made.inserted_primary_key is not None
    return DayEnd(made.inserted_primary_key[0], device, number, by.at, by.who, body)


def so_far(connection: Connection, device: str) -> Json:
    """What its day-end would report now."""
    row = connection.execute(select(till).where(till.c.device == device)).first()
    return _since(connection, Till(*row) if row else Till(device))[0]


def find(connection: Connection, id_: int) -> DayEnd | Refused:
    row = connection.execute(select(day_end).where(day_end.c.id == id_)).mappings().first()
    return DayEnd(**row) if row else Refused("unknown_day_end", "there is no such day-end")


def page(connection: Connection, after: int, limit: int) -> list[DayEnd]:
    """Day-ends after one, in order."""
    query = select(day_end).where(day_end.c.id > after).order_by(day_end.c.id).limit(limit)
    return [DayEnd(**row) for row in connection.execute(query).mappings()]


def of_till(connection: Connection, device: str, before: int, limit: int) -> list[DayEnd]:
    """Those of one device ("" for all) with ids below `before` (0: from the last), newest first."""
    query = select(day_end).order_by(day_end.c.id.desc()).limit(limit)
    if device:
        query = query.where(day_end.c.device == device)
    if before:
        query = query.where(day_end.c.id < before)
    return [DayEnd(**row) for row in connection.execute(query).mappings()]


def _since(connection: Connection, before: Till) -> tuple[Json, int]:
    """The report of what the till did since its last day-end, and the last entry in it."""
    new = (money_entry.c.device == before.device, money_entry.c.id > before.closed)
    last = connection.scalar(select(func.max(money_entry.c.id)).where(*new)) or before.closed
    query = select(money_entry).where(*new, money_entry.c.id <= last).order_by(money_entry.c.id)
    entries = connection.execute(query).mappings().all()
    numbers = [entry["receipt"] for entry in entries if entry["receipt"]]
    body = {
        "from": entries[0]["at"].isoformat() if entries else None,
        "receipts": {
            "first": min(numbers, default=None),
            "last": max(numbers, default=None),
            "count": len(numbers),
        },
        "methods": _methods(connection, query),
        "invitations": _invitations(connection, query),
        "accounts": _accounts(connection, query),
    }
    return body, last


def _accounts(connection: Connection, entries: Select[Any]) -> list[Json]:
    """What was posted on each account."""
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in _posted(connection, entries):
        totals[row["account"], row["currency"]] += row["amount"]
    return [
        {"account": account, "amount": f"{amount:f}", "currency": currency}
        for (account, currency), amount in sorted(totals.items())
    ]


def _methods(connection: Connection, entries: Select[Any]) -> list[Json]:
    """How often and how much was taken and given back by each method."""
    found: dict[tuple[str, str], dict[str, list[Decimal]]] = defaultdict(
        lambda: {"taken": [], "given": []}
    )
    for row in _posted(connection, entries):
        if is_paid(row["account"]):
            method = row["account"].split(":", 1)[1].rpartition(":")[0]
            which = "taken" if row["kind"] == "payment" else "given"
            found[method, row["currency"]][which].append(row["amount"])
    for currency in connection.scalars(_free(entries)):
        found[FREE, currency]["taken"].append(Decimal(0))
    return [
        {
            "method": method,
            "currency": currency,
            "payments": len(sums["taken"]),
            "taken": f"{sum(sums['taken'], Decimal(0)):f}",
            "refunds": len(sums["given"]),
            "given_back": f"{-sum(sums['given'], Decimal(0)):f}",
            "total": f"{sum(sums['taken'] + sums['given'], Decimal(0)):f}",
        }
        for (method, currency), sums in sorted(found.items())
    ]


def _free(entries: Select[Any]) -> Select[Any]:
    """The currency of each payment of what costs nothing; it posts nothing."""
    chosen = entries.order_by(None).subquery()
    return select(chosen.c.currency).where(chosen.c.kind == "payment", chosen.c.method == FREE)


def _invitations(connection: Connection, entries: Select[Any]) -> list[Json]:
    """Why visitors were invited, how often, and what they would have paid."""
    found: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for row in _posted(connection, entries):
        if row["kind"] == "invitation" and row["account"] == RECEIVABLE:
            found[row["reason"], row["currency"]].append(-row["amount"])
    return [
        {
            "reason": reason,
            "count": len(amounts),
            "amount": f"{sum(amounts, Decimal(0)):f}",
            "currency": currency,
        }
        for (reason, currency), amounts in sorted(found.items())
    ]


def _posted(connection: Connection, entries: Select[Any]) -> list[RowMapping]:
    chosen = entries.order_by(None).subquery()
    entry = (chosen.c.kind, chosen.c.currency, chosen.c.reason)
    query = select(*entry, posting.c.account, posting.c.amount)
    query = query.join(posting, posting.c.entry == chosen.c.id)
    return list(connection.execute(query).mappings())
