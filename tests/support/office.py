"""The ticket office in a real browser: central on a real port, one of the staff signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from support.browser import chromium
from support.central import DEVICES, Client, Clock, central_in

from central.sale.states import By
from central.settings import PublicSettings
from central.staff import people
from central.staff.people import Member
from central.staff.roles import Role

PASSWORD = "correct horse battery"
_HASHED = people.hash_password(PASSWORD)
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


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
        page.set_default_timeout(15_000)
        office = Office(central, page)
        if role is not None:
            await office.sign_in(role.value)
        yield office
