"""The fee of a coat ticket: before, at pick-up or never, and what the ledger says of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from support.central import Clock
from support.coats import HOUSE, Cloaks, cloaks_in, code_of

from admission.values import Money
from central.coats import check_in, coats, paying, rooms
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


async def change(cloaks: Cloaks, **fee: Any) -> None:
    """A supervisor does, while others are at the counter."""
    room = replace(cloaks.room, **fee)
    changed = await cloaks.do(lambda c: rooms.save(c, HOUSE, room, cloaks.by))
    assert not isinstance(changed, Refused)


async def test_another_fee_than_was_shown_is_not_booked(opened: Opened) -> None:
    told = "The price is another one than was shown: {} EUR are due now. Nothing was done."
    async with opened(PayWhen.CHECK_IN) as cloaks:
        shown = Pay("cash", shown=Decimal("2.5"))
        await change(cloaks, price=Decimal(4))
        refused = await cloaks.take("A1", pay=shown)
        assert refused == Refused("wrong_amount", told.format("4.00"))
        await change(cloaks, payment=PayWhen.NEVER)
        assert (
            code_of(await cloaks.take("A1", pay=shown)) == "wrong_amount"
        )  # nothing is to be paid
        await change(cloaks, payment=PayWhen.PICK_UP)
        coat = await cloaks.hung("A1", pay=shown)

        await cloaks.do(lambda c: check_in.hang_more(c, HOUSE, coat.id, "A2", cloaks.by))
        await cloaks.do(lambda c: check_in.hang_more(c, HOUSE, coat.id, "A3", cloaks.by))
        refused = await cloaks.give(coat, pay=shown)
        assert refused == Refused("wrong_amount", told.format("5.00"))
        one, both = {coat.pieces[0].id}, Pay("card", "7", Decimal(5))
        assert isinstance(await cloaks.as_("ben").give(coat, pieces=one, pay=both), Coat)
        refused = await cloaks.give(coat, pay=both)  # somebody has taken it already
        assert refused == Refused("wrong_amount", told.format("0.00"))
        assert isinstance(await cloaks.give(coat), Coat)
        assert [e.amount for e in await entries(cloaks) if e.method] == [Decimal("2.5"), 5]


async def test_money_goes_back_once_with_the_tax_that_was_in_it(opened: Opened) -> None:
    async with opened(PayWhen.PICK_UP) as cloaks:
        coat = await cloaks.hung("A1", "A2", pay=CASH)
        await cloaks.do(lambda c: check_in.hang_more(c, HOUSE, coat.id, "A3", cloaks.by, pay=CASH))
        await change(cloaks, tax_percent=Decimal(7))
        ben = cloaks.as_("ben")

        async def back(amount: str, how: Pay = CASH, reason: str = "rain") -> Coat | Refused:
            told = {"amount": Decimal(amount), "reason": reason}
            return await ben.do(lambda c: paying.refund(c, coat.id, how, ben.by, **told))

        for amount in ("0", "-1", "7.51", "0.001", "1e30"):
            assert code_of(await back(amount)) == "wrong_amount"
        for reason in (" ", "x" * 101, "\0"):
            assert code_of(await back("1", reason=reason)) == "no_reason"
        for how in (Pay(""), Pay("voucher", "1"), Pay("card", "x" * 101)):
            assert isinstance(await back("1", how), Refused)
        seen = Pay("card", "S-1", Decimal("7.5"))
        part = await back("2.5", seen)
        assert isinstance(part, Coat)
        assert (part.paid, part.due, part.receipt) == (euro("5.00"), euro("0.00"), "ben 1")
        assert code_of(await back("2.5", seen)) == "paid_otherwise"  # somebody else was first
        assert code_of(await back("5.01")) == "wrong_amount"
        rest = await back("5")
        assert isinstance(rest, Coat)
        assert (rest.paid, rest.due) == (euro("0.00"), euro("0.00"))
        assert code_of(await back("5")) == "wrong_amount"
        assert isinstance(await cloaks.give(coat), Coat)

        end = (await cloaks.do(lambda c: days.close(c, "ben", ben.by))).body
        methods = {one["method"]: (one["refunds"], one["given_back"]) for one in end["methods"]}
        assert methods == {"card": (1, "2.50"), "cash": (1, "5.00")}
        assert {one["account"]: one["amount"] for one in end["accounts"]} == {
            "paid:card:ben": "-2.50",
            "paid:cash:ben": "-5.00",
            "receivable": "0.00",
            "sales:coats": "6.30",
            "tax:19": "1.20",
        }
        notes = [note.what for note in await cloaks.do(lambda c: coats.history(c, coat.id))]
        assert "gave back 2.50 EUR by card, receipt ben 1: rain" in notes


async def test_what_a_voucher_paid_goes_back_onto_it(opened: Opened) -> None:
    async with opened(PayWhen.PICK_UP) as cloaks:
        now = cloaks.clock()
        new = NewVoucher(euro("4.00"), now, now + timedelta(days=30), price=Decimal(4))
        made = await cloaks.do(lambda c: vouchers.create(c, new, "EUR", cloaks.by))
        voucher = Pay("voucher", made.code)
        coat = await cloaks.hung("A1", pay=voucher)
        told = {"amount": Decimal("2.5"), "reason": "rain"}
        back = await cloaks.do(lambda c: paying.refund(c, coat.id, voucher, cloaks.by, **told))
        assert isinstance(back, Coat)
        assert (await cloaks.hung("A2", pay=voucher)).due == euro("0.00")
