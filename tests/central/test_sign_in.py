"""Signing in, roles, the audit trail; in a real browser where a person does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect
from support.central import Clock, central_in
from support.office import PASSWORD, hire, office_in

from central.staff.roles import Role


async def test_a_person_signs_in_makes_an_account_and_reads_the_trail(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.ADMIN) as office:
        page = office.page
        await page.get_by_role("link", name="Staff").first.click()
        await office.fair()
        await page.get_by_label("Name", exact=True).fill("anna")
        await page.locator("form.card select").select_option("cashier")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Make the account").click()
        await expect(page.get_by_role("status")).to_contain_text("The account is made")
        await office.go("/office/audit")
        await expect(page.locator("tbody tr").first).to_contain_text("add-staff")
        await office.fair()
        await page.get_by_role("button", name="Sign out").click()
        await office.sign_in("anna")
        await office.go("/office/staff")
        await expect(page.get_by_role("alert")).to_contain_text("A cashier may not do that")


async def test_a_wrong_password_is_refused_and_too_many_have_to_wait(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        headers = {"Sec-Fetch-Site": "same-origin"}
        statuses = []
        for _ in range(12):
            form = {"name": "admin", "password": "wrong password"}
            async with central.http.post("/office/sign-in", data=form, headers=headers) as answer:
                statuses.append(answer.status)
        assert statuses[:10] == [403] * 10
        assert statuses[10:] == [429] * 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
    ],
)
async def test_a_post_from_elsewhere_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        form = {"name": "admin", "password": PASSWORD}
        async with central.http.post("/office/sign-in", data=form, headers=headers) as answer:
            assert answer.status == 403
            assert "Set-Cookie" not in answer.headers
