"""The rules of a sale at the ticket office: drafts, holding, paying, and who may do what to whose.
Forms that no page of ours sends are sent too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select
from support.central import MUSEUM, TOUR, Client, Clock
from support.office import hire
from support.roles import OWN_PAGE, sign_in

from admission.values import Money, TicketState
from central.capacity import slots
from central.money.dues import PaymentOption, Terms
from central.sale import checkout, drafts, requests, tickets, vouchers
from central.sale.drafts import Draft
from central.sale.states import By, Payment, Refused, Status, TicketRequest
from central.sale.wishes import Wanted
from central.staff.roles import Role
from central.store.schema import delivery, sale_draft

T = TypeVar("T")
HOLD = timedelta(minutes=25)


class Seller:
    """One of the staff at a till, by the rules alone."""

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name = client, name

    @property
    def by(self) -> By:
        return By(self.name, self.client.clock())

    async def do(self, act: Callable[[Connection], T]) -> T:
        return await self.client.api.database.write(act)

    async def cart(self, *wants: Wanted) -> int:
        """Such a cart; its version."""

        def fill(c: Connection) -> int:
            version = drafts.load(c, self.name, self.by.at).version
            drafts.change(c, version, lambda _: Draft(wants), self.by)
            return drafts.load(c, self.name, self.by.at).version

        return await self.do(fill)

    async def hold(self, version: int) -> TicketRequest | Refused:
        venue = self.client.api.venue
        return await self.do(lambda c: checkout.hold(c, venue, version, HOLD, self.by))

    async def sale(self, *wants: Wanted) -> TicketRequest:
        held = await self.hold(await self.cart(*wants))
        assert isinstance(held, TicketRequest), held
        return held

    async def kept(self) -> drafts.Kept:
        return await self.do(lambda c: drafts.load(c, self.name, self.by.at))

    async def let_go(self, version: int, *, keep_cart: bool = False) -> Draft | Refused:
        return await self.do(lambda c: checkout.let_go(c, version, self.by, keep_cart=keep_cart))

    async def pay(self, token: str, amount: str, method: str = "cash") -> TicketRequest | Refused:
        payment = Payment(method, "R", Money(Decimal(amount), "EUR"))
        key = self.client.api.key
        return await self.do(lambda c: checkout.pay(c, key, token, payment, self.by))


@pytest.fixture
async def anna(kiosk: Client) -> Seller:
    await hire(kiosk)
    return Seller(kiosk, Role.CASHIER.value)


@pytest.fixture
def ben(anna: Seller) -> Seller:
    return Seller(anna.client, Role.SUPERVISOR.value)


async def test_of_two_who_want_the_last_place_one_is_told_what_is_left(
    anna: Seller, ben: Seller
) -> None:
    await anna.client.sell(4, TOUR, 11)
    versions = [await one.cart(Wanted(4, TOUR)) for one in (anna, ben)]
    told = await asyncio.gather(anna.hold(versions[0]), ben.hold(versions[1]))
    [refused] = [one for one in told if isinstance(one, Refused)]
    assert refused.code in ("no_room", "sold_out")
    assert "Guided tour, Sat 21 Nov - 14:30" in refused.detail


async def test_nobody_pays_or_ends_the_sale_of_another(anna: Seller, ben: Seller) -> None:
    held = await anna.sale(Wanted(1, MUSEUM, 2))
    assert await ben.pay(held.token, "24.00") == checkout.NOT_THIS
    assert isinstance(await ben.let_go(0), Draft)
    paid = await anna.pay(held.token, "24.00")
    assert isinstance(paid, TicketRequest) and paid.status is Status.CONFIRMED


async def test_paying_again_takes_nothing_and_leaves_the_next_cart_alone(anna: Seller) -> None:
    held = await anna.sale(Wanted(1, MUSEUM))
    await anna.pay(held.token, "12.00")
    await anna.cart(Wanted(2, MUSEUM))
    assert isinstance(await anna.pay(held.token, "12.00"), TicketRequest)
    kept = await anna.do(lambda c: drafts.load(c, anna.name, anna.by.at))
    assert kept.draft.lines == (Wanted(2, MUSEUM),)
    entries = (await anna.client.as_("office-1").get("/v1/ledger"))["entries"]
    assert [one["kind"] for one in entries] == ["sale", "payment"]


async def test_holding_twice_holds_once_and_a_held_cart_does_not_change(anna: Seller) -> None:
    version = await anna.cart(Wanted(4, TOUR, 2))
    first, second = await anna.hold(version), await anna.hold(version)
    assert isinstance(first, TicketRequest) and first == second
    kept = await anna.do(lambda c: drafts.load(c, anna.name, anna.by.at))
    more = await anna.do(
        lambda c: drafts.change(
            c, kept.version, lambda draft: draft.with_line(Wanted(1, MUSEUM)), anna.by
        )
    )
    assert isinstance(more, Refused) and more.code == "sale_held"
    assert await anna.client.left(TOUR) == 10


async def test_an_old_page_changes_nothing(anna: Seller) -> None:
    version = await anna.cart(Wanted(1, MUSEUM))

    def add(c: Connection) -> Draft | Refused:
        return drafts.change(c, version, lambda d: d.with_line(Wanted(2, MUSEUM)), anna.by)

    assert isinstance(await anna.do(add), Draft)
    assert await anna.do(add) == drafts.CHANGED


async def test_an_old_page_gives_up_no_other_sale(anna: Seller) -> None:
    first = await anna.sale(Wanted(1, MUSEUM))
    shown = (await anna.kept()).version
    await anna.pay(first.token, "12.00")
    second = await anna.sale(Wanted(1, MUSEUM))
    assert await anna.let_go(shown) == drafts.CHANGED
    assert (await anna.kept()).draft.token == second.token


async def test_two_windows_that_take_the_last_payment_at_once_print_once(anna: Seller) -> None:
    held, client = await anna.sale(Wanted(1, MUSEUM)), anna.client
    cookie = await sign_in(client, anna.name)
    cookie["Cookie"] += "; wicket-desk=desk-1"
    form = {"token": held.token, "method": "cash", "amount": "20", "print": "1"}

    async def pay(once: str) -> str:
        async with client.http.post(
            "/office/sell/pay", data=form | {"once": once}, headers=cookie, allow_redirects=False
        ) as answer:
            return answer.headers["Location"]

    went = await asyncio.gather(*(pay(once) for once in "abcd"))
    done = f"/office/sell/done/{held.token}"
    assert sorted(went) == [done, done, done, f"{done}?given=20"]
    printed = await anna.do(lambda c: c.scalars(select(delivery.c.kind)).all())
    assert printed == ["print"]


async def test_a_part_that_is_paid_keeps_the_sale_from_being_given_up(anna: Seller) -> None:
    held = await anna.sale(Wanted(1, MUSEUM, 2))
    part = await anna.pay(held.token, "4.00", "card")
    assert isinstance(part, TicketRequest) and part.status is Status.RESERVED
    kept = await anna.kept()
    refused = await anna.let_go(kept.version, keep_cart=True)
    assert isinstance(refused, Refused) and refused.code == "paid"
    anna.client.clock.pass_(minutes=30)
    await anna.do(lambda c: requests.expire(c, anna.by.at))
    for keep_cart in (True, False):
        assert await anna.let_go(kept.version, keep_cart=keep_cart) == refused
    paid = await anna.pay(held.token, "20.00")
    assert isinstance(paid, TicketRequest) and paid.status is Status.CONFIRMED


async def test_what_ran_out_is_held_again_while_there_is_room(anna: Seller) -> None:
    held = await anna.sale(Wanted(4, TOUR, 12))
    anna.client.clock.pass_(minutes=26)
    assert await anna.pay(held.token, "96.00") == checkout.EXPIRED
    kept = await anna.do(lambda c: drafts.load(c, anna.name, anna.by.at))
    refused = await anna.hold(kept.version)
    assert isinstance(refused, Refused) and "the sale has ended" in refused.detail
    later = await anna.do(lambda c: drafts.load(c, anna.name, anna.by.at))
    assert later.draft == replace(kept.draft, token="")


async def test_a_cart_is_kept_for_a_day(anna: Seller, ben: Seller, clock: Clock) -> None:
    await anna.cart(Wanted(1, MUSEUM))
    clock.pass_(hours=23)
    assert (await anna.do(lambda c: drafts.load(c, anna.name, clock()))).draft.lines
    clock.pass_(hours=2)
    assert not (await anna.do(lambda c: drafts.load(c, anna.name, clock()))).draft.lines
    await ben.cart(Wanted(1, MUSEUM))
    rows = await anna.do(lambda c: c.scalars(select(sale_draft.c.staff)).all())
    assert rows == [ben.name]


async def test_forged_forms_are_refused_and_prices_are_central_s(anna: Seller) -> None:
    client = anna.client
    cookie = await sign_in(client, anna.name)

    async def post(path: str, **fields: Any) -> tuple[int, str]:
        async with client.http.post(
            f"/office/sell{path}", data=fields, headers=cookie | OWN_PAGE, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text()

    for path, fields in (
        ("/add", {"product": 1, "quantity": -1}),
        ("/add", {"product": 1, "quantity": 10**9}),
        ("/add", {"product": "<script>"}),
        ("/of/museum", {"q-1": "1e3", "slot": MUSEUM}),
        ("/of/museum", {"q-1": "2", "day": "tomorrow"}),
        ("/line/1", {"quantity": "2", "text": "a\x00b"}),
        ("/holder", {"name": "x" * 300, "token": "t"}),
        ("/pay", {"amount": "NaN", "method": "cash", "token": "t"}),
        ("/pay", {"amount": "1e-999999", "method": "cash", "token": "t"}),
        ("/pay", {"amount": "1,000", "method": "cash", "token": "t"}),
        ("/pay", {"amount": "\u0661\u0662", "method": "cash", "token": "t"}),
        ("/pay", {"amount": "1", "method": "free", "token": "t"}),
    ):
        assert (await post(path, **fields))[0] == 400, (path, fields)
    assert (await post("/of/nowhere", **{"q-1": "1"}))[0] == 404
    assert (await post("/of/museum", **{"q-1": "1", "slot": TOUR}))[0] == 409
    assert (await post("/line/9", quantity="2", version=0))[0] == 409
    assert (await post("/seats/9", version=0))[0] == 404
    assert (await post("/add", product=99, version=0))[0] == 409
    assert (await post("/of/museum", **{"q-1": "2", "slot": MUSEUM, "price": "0.01"}))[0] == 303
    kept = await anna.do(lambda c: drafts.load(c, anna.name, anna.by.at))
    assert (await post("/hold", version=kept.version))[0] == 303
    kept = await anna.do(lambda c: drafts.load(c, anna.name, anna.by.at))
    token = kept.draft.token
    script = "<script>alert(1)</script>"
    assert (await post("/holder", token=token, name=script))[0] == 303
    assert (await post("/customer", customer="C-999999", token=token))[0] == 409
    status, page = await post("/customer", nobody="1", token="that of another sale")
    assert status == 409 and "not the one that you are at" in page
    status, page = await post("/pay", token=token, method="card", amount="25")
    assert status == 409 and "&lt;script&gt;alert" in page and script not in page
    status, page = await post("/pay", token=token, method="voucher", amount="24", reference="<b>")
    assert status == 409 and "<b>" not in page
    assert (await post("/pay/option", token=token, option="invitation", reason="me"))[0] == 403
    sold = await anna.pay(token, "24.00")
    assert isinstance(sold, TicketRequest) and sold.total.amount == Decimal("24.00")


async def test_a_voucher_is_sold_and_pays_a_part_of_the_next_sale(anna: Seller) -> None:
    bought = await anna.sale(Wanted(9))
    assert isinstance(await anna.pay(bought.token, "50.00"), TicketRequest)
    [voucher] = await anna.do(lambda c: vouchers.of_request(c, bought.id))
    held = await anna.sale(Wanted(1, MUSEUM, 5))
    payment = Payment("voucher", voucher.code.lower(), Money(Decimal("60.00"), "EUR"))
    key = anna.client.api.key
    part = await anna.do(lambda c: checkout.pay(c, key, held.token, payment, anna.by))
    assert isinstance(part, TicketRequest) and part.status is Status.RESERVED
    sale = await anna.do(lambda c: checkout.sale_of(c, held.token, anna.by.at))
    assert isinstance(sale, checkout.Sale) and sale.due.amount == Decimal("10.00")


async def test_an_invitation_is_validated_once_without_money(ben: Seller) -> None:
    held, terms = await ben.sale(Wanted(1, MUSEUM)), Terms(PaymentOption.INVITATION, "press")
    key = ben.client.api.key
    for _ in range(2):
        done = await ben.do(lambda c: checkout.choose(c, key, held.token, terms, ben.by))
        assert isinstance(done, TicketRequest) and done.status is Status.CONFIRMED
    issued = await ben.do(lambda c: tickets.of_request(c, held))
    assert len(issued) == 1
    entries = (await ben.client.as_("office-1").get("/v1/ledger"))["entries"]
    assert [one["kind"] for one in entries] == ["sale", "invitation"]


async def test_what_was_to_be_paid_later_is_paid_from_a_page_that_is_older(ben: Seller) -> None:
    held, terms = await ben.sale(Wanted(1, MUSEUM)), Terms(PaymentOption.NOT_PAID, "at the door")
    key = ben.client.api.key
    await ben.do(lambda c: checkout.choose(c, key, held.token, terms, ben.by))
    assert isinstance(await ben.pay(held.token, "12.00"), TicketRequest)
    sale = await ben.do(lambda c: checkout.sale_of(c, held.token, ben.by.at))
    assert isinstance(sale, checkout.Sale) and (sale.due.amount, len(sale.paid)) == (0, 1)
    [issued] = await ben.do(lambda c: tickets.of_request(c, held))
    assert issued.ticket.state is TicketState.VALID


async def test_a_cart_tells_what_is_left_before_anything_is_held(anna: Seller) -> None:
    await anna.client.sell(4, TOUR, 10)
    venue, wanted = anna.client.api.venue, Draft((Wanted(4, TOUR, 2), Wanted(5, TOUR, 1)))
    refused = await anna.do(lambda c: checkout.check(c, venue, wanted, anna.by))
    assert isinstance(refused, Refused) and refused.extras == {"left": 2}
    found = await anna.do(lambda c: slots.find(c, [TOUR], anna.by.at))
    assert found[TOUR].occupancy.reserved == 0
