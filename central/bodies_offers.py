"""What clients may send about prices, promo codes and vouchers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from admission.values import Money
from central.bodies import MAX_TEXT, check_cart
from central.cart import Wanted
from central.offers import check_amount
from central.promotions import Per, normal
from central.settings import Channel

MAX_USES = 1_000_000
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}")


@dataclass(frozen=True)
class NewQuote:
    lines: tuple[Wanted, ...]
    channel: Channel
    promo_codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_cart(self.lines, self.promo_codes)


@dataclass(frozen=True)
class NewPromoCode:
    """A code is made if `code` is left out."""

    code: str = ""
    percent: Decimal | None = None
    amount: Money | None = None
    per: Per = Per.CART
    max_uses: int | None = None
    max_per_order: int | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    products: tuple[int, ...] = ()
    channels: tuple[Channel, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.code and not _CODE.fullmatch(normal(self.code)):
            raise ValueError("code: 3 to 40 letters, digits and -")
        if (self.percent is None) == (self.amount is None):
            raise ValueError("write either percent or amount")
        if self.percent is not None:
            check_amount(self.percent, "percent")
            if not 0 < self.percent <= 100:
                raise ValueError("percent: more than 0, at most 100")
        if self.amount is not None:
            check_money(self.amount, "amount")
        for name in ("max_uses", "max_per_order"):
            limit = getattr(self, name)
            if limit is not None and not 1 <= limit <= MAX_USES:
                raise ValueError(f"{name}: 1 to {MAX_USES}")
        if self.max_per_order is not None and self.per is Per.CART:
            raise ValueError("max_per_order: only of a code per ticket")
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("valid_until: after valid_from")
        if len(self.products) > 100 or len(self.channels) > len(Channel):
            raise ValueError("products: at most 100; channels: each once")
        if len(self.note) > MAX_TEXT:
            raise ValueError(f"note: at most {MAX_TEXT} characters")


@dataclass(frozen=True)
class NewGiftVoucher:
    """Good for three years if `valid_until` is left out."""

    value: Money
    valid_until: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        check_money(self.value, "value")
        if len(self.note) > MAX_TEXT:
            raise ValueError(f"note: at most {MAX_TEXT} characters")


def check_money(money: Money, what: str) -> None:
    """Raise ValueError for what is no real money."""
    check_amount(money.amount, what)
    if not money.amount:
        raise ValueError(f"{what}: more than nothing")
