"""What somebody at the ticket office's sell pages does."""

from __future__ import annotations

from playwright.async_api import Page, expect
from sqlalchemy import select
from support.office import Office

from central.store.schema import delivery


async def heading(page: Page, text: str) -> None:
    """That page is shown."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


async def to_holder(page: Page) -> None:
    """From the cart to the Ticket holder dialog."""
    await page.get_by_role("button", name="OK").click()
    await heading(page, "Ticket holder")


async def sell_museum(page: Page, *, pay: bool = True, number: int = 1) -> None:
    """Adults to the museum today, for cash, or as far as the payment."""
    await page.goto(page.url.partition("/office")[0] + "/office/sell/of/museum")
    await page.get_by_role("spinbutton", name="Adult").fill(str(number))
    await page.get_by_role("button", name="Apply").click()
    await to_holder(page)
    await page.get_by_role("button", name="Go on").click()
    await heading(page, "Payment")
    if pay:
        await page.get_by_role("button", name="Cash").click()
        await heading(page, "Sold")


async def deliveries(office: Office) -> list[tuple[str, str]]:
    """(kind, to) of all that is to be sent or printed, in order."""
    query = select(delivery.c.kind, delivery.c.to).order_by(delivery.c.kind)
    rows = await office.central.api.database.read(lambda c: c.execute(query).all())
    return [(kind, to) for kind, to in rows]
