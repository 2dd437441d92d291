"""O8: a reservation is picked up; tickets are exchanged, with what is due shown before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from support.central import MUSEUM, NOW, TOUR, Client, Clock
from support.office import Office, hire, office_in
from support.roles import sign_in

from central.delivery import outbox
from central.staff.roles import Role

LATER = "tour-20261121T1500Z"


@pytest.fixture
async def central(kiosk: Client) -> Client:
    """On both databases, with staff."""
    await hire(kiosk)
    return kiosk


async def sold(central: Client, product: int, slot: str, quantity: int = 1) -> Any:
    request = await central.reserve(product, slot, quantity)
    await central.confirm(request)
    return request | await central.issue(request)


async def choose_day(office: Office, product: str, day: str = "2026-11-21") -> None:
    page = office.page
    await page.get_by_label("Product").select_option(label=product)
    await page.get_by_label("Day").fill(day)
    await page.get_by_role("button", name="Show times").click()


async def test_a_reservation_is_validated_and_tickets_are_exchanged(tmp_path: Path) -> None:
    clock = Clock()
    async with office_in(tmp_path, clock, Role.CASHIER) as office:
        page, central = office.page, office.central
        reserved = await central.reserve(2, MUSEUM, 2)
        await office.go("/office/requests")
        await page.get_by_label("Find a request").fill(reserved["authorisation"].lower())
        await page.keyboard.press("Enter")
        pick_up = page.get_by_role("region", name="Pick up")
        await expect(pick_up).to_contain_text("12.00 EUR to pay")
        await office.fair()
        await office.picture("O8-pick-up")
        await page.get_by_label("Paid by").select_option("card")
        await page.get_by_label("Terminal receipt").fill("T-99")
        await page.get_by_role("button", name="Take the money").click()
        await expect(page.get_by_role("status")).to_contain_text("The tickets are good")
        await expect(pick_up).not_to_be_visible()
        await expect(page.get_by_text("cashier/1")).to_be_visible()
        # One of the two children becomes a grown-up of a later tour: 2.00 more.
        await page.get_by_role("link", name="Exchange").click()
        await page.get_by_role("checkbox").last.uncheck()
        await page.get_by_label("Number").fill("1")
        await choose_day(office, "Guided tour, Adult")
        await page.locator(f"input[value='{LATER}']").check()
        await page.get_by_role("button", name="What does it cost?").click()
        await expect(page.get_by_role("heading", level=2)).to_have_text("2.00 EUR to pay")
        await office.fair()
        await office.picture("O8")
        before = page.url
        await page.get_by_role("button", name="Take the money and exchange").click()
        await expect(page.get_by_role("status")).to_contain_text("these are the new tickets")
        await expect(page.locator(".sums")).to_contain_text("8.00 EUR")
        await expect(
            page.get_by_role("cell", name=f"exchange {reserved['authorisation']}")
        ).to_be_visible()
        old = await central.get(f"/v1/requests/{reserved['token']}")
        assert sorted(one["state"] for one in old["tickets"]) == ["cancelled", "valid"]
        # The other one is worth more than what is wanted: the rest stays to the credit.
        await page.goto(before.partition("?")[0])
        await expect(page.get_by_role("checkbox")).to_have_count(1)
        await choose_day(office, "Guided tour, Child")
        await page.locator(f"input[value='{LATER}']").check()
        await page.get_by_role("button", name="What does it cost?").click()
        await expect(page.get_by_role("heading", level=2)).to_contain_text("2.00 EUR stays")
        await page.get_by_role("button", name="Exchange", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("these are the new tickets")
        # What may not be exchanged is refused in words.
        await office.go(f"/office/requests/{reserved['token']}/exchange")
        await expect(page.get_by_text("No ticket of this request")).to_be_visible()


async def test_two_staff_exchange_one_ticket_and_one_is_refused(central: Client) -> None:
    request = await sold(central, 4, TOUR)
    form = {f"t-{request['tickets'][0]['human_code']}": "1", "product": "4", "quantity": "1"}
    form |= {"day": "2026-11-21", "slot": LATER, "due": "0.00"}
    path = f"/office/requests/{request['token']}/exchange"
    headers = [await sign_in(central, who) for who in ("cashier", "supervisor")]

    async def swap(who: dict[str, str]) -> tuple[int, bool]:
        async with central.http.post(path, data=form, headers=who) as answer:
            return answer.status, "the request is cancelled" in await answer.text()

    told = await asyncio.gather(*map(swap, headers))
    assert sorted(told) == [(200, False), (409, True)]
    assert await central.left(LATER) == 11
    assert await central.left(TOUR) == 12


async def test_an_exchange_whose_price_is_not_what_was_shown_leaves_nothing(
    central: Client,
) -> None:
    request = await sold(central, 5, TOUR)
    form = {f"t-{request['tickets'][0]['human_code']}": "1", "product": "4", "quantity": "1"}
    form |= {"day": "2026-11-21", "slot": LATER, "due": "1.00", "method": "cash"}
    path = f"/office/requests/{request['token']}/exchange"
    headers = await sign_in(central, "cashier")
    async with central.http.post(path, data=form, headers=headers) as answer:
        assert answer.status == 409
        assert "another difference is due" in await answer.text()
    assert await central.left(LATER) == 12
    page = await central.as_("office-1").get("/v1/requests")
    assert [one["token"] for one in page["requests"]] == [request["token"]]


async def test_a_credit_that_is_not_what_was_shown_leaves_nothing(central: Client) -> None:
    request = await sold(central, 4, TOUR)
    form = {f"t-{request['tickets'][0]['human_code']}": "1", "product": "5", "quantity": "1"}
    form |= {"day": "2026-11-21", "slot": LATER, "due": "0.00", "total": "3.00"}
    path = f"/office/requests/{request['token']}/exchange"
    headers = await sign_in(central, "cashier")
    async with central.http.post(path, data=form, headers=headers) as answer:
        assert answer.status == 409
        assert "The price is another one than was shown" in await answer.text()
    assert await central.left(LATER) == 12


async def test_a_blocked_ticket_is_not_made_a_good_one_by_an_exchange(central: Client) -> None:
    request = await sold(central, 4, TOUR)
    code = request["tickets"][0]["human_code"]
    supervisor, cashier = [await sign_in(central, who) for who in ("supervisor", "cashier")]
    async with central.http.post(
        f"/office/tickets/{code}/block", data={"reason": "stolen"}, headers=supervisor
    ) as answer:
        assert answer.status == 200
    form = {f"t-{code}": "1", "product": "4", "quantity": "1"}
    form |= {"day": "2026-11-21", "slot": LATER, "due": "0.00"}
    path = f"/office/requests/{request['token']}/exchange"
    async with central.http.post(path, data=form, headers=cashier) as answer:
        assert answer.status == 409
        assert f"blocked tickets are not exchanged: {code}" in await answer.text()
    assert await central.left(LATER) == 12


async def test_a_reservation_that_two_staff_take_money_for_is_paid_once(central: Client) -> None:
    request = await central.reserve(1, MUSEUM, 2)
    form = {"due": "24.00", "method": "cash"}
    told = []
    for who in ("cashier", "supervisor"):
        headers = await sign_in(central, who)
        path = f"/office/requests/{request['token']}/hand-out"
        async with central.http.post(path, data=form, headers=headers) as answer:
            told.append(answer.status)
    assert told == [200, 409]
    [receipt] = (await central.get(f"/v1/requests/{request['token']}"))["receipts"]
    assert receipt["amount"]["amount"] == "24.00"


async def test_two_who_swap_crosswise_do_not_wait_for_each_other(central: Client) -> None:
    ways = [(TOUR, LATER), (LATER, TOUR)] * 3
    headers = await sign_in(central, "cashier")

    async def swap(old: str, new: str) -> int:
        request = await sold(central, 4, old)
        form = {f"t-{request['tickets'][0]['human_code']}": "1", "product": "4", "due": "0.00"}
        form |= {"quantity": "1", "day": "2026-11-21", "slot": new}
        path = f"/office/requests/{request['token']}/exchange"
        async with central.http.post(path, data=form, headers=headers) as answer:
            return answer.status

    assert await asyncio.gather(*(swap(*way) for way in ways)) == [200] * 6
    assert await central.left(TOUR) == await central.left(LATER) == 9


async def test_what_is_handed_out_prints_at_the_desk_or_not_at_all(central: Client) -> None:
    request = await central.reserve(1, MUSEUM)
    headers = await sign_in(central, "cashier")
    path = f"/office/requests/{request['token']}"
    form = {"due": "12.00", "method": "cash", "print": "1"}
    async with central.http.post(f"{path}/hand-out", data=form, headers=headers) as answer:
        assert answer.status == 409
        assert "has no desk to print at" in await answer.text()
    assert (await central.get(f"/v1/requests/{request['token']}"))["receipts"] == []
    at_desk = headers | {"Cookie": f"{headers['Cookie']}; wicket-desk=desk-1"}
    async with central.http.post(f"{path}/hand-out", data=form, headers=at_desk) as answer:
        assert answer.status == 200
    async with central.http.post(f"{path}/send", data={"how": "print"}, headers=at_desk) as answer:
        assert "printed 2 times" in await answer.text()
    jobs = await central.api.database.read(lambda c: outbox.due_prints(c, "desk-1", NOW))
    assert [job.draft.values["copy"] for job in jobs] == ["0", "1"]
