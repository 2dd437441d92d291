"""Tags with NFC chips: a real pcscd with a virtual card, the desk's daemon, central, a browser."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from playwright.async_api import Page, expect
from support.central import Clock
from support.coats import open_room
from support.desk import desk_at
from support.office import Office, office_in
from support.virtual_card import Card, Pcscd, Type4

from central.sale.states import By
from central.staff.roles import Role

UIDS = {"A1": bytes.fromhex("04A1B2C3D4E5F6"), "A2": bytes.fromhex("0401020304050A")}
NFC = {"driver": "nfc", "read": "uid"}


def laid_on(pcscd: Pcscd, tag: str) -> AbstractAsyncContextManager[None]:
    return pcscd.laid_on(Card(Type4(uid=UIDS[tag])))


async def test_nfc_assigns_a_tag_faster_and_its_text_always_shows(
    tmp_path: Path, clock: Clock, pcscd: Pcscd
) -> None:
    """C10."""
    async with (
        office_in(tmp_path, clock, Role.SUPERVISOR) as office,
        desk_at(office.central, tmp_path, readers=(NFC,), printer=None),
    ):
        page, by = office.page, By("admin", clock())
        room = await office.central.api.database.write(lambda c: open_room(c, by))
        await _stands_at_the_desk(office)
        for tag in UIDS:
            await _is_known(office, pcscd, room.id, tag)
        await office.go("/office/coats/in")
        if await page.get_by_role("button", name=room.name).count():
            await page.get_by_role("button", name=room.name).click()
            await office.go("/office/coats/in")
        await _hears(page)
        await page.get_by_label("Phone number, or scan").fill("+49 151 23456789")
        async with laid_on(pcscd, "A2"):
            await expect(page.get_by_label("Tag: type or scan it")).to_have_value("A2")
        await expect(page.locator("#told-1")).not_to_be_empty()
        await office.fair()
        await office.picture("C10")
        await page.get_by_role("button", name="Create").click()
        await expect(page.locator("main")).to_contain_text("A2")
        await expect(page.locator(".four")).to_be_visible()
        await office.go("/office/coats/open")
        await _hears(page)
        async with laid_on(pcscd, "A2"):
            await page.wait_for_url("**/office/coats/tickets/*")
        await expect(page.locator("main")).to_contain_text("A2")


async def _stands_at_the_desk(office: Office) -> None:
    await office.go("/office/desk")
    await office.page.get_by_role("button", name="Choose desk-1").click()
    await _hears(office.page)


async def _is_known(office: Office, pcscd: Pcscd, room: int, tag: str) -> None:
    """The supervisor lays the tag on once."""
    page = office.page
    await office.go(f"/office/coats/manage/{room}")
    await page.get_by_label("Tag, as it is written on it").fill(tag)
    field = page.get_by_label("What the reader says of it")
    await field.focus()
    await _hears(page)
    uid = UIDS[tag].hex().upper()
    async with laid_on(pcscd, tag):
        await expect(field).to_have_value(f"NFC:{uid}")
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.get_by_role("row", name=tag).first).to_contain_text(uid)


async def _hears(page: Page) -> None:
    await expect(page.locator("#desk-state")).to_have_attribute("data-state", "on")
