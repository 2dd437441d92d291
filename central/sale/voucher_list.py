"""Looking for gift vouchers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
)

from central.office.customers import id_of
from central.sale.vouchers import Voucher, VoucherState, normal, of_row
from central.store.schema import request_reference, ticket_request, voucher, voucher_entry

_NOTHING = 0.00005
"""Amounts have at most four digits after the point; the database adds them up as floats."""


@dataclass(frozen=True)
class VouchersSought:
    """What is told; "" and None for what is not. A voucher must fit all of it: `code` is how its
    code begins, `request` the token of the request that bought it or was paid with it, `customer`
    the number of who bought it."""

    code: str = ""
    request: str = ""
    customer: str = ""
    state: VoucherState | None = None


def page(
    connection: Connection, sought: VouchersSought, after: int, limit: int, now: datetime
) -> list[Voucher]:
    """Vouchers that fit, with ids above `after`, in order."""
    conditions = [voucher.c.id > after, *_conditions(sought)]
    if sought.state:
        conditions.append(_state(now) == sought.state.value)
    query = select(voucher).where(*conditions).order_by(voucher.c.id).limit(limit)
    return [of_row(connection, row) for row in connection.execute(query).all()]


def _conditions(sought: VouchersSought) -> list[ColumnElement[bool]]:
    conditions = list[ColumnElement[bool]]()
    if sought.code:
        conditions.append(voucher.c.code.startswith(normal(sought.code), autoescape=True))
    if sought.request:
        token = ticket_request.c.token == sought.request
        request = select(ticket_request.c.id).where(token).scalar_subquery()
        paid = select(voucher_entry.c.voucher).where(voucher_entry.c.request == request)
        conditions.append(or_(voucher.c.request == request, voucher.c.id.in_(paid)))
    if sought.customer:
        table = request_reference
        own = select(table.c.request).where(table.c.customer == id_of(sought.customer))
        conditions.append(voucher.c.request.in_(own))
    return conditions


def _state(now: datetime) -> ColumnElement[str]:
    """As Voucher.state_at tells it."""
    entry = voucher_entry
    moved = (
        select(func.coalesce(func.sum(cast(entry.c.amount, Float)), 0.0))
        .where(entry.c.voucher == voucher.c.id)
        .scalar_subquery()
    )
    pieces = (
        select(func.coalesce(func.sum(entry.c.pieces), 0))
        .where(entry.c.voucher == voucher.c.id)
        .scalar_subquery()
    )
    money = and_(voucher.c.product.is_(None), cast(voucher.c.value, Float) + moved < _NOTHING)
    goods = and_(voucher.c.product.is_not(None), voucher.c.quantity + pieces <= 0)
    return case(
        (voucher.c.blocked, literal(VoucherState.BLOCKED.value)),
        (or_(money, goods), literal(VoucherState.SPENT.value)),
        (not_(voucher.c.valid_until > now), literal(VoucherState.EXPIRED.value)),
        else_=literal(VoucherState.OPEN.value),
    )
