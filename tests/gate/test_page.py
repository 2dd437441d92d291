"""The technician's page in a real browser, before a gate at work."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from playwright.async_api import Page, expect
from support.browser import chromium
from support.samples import KEY
from support.technician import TICKET, Site, looking_at, remember, said, site_in

from admission.codes import human_code, sign_ticket
from admission.facts import CountCorrected, Forgiven, ModeChanged, Opened
from admission.values import Direction, LaneMode

CODE = sign_ticket(KEY, TICKET)
HUMAN = human_code(TICKET.id)
IN = '.lane .way[data-way="in"]'
BY = "technician page"


async def test_a_scan_and_what_the_lane_does_show_at_once_with_the_reason(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        condition, newest = page.locator(".lane .condition"), page.locator("#scans > li").first
        await expect(condition).to_have_text("idle")
        site.rig.scan(CODE)
        await expect(condition).to_have_text("authorised in, 1 left")
        await expect(page.locator(f"{IN} .sign")).to_contain_text("welcome")
        await expect(newest).to_contain_text(re.compile(r"✓ granted12:0\d:\d\d"))
        await expect(newest).to_contain_text(HUMAN)
        site.rig.stage.cue("North.turnstile.sensor_in", pulse=True)
        await expect(condition).to_have_text("idle")
        await expect(page.locator("#zones")).to_contain_text("hall: 1 of 400")
        site.rig.scan(CODE)
        await expect(newest.locator(".says")).to_contain_text("already used at 12:0")
        await newest.locator("summary").click()
        steps = newest.locator(".trace li")
        await expect(steps).to_have_count(7)
        await expect(steps.first).to_have_text("✓ okgenuine")
        await expect(steps.last).to_contain_text("✗ refusedentries left: already used at")


async def test_no_code_that_could_be_used_is_shown_whole(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        site.rig.scan(CODE)
        await expect(page.locator("#scans > li")).to_have_count(1)
        assert CODE not in await page.content()


async def test_open_once_opens_the_latch_and_is_journalled(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await page.locator(f"{IN} button", has_text="Open once").click()
        await site.rig.opens()
        await expect(page.locator("#said")).to_have_text("North is open once, in")
        await expect(page.locator("#events")).to_contain_text(f"opened once, in, by {BY}")
        assert Opened("North", Direction.IN, BY) in await site.rig.told(1)


async def test_a_mode_is_set_and_shown(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await page.get_by_label("Mode of North, in").select_option("closed")
        await page.locator(f"{IN} button", has_text="Set mode").click()
        await expect(page.locator(f"{IN} .sign")).to_contain_text("Closed")
        changed = ModeChanged("North", Direction.IN, LaneMode.CLOSED, BY)
        assert changed in await site.rig.told(1)


async def test_the_simulator_answers_by_the_time_that_is_chosen(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await ask(page, HUMAN, "2026-11-21T14:05")
        await expect(page.locator("#answer")).to_contain_text("✓ granted: 1 person may enter")
        await ask(page, HUMAN, "2026-11-21T08:00")
        await expect(page.locator("#answer")).to_contain_text("✗ refused: opens at 09:00")
        await ask(page, HUMAN, "2026-11-22T10:00")
        await expect(page.locator("#answer")).to_contain_text("closed at 2026-11-21 18:00")
        await ask(page, HUMAN, "")
        await expect(page.locator("#answer")).to_contain_text("at 2026-11-21 12:0")
        await ask(page, "staff-777", "")
        await expect(page.locator("#answer")).to_have_text("This is the badge of badge 7: open")
        assert site.rig.latch() is False
        assert site.rig.gate.ledger.history(TICKET.id).uses == ()


async def ask(page: Page, code: str, at: str) -> None:
    await page.locator("#test [name=code]").fill(code)
    await page.locator("#test [name=at]").fill(at)
    await page.get_by_role("button", name="Explain", exact=True).click()


async def test_a_line_is_pulsed_only_while_the_lane_is_closed_or_on_demand(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await page.locator(".lines summary").click()
        await page.get_by_label("Line of North").select_option("latch_out")
        await page.get_by_label("Milliseconds").first.fill("50")
        await page.get_by_role("button", name="Pulse").click()
        await expect(page.locator("#said")).to_contain_text("close it both ways first")
        await page.get_by_label("even while the lane serves visitors").check()
        async with asyncio.TaskGroup() as group:
            group.create_task(latch_out_pulses(site))
            await page.get_by_role("button", name="Pulse").click()
        await expect(page.locator("#said")).to_have_text("North: latch_out was on for 50 ms")


async def latch_out_pulses(site: Site) -> None:
    latch = site.rig.stage.prop("North.turnstile.latch_out")
    for on in (True, False):
        await site.rig.until(lambda on=on: latch.state["on"] is on)


async def test_a_sensor_is_watched_live(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await page.locator(".lines summary").click()
        row = page.locator('[data-sensor="sensor_in"]')
        await expect(row).to_have_text("sensor_in○ inactive0")
        site.rig.stage.cue("North.turnstile.sensor_in", level=True)
        await expect(row).to_have_text("sensor_in● active1")
        site.rig.stage.cue("North.turnstile.sensor_in", level=False)
        await expect(row).to_have_text("sensor_in○ inactive2")


async def test_a_head_count_is_corrected_and_a_ticket_forgiven_with_a_reason(
    tmp_path: Path,
) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await page.locator("#count [name=persons]").fill("41")
        await page.locator("#count [name=why]").fill("counted by hand")
        await page.locator("#count button").click()
        await expect(page.locator("#zones")).to_contain_text("hall: 41 of 400")
        await page.locator("#forgive [name=code]").fill(HUMAN)
        await page.locator("#forgive [name=why]").fill("left by the side door")
        await page.locator("#forgive button").click()
        await expect(page.locator("#events")).to_contain_text("left by the side door")
        assert await site.rig.told(2) == [
            CountCorrected("hall", 41, BY, "counted by hand"),
            Forgiven(TICKET.id, "hall", BY, "left by the side door"),
        ]


async def test_fire_is_on_top_with_the_count_of_its_beginning(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await page.locator("#count [name=persons]").fill("41")
        await page.locator("#count [name=why]").fill("counted")
        await page.locator("#count button").click()
        await expect(page.locator("#zones")).to_contain_text("hall: 41")
        site.rig.stage.cue("fire.input", level=True)
        await expect(page.locator("#fire")).to_contain_text("FIRE: every lane is open")
        await expect(page.locator("#fire")).to_contain_text("41 in hall")
        await page.locator(f"{IN} button", has_text="Open once").click()
        await expect(page.locator("#said")).to_contain_text("fire has opened it")
        site.rig.stage.cue("fire.input", level=False)
        await expect(page.locator("#fire")).to_be_hidden()


async def test_a_lost_reader_and_a_lost_turnstile_are_named(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        way, condition = page.locator(f"{IN} > .aside"), page.locator(".lane .condition")
        await expect(way).to_have_text("controlled · 1 of 1 readers work")
        await remember(way)
        await remember(condition)
        site.rig.stage.cue("North.reader", unplug=True)
        await said(way, "controlled · ⚠ 0 of 1 readers work")
        await expect(way).to_have_text("controlled · 1 of 1 readers work")
        site.rig.stage.cue("North.turnstile.sensor_in", unplug=True)
        await said(condition, "turnstile lost")
        await expect(condition).to_have_text("idle")


async def test_a_script_in_a_code_is_shown_as_text(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        evil = "<img src=x onerror=document.title='taken'>"
        site.rig.scan(evil[:16])
        site.rig.scan(evil)
        await expect(page.locator("#scans > li").first).to_contain_text("<img")
        assert await page.locator("#scans img").count() == 0
        assert await page.title() == "Wicket gate gate-1"


async def test_it_fits_a_telephone_of_360_pixels(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site, 360, 740) as page:
        site.rig.scan(CODE)
        await expect(page.locator("#scans > li")).to_have_count(1)
        for summary in await page.locator("summary").all():
            await summary.click()
        await ask(page, HUMAN, "2026-11-21T14:05")
        await expect(page.locator("#answer li")).not_to_have_count(0)
        widths = "[document.documentElement.scrollWidth, innerWidth]"
        wide, window = await page.evaluate(widths)
        assert wide <= window == 360


async def test_everything_can_be_done_by_keyboard(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, looking_at(site) as page:
        await tab_to(page, f'{IN} button:has-text("Open once")')
        await page.keyboard.press("Enter")
        await site.rig.opens()
        site.rig.stage.cue("North.turnstile.sensor_in", pulse=True)
        await site.rig.idle()
        await tab_to(page, f"{IN} select")
        await page.keyboard.type("closed")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await site.rig.shows("Closed")
        await tab_to(page, "#test [name=code]")
        await page.keyboard.type(HUMAN)
        await page.keyboard.press("Enter")
        await expect(page.locator("#answer")).to_contain_text("✗ refused: this lane is closed")


async def tab_to(page: Page, selector: str) -> None:
    wanted = page.locator(selector).first
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no Tab leads to {selector}")


async def test_the_page_asks_for_the_password_and_lets_go_again(tmp_path: Path) -> None:
    async with site_in(tmp_path, password="open sesame") as site, chromium() as page:
        await page.goto(site.address)
        await page.get_by_label("Password").fill("open barley")
        await page.keyboard.press("Enter")
        await expect(page.locator("#said")).to_have_text("this is not the password")
        await page.get_by_label("Password").fill("open sesame")
        await page.keyboard.press("Enter")
        await expect(page.locator("#connection")).to_contain_text("Live")
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_label("Password")).to_be_visible()
