"""Makes the pictures of this folder from the running demo and from a gate at work.

`.venv/bin/python docs/pictures/make.py`
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
WALKS = HERE / "walks"
"""What docs/coverage.md shows: the tests that walk its rows take the pictures."""
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tests")]

from playwright.async_api import Page, expect  # noqa: E402
from support.browser import chromium  # noqa: E402
from support.demo_visitor import MUSEUM, TOUR, buy, carry, paste, press, says  # noqa: E402
from support.samples import KEY, ticket  # noqa: E402
from support.technician import NORTH_TWO_WAYS, looking_at, site_in  # noqa: E402

from admission.codes import human_code, sign_ticket  # noqa: E402
from wicket.demo import page as demo_page  # noqa: E402
from wicket.demo.show import running  # noqa: E402
from wicket.demo.venue import free_port  # noqa: E402


async def main() -> None:
    await picture_demo()
    await picture_technician()
    picture_walks()


def picture_walks() -> None:
    WALKS.mkdir(exist_ok=True)
    tests = HERE.parents[1] / "tests"
    walks = [file for file in tests.rglob("test_*.py") if "picture(" in file.read_text()]
    subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *walks],
        check=True,
        cwd=tests.parent,
        env=os.environ | {"WICKET_PICTURES": str(WALKS)},
    )


async def picture_technician() -> None:
    """One person has walked and is refused; a family is let through."""
    one, family = ticket(4711), ticket(4712, persons=4)
    north = replace(NORTH_TWO_WAYS, name="North 1")
    south = replace(NORTH_TWO_WAYS, name="North 2", pass_within_s=60)
    with tempfile.TemporaryDirectory() as state:
        site = site_in(Path(state), north, south, tickets=(one, family))
        async with site as gate, looking_at(gate, 1280, 1000) as page:
            scans = page.locator("#scans > li")
            gate.rig.scan(sign_ticket(KEY, one), "North 1")
            await expect(scans).to_have_count(1)
            gate.rig.stage.cue("North 1.turnstile.sensor_in", pulse=True)
            await gate.rig.idle("North 1")
            gate.rig.scan(human_code(one.id), "North 1")
            await expect(scans).to_have_count(2)
            gate.rig.scan(sign_ticket(KEY, family), "North 2")
            await expect(scans).to_have_count(3)
            await scans.nth(1).locator("summary").click()
            await page.locator(".lines summary").first.click()
            await page.locator("#test [name=code]").fill(human_code(family.id))
            await page.locator("#test [name=at]").fill("2026-11-21T18:05")
            await page.get_by_role("button", name="Explain", exact=True).click()
            await expect(page.locator("#answer")).to_contain_text("refused")
            await page.screenshot(path=HERE / "technician.png", full_page=True)


async def picture_demo() -> None:
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
    await carry(page, MUSEUM)
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
    await expect(page.locator("#screen")).to_have_attribute("data-screen", "slot")
    await carry(page, TOUR, nth=1)
    await says(page, TOUR, "refuse")
    await paste(page, MUSEUM, code)
    await says(page, MUSEUM, "refuse")
    await page.screenshot(path=HERE / "demo.png")
    await page.locator("#screen").screenshot(path=HERE / "kiosk.png")


asyncio.run(main())
