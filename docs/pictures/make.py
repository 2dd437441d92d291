"""Makes the pictures of this folder from the running demo.

`.venv/bin/python docs/pictures/make.py`
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tests")]

from playwright.async_api import Page, expect  # noqa: E402
from support.browser import chromium  # noqa: E402
from support.demo_visitor import MUSEUM, PATIENCE_MS, TOUR, buy, paste, press, says  # noqa: E402

from wicket.demo import page as demo_page  # noqa: E402
from wicket.demo.show import running  # noqa: E402
from wicket.demo.venue import free_port  # noqa: E402


async def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as state:
        async with asyncio.TaskGroup() as group:
            started = demo_page.show(lambda *told: running(Path(state), *told), port)
            serving = group.create_task(started)
            async with chromium(1440, 1080) as page:
                await play(page, f"http://127.0.0.1:{port}/")
            serving.cancel()


async def play(page: Page, address: str) -> None:
    """A family buys and walks; the next visitor chooses a tour."""
    while True:
        try:
            await page.goto(address)
            break
        except Exception as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
    code = await buy(page)
    await says(page, MUSEUM, "idle")
    await page.locator("#papers .paper").first.drag_to(page.locator(MUSEUM))
    await says(page, MUSEUM, "welcome")
    await page.locator(f"{MUSEUM} .walk").click()
    await paste(page, MUSEUM, code)
    await says(page, MUSEUM, "refuse")
    await press(page, "done")
    await buy(page, "tour", "slot:")
    await says(page, TOUR, "idle")
    await press(page, "done")
    for widget in ("start", "attraction:tour", "date:"):
        await press(page, widget)
    await expect(page.locator("#screen")).to_have_attribute(
        "data-screen", "slot", timeout=PATIENCE_MS
    )
    await page.locator("#papers .paper").nth(1).drag_to(page.locator(TOUR))
    await says(page, TOUR, "refuse")
    await paste(page, MUSEUM, code)
    await says(page, MUSEUM, "refuse")
    await page.screenshot(path=HERE / "demo.png")
    await page.locator("#screen").screenshot(path=HERE / "kiosk.png")


asyncio.run(main())
