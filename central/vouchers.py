"""Gift vouchers: money paid before. The balance is what they are worth less what was spent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from admission.codes import ALPHABET
from admission.values import Money
from central.money import dues
from central.offers import ProductKind
from central.request_rows import note
from central.schema import voucher, voucher_entry
from central.states import By, Line, Payment, Refused, TicketRequest

METHOD = "voucher"
"""The payment method; the voucher's code is the payment's reference."""
CHARACTERS = 16
"""Of a code, besides GV: 80 bits."""
DEFAULT_LIFE = timedelta(days=3 * 365)
_ALIKE = str.maketrans("OIL", "011")


@dataclass(frozen=True)
class Voucher:
    """Good from `valid_from` until before `valid_until`, for what is left."""

    id: int
    code: str
    value: Money
    balance: Money
    valid_from: datetime
    valid_until: datetime
    blocked: bool
    note: str


@dataclass(frozen=True)
class NewVoucher:
    """`line` and `copy` tell where it belongs in the request by which it was sold."""

    value: Money
    valid_from: datetime
    valid_until: datetime
    note: str = ""
    request: int | None = None
    line: int | None = None
    copy: int | None = None


def normal(code: str) -> str:
    """The code as it is kept, however it was typed: GV-XXXX-XXXX-XXXX-XXXX."""
    text = "".join(c for c in code.upper() if c.isalnum()).removeprefix("GV").translate(_ALIKE)
    return "-".join(("GV", *(text[n : n + 4] for n in range(0, len(text), 4))))


def find(connection: Connection, code: str, *, lock: bool = False) -> Voucher | Refused:
    """The voucher; with `lock` nobody else spends it until the transaction ends."""
    query = select(voucher).where(voucher.c.code == normal(code))
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return Refused("unknown_voucher", "no voucher has this code")
    return _voucher(connection, row)


def create(connection: Connection, new: NewVoucher, by: By) -> Voucher:
    code = _free_code(connection)
    columns = vars(new) | {"value": new.value.amount, "currency": new.value.currency}
    connection.execute(
        insert(voucher).values(**columns, code=code, blocked=False, created_at=by.at, who=by.who)
    )
    row = connection.execute(select(voucher).where(voucher.c.code == code)).one()
    return _voucher(connection, row)


def block(connection: Connection, code: str) -> Voucher | Refused:
    """Nobody spends the voucher from now on."""
    found = find(connection, code, lock=True)
    if isinstance(found, Refused):
        return found
    _block(connection, [found.id])
    return find(connection, code)


def issue(connection: Connection, request: TicketRequest, by: By) -> list[Voucher]:
    """The vouchers that a paid request bought; asked again, the same ones."""
    lines = [line for line in request.lines if line.kind is ProductKind.VOUCHER]
    if not lines or dues.is_unpaid(connection, request):
        return []
    if made := of_request(connection, request.id):
        return made
    new = [_bought(request, line, n) for line in lines for n in range(line.quantity)]
    issued = [create(connection, one, by) for one in new]
    note(connection, request.id, f"issued {len(issued)} vouchers", by)
    return issued


def of_request(connection: Connection, request: int, *, lock: bool = False) -> list[Voucher]:
    query = select(voucher).where(voucher.c.request == request).order_by(voucher.c.id)
    rows = connection.execute(query.with_for_update() if lock else query).all()
    return [_voucher(connection, row) for row in rows]


def withdraw(connection: Connection, request: int) -> Refused | None:
    """Block what a request bought, for it is cancelled; not when any of it was spent."""
    bought = of_request(connection, request, lock=True)
    for one in bought:
        if one.balance != one.value:
            return Refused("voucher_spent", f"voucher {one.code} was spent in part or whole")
    _block(connection, [one.id for one in bought])
    return None


def unspendable(connection: Connection, payment: Payment, by: By) -> Refused | None:
    """Why a payment by voucher cannot be taken; None for other methods. Locks the voucher."""
    if payment.method != METHOD:
        return None
    found = find(connection, payment.reference, lock=True)
    return found if isinstance(found, Refused) else _not_good(found, payment.amount, by.at)


def redeem(
    connection: Connection, code: str, amount: Money, by: By, request: int | None = None
) -> Voucher | Refused:
    """Spend `amount` of the voucher, for the request with this id."""
    found = find(connection, code, lock=True)
    if isinstance(found, Refused):
        return found
    if refused := _not_good(found, amount, by.at):
        return refused
    _enter(connection, found.id, -amount.amount, by, request)
    return find(connection, code)


def give_back(
    connection: Connection, code: str, amount: Money, by: By, request: int | None = None
) -> Voucher | Refused:
    """Undo a payment, or part of it, even of a voucher that is over by now; at most what was
    spent, and for a request at most what was spent for that one."""
    found = find(connection, code, lock=True)
    if isinstance(found, Refused):
        return found
    spent = _spent(connection, found.id, request)
    if amount.currency != found.value.currency or not 0 < amount.amount <= spent:
        detail = f"{spent:f} {found.value.currency} were spent of it"
        return Refused("voucher_not_spent", detail, {"balance": _told(found.balance)})
    _enter(connection, found.id, amount.amount, by, request)
    return find(connection, code)


def _bought(request: TicketRequest, line: Line, copy: int) -> NewVoucher:
    assert line.value is not None
    assert line.valid_from is not None
    assert line.valid_until is not None
    value = Money(line.value, request.currency)
    return NewVoucher(
        value, line.valid_from, line.valid_until, "", request.id, line.number, copy + 1
    )


def _not_good(found: Voucher, amount: Money, now: datetime) -> Refused | None:
    told = {"balance": _told(found.balance)}
    if found.blocked:
        return Refused("voucher_blocked", "the voucher is blocked", told)
    if now < found.valid_from:
        return Refused("voucher_not_yet", f"good from {found.valid_from:%Y-%m-%d}", told)
    if found.valid_until <= now:
        return Refused("voucher_over", f"was good until {found.valid_until:%Y-%m-%d}", told)
    if amount.currency != found.balance.currency or amount.amount <= 0:
        return Refused("wrong_amount", f"an amount of {found.balance.currency} is needed", told)
    if amount.amount > found.balance.amount:
        return Refused("voucher_balance", f"{found.balance.amount:f} are left on it", told)
    return None


def _enter(connection: Connection, id_: int, amount: Decimal, by: By, request: int | None) -> None:
    connection.execute(
        insert(voucher_entry).values(
            voucher=id_, request=request, at=by.at, who=by.who, amount=amount
        )
    )


def _spent(connection: Connection, id_: int, request: int | None = None) -> Decimal:
    query = select(voucher_entry.c.amount).where(voucher_entry.c.voucher == id_)
    if request is not None:
        query = query.where(voucher_entry.c.request == request)
    return -sum(connection.scalars(query), Decimal(0))


def _block(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(update(voucher).where(voucher.c.id.in_(ids)).values(blocked=True))


def _voucher(connection: Connection, row: Row[Any]) -> Voucher:
    left = row.value - _spent(connection, row.id)
    return Voucher(
        id=row.id,
        code=row.code,
        value=Money(row.value, row.currency),
        balance=Money(left, row.currency),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        blocked=row.blocked,
        note=row.note,
    )


def _told(amount: Money) -> dict[str, str]:
    return {"amount": f"{amount.amount:f}", "currency": amount.currency}


def _free_code(connection: Connection) -> str:
    while True:
        code = normal("".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS)))
        if connection.scalar(select(voucher.c.id).where(voucher.c.code == code)) is None:
            return code
