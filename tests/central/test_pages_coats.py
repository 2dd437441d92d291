"""The coat check, walked: the visitor's phone and the staff's, each a real browser's page."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.async_api import expect
from support.axe import serious
from support.central import Clock
from support.coat_counter import PHONE, a_picture, counter_in
from support.office import picture

from central.coats.values import PayWhen
from central.staff.roles import Role


async def test_a_typed_number_gets_a_code_and_a_link_that_fetch_the_coat(tmp_path: Path) -> None:
    """C1, C4, C6, C9."""
    clock = Clock()
    async with counter_in(tmp_path, clock) as at:
        page = at.page
        await at.office.go("/office/coats")
        await at.office.fair()
        await at.office.picture("C-now")
        await page.set_viewport_size({"width": 360, "height": 900})
        for path in ("", "/in", "/out", "/open"):
            await at.office.go(f"/office/coats{path}")
            assert await at.office.wide() <= 360
        await page.set_viewport_size({"width": 390, "height": 900})
        await at.office.go("/office/coats")
        await page.get_by_role("link", name="Check in").first.click()
        await page.get_by_label("Phone number, or scan").fill(PHONE)
        await page.get_by_role("button", name="A1", exact=True).click()
        await expect(page.locator("#told-1")).to_have_text("Tag A1, rack A")
        await at.office.fair()
        await at.office.picture("C1")
        await page.get_by_role("button", name="Create").click()
        code = await at.code()
        text = await at.send()
        assert code in text
        await expect(page.get_by_text("SMS sent to the number ending in …6789")).to_be_visible()
        await at.office.fair()
        await at.office.picture("C4")
        [link] = re.findall(r"http\S+", text)
        await at.visitor.goto(link)
        await expect(at.visitor.get_by_text(code)).to_be_visible()
        await expect(at.visitor.get_by_text("hanging")).to_be_visible()
        await at.fair()
        await picture(at.visitor, "C6-visitor")
        shown = await at.seen()
        assert shown == link
        await at.find(shown)
        await expect(page.locator(".tag")).to_have_text("A1")
        await expect(page.get_by_text("…6789")).to_be_visible()
        await at.office.fair()
        await at.office.picture("C6")
        clock.pass_(minutes=90)
        await at.redeem()
        await expect(page.get_by_text("Hang this tag back:")).to_be_visible()
        await at.office.fair()
        assert "A1" in await at.send()
        await at.office.picture("C9")
        await at.visit(link.removeprefix(at.office.url))
        await expect(at.visitor.get_by_text("Everything was picked up.")).to_be_visible()
        await at.fair()
        await at.find(shown)
        await expect(page.get_by_role("alert")).to_contain_text("Already fetched")


async def test_a_pre_registration_is_scanned_or_chosen_and_the_visitor_sees_it(
    tmp_path: Path,
) -> None:
    """C2, C3, C5, C7, C8."""
    clock = Clock()
    async with counter_in(tmp_path, clock) as at:
        page = at.page
        await at.visit("/c/1/register")
        await at.fair()
        await picture(at.visitor, "C2-visitor")
        shown = await at.pre_register()
        await at.fair()
        await picture(at.visitor, "C2-qr")
        await at.office.go("/office/coats/in")
        await at.scan("Phone number, or scan", shown)
        await expect(page.get_by_text("phone …6789")).to_be_visible()
        await at.office.fair()
        await at.office.picture("C2")
        await page.get_by_label("Tag: type or scan it").fill("A1")
        await page.get_by_role("button", name="Create").click()
        code = await at.code()
        title = at.visitor.get_by_role("heading", level=1)
        await expect(title).to_have_text("Coat ticket")  # by itself
        assert await at.seen() == shown
        await page.get_by_label("Picture of the belongings").set_input_files(
            {"name": "coat.png", "mimeType": "image/png", "buffer": a_picture()}
        )
        await expect(page.get_by_role("status")).to_contain_text("The picture is kept")
        await expect(page.locator("img.belongings")).to_have_js_property("naturalWidth", 1280)
        await at.office.fair()
        await at.office.picture("C5")

        await at.office.go("/office/coats/in")
        await at.pre_register("+49 160 55512345")
        await expect(page.get_by_role("link", name="…2345")).to_be_visible(timeout=20_000)
        await at.office.fair()
        await at.office.picture("C3")
        await page.get_by_role("link", name="…2345").click()
        await page.get_by_label("Tag: type or scan it").fill("b1")
        await page.get_by_role("button", name="Create").click()
        await at.code()

        await at.pre_register("+49 160 55500111")
        await at.office.go("/office/coats/in")
        photo = {"name": "x", "mimeType": "image/png", "buffer": await at.visitor.screenshot()}
        await page.get_by_label("Photograph", exact=True).set_input_files(photo)
        await expect(page.get_by_text("phone …0111")).to_be_visible()
        await page.get_by_role("button", name="Take it off the list").click()
        await expect(page.get_by_text("Nobody now.")).to_be_visible()
        await at.pre_register("+49 160 55599999")
        clock.pass_(minutes=31)
        await at.office.go("/office/coats/in")
        await expect(page.get_by_text("Nobody now.")).to_be_visible()
        told = at.visitor.get_by_role("alert")
        await expect(told).to_have_text("This code has run out.")  # by itself
        assert await serious(at.visitor) == []
        await at.visitor.get_by_role("link", name="Make a new code").click()
        await expect(at.visitor.get_by_label("Phone number")).to_be_visible()

        await at.find("0000")
        await expect(page.get_by_role("alert")).to_contain_text("Nothing hangs here for that code")
        await at.find(code)
        await expect(page.locator(".tag")).to_have_text("A1")
        await expect(page.locator("img.belongings")).to_be_visible()
        await at.office.fair()
        await at.office.picture("C7")
        await at.redeem()
        await page.get_by_role("link", name="Next visitor").click()
        await page.get_by_role("link", name="Rescue: by phone").click()
        await at.office.fair()
        await at.scan("phone number", "0160 / 555 123 45")
        await expect(page.locator(".tag")).to_have_text("B1")
        await at.office.fair()
        await at.office.picture("C8")
        await at.redeem()


async def test_several_pieces_are_paid_fetched_one_by_one_and_a_lost_ticket_is_answered_for(
    tmp_path: Path,
) -> None:
    pay = {"payment": PayWhen.PICK_UP, "price": Decimal("2.50")}
    async with counter_in(tmp_path, Clock(), Role.SUPERVISOR, **pay) as at:
        page = at.page
        await at.office.go("/office/coats/in")
        await page.get_by_label("No phone").check()
        await page.get_by_label("Tag: type or scan it").fill("A1")
        await page.get_by_text("More than one piece").click()
        await page.get_by_label("Tag of piece 2").fill("A2")
        await at.office.fair()
        await page.get_by_role("button", name="Create").click()
        code = await at.code()
        await expect(page.get_by_text("the visitor needs this code")).to_be_visible()
        desk = {"name": "wicket-desk", "value": "desk-1", "url": at.office.url}
        await page.context.add_cookies([desk])
        await page.reload()
        await page.get_by_role("button", name="Print the code at desk-1").click()
        await expect(page.get_by_role("status")).to_contain_text("It goes to the printer")
        await at.find(code)
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url) if "redeem" in one.url else None)
        await page.get_by_label("hand out A2").uncheck()
        await page.keyboard.type("http://another.example/c/of-the-next-visitor")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Redeem").click()
        await expect(page.get_by_role("alert")).to_contain_text("5.00")
        assert len(sent) == 1  # only the button
        await expect(page.get_by_label("hand out A2")).not_to_be_checked()
        await page.get_by_label("Paid by").select_option("cash")
        await at.office.picture("C9-pieces")
        await at.redeem()
        await expect(page.get_by_role("list", name="Hang back").locator(".tag")).to_have_text("A1")
        await expect(page.get_by_role("list", name="Hanging").locator(".tag")).to_have_text("A2")
        await at.office.go("/office/coats/open")
        await at.office.fair()
        await at.scan("What hangs on tag", "A2")
        await page.get_by_text("Lost ticket: hand out without it").click()
        await page.get_by_label("Why without").fill("phone is broken <script>alert(1)</script>")
        await page.get_by_label("Who takes it").fill("passport C01X")
        await at.office.fair()
        await page.get_by_label("hand out A2").uncheck()
        await page.get_by_role("button", name="Hand out without a ticket").click()
        await expect(page.get_by_role("alert")).to_contain_text("Tick what you hand out")
        await expect(page.get_by_label("Who takes it")).to_have_value("passport C01X")
        await page.get_by_role("button", name="Hand out without a ticket").click()
        await expect(page.get_by_role("status")).to_contain_text("Handed out")
        await expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()

        await at.check_in("B1")
        await page.get_by_text("Nobody fetches it").click()
        await page.get_by_label("Where it is kept").fill("Box 4")
        await page.get_by_role("button", name="It lies there").click()
        await expect(page.get_by_text("Left behind, and kept here: Box 4")).to_be_visible()
        await at.office.fair()


async def test_a_supervisor_sets_a_cloakroom_up_prints_labels_and_a_poster(tmp_path: Path) -> None:
    async with counter_in(tmp_path, Clock(), Role.SUPERVISOR) as at:
        page = at.page
        await at.office.go("/office/coats/manage/new")
        await at.office.fair()
        await page.get_by_label("Name").fill("<b>Hall & Co</b>")
        await page.get_by_label("New rack").first.fill("H")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status")).to_contain_text("saved")
        await page.get_by_label("Tags, like").fill("H1-H12")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("status")).to_contain_text("registered")
        await page.get_by_label("Tag, as it is written on it").fill("H3")
        await page.get_by_label("What the reader says").fill("04:a1:b2:c3:d4:e5:f6")
        await page.get_by_role("button", name="Keep it").click()
        await expect(page.get_by_role("row", name="H3")).to_contain_text("04A1B2C3D4E5F6")
        await page.get_by_label("Tag", exact=True).fill("H12")
        await page.get_by_role("button", name="Say so").click()
        await expect(page.get_by_role("row", name="H12")).to_contain_text("retired")
        await at.office.fair()
        await at.office.picture("C4-tags")
        await page.get_by_role("link", name="Labels").click()
        await expect(page.locator(".labels li")).to_have_count(11)
        await at.office.fair()
        await at.office.picture("C4-labels")
        await at.office.go("/office/coats/manage/2/poster")
        [found] = zxingcpp.read_barcodes(Image.open(BytesIO(await page.screenshot())))
        assert found.text == at.office.url + "/c/2/register"
        await at.office.fair()
        await at.office.picture("C2-poster")
        await page.get_by_role("link", name="Back").click()
        await page.get_by_role("link", name="Statistics").click()
        await at.office.fair()

        await at.office.go("/office/coats/in")  # no cloakroom is chosen yet
        await expect(page).to_have_title("Which cloakroom?")
        await at.office.fair()
        await page.get_by_role("button", name="Hall").click()
        await at.office.go("/office/coats/in")
        await at.scan("Tag: type or scan it", "04 A1 B2 C3 D4 E5 F6")
        await expect(page.get_by_role("alert")).to_contain_text("Type the phone number")
        await expect(page.get_by_label("Tag: type or scan it")).to_have_value("H3")
        await at.office.picture("C10-page")
        await page.get_by_label("Phone number, or scan").fill(PHONE)
        await page.get_by_role("button", name="Create").click()
        hanging = page.get_by_role("list", name="Hanging")
        await expect(hanging.locator(".tag")).to_have_text("H3")  # its text, not its chip
