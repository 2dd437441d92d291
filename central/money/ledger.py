"""The ledger: entries, each of which balances, numbered receipts, and what is on the accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Connection, insert, select

from admission.values import Money
from central.money.accounts import RECEIVABLE, Postings, is_paid, merged
from central.sale.states import By
from central.store.rows import insert_new, keyed, setting
from central.store.schema import money_entry, posting, ticket_request, till


class Happened(Enum):
    """SALE: a request was confirmed. INVITATION: the venue pays it. RETURN: tickets, or a coat's
    fee, were given back. CANCEL: a whole request. VOUCHER: one paid more, or less, than it had been
    bought for."""

    SALE = "sale"
    INVITATION = "invitation"
    PAYMENT = "payment"
    REFUND = "refund"
    VOID = "void"
    RETURN = "return"
    CANCEL = "cancel"
    VOUCHER = "voucher"


NUMBERED = (Happened.PAYMENT, Happened.REFUND, Happened.VOID)
"""What a visitor gets a receipt for."""


@dataclass(frozen=True)
class Till:
    """`receipt` and `day_end` are the last numbers of a device, `closed` the last entry in that
    day-end; 0 for none."""

    device: str
    receipt: int = 0
    day_end: int = 0
    closed: int = 0


@dataclass(frozen=True)
class Receipt:
    """`amount` below nothing was given back."""

    device: str
    number: int
    at: datetime
    kind: str
    method: str
    reference: str
    amount: Money


@dataclass(frozen=True)
class Booked:
    """An entry as it stands in the ledger. `request` is the authorisation code."""

    id: int
    at: datetime
    device: str
    kind: str
    request: str | None
    currency: str
    receipt: int | None
    method: str
    reference: str
    amount: Decimal
    reason: str
    postings: Postings


@dataclass(frozen=True)
class Balances:
    """What is on the accounts of one request."""

    accounts: Postings

    @property
    def paid(self) -> Decimal:
        """What was paid less what was given back."""
        return sum((b for a, b in self.accounts.items() if is_paid(a)), Decimal(0))

    @property
    def owed(self) -> Decimal:
        """What the visitor owes; below nothing: what is owed to him."""
        return self.accounts.get(RECEIVABLE, Decimal(0))


@dataclass(frozen=True)
class Event:
    """What happens to money, for the ledger to write down."""

    kind: Happened
    request: int | None
    currency: str
    postings: Postings
    method: str = ""
    reference: str = ""
    reason: str = ""

    @property
    def amount(self) -> Decimal:
        return sum((b for a, b in self.postings.items() if is_paid(a)), Decimal(0))


_LOCK_TILL = select(till).where(*keyed(till.c.device)).with_for_update()
_NUMBER = setting(till, "receipt", by="device")
_BALANCES = (
    select(posting.c.account, posting.c.amount)
    .join(money_entry, money_entry.c.id == posting.c.entry)
    .where(*keyed(money_entry.c.request))
)


def lock_till(connection: Connection, device: str) -> Till:
    """The device's till; until the transaction ends nobody else writes an entry of this device.

    Lock it after the request and its time slots, and before the feed, as everybody does.
    """
    this = {"of_device": device}
    if (row := connection.execute(_LOCK_TILL, this).first()) is None:
        insert_new(connection, till, vars(Till(device)))
        row = connection.execute(_LOCK_TILL, this).one()
    return Till(*row)


def record(connection: Connection, event: Event, by: By) -> None:
    """Write the event down, with the next receipt number if it takes one."""
    if sum(event.postings.values()):
        raise ValueError(f"the ledger would not balance: {event}")
    last = lock_till(connection, by.who).receipt
    number = last + 1 if event.kind in NUMBERED else None
    if number:
        connection.execute(_NUMBER, {"of_device": by.who, "receipt": number})
    columns = {name: value for name, value in vars(event).items() if name != "postings"}
    columns |= {"kind": event.kind.value, "amount": event.amount, "receipt": number}
    made = connection.execute(insert(money_entry), columns | {"at": by.at, "device": by.who})
    assert made.inserted_primary_key is not None
    entry = made.inserted_primary_key[0]
    if event.postings:
        rows = [{"entry": entry, "account": a, "amount": b} for a, b in event.postings.items()]
        connection.execute(insert(posting), rows)


def balances(connection: Connection, request: int) -> Balances:
    rows = connection.execute(_BALANCES, {"of_request": request})
    return Balances(merged(*({account: amount} for account, amount in rows)))


def receipts(connection: Connection, request: int) -> list[Receipt]:
    """The receipts of a request, oldest first."""
    table = money_entry
    rows = connection.execute(
        select(table)
        .where(table.c.request == request, table.c.receipt.is_not(None))
        .order_by(table.c.id)
    )
    return [
        Receipt(
            row.device,
            row.receipt,
            row.at,
            row.kind,
            row.method,
            row.reference,
            Money(row.amount, row.currency),
        )
        for row in rows
    ]


def page(connection: Connection, after: int, limit: int) -> list[Booked]:
    """Entries after one, in order. None comes in between later: whoever is writing one holds a
    till, so with all tills locked nobody is. It locks, so it needs a writing transaction."""
    connection.execute(select(till.c.device).order_by(till.c.device).with_for_update(read=True))
    rows = connection.execute(
        select(money_entry, ticket_request.c.authorisation)
        .outerjoin(ticket_request, ticket_request.c.id == money_entry.c.request)
        .where(money_entry.c.id > after)
        .order_by(money_entry.c.id)
        .limit(limit)
    ).mappings()
    told = {row["id"]: dict(row) for row in rows}
    postings: dict[int, Postings] = {entry: {} for entry in told}
    lines = connection.execute(
        select(posting)
        .where(posting.c.entry.in_(told))
        .order_by(posting.c.entry, posting.c.account)
    )
    for entry, account, amount in lines:
        postings[entry][account] = amount
    return [_booked(row, postings[entry]) for entry, row in told.items()]


def _booked(row: dict[str, Any], postings: Postings) -> Booked:
    columns = {name: value for name, value in row.items() if name != "authorisation"}
    return Booked(**columns | {"request": row["authorisation"], "postings": postings})
