"""What clients may send about prices, promo codes and vouchers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aiohttp import web

from admission.values import Money
from central.catalogue.offers import MAX_PIECES, check_amount
from central.http.bodies import MAX_TEXT, check_cart, query_text
from central.sale.promotions import Per, normal
from central.sale.voucher_list import VouchersSought
from central.sale.vouchers import VoucherState
from central.sale.wishes import Wanted
from central.settings import Channel
from runtime.convert import Invalid

MAX_USES = 1_000_000
MAX_PRODUCT = 65535
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
        if not all(1 <= product <= MAX_PRODUCT for product in self.products):
            raise ValueError(f"products: ids from 1 to {MAX_PRODUCT}")
        if len(self.note) > MAX_TEXT:
            raise ValueError(f"note: at most {MAX_TEXT} characters")


@dataclass(frozen=True)
class NewGiftVoucher:
    """Worth `value`, or `quantity` of a `product`; good for three years if `valid_until` is left
    out."""

    value: Money | None = None
    product: int | None = None
    quantity: int = 1
    valid_until: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) == (self.product is None):
            raise ValueError("write either value or product")
        if self.product is not None and not 1 <= self.product <= MAX_PRODUCT:
            raise ValueError(f"product: an id from 1 to {MAX_PRODUCT}")
        if self.value is not None:
            check_money(self.value, "value")
        if not 1 <= self.quantity <= (MAX_PIECES if self.product is not None else 1):
            raise ValueError(f"quantity: 1 to {MAX_PIECES} of a product")
        if len(self.note) > MAX_TEXT:
            raise ValueError(f"note: at most {MAX_TEXT} characters")


def check_money(money: Money, what: str) -> None:
    """Raise ValueError for what is no real money."""
    check_amount(money.amount, what)
    if not money.amount:
        raise ValueError(f"{what}: more than nothing")


def vouchers_sought(request: web.Request) -> VouchersSought:
    """What ?code=…&request=…&customer=…&state=… tells. Raises Invalid."""
    texts = {name: query_text(request, name) for name in ("code", "request", "customer")}
    state = request.query.get("state")
    try:
        return VouchersSought(**texts, state=VoucherState(state) if state else None)
    except ValueError as error:
        states = ", ".join(one.value for one in VoucherState)
        raise Invalid([("state", f"one of {states}")]) from error
