"""Customers, made and forgotten by staff in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect
from support.central import Clock
from support.office import office_in

from central.staff.roles import Role

NASTY = "<script>document.title='x'</script>"


async def test_customers_are_made_changed_merged_and_forgotten(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.SUPERVISOR, width=390) as office:
        page = office.page
        for name, email in ((NASTY, "ada@example.org"), ("Ada K.", "king@example.org")):
            await office.go("/office/customers")
            await page.get_by_text("New customer").click()
            await page.get_by_label("Name", exact=True).fill(name)
            await page.get_by_label("E-mail").fill(email)
            await page.get_by_role("button", name="Make the customer").click()
            await expect(page.get_by_role("status")).to_contain_text("is made")
        await office.fair()
        await page.get_by_label("Phone").fill("040 1234567")
        await page.get_by_role("button", name="Change", exact=True).click()
        await office.go("/office/customers?q=1234567")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Customer C-000002")
        await page.get_by_text("The same person as another").click()
        await page.get_by_label("Number of the other").fill("c-000001")
        await page.get_by_role("button", name="Merge").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Customer C-000001")
        await page.get_by_text("Forget this customer").click()
        await page.get_by_label("Write C-000001 to be sure").fill("C-000002")
        await page.get_by_role("button", name="Erase for ever").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was done")
        await page.get_by_text("Forget this customer").click()
        await page.get_by_label("Write C-000001 to be sure").fill("C-000001")
        await page.get_by_role("button", name="Erase for ever").click()
        await expect(page.get_by_text("nobody knows any more who it was")).to_be_visible()
        await office.go("/office/customers")
        await expect(page.locator("tbody tr")).to_have_count(2)
        await office.fair()
