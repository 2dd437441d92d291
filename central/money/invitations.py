"""Who was invited, and why: what the venue paid itself, by reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from central.catalogue.schedule import to_utc
from central.money.accounts import INVITATION
from central.money.ledger import Happened
from central.sale.states import Status
from central.store.schema import money_entry, posting, ticket_request


@dataclass
class Invited:
    """`amount`: what the venue bears of it by now, without tax; less what was given back."""

    reason: str
    currency: str
    requests: int = 0
    cancelled: int = 0
    amount: Decimal = field(default_factory=Decimal)


def report(connection: Connection, first: date, last: date, zone: ZoneInfo) -> list[Invited]:
    """Invitations of these local days, both included, the reasons in order."""
    table, entry = ticket_request, money_entry
    start, end = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    invited = connection.execute(
        select(entry.c.reason, entry.c.currency, table.c.id, table.c.status)
        .join(table, table.c.id == entry.c.request)
        .where(entry.c.kind == Happened.INVITATION.value, entry.c.at >= start, entry.c.at < end)
        .order_by(entry.c.reason, entry.c.id)
    ).all()
    borne = _borne(connection, {row.id for row in invited})
    told: dict[tuple[str, str], Invited] = {}
    for row in invited:
        key = (row.reason, row.currency)
        one = told.setdefault(key, Invited(*key))
        one.requests += 1
        one.cancelled += row.status == Status.CANCELLED.value
        one.amount += borne.get(row.id, Decimal(0))
    return list(told.values())


def _borne(connection: Connection, requests: set[int]) -> dict[int, Decimal]:
    """Request → what stands on the account of invitations."""
    sums: dict[int, Decimal] = defaultdict(Decimal)
    rows = connection.execute(
        select(money_entry.c.request, posting.c.amount)
        .join(money_entry, money_entry.c.id == posting.c.entry)
        .where(posting.c.account == INVITATION, money_entry.c.request.in_(requests))
    )
    for request, amount in rows:
        sums[request] += amount
    return sums


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return to_utc(datetime.combine(day, time.min), zone)
