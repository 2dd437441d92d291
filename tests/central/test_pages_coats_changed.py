"""A cloakroom that changes while somebody looks at it, money back, and what nobody fetches."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import expect
from sqlalchemy import Connection, insert
from support.central import Clock
from support.coat_counter import PHONE, Counter, counter_in

from central.coats import rooms
from central.coats.values import Cloakroom, PayWhen, Rack
from central.sale.states import By
from central.staff import audit
from central.staff.roles import Role
from central.store.schema import coat_ticket

FEE = {"payment": PayWhen.CHECK_IN, "price": Decimal(2), "tax_percent": Decimal(19)}


async def change(at: Counter, **changes: Any) -> None:
    """Another supervisor does."""
    central = at.office.central
    house, by = rooms.house_of(central.api.venue, "DE"), By("admin", central.clock())

    def work(connection: Connection) -> None:
        [room] = rooms.cloakrooms(connection)
        done = rooms.save(connection, house, replace(room, **changes), by)
        assert isinstance(done, Cloakroom)

    await central.api.database.write(work)


async def many_later(at: Counter) -> None:
    """So many were hung since, and fetched, that a short list has no others."""
    now = at.office.central.clock()
    row = {"cloakroom": 1, "state": "fetched", "phone": "", "name": "", "language": "en"}
    row |= {"price": Decimal(0), "paid": Decimal(0), "currency": "EUR", "receipt": "", "place": ""}
    row |= {"made_at": now, "fetched_at": now, "who": "anna", "fetched_by": "anna"}
    rows = [row | {"code": f"{n:04d}", "secret": f"s{n}"} for n in range(100, 140)]
    await at.office.central.api.database.write(lambda c: c.execute(insert(coat_ticket), rows))


async def test_a_fee_that_changed_a_full_rack_and_money_back(tmp_path: Path) -> None:
    clock, racks = Clock(), (Rack("A", 1), Rack("B", 50))
    async with counter_in(tmp_path, clock, Role.SUPERVISOR, racks=racks, **FEE) as at:
        page = at.page
        entry = await at.pre_register()
        await at.office.go("/office/coats/in")
        await at.scan("Phone number, or scan", entry)
        await expect(page.get_by_text("phone …6789")).to_be_visible()
        assert entry.rpartition("/")[2] not in page.url
        free = await page.get_by_role("button", name="A1", exact=True).get_attribute("href")
        assert free
        assert entry.rpartition("/")[2] not in free
        await at.office.go("/office/coats/open")
        await at.scan("What hangs on tag", entry)
        await expect(page.get_by_role("alert")).to_contain_text("There is no tag")
        assert entry.rpartition("/")[2] not in page.url
        await at.office.go("/office/coats/in")
        await page.get_by_role("link", name="…6789").click()
        await page.get_by_label("Tag: type or scan it").fill("A1")
        await page.get_by_label("Paid by").select_option("cash")
        await change(at, price=Decimal(4))
        await page.get_by_role("button", name="Create").click()
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("another one than was shown: 4.00 EUR are due now")
        await expect(page.get_by_text("4.00 EUR for each piece")).to_be_visible()
        await expect(page.get_by_label("Paid by")).to_have_value("cash")
        await page.get_by_role("button", name="Create").click()
        await at.code()

        clock.pass_(minutes=1)
        await many_later(at)
        await at.office.go("/office/coats")
        await expect(page.get_by_role("link", name="Tag A1 …6789 waiting")).to_be_visible()
        await at.office.go("/office/coats/tickets/1")
        await page.get_by_text("One more piece").click()
        await expect(page.get_by_text("To pay: 4.00 EUR")).to_be_visible()
        tag = page.get_by_label("Tag: type or scan it")
        hang = page.get_by_role("button", name="Hang it", exact=True)
        await tag.fill("A2")
        await hang.click()
        await expect(alert).to_contain_text("Rack A: it is full")
        await tag.fill("A2")
        await page.get_by_label("Paid by").select_option("card")
        await page.get_by_label("Hang it though").check()
        await hang.click()
        hanging = page.get_by_role("list", name="Hanging").locator(".tag")
        await expect(hanging).to_have_text(["A1", "A2"])

        await page.get_by_text("Give money back: 8.00 EUR").click()
        await page.get_by_label("How much").fill("4")
        await page.get_by_label("Why", exact=True).fill("torn lining")
        give = page.get_by_role("button", name="Give it back")
        await give.click()
        await expect(alert).to_contain_text("Choose how")
        await page.get_by_label("How much").fill("4")
        await page.get_by_label("Why", exact=True).fill("torn lining")
        await page.get_by_label("Given back by").select_option("card")
        await at.office.fair()
        await at.office.picture("C-refund")
        await give.click()
        await expect(page.get_by_role("status")).to_contain_text("The money is given back")
        told = "gave back 4.00 EUR by card, receipt supervisor 3: torn lining"
        await expect(page.get_by_text(told)).to_be_visible()
        read = at.office.central.api.database.read
        assert [one.detail for one in await read(partial(audit.page, action="coat-refund"))] == [
            told
        ]
        await expect(page.get_by_text("Give money back: 4.00 EUR")).to_be_visible()
        await at.office.go("/office/day-end")
        await expect(page.get_by_role("row", name="card")).to_contain_text("4.00")


async def test_two_supervisors_and_what_nobody_fetches(tmp_path: Path) -> None:
    async with counter_in(tmp_path, Clock(), Role.SUPERVISOR) as at:
        page = at.page
        await at.office.go("/office/coats/manage/1")
        await page.get_by_text("Name, prices").click()
        closes = page.get_by_label("Closes at")
        await closes.fill("23:00")
        await change(at, name="West hall")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("alert")).to_contain_text("Somebody changed this cloakroom")
        await expect(page.get_by_label("Name", exact=True)).to_have_value("West hall")
        await expect(closes).to_have_value("22:30")
        await closes.fill("23:00")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status")).to_contain_text("saved")
        await page.get_by_text("Name, prices").click()
        await expect(closes).to_have_value("23:00")

        shown = await at.pre_register()
        await at.visitor.goto("about:blank")  # the page would load itself anew at any time
        await at.office.go("/office/coats/in")
        await at.scan("Phone number, or scan", shown)
        await page.get_by_label("Tag: type or scan it").fill("A1")
        await page.get_by_role("button", name="Create").click()
        code = await at.code()
        await page.get_by_text("It is not here any more").click()
        await page.get_by_label("What became of it").fill("given to the town's lost property")
        await at.office.fair()
        await page.get_by_role("button", name="End this coat ticket").click()
        await expect(page.get_by_text("Nobody fetched A1; disposed of on Sat 21")).to_be_visible()
        await expect(page).to_have_title("Disposed of")
        await at.office.picture("C-disposed")
        gone = at.visitor.get_by_text("Nobody picked these things up")
        await at.visitor.goto(shown)
        await expect(gone).to_be_visible()
        tag = at.visitor.get_by_role("listitem").filter(has_text="A1")
        await expect(tag).to_contain_text("not here any more")
        await at.fair()
        await at.find(code)
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("Nobody fetched it: disposed of on Sat 21 Nov")
        await expect(alert).to_contain_text("given to the town's lost property")
        await page.get_by_role("link", name="See that coat ticket").click()
        await expect(page).to_have_title("Disposed of")
        await at.office.go("/office/coats")
        await expect(page.get_by_role("link", name="A1")).to_contain_text("disposed of")
        await at.check_in("A1", PHONE)
