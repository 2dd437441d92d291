"""The demo's page in a real browser: one sale, one walk, one refusal, seen by central."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import expect
from support.browser import chromium
from support.demo_visitor import MUSEUM, buy, carry, opened, paste, says

from admission.codes import SignedCode, human_code, read_code
from wicket.demo import page as demo_page
from wicket.demo.show import running
from wicket.demo.venue import free_port


async def test_a_person_buys_prints_scans_walks_and_is_refused(tmp_path: Path) -> None:
    port = free_port()
    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        serving = group.create_task(demo_page.show(lambda *told: running(tmp_path, *told), port))
        async with chromium() as page:
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            await page.goto(await opened(port))
            code = await buy(page, phone="015123456789")
            await says(page, MUSEUM, "idle")
            await carry(page, MUSEUM)
            await says(page, MUSEUM, "welcome")
            await page.locator(f"{MUSEUM} .walk").click()
            await paste(page, MUSEUM, code)
            await says(page, MUSEUM, "refuse", "already used at")
            await paste(page, MUSEUM, "rubbish")
            await says(page, MUSEUM, "refuse", "not a ticket of this venue")
            for kind in ("ticket_issued", "ticket_printed", "admitted", "passed", "refused"):
                fact = page.locator(f'#facts li[data-kind="{kind}"]').first
                await expect(fact).to_be_visible()
            issued = page.locator('#facts li[data-kind="ticket_issued"] .sentence').first
            await expect(issued).to_contain_text("issued: Adult")
            sms = page.locator("#messages .message")
            await expect(sms).to_contain_text("+4915123456789")
            async with page.expect_popup() as popup:
                await sms.get_by_role("link").click()
            tickets = await popup.value
            await expect(tickets.get_by_text(human_code_of(code)).first).to_be_visible()
            assert not problems
        serving.cancel()


def human_code_of(code: str) -> str:
    read = read_code(code)
    assert isinstance(read, SignedCode)
    return human_code(read.ticket.id)
