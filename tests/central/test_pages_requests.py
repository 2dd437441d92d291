"""Ticket requests and issued tickets, walked by staff in a real browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from support.central import MUSEUM, NOW, TOUR, Client, Clock, central_in
from support.office import Office, hire, office_in
from support.roles import sign_in

from admission.values import Window
from central.office import issued as issued_list
from central.office.issued import Wanted
from central.staff.roles import Role

DAY = timedelta(days=1)
ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+49 40 1234567"}
NASTY = "<script>document.title='x'</script><img src=x onerror=alert(1)>"


async def ordered(central: Client, *, quantity: int = 3, **holder: str) -> Any:
    """A request of a web shop, with holder and order number, paid; its tickets."""
    web = central.as_("office-1")
    request = await web.reserve(
        4,
        TOUR,
        quantity,
        holder=holder or ADA,
        references={"external_order": "SHOP-4711"},
        channel="web",
    )
    await web.confirm(request)
    return request | await web.issue(request)


async def look_for(office: Office, text: str) -> None:
    await office.go("/office/requests")
    await office.page.get_by_label("Find a request").fill(text)
    await office.page.keyboard.press("Enter")
    await office.page.wait_for_load_state()


async def seen(central: Client, headers: dict[str, str], text: str) -> str:
    """What the page shows to whoever looks for that."""
    path = "/office/requests"
    async with central.http.get(path, params={"q": text}, headers=headers) as answer:
        return await answer.text()


async def test_a_request_is_found_by_whatever_the_visitor_can_tell(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.SUPERVISOR) as office:
        page, desk = office.page, office.central.as_("office-1")
        number = (await desk.post("/v1/customers", {"name": "Ada Lovelace"}, 201))["number"]
        request = await ordered(office.central)
        path = f"/v1/requests/{request['token']}/references"
        await desk.post(path, {"references": {"customer": number}})
        for _ in range(3):
            await office.central.reserve(1, MUSEUM)
        code, ticket = request["authorisation"], request["tickets"][0]
        told = [code.lower(), code.replace("-", " "), request["token"], "SHOP-4711", "1"]
        told += ["office-1/1", "040 1234567", "ada@EXAMPLE.org", "lovelace ada", number.lower()]
        told += ["SIM-17", ticket["code"], ticket["human_code"].lower().replace("-", "")]
        headers = await sign_in(office.central, "supervisor")
        for text in told:
            assert f"<h1>Request {code}</h1>" in await seen(office.central, headers, text), text
        await look_for(office, code.lower())
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"Request {code}")
        await office.fair()
        # R2: the same token and authorisation code stand on each admission.
        rows = page.get_by_role("region", name="Tickets").locator("tbody tr")
        await expect(rows).to_have_count(3)
        for row in await rows.all():
            await expect(row).to_contain_text(code)
            await expect(row).to_contain_text(request["token"])
        await rows.first.scroll_into_view_if_needed()
        await office.picture("R2")
        # R3: references by where it was issued.
        facts = page.locator("dl.facts")
        for text in ("3", "ada@example.org", number, "SHOP-4711", "1 of office-1"):
            await expect(facts).to_contain_text(text)
        await facts.scroll_into_view_if_needed()
        await office.picture("R3")
        # R1: whatever was begun anywhere is in the list, the newest first.
        await office.go("/office/requests")
        await expect(page.locator("tbody tr")).to_have_count(4)
        await expect(page.locator("tbody tr").first).to_contain_text("reserved")
        await office.fair()
        await office.picture("R1")
        # What is ambiguous says what it was taken for; what nobody has, too.
        await look_for(office, "Margaret")
        await expect(page.locator(".taken")).to_contain_text("an authorisation code")
        await expect(page.locator(".taken")).to_contain_text("a name")
        await office.fair()
        await page.get_by_text("Search in several fields").click()
        await page.get_by_label("Channel").fill("web")
        await page.get_by_role("button", name="Search", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"Request {code}")


async def test_the_holder_is_changed_and_money_goes_back_ticket_by_ticket(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.SUPERVISOR) as office:
        page = office.page
        request = await ordered(office.central)
        await office.go(f"/office/requests/{request['token']}")
        await page.get_by_text("Change the holder and references").click()
        await page.get_by_label("Name", exact=True).fill(NASTY)
        await page.get_by_label("Order number").fill("SHOP-'\"<b>")
        known = await page.get_by_label("Phone", exact=True).input_value()
        await page.get_by_label("Phone", exact=True).fill("call me")
        await page.get_by_role("button", name="Change", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("Phone number: ")
        await expect(page.get_by_label("Name", exact=True)).to_have_value(NASTY)
        await page.get_by_label("Phone", exact=True).fill(known)
        await page.get_by_role("button", name="Change", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("are changed")
        await expect(page.locator("dl.facts")).to_contain_text(NASTY)
        assert await page.title() != "x"
        assert await page.locator("dl.facts img, dl.facts b").count() == 0
        await page.get_by_text("Give money back").first.click()
        await page.get_by_label("These tickets").check()
        await page.get_by_role("checkbox").first.check()
        await page.get_by_label("Reason").first.fill("fell ill")
        await office.fair()
        await page.get_by_role("button", name="Give money back").click()
        await expect(page.get_by_role("status")).to_contain_text("given back")
        await expect(page.get_by_text("refund", exact=True)).to_be_visible()
        await expect(page.locator(".sums")).to_contain_text("16.00 EUR")
        # Ticket by ticket: what it opens, and its block.
        states = {one["human_code"]: one["state"] for one in await issued(office, request)}
        human = next(code for code, state in states.items() if state == "valid")
        await office.go(f"/office/tickets?code={human.lower()}")
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"Ticket {human}")
        await expect(page.get_by_role("region", name="What it opens")).to_contain_text("1 of 1")
        await office.fair()
        await page.get_by_text("Block the ticket").first.click()
        await page.get_by_label("Reason").fill("lost, says the visitor")
        await page.get_by_role("button", name="Block the ticket").click()
        await expect(page.locator(".answer")).to_contain_text("ticket is blocked")
        await page.get_by_text("Unblock the ticket").first.click()
        await page.get_by_label("Reason").fill("found again")
        await page.get_by_role("button", name="Unblock the ticket").click()
        await expect(page.locator(".answer")).to_contain_text("opens at 14:15")
        await office.go("/office/tickets?day=2026-11-21&attraction=tour&state=valid&nobodys=1")
        await expect(page.locator("tbody tr")).to_have_count(2)
        await office.fair()
        await office.picture("R4-issued")


async def issued(office: Office, request: Any) -> list[dict[str, Any]]:
    told = await office.central.get(f"/v1/requests/{request['token']}")
    tickets: list[dict[str, Any]] = told["tickets"]
    return tickets


HOSTILE = ["%", "_", "' OR 1=1 --", "\U0010ffff", NASTY, "9" * 300, "x" * 300, "-", "ä" * 300, "@"]


async def test_nothing_that_is_typed_breaks_a_page(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        await ordered(central)
        headers = await sign_in(central, "supervisor")
        pages = [("requests", "q"), ("tickets", "code"), ("why", "code"), ("customers", "q")]
        for text in HOSTILE:
            for name, field in pages:
                async with central.http.get(
                    f"/office/{name}", params={field: text}, headers=headers
                ) as answer:
                    body = await answer.text()
                    assert answer.status in (200, 400), (name, text, body[-300:])
                    assert NASTY not in body
        for query in ("day=0001-01-01", "day=9999-12-31", "day=x", "request=-1", "slot=%00"):
            async with central.http.get(f"/office/tickets?{query}", headers=headers) as answer:
                assert answer.status in (200, 400), query


async def test_a_steward_looks_and_changes_nothing(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        request = await ordered(central)
        path = f"/office/requests/{request['token']}"
        seller = await sign_in(central, "cashier")
        async with central.http.post(f"{path}/links", headers=seller) as answer:
            assert "/t/" in await answer.text()
        headers = await sign_in(central, "steward")
        ticket = f"/office/tickets/{request['tickets'][0]['human_code']}"
        async with central.http.get(ticket, headers=headers) as answer:
            assert "/t/" not in await answer.text()
        async with central.http.get(path, headers=headers) as answer:
            body = await answer.text()
            assert answer.status == 200
        assert "/t/" not in body
        for deed in ("refund", "cancel", "hand-out", "exchange", "holder", "send", "links"):
            assert f"{path}/{deed}" not in body
            async with central.http.post(f"{path}/{deed}", headers=headers) as answer:
                assert answer.status == 403
            nobody = headers | {"Cookie": "wicket-office=of-somebody-else"}
            async with central.http.post(f"{path}/{deed}", headers=nobody) as answer:
                assert answer.status == 401


async def test_two_staff_give_the_same_money_back_and_one_is_refused(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        request = await ordered(central)
        form = {"what": "all", "method": "card", "reason": "rain"}
        told = []
        for who in ("supervisor", "admin"):
            headers = await sign_in(central, who)
            path = f"/office/requests/{request['token']}/refund"
            async with central.http.post(path, data=form, headers=headers) as answer:
                told.append(
                    (answer.status, "there is no money to give back" in await answer.text())
                )
        assert told == [(200, False), (409, True)]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"what": "all", "amount": "8.00"}, "Choose one: all that was paid"),
        ({"what": "all", "ticked": "1"}, "Choose one: all that was paid"),
        ({"what": "amount"}, "Write how much is given back"),
        ({"what": "tickets"}, "Tick the tickets"),
        ({"what": "amount", "amount": "8.00", "paid": "16.00"}, "Look at it; nothing was done"),
        ({}, "Something is not right"),
        ({"what": "all", "method": "exchange"}, "one of cash, card, transfer, voucher"),
    ],
)
async def test_money_goes_back_only_as_it_was_meant(
    tmp_path: Path, form: dict[str, str], told: str
) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        request = await ordered(central)
        sent = {"method": "card", "reason": "rain"} | form
        if sent.pop("ticked", ""):
            sent[f"t-{request['tickets'][0]['human_code']}"] = "1"
        headers = await sign_in(central, "supervisor")
        path = f"/office/requests/{request['token']}/refund"
        async with central.http.post(path, data=sent, headers=headers) as answer:
            assert answer.status in (400, 409)
            assert told in await answer.text()
        shown = await central.get(f"/v1/requests/{request['token']}")
        assert [one["kind"] for one in shown["receipts"]] == ["payment"]


async def test_issued_tickets_are_listed_newest_first_in_pages(kiosk: Client) -> None:
    """On both databases."""
    first = await ordered(kiosk, quantity=2)
    second = await ordered(kiosk, quantity=3)
    await kiosk.sell(1, MUSEUM)

    def codes(wanted: Wanted, before: tuple[int, int] | None = None, limit: int = 50) -> Any:
        return kiosk.api.database.read(lambda c: issued_list.page(c, wanted, before, limit))

    rows = await codes(Wanted(slot=TOUR))
    assert [row.request for row in rows] == [second["token"]] * 3 + [first["token"]] * 2
    some = await codes(Wanted(slot=TOUR), limit=2)
    assert some == rows[:3]
    assert await codes(Wanted(slot=TOUR), some[1].place) == rows[2:]
    assert len(await codes(Wanted(attraction="museum"))) == 1
    assert len(await codes(Wanted(state="valid", nobodys=True))) == 6
    assert await codes(Wanted(state="blocked")) == []
    assert await codes(Wanted(Window(NOW - 9 * DAY, NOW - 8 * DAY))) == []
