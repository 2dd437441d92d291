"""The cashier's pages where something comes between: another visitor, a supervisor, a new venue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from support.central import CONFIG, MUSEUM, TOUR, Client, Clock, central_in
from support.money import euro
from support.office import hire
from support.roles import sign_in

from central.catalogue import imports
from central.sale.states import By
from central.store.schema import delivery

LATER = "tour-20261121T1500Z"
SELL = "/office/sell"


@dataclass
class Hand:
    """What a member of staff does at the pages; each answer is (where to look next, the page)."""

    central: Client
    headers: dict[str, str]

    @classmethod
    async def of(cls, central: Client, name: str) -> Hand:
        return cls(central, await sign_in(central, name))

    async def get(self, path: str, status: int = 200) -> str:
        async with self.central.http.get(path, headers=self.headers) as answer:
            assert answer.status == status, await answer.text()
            return await answer.text()

    async def post(self, path: str, status: int = 303, **fields: object) -> tuple[str, str]:
        form = {name: str(value) for name, value in fields.items()}
        async with self.central.http.post(
            path, data=form, headers=self.headers, allow_redirects=False
        ) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return answer.headers.get("Location", ""), text

    async def version(self) -> str:
        return _hidden("version", await self.get(SELL))

    async def hold(self, product: int, slot: str) -> str:
        """One of it in the cart, its places held; the token of the sale."""
        path = f"{SELL}/of/{slot.partition('-')[0]}"
        await self.post(path, version=await self.version(), slot=slot, **{f"q-{product}": 1})
        await self.post(f"{SELL}/hold", version=await self.version())
        return _hidden("token", await self.get(f"{SELL}/holder"))

    async def tell(self, token: str, **holder: str) -> None:
        await self.post(f"{SELL}/holder", token=token, **holder)


def _hidden(name: str, page: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture
async def central(kiosk: Client) -> Client:
    """On both databases, with staff."""
    await hire(kiosk)
    return kiosk


@pytest.fixture
async def cashier(central: Client) -> Hand:
    return await Hand.of(central, "cashier")


@pytest.fixture
async def supervisor(central: Client) -> Hand:
    return await Hand.of(central, "supervisor")


async def sent(central: Client) -> list[tuple[str, str]]:
    query = select(delivery.c.kind, delivery.c.to).order_by(delivery.c.id)
    rows = await central.api.database.read(lambda c: c.execute(query).all())
    return [(kind, to) for kind, to in rows]


async def test_what_was_sold_is_shown_after_the_venue_learnt_another_language(
    tmp_path: Path,
) -> None:
    now = (CONFIG / "venue.toml").read_text(encoding="utf-8")
    before = re.sub(r', (de|fr) = "[^"]*"|^(de|fr) = .*$', "", now, flags=re.MULTILINE)
    file = tmp_path / "before.toml"
    file.write_text(before.replace('["en", "de", "fr"]', '["en"]'), encoding="utf-8")
    now = now.replace('["en", "de", "fr"]', '["de", "en", "fr"]')
    async with central_in(tmp_path, Clock(), venue=file) as central:
        await hire(central)
        request = await central.reserve(1, MUSEUM)
        await central.confirm(request)
        [ticket] = (await central.issue(request))["tickets"]
        cashier, by = await Hand.of(central, "cashier"), By("admin", central.clock())
        await central.api.database.write(lambda c: imports.apply(c, now, "new", by, gates=()))
        assert await central.api.catch_up()
        own, code = f"/office/requests/{request['token']}", ticket["human_code"]
        for path in ("/office/requests", own, f"{own}/exchange", "/office/tickets"):
            assert "Adult" in await cashier.get(path)
        for path in (f"/office/tickets/{code}", f"/office/why?code={code}"):
            assert "Adult" in await cashier.get(path)


async def test_money_has_as_many_digits_as_its_currency(tmp_path: Path) -> None:
    venue = (CONFIG / "venue.toml").read_text(encoding="utf-8")
    file = tmp_path / "kuwait.toml"
    file.write_text(venue.replace('"EUR"', '"KWD"').replace('"8.00"', '"8.125"'), encoding="utf-8")
    async with central_in(tmp_path, Clock(), venue=file) as central:
        await hire(central)
        cashier = await Hand.of(central, "cashier")
        assert "8.125 KWD" in await cashier.get(f"{SELL}/of/tour")


async def test_whoever_cancels_a_request_is_told_that_it_is_done(
    central: Client, supervisor: Hand
) -> None:
    request = await central.reserve(1, MUSEUM)
    path = f"/office/requests/{request['token']}/cancel"
    there, _ = await supervisor.post(path, reason="ill")
    assert "The request is cancelled." in await supervisor.get(there)


async def test_an_emptied_cart_does_not_know_the_visitor_before(cashier: Hand) -> None:
    token = await cashier.hold(1, MUSEUM)
    await cashier.tell(token, name="Anna", email="anna@example.org")
    await cashier.post(f"{SELL}/let-go", version=await cashier.version(), keep=1)
    await cashier.post(f"{SELL}/line/1", version=await cashier.version(), quantity=1, remove=1)
    await cashier.hold(2, MUSEUM)
    assert "anna@example.org" not in await cashier.get(f"{SELL}/holder")


async def test_a_sale_that_was_cancelled_on_its_request_s_page_is_held_again_or_left(
    cashier: Hand, supervisor: Hand
) -> None:
    token = await cashier.hold(1, MUSEUM)
    await cashier.post(f"{SELL}/pay", token=token, amount="2", method="cash")
    back = {"what": "all", "method": "cash", "reason": "no money with him"}
    await supervisor.post(f"/office/requests/{token}/refund", **back)
    page = await cashier.get(f"{SELL}/pay")
    assert "was cancelled on its request" in page
    assert "Free: validate" not in page
    assert "Cancel sale" in page
    await cashier.post(f"{SELL}/pay", 409, token=token, amount="12", method="cash")
    await cashier.post(f"{SELL}/hold", version=await cashier.version())
    again = _hidden("token", await cashier.get(f"{SELL}/holder"))
    assert again != token
    there, _ = await cashier.post(f"{SELL}/pay", token=again, amount="12", method="cash")
    assert "Paid" in await cashier.get(there)


async def test_who_comes_too_late_to_pay_is_told_of_what_there_is_no_room(
    central: Client, cashier: Hand
) -> None:
    await central.sell(4, LATER, 11)
    token = await cashier.hold(4, LATER)
    await cashier.post(f"{SELL}/pay", token=token, amount="2", method="cash")
    central.clock.pass_(minutes=26)
    await central.sell(4, LATER, 1)
    told = "0 places left in Guided tour, Sat 21 Nov - 16:00"
    _, page = await cashier.post(f"{SELL}/pay", 409, token=token, amount="6", method="cash")
    assert told in page
    own = f"/office/requests/{token}"
    _, page = await cashier.post(f"{own}/hand-out", 409, due="6.00", method="cash")
    assert told in page
    assert "Owed to the visitor" not in page


async def test_who_is_not_the_customer_is_not_referred_to(central: Client, cashier: Hand) -> None:
    await cashier.post("/office/customers", name="Ivo")
    token = await cashier.hold(1, MUSEUM)
    office, own = central.as_("office-1"), f"/office/requests/{token}"
    await cashier.post(f"{SELL}/customer", token=token, customer="C-000001")
    await cashier.post(f"{SELL}/customer", token=token, nobody=1)
    request = await office.get(f"/v1/requests/{token}")
    assert request["references"]["customer"] == ""
    await cashier.post(f"{own}/holder", name="Ivo", customer="c-000001", order="17")
    assert (await office.get(f"/v1/requests/{token}"))["references"]["external_order"] == "17"
    await cashier.post(f"{own}/holder", name="Eva")
    request = await office.get(f"/v1/requests/{token}")
    assert set(request["references"].values()) == {""}
    assert "refers to no external order, no customer" in await cashier.get(own)


async def test_tickets_go_out_when_they_are_paid_at_the_office_and_when_they_are_exchanged(
    central: Client, cashier: Hand, supervisor: Hand
) -> None:
    token = await supervisor.hold(1, MUSEUM)
    await supervisor.tell(token, phone="+4915123456789")
    later = {"option": "not_paid", "reason": "at the door", "sms": "1"}
    await supervisor.post(f"{SELL}/pay/option", token=token, **later)
    assert await sent(central) == []
    own, sms = f"/office/requests/{token}", ("sms", "+4915123456789")
    await cashier.post(f"{own}/hand-out", due="12.00", method="cash")
    assert await sent(central) == [sms]
    [ticket] = (await central.as_("office-1").get(f"/v1/requests/{token}"))["tickets"]
    wanted = {f"t-{ticket['human_code']}": 1, "product": 4, "quantity": 1, "slot": TOUR}
    await cashier.post(f"{own}/exchange", **wanted, due="0.00", total="8.00")
    assert await sent(central) == [sms, sms]


async def test_a_gift_voucher_pays_a_part_of_what_is_picked_up(
    central: Client, cashier: Hand
) -> None:
    voucher = await central.as_("office-1").post("/v1/vouchers", {"value": euro("20.00")}, 201)
    request = await central.reserve(1, MUSEUM, 2)
    own = f"/office/requests/{request['token']}"
    paid = {"due": "24.00", "method": "voucher", "reference": voucher["code"]}
    there, _ = await cashier.post(f"{own}/hand-out", **paid)
    page = await cashier.get(there)
    assert "A part is paid." in page
    assert "4.00 EUR</strong> to pay" in page
    there, _ = await cashier.post(f"{own}/hand-out", due="4.00", method="cash")
    assert "The tickets are good." in await cashier.get(there)
    account = await central.as_("office-1").get(f"/v1/requests/{request['token']}")
    assert [one["amount"]["amount"] for one in account["receipts"]] == ["20.00", "4.00"]


async def test_tickets_of_a_customer_who_was_forgotten_are_exchanged(
    central: Client, cashier: Hand, supervisor: Hand
) -> None:
    await cashier.post("/office/customers", name="Ivo")
    token = await cashier.hold(1, MUSEUM)
    await cashier.post(f"{SELL}/customer", token=token, customer="C-000001")
    await cashier.post(f"{SELL}/pay", token=token, amount="12", method="cash")
    await supervisor.post("/office/customers/C-000001/erase", number="C-000001")
    [ticket] = (await central.as_("office-1").get(f"/v1/requests/{token}"))["tickets"]
    wanted = {f"t-{ticket['human_code']}": 1, "product": 4, "quantity": 1, "slot": TOUR}
    path = f"/office/requests/{token}/exchange"
    await cashier.post(path, **wanted, due="0.00", total="8.00")


async def test_a_day_that_cannot_be_ended_yet_is_shown_with_the_same_till(
    cashier: Hand, supervisor: Hand
) -> None:
    for _ in range(2):
        page = await supervisor.get("/office/day-end?till=cashier")
        token = await cashier.hold(1, MUSEUM)
        await cashier.post(f"{SELL}/pay", token=token, amount="12", method="cash")
    action = re.search(r'action="(/office/day-end[^"]*)"', page.partition("last day-end")[2])
    assert action
    form = {"till": "cashier", "last": _hidden("last", page)}
    _, page = await supervisor.post(action[1], 409, **form)
    assert "There is more in the till by now." in page
    assert "Day-end of cashier" in page
    assert "24.00 EUR" in page


async def test_the_change_stays_what_it_was_when_money_goes_back_later(
    supervisor: Hand,
) -> None:
    token = await supervisor.hold(1, MUSEUM)
    done, _ = await supervisor.post(f"{SELL}/pay", token=token, amount="20", method="cash")
    back = {"what": "amount", "amount": "2", "method": "cash", "reason": "rain"}
    await supervisor.post(f"/office/requests/{token}/refund", **back)
    assert "<span>Change</span> <strong>8.00 EUR</strong>" in await supervisor.get(done)


async def test_the_times_of_a_ticket_to_several_attractions_are_told_in_words(
    cashier: Hand,
) -> None:
    parts = {"product": 11, "part-lighthouse": "yes", "part-concert": ""}
    await cashier.post(f"{SELL}/add", version=await cashier.version(), **parts)
    await cashier.post(f"{SELL}/hold", version=await cashier.version())
    token = _hidden("token", await cashier.get(f"{SELL}/holder"))
    page = await cashier.get(f"/office/requests/{token}")
    for part in ("Museum: Sat 21 Nov", "Guided tour: Sat 21 Nov", "Lighthouse: any time"):
        assert part in page
    assert "museum-2026" not in page
