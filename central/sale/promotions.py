"""Promo codes: what they take off a cart, and how often they may.

Uses are counted from the requests at every look, as places are: a use is given back in the moment
its request expires or is cancelled, and no counter can drift.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from admission.codes import ALPHABET
from central.catalogue.offers import ProductKind
from central.catalogue.prices import minor_unit, rounded, spread
from central.sale.states import By, Line, Refused, Status
from central.settings import Channel
from central.store.rows import keyed
from central.store.schema import promo_code, promo_use, ticket_request

GENERATED = 12
"""Characters of a code that central makes: 60 bits."""
_USED_BY = select(promo_use).where(*keyed(promo_use.c.request))


class Per(Enum):
    """Off each ticket, or off the cart once."""

    TICKET = "ticket"
    CART = "cart"


@dataclass(frozen=True)
class Promo:
    """A promo code: `percent` or a fixed `amount` off. `max_uses` limits tickets (or carts) in
    all, `max_per_order` the tickets of one request; None is no limit. Good from `valid_from`
    until before `valid_until`; empty `products` and `channels` mean any."""

    code: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    per: Per = Per.CART
    max_uses: int | None = None
    max_per_order: int | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    products: tuple[int, ...] = ()
    channels: tuple[Channel, ...] = ()
    note: str = ""
    blocked: bool = False
    id: int = 0

    def fits(self, line: Line) -> bool:
        """Never a voucher: money is not sold cheaper."""
        if line.kind is ProductKind.VOUCHER:
            return False
        return not self.products or line.product in self.products


@dataclass(frozen=True)
class Discount:
    """What one code did to a cart."""

    promo: Promo
    uses: int
    amount: Decimal


@dataclass(frozen=True)
class Applied:
    """A cart with its discounts."""

    lines: tuple[Line, ...]
    uses: tuple[Discount, ...] = ()


def normal(code: str) -> str:
    """The code as it is kept: capitals, no spaces."""
    return "".join(code.split()).upper()


def take_off(promo: Promo, lines: Sequence[Line]) -> tuple[list[Line], Discount]:
    """The lines with the discount of one code more; never below nothing."""
    offs = dict.fromkeys(range(len(lines)), Decimal(0))
    fitting = [n for n, line in enumerate(lines) if promo.fits(line) and line.total.amount]
    uses = 0
    if promo.per is Per.CART and fitting:
        uses, rests = 1, [lines[n].total.amount for n in fitting]
        whole, currency = sum(rests, Decimal(0)), lines[0].price.currency
        parts = spread(min(_off(promo, whole, currency), whole), rests, minor_unit(currency))
        offs.update(zip(fitting, parts, strict=True))
    elif promo.per is Per.TICKET:
        for n in sorted(fitting, key=lambda n: -lines[n].price.amount):
            line = lines[n]
            count = min(line.quantity, (promo.max_per_order or line.quantity + uses) - uses)
            price = line.price.amount
            each = min(_off(promo, price, line.price.currency), price)
            offs[n] = min(each * count, line.total.amount)
            uses += count
    taken = [replace(line, discount=line.discount + offs[n]) for n, line in enumerate(lines)]
    return taken, Discount(promo, uses, sum(offs.values(), Decimal(0)))


def apply(
    connection: Connection,
    codes: Iterable[str],
    lines: Sequence[Line],
    channel: Channel,
    by: By,
    *,
    lock: bool,
) -> Applied | Refused:
    """The lines with what the codes take off, one code after the other; all codes or none.

    With `lock` nobody else uses these codes until the transaction ends.
    """
    wanted = list(dict.fromkeys(map(normal, codes)))
    if not wanted:
        return Applied(tuple(lines), ())
    found = {promo.code: promo for promo in _find(connection, wanted, lock=lock)}
    done, uses = list(lines), []
    for code in wanted:
        promo = found.get(code)
        if promo is None:
            return _no("unknown_promo_code", code, "there is no such promo code")
        if refused := _not_now(promo, channel, by.at):
            return refused
        done, use = take_off(promo, done)
        if not use.amount:
            return _no("promo_not_applicable", code, "the code takes nothing off this cart")
        if refused := _used_up(connection, use, by.at):
            return refused
        uses.append(use)
    return Applied(tuple(done), tuple(uses))


def record(connection: Connection, request: int, uses: Iterable[Discount]) -> None:
    """Write down which codes the request uses."""
    rows = [
        {"request": request, "promo_code": use.promo.id, "uses": use.uses, "amount": use.amount}
        for use in uses
    ]
    if rows:
        connection.execute(insert(promo_use), rows)


def used_by(connection: Connection, request: int, *, lock: bool = False) -> list[Discount]:
    rows = connection.execute(_USED_BY, {"of_request": request}).all()
    if not rows:
        return []
    codes = _where(connection, promo_code.c.id.in_([r.promo_code for r in rows]), lock=lock)
    promos = {promo.id: promo for promo in codes}
    return [Discount(promos[row.promo_code], row.uses, row.amount) for row in rows]


def taken_since(connection: Connection, request: int, by: By) -> Refused | None:
    """Why a request that had expired cannot have its codes back. Locks them."""
    for use in used_by(connection, request, lock=True):
        if refused := _used_up(connection, use, by.at, but_for=request):
            return refused
    return None


def create(connection: Connection, promo: Promo, by: By) -> Promo | Refused:
    """Keep a new code; one is made if it has none."""
    code = normal(promo.code) or _free_code(connection)
    if _find(connection, [code]):
        return _no("code_taken", code, "there is a promo code of this name")
    columns = vars(replace(promo, code=code)) | {
        "per": promo.per.value,
        "products": list(promo.products),
        "channels": [channel.value for channel in promo.channels],
    }
    del columns["id"]
    connection.execute(insert(promo_code).values(**columns, created_at=by.at, who=by.who))
    [made] = _find(connection, [code])
    return made


def block(connection: Connection, code: str) -> Promo | Refused:
    """Nobody uses the code from now on; who has used it keeps the discount."""
    code = normal(code)
    connection.execute(update(promo_code).where(promo_code.c.code == code).values(blocked=True))
    found = _find(connection, [code])
    return found[0] if found else _no("unknown_promo_code", code, "there is no such promo code")


def page(connection: Connection, after: int, limit: int, now: datetime) -> list[tuple[Promo, int]]:
    """Codes in the order in which they were made, with how often each is used."""
    uses = (
        select(promo_use.c.promo_code, func.sum(promo_use.c.uses).label("uses"))
        .join(ticket_request)
        .where(_counts(now))
        .group_by(promo_use.c.promo_code)
        .subquery()
    )
    rows = connection.execute(
        select(promo_code, func.coalesce(uses.c.uses, 0).label("uses"))
        .outerjoin(uses, uses.c.promo_code == promo_code.c.id)
        .where(promo_code.c.id > after)
        .order_by(promo_code.c.id)
        .limit(limit)
    ).mappings()
    return [(_promo(row), row["uses"]) for row in rows]


def uses_of(connection: Connection, promo: int, now: datetime, *, but_for: int = 0) -> int:
    """How often the code is used by requests that are reserved or confirmed."""
    counted: int | None = connection.scalar(
        select(func.sum(promo_use.c.uses))
        .join(ticket_request)
        .where(promo_use.c.promo_code == promo, ticket_request.c.id != but_for, _counts(now))
    )
    return counted or 0


def _off(promo: Promo, price: Decimal, currency: str) -> Decimal:
    if promo.percent is not None:
        return rounded(price * promo.percent / 100, currency).amount
    return promo.amount or Decimal(0)


def _not_now(promo: Promo, channel: Channel, now: datetime) -> Refused | None:
    why = None
    if promo.blocked:
        why = "blocked"
    elif promo.valid_from and now < promo.valid_from:
        why = "not_yet"
    elif promo.valid_until and promo.valid_until <= now:
        why = "over"
    elif promo.channels and channel not in promo.channels:
        why = "channel"
    if why is None:
        return None
    return _no("promo_not_valid", promo.code, "the code cannot be used here and now", why=why)


def _used_up(
    connection: Connection, use: Discount, now: datetime, but_for: int = 0
) -> Refused | None:
    if use.promo.max_uses is None:
        return None
    used = uses_of(connection, use.promo.id, now, but_for=but_for)
    left = max(0, use.promo.max_uses - used)
    if use.uses <= left:
        return None
    return _no("promo_used_up", use.promo.code, f"the code is good {left} times more", left=left)


def _no(refusal: str, code: str, detail: str, **extras: Any) -> Refused:
    return Refused(refusal, f"{code}: {detail}", {"promo_code": code, **extras})


def _counts(now: datetime) -> Any:
    status, expires = ticket_request.c.status, ticket_request.c.expires_at
    held = and_(status == Status.RESERVED.value, expires > now)
    return or_(status == Status.CONFIRMED.value, held)


def _find(connection: Connection, codes: Sequence[str], *, lock: bool = False) -> list[Promo]:
    return _where(connection, promo_code.c.code.in_(codes), lock=lock)


def _where(connection: Connection, condition: Any, *, lock: bool) -> list[Promo]:
    query = select(promo_code).where(condition).order_by(promo_code.c.id)
    rows = connection.execute(query.with_for_update() if lock else query).mappings()
    return [_promo(row) for row in rows]


def _promo(row: RowMapping) -> Promo:
    columns = {k: v for k, v in row.items() if k not in ("created_at", "who", "uses")}
    return Promo(
        **columns
        | {
            "per": Per(row["per"]),
            "products": tuple(row["products"]),
            "channels": tuple(Channel(name) for name in row["channels"]),
        }
    )


def _free_code(connection: Connection) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(GENERATED))
        if not _find(connection, [code]):
            return code
