"""The ticket office in a real browser: central on a real port, one of the staff signed in."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Page
from support.axe import serious
from support.browser import chromium
from support.central import DEVICES, Client, Clock, central_in

from central.sale.states import By
from central.settings import PublicSettings
from central.staff import people
from central.staff.people import Member
from central.staff.roles import Role

PASSWORD = "correct horse battery"
_HASHED = people.hash_password(PASSWORD)
PICTURES = os.environ.get("WICKET_PICTURES", "")
"""Where `picture` puts pictures (docs/pictures/make.py says so); "" for none."""


async def picture(page: Page, row: str) -> None:
    """What docs/coverage.md shows of a row: "C1", or "C1-code" for more of it."""
    if PICTURES:
        taken = Image.open(BytesIO(await page.screenshot(full_page=True)))
        taken.quantize(128).save(Path(PICTURES) / f"{row}.png", optimize=True)


@dataclass
class Office:
    """`page` is at the ticket office, `central` the same central over HTTP."""

    central: Client
    page: Page

    @property
    def url(self) -> str:
        return str(self.central.http.make_url("")).rstrip("/")

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def picture(self, row: str) -> None:
        await picture(self.page, row)

    async def fair(self) -> None:
        """Anybody can use what is shown now: axe-core has nothing serious to say."""
        assert await serious(self.page) == []

    async def wide(self) -> int:
        """How many pixels the page takes, with its style."""
        await self.page.wait_for_load_state()
        width: int = await self.page.evaluate("document.documentElement.scrollWidth")
        return width

    async def sign_in(self, name: str) -> None:
        await self.go("/office/sign-in")
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_role("button", name="Sign out").wait_for()


async def hire(central: Client, *roles: Role) -> None:
    """An account for each role, named as the role is."""
    by = By("central", central.clock())
    for role in roles or tuple(Role):
        member = Member(role.value, role)
        assert isinstance(_HASHED, str)
        await central.api.database.write(lambda c, m=member: people.add(c, m, _HASHED, DEVICES, by))


@asynccontextmanager
async def office_in(
    folder: Path, clock: Clock, role: Role | None = Role.ADMIN, *, width: int = 1280, **changes: Any
) -> AsyncIterator[Office]:
    """All roles have accounts; `role` is signed in (None: nobody)."""
    async with central_in(folder, clock, **changes) as central, chromium(width, 900) as page:
        url = str(central.http.make_url("")).rstrip("/")
        public = replace(central.api.settings, public=PublicSettings(url))
        object.__setattr__(central.api, "settings", public)
        await hire(central)
        office = Office(central, page)
        if role is not None:
            await office.sign_in(role.value)
        yield office
