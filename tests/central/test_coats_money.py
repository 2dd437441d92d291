"""The fee of a coat ticket: before, at pick-up or never, and what the ledger says of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from support.central import Clock
from support.coats import HOUSE, Cloaks, cloaks_in

from admission.values import Money
from central.coats import check_in, coats, paying
from central.coats.values import Coat, Pay, PayWhen
from central.money import days
from central.sale import vouchers
from central.sale.states import Refused
from central.sale.vouchers import NewVoucher
from central.store.schema import money_entry

CASH = Pay("cash")
Opened = Callable[[PayWhen], AbstractAsyncContextManager[Cloaks]]


@pytest.fixture
def opened(database_url: str, clock: Clock) -> Opened:
    """A cloakroom where each piece costs 2.50 EUR."""
    fee = {"price": Decimal("2.5"), "tax_percent": Decimal(19)}
    return lambda payment: cloaks_in(database_url, clock, payment=payment, **fee)


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


async def entries(cloaks: Cloaks) -> list[Any]:
    return list(await cloaks.do(lambda c: c.execute(select(money_entry)).all()))


async def test_a_fee_at_check_in_is_paid_first_and_is_in_the_day_end(opened: Opened) -> None:
    async with opened(PayWhen.CHECK_IN) as cloaks:
        assert await cloaks.take("A1") == Refused("not_paid", "2.50 EUR are due; take them first.")
        assert await cloaks.messages() == []
        for bad in (Pay("bitcoin"), Pay("card", "x" * 101), Pay("card", "\0"), Pay("voucher", "1")):
            assert isinstance(await cloaks.take("A1", pay=bad), Refused)
        assert await entries(cloaks) == []
        coat = await cloaks.hung("A1", "A2", pay=Pay("card", "SIM-17"))
        assert (coat.price, coat.due, coat.receipt) == (euro("5.00"), euro("0.00"), "anna 1")
        more = await cloaks.do(
            lambda c: check_in.hang_more(c, HOUSE, coat.id, "A3", cloaks.by, pay=CASH)
        )
        assert isinstance(more, Coat)
        assert (more.paid, more.receipt) == (euro("7.50"), "anna 2")
        assert isinstance(await cloaks.as_("ben").give(coat), Coat)
        end = (await cloaks.do(lambda c: days.close(c, "anna", cloaks.by))).body
        amounts = {one["account"]: one["amount"] for one in end["accounts"]}
        assert amounts == {
            "paid:card:anna": "5.00",
            "paid:cash:anna": "2.50",
            "receivable": "0.00",
            "sales:coats": "-6.30",
            "tax:19": "-1.20",
        }
        assert end["receipts"]["count"] == 2


async def test_a_fee_at_pick_up_is_paid_once_whoever_takes_it(opened: Opened) -> None:
    async with opened(PayWhen.PICK_UP) as cloaks:
        coat = await cloaks.hung("A1", "A2")
        one = {coat.pieces[0].id}
        refused = await cloaks.give(coat, pieces=one)
        assert refused == Refused("not_paid", "5.00 EUR are due; take them first.")
        assert isinstance(await cloaks.as_("ben").give(coat, pieces=one, pay=CASH), Coat)
        rest = await cloaks.give(coat, pay=CASH)
        assert isinstance(rest, Coat)
        assert (rest.due, rest.receipt) == (euro("0.00"), "ben 1")
        assert [e.kind for e in await entries(cloaks)] == ["sale", "payment"]
        again = await cloaks.do(lambda c: paying.pay(c, coat.id, CASH, cloaks.by))
        assert again == Refused("nothing_due", "Nothing is due.")


async def test_who_likes_pays_before_and_a_supervisor_lets_off(opened: Opened) -> None:
    async with opened(PayWhen.PICK_UP) as cloaks:
        assert (await cloaks.hung("A1", pay=CASH)).due == euro("0.00")
        coat = await cloaks.hung("A2")
        for reason in ("", "x" * 101, "\0"):
            refused = await cloaks.do(lambda c, r=reason: paying.let_off(c, coat.id, r, cloaks.by))
            assert isinstance(refused, Refused)
        let_off = await cloaks.do(lambda c: paying.let_off(c, coat.id, "rain", cloaks.by))
        assert isinstance(let_off, Coat)
        assert let_off.due == euro("0.00")
        assert isinstance(await cloaks.give(coat), Coat)
        notes = await cloaks.do(lambda c: coats.history(c, coat.id))
        assert "let off 2.50 EUR: rain" in [note.what for note in notes]


async def test_a_voucher_pays_and_keeps_the_rest(opened: Opened) -> None:
    async with opened(PayWhen.PICK_UP) as cloaks:
        now = cloaks.clock()
        new = NewVoucher(euro("4.00"), now, now + timedelta(days=30), price=Decimal(4))
        made = await cloaks.do(lambda c: vouchers.create(c, new, "EUR", cloaks.by))
        paid = await cloaks.hung("A1", pay=Pay("voucher", made.code))
        assert (paid.due, paid.receipt) == (euro("0.00"), "anna 1")
        refused = await cloaks.take("A2", pay=Pay("voucher", made.code))
        assert refused == Refused(
            "voucher_balance",
            "The voucher: 1.50 are left on it.",
            {"balance": {"amount": "1.50", "currency": "EUR"}},
        )
        assert isinstance(await cloaks.hung("A2"), Coat)


async def test_where_nothing_is_to_be_paid_nothing_is_booked(opened: Opened) -> None:
    async with opened(PayWhen.NEVER) as cloaks:
        coat = await cloaks.hung("A1", pay=CASH)
        assert isinstance(await cloaks.give(coat, pay=CASH), Coat)
        assert await entries(cloaks) == []
