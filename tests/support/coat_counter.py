"""A cloakroom with two phones at it: the visitor's and the staff's, each a real browser's page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image
from playwright.async_api import Page, expect
from support.axe import serious
from support.central import Clock
from support.office import Office, office_in
from support.sms_gateway import SmsGateway, sms_gateway

from central.coats import rooms, tags
from central.coats.values import Cloakroom, Rack
from central.delivery import sending, sms_http
from central.delivery.outbox import Kind
from central.delivery.settings import HttpGateway, SmsSettings
from central.sale.states import By
from central.staff.roles import Role

PHONE = "0151 23456789"
JSON = '{"to": "{to}", "text": "{text}"}'


@dataclass
class Counter:
    """The cloakroom "West wing" with two tags on rack A and one on rack B; `page` is the staff's
    phone, `visitor` the visitor's."""

    office: Office
    visitor: Page
    gateway: SmsGateway

    @property
    def page(self) -> Page:
        return self.office.page

    async def visit(self, path: str) -> None:
        """In a new tab, for the old one may load anew by itself just then. It is closed."""
        old, self.visitor = self.visitor, await self.visitor.context.new_page()
        await old.close()
        await self.visitor.goto(self.office.url + path)

    async def fair(self) -> None:
        await self.office.fair()
        assert await serious(self.visitor) == []

    async def send(self) -> str:
        """Let the SMS go out; the last one's text."""
        http = HttpGateway(self.gateway.url, json=JSON)
        async with sms_http.opened(http) as driver:
            await sending.send_due(self.office.central.api, Kind.SMS, driver)
        return str(self.gateway.got[-1].body["text"])

    async def pre_register(self, phone: str = PHONE) -> str:
        """The visitor does; what the QR code on the screen says."""
        await self.visit("/c/1/register")
        await self.visitor.get_by_label("Phone number").fill(phone)
        await self.visitor.get_by_role("button", name="Show my code").click()
        await expect(self.visitor.get_by_role("heading", level=1)).to_have_text(
            "Show this at the cloakroom"
        )
        return await self.seen()

    async def seen(self) -> str:
        """What a scanner reads from the visitor's screen."""
        await self.visitor.wait_for_load_state()
        image = Image.open(BytesIO(await self.visitor.screenshot()))
        [found] = zxingcpp.read_barcodes(image)
        return found.text

    async def scan(self, label: str, text: str) -> None:
        """A keyboard scanner types it, and presses Enter."""
        await self.page.get_by_label(label).focus()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")

    async def check_in(self, tag: str = "A1", phone: str = PHONE) -> str:
        """The code."""
        await self.office.go("/office/coats/in")
        await self.page.get_by_label("Phone number, or scan").fill(phone)
        await self.page.get_by_label("Tag: type or scan it").fill(tag)
        await self.page.get_by_role("button", name="Create").click()
        return await self.code()

    async def code(self) -> str:
        await expect(self.page.locator(".four")).to_have_text(re.compile("[0-9]{4}"))
        return await self.page.locator(".four").inner_text()

    async def find(self, shown: str) -> None:
        await self.office.go("/office/coats/out")
        await self.scan("Scan the QR code", shown)

    async def redeem(self) -> None:
        await self.page.get_by_role("button", name="Redeem").click()
        await expect(self.page.get_by_role("status")).to_contain_text("Handed out")


@asynccontextmanager
async def counter_in(
    folder: Path, clock: Clock, role: Role = Role.CLOAKROOM, **room: Any
) -> AsyncIterator[Counter]:
    async with sms_gateway() as gateway, office_in(folder, clock, role, width=390) as office:
        central = office.central
        settings = central.api.settings
        sms = SmsSettings(HttpGateway(gateway.url, json=JSON), country="DE")
        object.__setattr__(central.api, "settings", replace(settings, sms=sms))
        racks = (Rack("A", 50), Rack("B", 50))
        wanted = replace(Cloakroom("West wing", racks, closes="22:30"), **room)
        by = By("admin", clock())
        house = rooms.house_of(central.api.venue, "DE")

        def set_up(connection: Any) -> None:
            made = rooms.save(connection, house, wanted, by)
            assert isinstance(made, Cloakroom)
            for rack, told in zip(made.racks, ("A1-A2", "B1"), strict=True):
                assert tags.register(connection, made.id, rack.id, told, by)

        await central.api.database.write(set_up)
        assert office.page.context.browser
        phone = await office.page.context.browser.new_context(
            viewport={"width": 390, "height": 844}, locale="en-GB"
        )
        yield Counter(office, await phone.new_page(), gateway)


async def post(at: Counter, path: str, form: dict[str, str | float | bool]) -> tuple[int, str]:
    """As a page of the office does; the status, and where it leads."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = await at.page.request.post(
        at.office.url + path, form=form, headers=headers, max_redirects=0
    )
    return answer.status, answer.headers.get("location", "")


def a_picture(width: int = 1600, height: int = 900) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, "PNG")
    return file.getvalue()
