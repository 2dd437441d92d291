"""A cloakroom where things do not go in order: two tabs, an old code, a second visit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.async_api import expect
from support.central import Clock
from support.coat_counter import PHONE, Counter, counter_in, post

from central.coats import check_in, coats, rooms, tags
from central.coats.values import Cloakroom, Coat, PayWhen, Rack
from central.delivery import outbox
from central.delivery.outbox import Draft, Kind
from central.sale.states import By
from central.staff.roles import Role

PAID = {"payment": PayWhen.CHECK_IN, "price": Decimal("2.50")}


async def second_room(at: Counter) -> None:
    """With a tag A1 too."""
    central = at.office.central
    house, by = rooms.house_of(central.api.venue, "DE"), By("admin", central.clock())

    def set_up(connection: Any) -> None:
        made = rooms.save(connection, house, Cloakroom("East wing", (Rack("E", 5),)), by)
        assert isinstance(made, Cloakroom)
        assert tags.register(connection, made.id, made.racks[0].id, "A1", by)

    await central.api.database.write(set_up)


async def coat_of(at: Counter, id_: int) -> Coat:
    coat = await at.office.central.api.database.read(lambda c: coats.find(c, id_))
    assert isinstance(coat, Coat)
    return coat


async def test_a_page_works_in_the_cloakroom_that_it_shows(tmp_path: Path) -> None:
    """Another tab of the same browser chose another one meanwhile."""
    async with counter_in(tmp_path, Clock()) as at:
        await second_room(at)
        page, west, east = at.page, 1, 2

        async def choose(room: int) -> None:
            assert (await post(at, "/office/coats/choose", {"cloakroom": room}))[0] == 303

        await choose(west)
        await at.office.go("/office/coats/in")
        await choose(east)
        await page.get_by_label("Phone number, or scan").fill(PHONE)
        await at.scan("Tag: type or scan it", "A1")
        code = await at.code()
        assert (await coat_of(at, 1)).cloakroom_name == "West wing"

        await choose(west)
        entry = await at.pre_register()
        await at.office.go("/office/coats/in")
        await choose(east)
        await at.scan("Phone number, or scan", entry)
        await expect(page.get_by_text("phone …6789")).to_be_visible()
        await page.get_by_label("Tag: type or scan it").fill("B1")
        await page.get_by_role("button", name="Create").click()
        await at.code()
        assert (await coat_of(at, 2)).cloakroom_name == "West wing"
        await page.get_by_text("Hang it on another tag").click()
        await page.get_by_label("To the tag").fill("A2")
        await page.get_by_label("To the tag").press("Tab")
        await expect(page.get_by_text("Tag A2, rack A")).to_be_visible()

        await choose(west)
        await at.office.go("/office/coats/out")
        await choose(east)
        await at.scan("Scan the QR code", code)
        await at.redeem()


async def test_what_was_chosen_stays_when_it_is_refused(tmp_path: Path) -> None:
    clock = Clock()
    async with counter_in(tmp_path, clock, Role.SUPERVISOR, **PAID) as at:
        page = at.page
        phone, tag = page.get_by_label("Phone number, or scan"), page.get_by_label("Tag: type or")
        entry = await at.pre_register()
        clock.pass_(minutes=31)
        await at.office.go("/office/coats/in")
        await at.scan("Phone number, or scan", entry)
        await expect(page.get_by_role("alert")).to_contain_text("ran out")
        await expect(phone).to_be_focused()
        await expect(phone).to_have_value("")
        chip = page.get_by_role("button", name="A2", exact=True)
        await chip.focus()
        await page.keyboard.press("Space")
        await expect(tag).to_have_value("A2")
        await page.get_by_label("Hang it though").check()
        await page.get_by_label("Paid by").select_option("card")
        await page.get_by_label("Card receipt").fill("T-17")
        await page.get_by_role("button", name="Create").click()
        await expect(page.get_by_role("alert")).to_contain_text("Type the phone number")
        await expect(phone).to_be_focused()
        await expect(page.get_by_label("Hang it though")).to_be_checked()
        await expect(page.get_by_label("Card receipt")).to_have_value("T-17")
        await page.keyboard.type(PHONE)
        await page.keyboard.press("Enter")
        await at.code()
        large = tmp_path / "large.jpg"
        large.write_bytes(b"\xff\xd8\xff" + bytes(13_000_000))
        for path in ("in", "out"):
            await at.office.go(f"/office/coats/{path}")
            await page.get_by_label("Photograph", exact=True).set_input_files(large)
            await expect(page.get_by_role("alert")).to_contain_text("too large: 12 MB at most")
            await expect(page.get_by_role("link", name="Check out").first).to_be_visible()
        await at.office.go("/office/coats/tickets/1")
        await expect(page.get_by_text("paid 2.50 EUR by card")).to_be_visible()

        await page.get_by_text("One more piece").click()
        await page.get_by_label("Tag: type or scan it").fill("A2")
        await page.get_by_role("button", name="Hang it", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("Tag A2 is taken since Sat 21 Nov")
        await page.get_by_label("Tag: type or scan it").fill("A1")
        await page.get_by_label("Paid by").select_option("cash")
        await page.get_by_role("button", name="Hang it", exact=True).click()
        await at.code()
        await at.office.fair()


async def test_only_tags_that_are_in_the_hand_are_hung_back(tmp_path: Path) -> None:
    clock = Clock()
    async with counter_in(tmp_path, clock, Role.SUPERVISOR) as at:
        page = at.page
        back = page.get_by_role("list", name="Hang back").locator(".tag")
        await at.office.go("/office/coats/in")
        await page.get_by_label("Phone number, or scan").fill(PHONE)
        await page.get_by_label("Tag: type or scan it").fill("A1")
        await page.get_by_text("More than one piece").click()
        await page.get_by_label("Tag of piece 2").fill("A2")
        await page.get_by_role("button", name="Create").click()
        code = await at.code()
        link = (await coat_of(at, 1)).path
        await at.visit(link)
        await page.emulate_media(media="print")  # what the visitor gets on paper
        await expect(page.get_by_text("West wing").last).to_be_visible()
        for told in ("Next visitor", "Print from the browser", "waits to go out"):
            await expect(page.get_by_text(told)).to_be_hidden()
        await page.emulate_media(media="screen")

        await at.find(code)
        await page.get_by_label("hand out A2").uncheck()
        await at.redeem()
        await expect(back).to_have_text("A1")
        clock.pass_(minutes=40)
        assert await at.check_in("A1") != code  # it hangs for somebody else now
        await at.find(code)
        await at.redeem()
        await expect(back).to_have_text("A2")
        await expect(page.get_by_text("A1, Sat 21 Nov 14:05")).to_be_visible()
        await page.goto(page.url.partition("?")[0])  # looked at later
        await expect(back).to_have_count(0)

        await at.office.go("/office/coats/tickets/2")
        await page.get_by_text("Nobody fetches it").click()
        await page.get_by_label("Where it is kept").fill("Box 4")
        await page.get_by_role("button", name="It lies there").click()
        await page.get_by_role("link", name="What hangs still").click()
        await expect(page).to_have_title("Hanging")
        await at.find((await coat_of(at, 2)).code)
        await at.redeem()
        await expect(back).to_have_count(0)
        await at.office.fair()


async def test_the_printed_code_tells_the_cloakroom_and_the_visitors_page_another_tag(
    tmp_path: Path,
) -> None:
    async with counter_in(tmp_path, Clock()) as at:
        await at.check_in("A1")
        coat = await coat_of(at, 1)
        path = f"{at.office.url}{coat.path}/state"
        before = await (await at.page.request.get(path)).text()
        await at.visit(coat.path)  # which may be looked at days later
        await expect(at.visitor.get_by_text("Saturday 21 November 2026")).to_be_visible()
        central = at.office.central
        house, by = rooms.house_of(central.api.venue, "DE"), By("anna", central.clock())
        draft = Draft(Kind.PRINT, "desk-1", "print.coat", "en", coat=1, attach="coat")
        await central.api.database.write(lambda c: outbox.put(c, draft, by))
        assert "West wing" in str(await central.as_("desk-1").get("/v1/desk/jobs"))
        await central.api.database.write(
            lambda c: check_in.rehang(c, house, 1, "A2", by, piece=coat.pieces[0].id)
        )
        assert await (await at.page.request.get(path)).text() != before
