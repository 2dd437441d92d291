"""A visitor tells a phone number at the kiosk: the SMS leads to a page whose code opens the lane.

All daemons are real processes; the phone's screen is photographed and read.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.async_api import Page, expect
from support.axe import serious
from support.browser import chromium
from support.demo_visitor import MUSEUM, opened, paste, press, says
from support.office import picture

from wicket.demo import page as demo_page
from wicket.demo.show import running
from wicket.demo.venue import free_port

NUMBER = "+4915112345678"


async def test_the_code_on_the_phone_opens_the_lane(tmp_path: Path) -> None:
    port = free_port()
    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        serving = group.create_task(demo_page.show(lambda *told: running(tmp_path, *told), port))
        async with chromium() as page:
            await page.goto(await opened(port))
            await buy_with_phone(page)
            message = page.locator("#messages > li").first
            await expect(message).to_be_visible()
            await expect(message).to_contain_text("1511")
            await picture(page, "P6-sms")
            link = await message.locator("a").first.get_attribute("href")
            assert link
            code = await read_from_the_phone(page, link)
            await paste(page, MUSEUM, code)
            await says(page, MUSEUM, "welcome")
        serving.cancel()


async def buy_with_phone(page: Page) -> None:
    for widget in ("start", "attraction:museum", "date:", "plus:", "next", "field:phone"):
        await press(page, widget)
    for key in NUMBER:
        await press(page, f"key:{key}")
    await press(page, "next")
    screen = page.locator("#screen")
    await expect(screen).to_have_attribute("data-screen", "review")
    await picture(page, "P6-kiosk")
    await press(page, "pay")
    await page.locator('#terminal [data-answer="approve"]').click()


async def read_from_the_phone(page: Page, link: str) -> str:
    """What a scanner reads from the screen of a small phone."""
    async with chromium(360, 640) as phone:
        await phone.goto(link)
        await expect(phone.get_by_role("status")).to_be_visible()
        assert await serious(phone) == []
        code = phone.locator("svg").first
        await code.scroll_into_view_if_needed()
        [found] = zxingcpp.read_barcodes(Image.open(BytesIO(await phone.screenshot())))
        return str(found.text)
