"""Selling at the ticket office, walked in a real browser (docs/coverage.md, rows P and O)."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Page, expect
from support.central import TOUR, Clock
from support.money import euro
from support.office import office_in
from support.seller import deliveries, heading, sell_museum, to_holder

from central.staff.roles import Role


async def test_two_museum_tickets_for_cash_take_seven_presses_of_keys(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER) as office:
        page = office.page
        await office.go("/office/sell")
        await office.fair()
        await office.picture("P1")
        presses = ("Enter", "2", "Enter", "Enter", "Enter", "Enter", "Enter")
        shown = ("Museum", "Museum", "Sell", "Ticket holder", "Payment", "Sold", "Sell")
        for key, title in zip(presses, shown, strict=True):
            await expect(page.locator("[autofocus]:focus")).to_have_count(1)
            await page.keyboard.press(key)
            await heading(page, title)
        [sold] = (await office.central.as_("office-1").get("/v1/requests?receipt=1"))["requests"]
        assert (sold["status"], sold["total"]["amount"]) == ("confirmed", "24.00")


async def test_a_sale_with_a_time_a_holder_and_printed_tickets(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER) as office:
        page = office.page
        await office.go("/office/desk")
        await page.get_by_role("button", name="Choose desk-1").click()
        await office.central.sell(4, TOUR, 9)

        await office.go("/office/sell")
        for group in ("Events and attractions", "Passes", "Gift vouchers"):
            await expect(page.get_by_role("heading", name=group)).to_be_visible()
        await page.get_by_role("link", name="Guided tour").hover()
        await office.picture("P2")
        await page.get_by_role("link", name="Guided tour").click()
        await expect(page.get_by_role("link", name="Today")).to_have_attribute(
            "aria-current", "date"
        )
        await page.get_by_role("spinbutton", name="Adult").fill("2")
        await page.get_by_role("button", name="One more: Child").click(click_count=2)
        await office.picture("P3")
        slot = page.get_by_role("button", name="Sat 21 Nov - 14:30 3 left")
        await slot.click()
        await expect(page.get_by_role("alert")).to_contain_text("only 3 places are left")
        await expect(page.get_by_role("spinbutton", name="Adult")).to_have_value("2")
        await office.fair()
        await office.picture("P4")
        await page.get_by_role("spinbutton", name="Child").fill("1")
        await slot.click()

        await heading(page, "Sell")
        await office.fair()
        await page.get_by_role("button", name="OK").click()
        await heading(page, "Ticket holder")
        await expect(page.get_by_text("The places are held until 14:30")).to_be_visible()
        assert await office.central.left(TOUR) == 0
        await office.picture("P5")

        await page.get_by_label("Name", exact=True).fill("Zoë Ōhara")
        await page.get_by_label("E-mail", exact=True).fill("zoe@example.org")
        await page.get_by_label("Phone, for").fill("12")
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("alert")).to_contain_text("Phone number")
        await expect(page.get_by_label("E-mail", exact=True)).to_have_value("zoe@example.org")
        await office.fair()
        await page.get_by_label("Phone, for").fill("+49 151 23456789")
        await office.picture("P6")
        await page.get_by_role("button", name="Go on").click()

        await heading(page, "Payment")
        for way in ("Printed tickets, at desk-1", "SMS to +4915123456789", "E-mail to zoe"):
            await expect(page.get_by_label(way)).to_be_checked()
        await page.get_by_label("Amount").fill("50")
        await page.get_by_role("button", name="Cash").click()
        await heading(page, "Sold")
        await expect(page.get_by_text("30.00 EUR")).to_be_visible()
        await expect(page.get_by_text("Receipt cashier 1")).to_be_visible()
        await office.fair()
        await office.picture("P7")
        assert await deliveries(office) == [
            ("email", "zoe@example.org"),
            ("print", "desk-1"),
            ("sms", "+4915123456789"),
        ]


async def test_a_double_press_and_the_back_button_sell_once(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER) as office:
        page = office.page
        await office.go("/office/desk")
        await page.get_by_role("button", name="Choose desk-1").click()
        await sell_museum(page, pay=False)
        await page.wait_for_load_state()
        await expect(page.get_by_label("Amount")).to_be_focused()
        await page.keyboard.type("20")
        await expect(page.get_by_label("Amount")).to_have_value("20")
        await page.get_by_role("button", name="Cash").dblclick()
        await heading(page, "Sold")
        sold = page.url
        await page.go_back()
        if await page.get_by_role("button", name="Cash").count():
            await page.get_by_role("button", name="Cash").click()
            assert page.url == sold
        assert await deliveries(office) == [("print", "desk-1")]
        ledger = await office.central.as_("office-1").get("/v1/ledger")
        assert [one["kind"] for one in ledger["entries"]] == ["sale", "payment"]


async def test_seats_price_forms_a_promotional_code_and_a_gift_voucher(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER) as office:
        page, other = office.page, office.central.as_("office-1")
        await other.post("/v1/promo-codes", {"code": "SEA", "percent": "10"}, 201)
        voucher = await other.post("/v1/vouchers", {"value": euro("20.00")}, 201)

        await office.go("/office/sell")
        await page.get_by_role("button", name="Annual pass").click()
        await page.get_by_role("button", name="Remove Museum, Annual pass").click()
        await page.get_by_role("link", name="Theatre").click()
        await page.get_by_role("spinbutton", name="Stalls").fill("2")
        await page.get_by_role("spinbutton", name="Balcony").fill("1")
        await page.get_by_role("button", name="Sat 21 Nov - 19:00 90 left").click()
        await office.picture("O1")

        await page.get_by_role("link", name="Seats").first.click()
        await office.fair()
        await page.get_by_label("Row C seat 6", exact=True).check()
        await page.get_by_role("button", name="Take these seats").click()
        await expect(page.get_by_role("alert")).to_contain_text("Needed: 2")
        await expect(page).to_have_url(re.compile("zone=Stalls"))
        await page.get_by_label("Row C seat 7", exact=True).check()
        await office.picture("O2-seats")
        await page.get_by_role("button", name="Take these seats").click()
        await expect(page.get_by_text("Seats: Stalls C 6, Stalls C 7")).to_be_visible()
        await page.get_by_label("Promotional code").fill("nonsense")
        await page.get_by_role("button", name="Use it").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.get_by_label("Promotional code").fill("sea")
        await page.get_by_role("button", name="Use it").click()
        await expect(page.get_by_text("73.80 EUR")).to_be_visible()
        await office.fair()
        await office.picture("O2")

        await page.get_by_text("Text on the ticket").first.click()
        await page.get_by_label("Text on the ticket").first.fill("<script>alert(1)</script> Anna")
        await page.get_by_role("button", name="Change").first.click()
        await expect(page.get_by_text("“<script>alert(1)</script> Anna”")).to_be_visible()
        await office.picture("O3")

        await to_holder(page)
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_label("Code of a gift voucher").fill(voucher["code"])
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("A part is paid")
        await expect(page.get_by_text("53.80 EUR").first).to_be_visible()
        await office.fair()
        await page.get_by_label("Receipt number").fill("T-77")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("was it card")
        await page.get_by_label("Receipt number").fill("T-77")
        await page.get_by_role("button", name="Card").click()
        await heading(page, "Sold")
        await expect(page.get_by_text("Stalls C 6", exact=False).first).to_be_visible()
        await office.picture("O5")


async def test_a_guest_is_invited_and_a_pass_suggests_its_customer(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.SUPERVISOR) as office:
        page = office.page
        await office.go("/office/sell")
        await page.get_by_role("button", name="Annual pass").click()
        await to_holder(page)
        await page.get_by_label("Name", exact=True).fill("Anna Berg")
        await page.get_by_label("E-mail", exact=True).fill("anna@example.org")
        await page.get_by_label("Remember as a customer").check()
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_label("E-mail to anna@example.org").uncheck()
        await page.get_by_role("button", name="Card").click()
        pass_code = await page.get_by_text("TK-").first.inner_text()
        assert await deliveries(office) == []
        await page.get_by_role("button", name="E-mail it").click()
        await expect(page.get_by_text("anna@example.org: waiting")).to_be_visible()
        await office.fair()
        await office.picture("O7")

        await page.get_by_role("link", name="Next visitor").click()
        await _concert(page)
        await to_holder(page)
        await page.get_by_label("Name, e-mail, phone, customer number, or a pass").fill(pass_code)
        await page.get_by_role("button", name="Find").click()
        await office.fair()
        await office.picture("O6")
        await page.get_by_role("button", name="Choose Anna Berg").click()
        await expect(page.get_by_label("Name", exact=True)).to_have_value("Anna Berg")
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_text("Free / Invitation, and").click()
        await page.get_by_label("Why, or who pays").fill("press")
        await office.fair()
        await office.picture("O4")
        await page.get_by_role("button", name="Free / Invitation", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("Invitation: press")


async def test_an_expired_hold_is_taken_again_and_a_sale_given_up_frees_its_places(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with office_in(tmp_path, clock, Role.CASHIER) as office:
        page = office.page
        await office.go("/office/sell/of/tour")
        await page.get_by_role("spinbutton", name="Adult").fill("12")
        await page.get_by_role("button", name="Sat 21 Nov - 15:00 12 left").click()
        await to_holder(page)
        await page.get_by_role("button", name="Go on").click()
        clock.pass_(minutes=26)
        await page.get_by_role("button", name="Cash").click()
        await expect(page.get_by_role("alert").first).to_contain_text("not held any more")
        await office.fair()
        await page.get_by_role("button", name="Hold them again").click()
        await heading(page, "Ticket holder")
        assert await office.central.left("tour-20261121T1400Z") == 0
        await page.get_by_role("button", name="Cancel sale").click()
        await expect(page.get_by_role("status")).to_contain_text("given up")
        assert await office.central.left("tour-20261121T1400Z") == 12


async def test_a_free_sale_is_made_on_a_phone(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER, width=360) as office:
        free = {"code": "GRATIS", "percent": "100"}
        await office.central.as_("office-1").post("/v1/promo-codes", free, 201)
        await office.go("/office/sell/of/museum")
        page = office.page
        await page.get_by_label("Lighthouse").select_option("without")
        await page.get_by_label("Evening concert").select_option(index=1)
        await page.get_by_role("button", name="Put into the cart").click()
        await expect(page.get_by_text("Evening concert: Sat 21 Nov - 20:00")).to_be_visible()
        await office.fair()
        await page.get_by_label("Promotional code").fill("gratis")
        await page.get_by_role("button", name="Use it").click()
        await expect(page.get_by_text("0.00 EUR", exact=True).last).to_be_visible()
        assert await office.wide() <= 360
        await office.picture("O1-phone")
        await to_holder(page)
        await page.get_by_role("button", name="Go on").click()
        await office.fair()
        await page.get_by_role("button", name="Free: validate").click()
        await heading(page, "Sold")
        await office.fair()


async def _concert(page: Page) -> None:
    await page.get_by_role("link", name="Evening concert").click()
    await page.get_by_role("spinbutton", name="Adult").fill("1")
    await page.get_by_role("button", name="Sat 21 Nov - 20:00").click()
