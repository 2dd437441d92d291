"""A visitor at the demo's page: buys, drags the ticket onto a turnstile, walks."""

from __future__ import annotations

import json

from playwright.async_api import Page, expect
from support.listening import answering

STARTING_MS = 120_000
"""For all of the demo's daemons to start, at the same time, on a machine that may be busy."""
MUSEUM, TOUR = '[data-lane="Museum 1"]', '[data-lane="Tour 1"]'


async def opened(port: int) -> str:
    """The address of the demo's page, as soon as it answers."""
    await answering(port)
    return f"http://127.0.0.1:{port}/"


async def press(page: Page, widget: str) -> None:
    """Click where the kiosk's picture shows a widget, as soon as it does; "date:" is the first."""
    wanted = f'"id":"{widget}' + ("" if widget.endswith(":") else '"')
    screen = page.locator("#screen")
    await page.wait_for_function(
        "wanted => document.querySelector('#screen')?.dataset.widgets?.includes(wanted)",
        arg=wanted,
        timeout=STARTING_MS,
    )
    widgets = json.loads(await screen.get_attribute("data-widgets") or "[]")
    found = next(w for w in widgets if w["id"].startswith(widget))
    scale = await screen.evaluate("image => image.clientWidth / image.naturalWidth")
    x, y = found["x"] + found["w"] / 2, found["y"] + found["h"] / 2
    await screen.click(position={"x": x * scale, "y": y * scale})


async def buy(page: Page, attraction: str = "museum", *more: str, phone: str = "") -> str:
    """Buy one ticket for the first day offered; the code of the ticket that is printed."""
    papers = page.locator("#papers .paper")
    before = await papers.count()
    holder = ("field:phone", *(f"key:{digit}" for digit in phone), "next") if phone else ("skip",)
    for widget in ("start", f"attraction:{attraction}", "date:", *more, "plus:", "next", *holder):
        await press(page, widget)
    await press(page, "pay")
    approve = page.locator('#terminal [data-answer="approve"]')
    await approve.click()
    await expect(papers).to_have_count(before + 1)
    return await papers.first.get_attribute("data-code") or ""


async def carry(page: Page, lane: str, nth: int = 0) -> None:
    """Drag the newest ticket, or the nth before it, onto a lane. The drag begins before the page
    scrolls to the lane: what a browser drags is what is under the place where the mouse button
    went down."""
    paper = page.locator("#papers .paper").nth(nth)
    await paper.get_by_role("img").hover()
    await page.mouse.down()
    await paper.locator(".caption").hover()
    await page.locator(lane).hover()
    await page.mouse.up()


async def says(page: Page, lane: str, tone: str, text: str = "") -> None:
    """The lane's display shows this, for some seconds maybe."""
    await page.locator(f'{lane} .display[data-tone="{tone}"]', has_text=text).wait_for()


async def paste(page: Page, lane: str, code: str) -> None:
    await says(page, lane, "idle")
    await page.locator(f"{lane} .scan-code").fill(code)
    await page.locator(f"{lane} .scan").click()
