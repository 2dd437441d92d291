"""The demo's page in a real browser: one sale, one walk, one refusal, seen by central."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import expect
from support.browser import chromium
from support.demo_visitor import MUSEUM, buy, paste, says

from wicket.demo import page as demo_page
from wicket.demo.show import running
from wicket.demo.venue import free_port


async def test_a_person_buys_prints_scans_walks_and_is_refused(tmp_path: Path) -> None:
    port = free_port()
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        serving = group.create_task(demo_page.show(lambda *told: running(tmp_path, *told), port))
        async with chromium() as page:
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            await page.goto(await _open(port))
            code = await buy(page)
            await says(page, MUSEUM, "idle")
            await page.locator("#papers .paper").first.drag_to(page.locator(MUSEUM))
            await says(page, MUSEUM, "welcome")
            await page.locator(f"{MUSEUM} .walk").click()
            await paste(page, MUSEUM, code)
            await says(page, MUSEUM, "refuse", "already used at")
            await paste(page, MUSEUM, "rubbish")
            await says(page, MUSEUM, "refuse", "not a ticket of this venue")
            for kind in ("ticket_issued", "ticket_printed", "admitted", "passed", "refused"):
                fact = page.locator(f'#facts li[data-kind="{kind}"]').first
                await expect(fact).to_be_visible(timeout=20_000)
            issued = page.locator('#facts li[data-kind="ticket_issued"] .sentence').first
            await expect(issued).to_contain_text("issued: Adult")
            assert not problems
        serving.cancel()


async def _open(port: int) -> str:
    """The page's address, as soon as it answers."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0)
        else:
            writer.close()
            return f"http://127.0.0.1:{port}/"
