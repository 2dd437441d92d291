"""The demo's ticket office: its account, its cloakroom, its desk."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path

from playwright.async_api import Locator, Page, expect
from support.browser import chromium
from support.demo_visitor import STARTING_MS, opened

from central.coats import rooms, tags
from central.service import opened as central_opened
from central.settings import CentralSettings
from central.staff import people
from runtime.service import utc_now
from runtime.settings import load
from wicket.demo import office
from wicket.demo import page as demo_page
from wicket.demo.show import running
from wicket.demo.venue import free_port, lay_out

CHIP = office.CHIPS["A2"]


async def test_every_start_finds_the_account_and_the_cloakroom_or_makes_them(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        demo = lay_out(tmp_path, tmp_path)
        settings = load(demo.config("central"), CentralSettings)
        async with central_opened(settings, utc_now) as api:
            told = await office.prepare(demo)
            hashed = await api.database.read(lambda c: people.secret_of(c, office.ACCOUNT))
            assert people.fits(hashed, told.password)
            [room] = await api.database.read(rooms.cloakrooms)
            tag = await api.database.read(partial(tags.find, room=room.id, told=CHIP))
            assert isinstance(tag, tags.Tag)
            assert tag.text == "A2"
            assert told.register == f"{demo.central_url}/c/{room.id}/register"


async def test_a_coat_is_hung_at_the_demos_desk_and_its_kiosk_closed(tmp_path: Path) -> None:
    port = free_port()
    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        serving = group.create_task(demo_page.show(lambda *told: running(tmp_path, *told), port))
        async with chromium() as page:
            await page.goto(await opened(port))
            link = page.get_by_role("link", name="Open the ticket office")
            await expect(link).to_be_visible(timeout=STARTING_MS)
            account = await page.locator("#office-account code").all_inner_texts()
            async with page.expect_popup() as popup:
                await link.click()
            staff = await popup.value
            await _sign_in(staff, *account)
            await _stand_at_the_desk(staff)
            await staff.goto(re.sub("/office.*", "/office/coats/in", staff.url))
            await _hears(staff)
            await page.get_by_role("button", name="Lay on tag A2").click()
            tag = staff.get_by_label("Tag: type or scan it")
            await expect(tag).to_have_value("A2")
            await staff.get_by_label("No phone").check()
            await staff.get_by_role("button", name="Create").click()
            await staff.get_by_role("button", name=re.compile("desk", re.IGNORECASE)).click()
            paper = page.locator("#papers .paper").first
            await expect(paper).to_contain_text("from the desk")
            await _hears(staff)
            await paper.get_by_role("button", name="Scan at the desk").click()
            await expect(staff.locator("#desk-said")).to_contain_text("Read: ")
            await _close_and_open_the_kiosk(staff, page.locator("#screen"))
        serving.cancel()


async def _close_and_open_the_kiosk(staff: Page, screen: Locator) -> None:
    """The kiosk is a daemon that hears of it over MQTT."""
    said = staff.get_by_role("status").first
    await staff.goto(re.sub("/office.*", "/office/live", staff.url))
    await expect(screen).to_have_attribute("data-screen", "start")
    await staff.get_by_label("Reason to close kiosk-1").fill("no change left")
    await staff.get_by_role("button", name="Close kiosk-1").click()
    await expect(said).to_contain_text("kiosk-1 is closed for sale")
    await expect(screen).to_have_attribute("data-screen", "out_of_order")
    await staff.get_by_role("button", name="Open kiosk-1").click()
    await expect(said).to_contain_text("kiosk-1 is open for sale")
    await expect(screen).to_have_attribute("data-screen", "start")


async def _sign_in(staff: Page, name: str, password: str) -> None:
    await staff.get_by_label("Name").fill(name)
    await staff.get_by_label("Password").fill(password)
    await staff.get_by_role("button", name="Sign in").click()
    await expect(staff.get_by_role("button", name="Sign out")).to_be_visible()


async def _stand_at_the_desk(staff: Page) -> None:
    await staff.get_by_role("link", name="No desk").click()
    await expect(staff.get_by_role("row", name="desk-1")).to_contain_text("online")
    await staff.get_by_role("button", name="Choose desk-1").click()
    await _hears(staff)


async def _hears(staff: Page) -> None:
    await expect(staff.locator("#desk-state")).to_have_attribute("data-state", "on")
