"""Prices, promo codes and vouchers as the JSON of docs/openapi.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from admission.values import Money
from central.http.answers import Json, money, sold_line
from central.sale.promotions import Applied, Discount, Promo
from central.sale.vouchers import Cash, Voucher


def quote(applied: Applied, currency: str) -> Json:
    nothing = Money(Decimal(0), currency)
    return {
        "total": money(sum((line.total for line in applied.lines), start=nothing)),
        "tax": money(sum((line.tax for line in applied.lines), start=nothing)),
        "lines": [sold_line(line) for line in applied.lines],
        "discounts": discounts(applied.uses, currency),
    }


def discounts(uses: Iterable[Discount], currency: str) -> list[Json]:
    return [
        {
            "promo_code": use.promo.code,
            "uses": use.uses,
            "amount": money(Money(use.amount, currency)),
        }
        for use in uses
    ]


def promo_codes(page: Iterable[tuple[Promo, int]], currency: str) -> Json:
    return {"promo_codes": [promo_code(promo, uses, currency) for promo, uses in page]}


def promo_code(promo: Promo, uses: int, currency: str) -> Json:
    return {
        "id": promo.id,
        "code": promo.code,
        "percent": None if promo.percent is None else f"{promo.percent:f}",
        "amount": None if promo.amount is None else money(Money(promo.amount, currency)),
        "per": promo.per.value,
        "max_uses": promo.max_uses,
        "max_per_order": promo.max_per_order,
        "valid_from": _time(promo.valid_from),
        "valid_until": _time(promo.valid_until),
        "products": list(promo.products),
        "channels": [channel.value for channel in promo.channels],
        "note": promo.note,
        "blocked": promo.blocked,
        "uses": uses,
    }


def vouchers(page: Iterable[Voucher], now: datetime) -> Json:
    return {"vouchers": [voucher(one, now) for one in page]}


def voucher(voucher: Voucher, now: datetime) -> Json:
    cash = voucher.worth if isinstance(voucher.worth, Cash) else None
    return {
        "id": voucher.id,
        "code": voucher.code,
        "state": voucher.state_at(now).value,
        "value": money(cash.value) if cash else None,
        "balance": money(cash.balance) if cash else None,
        "goods": None if isinstance(voucher.worth, Cash) else vars(voucher.worth),
        "valid_from": voucher.valid_from.isoformat(),
        "valid_until": voucher.valid_until.isoformat(),
        "blocked": voucher.blocked,
        "note": voucher.note,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
