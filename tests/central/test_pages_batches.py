"""Prepaid and postpaid tickets, and the end of a till's day, walked in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect
from support.central import Clock
from support.office import office_in
from support.roles import sign_in
from support.seller import heading, sell_museum

from central.staff.roles import Role


async def test_a_batch_is_made_exported_and_cancelled(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.SUPERVISOR) as office:
        page, http = office.page, office.central.http
        await office.go("/office/batches")
        await office.fair()
        await page.get_by_label("Prepaid or postpaid").select_option(label="Guided tour: Adult")
        await page.get_by_role("button", name="New batch").click()
        await page.get_by_label("Day of the visit").fill("2026-11-28")
        await page.get_by_role("button", name="Show its times").click()
        await office.fair()
        await page.get_by_label("How many").fill("13")
        await page.get_by_label("Scheduled time").select_option(label="Sat 28 Nov - 10:00, 12 left")
        await page.get_by_label("Postpaid").check()
        await page.get_by_label("Who gets them").fill('=1+1 <b>"school"')
        await page.get_by_role("button", name="Make the tickets").click()
        await expect(page.get_by_role("alert")).to_contain_text("12 places left")
        await page.get_by_label("How many").fill("12")
        await page.get_by_label("Scheduled time").select_option(label="Sat 28 Nov - 10:00, 12 left")
        await page.get_by_label("Postpaid").check()
        await page.get_by_role("button", name="Make the tickets").click()
        await heading(page, "Batch 1")
        await expect(page.get_by_text("96.00 EUR, due 96.00 EUR")).to_be_visible()
        await office.fair()
        await office.picture("P9-batches")

        cookie = await sign_in(office.central, "supervisor")
        async with http.get("/office/batches/1.csv", headers=cookie) as answer:
            assert (await answer.text()).count("TK-") == 12
        pdf = await page.get_by_role("link", name="PDF 1 to 12").get_attribute("href")
        async with http.get(pdf or "", headers=cookie) as answer:
            assert (await answer.read()).startswith(b"%PDF")
        await page.get_by_label("Why").last.fill("the school is ill")
        await page.get_by_role("button", name="Cancel what nobody used").click()
        await expect(page.get_by_text("cancelled, 0 used")).to_be_visible()


async def test_a_prepaid_batch_is_paid_with_what_it_costs_whatever_the_form_says(
    tmp_path: Path,
) -> None:
    async with office_in(tmp_path, Clock(), Role.SUPERVISOR) as office:
        page = office.page
        await office.go("/office/batches/new?product=15")
        await page.get_by_label("How many").fill("3")
        await page.get_by_label("Valid until").fill("2026-11-30")
        await page.get_by_label("E-mail").fill("at nobody")
        await page.get_by_role("button", name="Make the tickets").click()
        await expect(page.get_by_role("alert")).to_contain_text("no e-mail address")
        await page.get_by_label("E-mail").fill("school@example.org")
        await page.get_by_label("Reference of the payment").fill("bank 7")
        await page.get_by_role("button", name="Make the tickets").click()
        await expect(page.get_by_text("27.00 EUR")).to_be_visible()
        await expect(page.get_by_text("due")).to_have_count(0)


async def test_a_till_tells_what_is_in_it_and_ends_its_day(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER) as office:
        page = office.page
        await sell_museum(page, number=2)
        await office.go("/office/day-end")
        await expect(page.get_by_text("24.00 EUR").first).to_be_visible()
        await office.fair()
        await page.get_by_role("button", name="End the day of this till").click()
        await heading(page, "Day-end cashier 1")
        await expect(page.get_by_role("status")).to_contain_text("ended")
        await office.fair()
        await office.picture("P9-day-end")
        await office.go("/office/day-end")
        await page.get_by_role("button", name="End the day of this till").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing happened")
        await office.go("/office/day-end?till=kiosk-1")
        await expect(page.get_by_role("alert")).to_contain_text("Only a supervisor")
        await office.sign_in("supervisor")
        await office.go("/office/day-end?till=cashier")
        await page.get_by_role("link", name="cashier 1").click()
        await heading(page, "Day-end cashier 1")
