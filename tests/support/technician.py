"""A gate at work with its technician's page, and somebody who looks at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, CookieJar
from playwright.async_api import Locator, Page, expect
from support.browser import chromium
from support.gate import BOTH_WAYS, NORTH, WAY, Rig, gate_in, settings_in
from support.listening import answering
from support.samples import ticket

from admission.values import AntiPassback, Ticket
from gate.page import serve_page
from gate.settings import (
    Badge,
    FireSettings,
    GateSettings,
    LaneSettings,
    PageSettings,
    ZoneSettings,
)
from wicket.demo.venue import free_port

TICKET = ticket()
NORTH_TWO_WAYS = replace(
    NORTH, turnstile=BOTH_WAYS, exit=WAY, zone="hall", pass_within_s=60.0
)  # the browser looks before anybody walks
HALL = ZoneSettings("hall", capacity=400, anti_passback=AntiPassback.HARD)


def settings_with_page(folder: Path, *lanes: LaneSettings, **changes: Any) -> GateSettings:
    given: dict[str, Any] = {
        "zones": (HALL,),
        "badges": (Badge("badge 7", "STAFF-777"),),
        "fire": FireSettings({"driver": "sim"}),
    }
    return settings_in(folder, *(lanes or (NORTH_TWO_WAYS,)), **given | changes)


@dataclass
class Site:
    rig: Rig
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ClientSession]:
        async with ClientSession(self.address, cookie_jar=CookieJar(unsafe=True)) as session:
            yield session


@asynccontextmanager
async def site_in(
    folder: Path,
    *lanes: LaneSettings,
    tickets: Iterable[Ticket] = (TICKET,),
    password: str = "",
    **changes: Any,
) -> AsyncIterator[Site]:
    """The gate and its page at 12:00, as soon as that answers and the lane asks for tickets."""
    port = free_port()
    settings = settings_with_page(folder, *lanes, **changes)
    async with (
        asyncio.timeout(120),
        gate_in(settings, tickets=tickets) as rig,
        asyncio.TaskGroup() as group,
    ):
        page = PageSettings(port=port, password=password)
        serving = group.create_task(serve_page(rig.gate, page))
        await answering(port)
        await rig.idle(settings.lanes[0].name)
        yield Site(rig, port)
        serving.cancel()


@asynccontextmanager
async def looking_at(site: Site, width: int = 1280, height: int = 900) -> AsyncIterator[Page]:
    """A browser that shows the page, live. Whatever goes wrong in it fails the test."""
    async with chromium(width, height) as page:
        expect.set_options()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(site.address)
        await expect(page.locator("#connection")).to_contain_text("Live")
        yield page
        assert problems == []


async def remember(part: Locator) -> None:
    """From now on the part keeps what it says, for `said`."""
    await part.evaluate(
        """part => {
            part.said = [];
            new MutationObserver(() => part.said.push(part.textContent))
                .observe(part, { childList: true, characterData: true, subtree: true });
        }"""
    )


async def said(part: Locator, text: str) -> None:
    """Return when it has said this since `remember`, if only for a moment."""
    await part.page.wait_for_function(
        "([part, text]) => part.said.some(one => one.includes(text))",
        arg=[await part.element_handle(), text],
    )
