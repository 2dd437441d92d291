"""Gift vouchers: something paid before. What is left is what they are worth less what was spent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, func, insert, select, update

from admission.codes import ALPHABET
from admission.values import Money
from central.catalogue.offers import ProductKind
from central.money import accounts, dues
from central.sale.request_rows import note
from central.sale.states import By, HistoryEntry, Line, Refused, Status, TicketRequest
from central.store.schema import ticket_request, voucher, voucher_change, voucher_entry

CHARACTERS = 16
"""Of a code, besides GV: 80 bits."""
DEFAULT_LIFE = timedelta(days=3 * 365)
_ALIKE = str.maketrans("OIL", "011")


class VoucherState(Enum):
    """OPEN: something is left on it, perhaps for a time to come. BLOCKED counts before SPENT,
    SPENT before EXPIRED."""

    OPEN = "open"
    SPENT = "spent"
    EXPIRED = "expired"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Cash:
    """A voucher worth money."""

    value: Money
    balance: Money


@dataclass(frozen=True)
class Pieces:
    """A voucher worth so many of a product, whatever it costs then; `left` of them are left."""

    product: int
    quantity: int
    left: int


Worth: TypeAlias = Cash | Pieces


@dataclass(frozen=True)
class Voucher:
    """Good from `valid_from` until before `valid_until`, for what is left; `price` was paid."""

    id: int
    code: str
    worth: Worth
    price: Money
    valid_from: datetime
    valid_until: datetime
    blocked: bool
    note: str
    request: int | None

    @property
    def spent(self) -> Decimal:
        """How much of it, from 0 to 1."""
        match self.worth:
            case Cash(value, balance):
                return 1 - balance.amount / value.amount
            case Pieces(_, quantity, left):
                return 1 - Decimal(left) / quantity

    def state_at(self, now: datetime) -> VoucherState:
        if self.blocked:
            return VoucherState.BLOCKED
        if self.spent == 1:
            return VoucherState.SPENT
        return VoucherState.OPEN if now < self.valid_until else VoucherState.EXPIRED


@dataclass(frozen=True)
class Bundle:
    """So many of a product."""

    product: int
    quantity: int


@dataclass(frozen=True)
class NewVoucher:
    """`line` and `copy` tell where it belongs in the request by which it was sold for `price`."""

    worth: Money | Bundle
    valid_from: datetime
    valid_until: datetime
    note: str = ""
    price: Decimal = Decimal(0)
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
    return of_row(connection, row)


def create(connection: Connection, new: NewVoucher, currency: str, by: By) -> Voucher:
    code = _free_code(connection)
    columns = {name: value for name, value in vars(new).items() if name != "worth"}
    match new.worth:
        case Money(amount):
            columns |= {"value": amount}
        case Bundle():
            columns |= vars(new.worth)
    columns |= {"code": code, "currency": currency, "blocked": False}
    connection.execute(insert(voucher).values(**columns, created_at=by.at, who=by.who))
    row = connection.execute(select(voucher).where(voucher.c.code == code)).one()
    told(connection, row.id, "made" if new.request is None else "sold", by)
    return of_row(connection, row)


def block(connection: Connection, code: str, by: By) -> Voucher | Refused:
    """Nobody spends the voucher from now on."""
    found = find(connection, code, lock=True)
    if isinstance(found, Refused):
        return found
    _set_blocked(connection, [found], blocked=True, by=by)
    return find(connection, code)


def unblock(connection: Connection, code: str, by: By) -> Voucher | Refused:
    """It can be spent again; not when its purchase was cancelled."""
    found = find(connection, code, lock=True)
    if isinstance(found, Refused):
        return found
    status = ticket_request.c.status
    bought = connection.scalar(select(status).where(ticket_request.c.id == found.request))
    if bought == Status.CANCELLED.value:
        return Refused("voucher_withdrawn", "its purchase was cancelled")
    _set_blocked(connection, [found], blocked=False, by=by)
    return find(connection, code)


def issue(connection: Connection, request: TicketRequest, by: By) -> list[Voucher]:
    """The vouchers that a paid request bought; asked again, the same ones."""
    lines = [line for line in request.lines if line.kind is ProductKind.VOUCHER]
    if not lines or dues.is_unpaid(connection, request):
        return []
    if made := of_request(connection, request.id):
        return made
    new = [_bought(request, line, n) for line in lines for n in range(line.quantity)]
    issued = [create(connection, one, request.currency, by) for one in new]
    note(connection, request.id, f"issued {len(issued)} vouchers", by)
    return issued


def of_request(connection: Connection, request: int, *, lock: bool = False) -> list[Voucher]:
    query = select(voucher).where(voucher.c.request == request).order_by(voucher.c.id)
    rows = connection.execute(query.with_for_update() if lock else query).all()
    return [of_row(connection, row) for row in rows]


def withdraw(connection: Connection, request: int, by: By) -> Refused | None:
    """Block what a request bought, for it is cancelled; not when any of it was spent."""
    bought = of_request(connection, request, lock=True)
    for one in bought:
        if one.spent:
            return Refused("voucher_spent", f"voucher {one.code} was spent in part or whole")
    _set_blocked(connection, bought, blocked=True, by=by)
    return None


def told(connection: Connection, id_: int, what: str, by: By) -> None:
    """One line of the voucher's history."""
    connection.execute(insert(voucher_change).values(voucher=id_, what=what, **vars(by)))


def history(connection: Connection, id_: int) -> list[HistoryEntry]:
    table = voucher_change
    query = select(table.c.who, table.c.at, table.c.address, table.c.what)
    rows = connection.execute(query.where(table.c.voucher == id_).order_by(table.c.id))
    return [HistoryEntry(By(who, at, address), what) for who, at, address, what in rows]


def of_row(connection: Connection, row: Row[Any]) -> Voucher:
    return Voucher(
        id=row.id,
        code=row.code,
        worth=_worth(connection, row),
        price=Money(row.price, row.currency),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        blocked=row.blocked,
        note=row.note,
        request=row.request,
    )


def _worth(connection: Connection, row: Row[Any]) -> Worth:
    entry = voucher_entry
    if row.product is not None:
        moved = select(func.sum(entry.c.pieces)).where(entry.c.voucher == row.id)
        return Pieces(row.product, row.quantity, row.quantity + (connection.scalar(moved) or 0))
    amounts = connection.scalars(select(entry.c.amount).where(entry.c.voucher == row.id))
    left = sum(amounts, start=row.value)
    return Cash(Money(row.value, row.currency), Money(left, row.currency))


def _bought(request: TicketRequest, line: Line, copy: int) -> NewVoucher:
    assert line.valid_from is not None
    assert line.valid_until is not None
    worth: Money | Bundle
    if line.gives_product is not None:
        worth = Bundle(line.gives_product, line.gives_quantity)
    else:
        assert line.value is not None
        worth = Money(line.value, request.currency)
    price, _ = accounts.worth(line)[copy]
    where = (request.id, line.number, copy + 1)
    return NewVoucher(worth, line.valid_from, line.valid_until, "", price, *where)


def _set_blocked(
    connection: Connection, vouchers: Sequence[Voucher], *, blocked: bool, by: By
) -> None:
    changed = [one.id for one in vouchers if one.blocked is not blocked]
    where = voucher.c.id.in_(changed)
    connection.execute(update(voucher).where(where).values(blocked=blocked))
    for id_ in changed:
        told(connection, id_, "blocked" if blocked else "unblocked", by)


def _free_code(connection: Connection) -> str:
    while True:
        code = normal("".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS)))
        if connection.scalar(select(voucher.c.id).where(voucher.c.code == code)) is None:
            return code
