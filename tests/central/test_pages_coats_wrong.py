"""What goes wrong at a cloakroom, by mistake or on purpose: told clearly, and nothing is lost."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from playwright.async_api import expect
from support.axe import serious
from support.central import Clock
from support.coat_counter import PHONE, a_picture, counter_in, post

from central.coats import rooms, tags
from central.coats.values import Cloakroom, PayWhen, Rack
from central.delivery import outbox
from central.sale.states import By


async def test_two_staff_a_double_press_another_cloakroom_and_guesses(tmp_path: Path) -> None:
    async with counter_in(tmp_path, Clock()) as at:
        page, central = at.page, at.office.central
        code = await at.check_in("A1")
        await at.find(code)
        assert page.context.browser  # another one of the staff looks at the same ticket
        signed_in = await page.context.storage_state()
        other = await page.context.browser.new_page(
            storage_state=signed_in, java_script_enabled=False
        )
        await other.goto(at.office.url + "/office/coats/out")
        await other.get_by_label("Scan the QR code").fill(code)
        await other.get_by_role("button", name="Find").click()
        await expect(other.locator(".tag")).to_have_text("A1")
        await at.redeem()
        await other.get_by_role("button", name="Redeem").click()
        await expect(other.get_by_role("alert")).to_contain_text("Already fetched")
        await other.close()

        form = {"once": "pressed twice", "phone": f"\u202a{PHONE}\u202c", "tag-1": "A2"}
        paths = [await post(at, "/office/coats/in", form) for _ in range(2)]
        assert paths == [(303, "/office/coats/tickets/2?said=coat-in")] * 2
        form["tag-1"] = "B1"  # who goes back and fills the form in for somebody else
        assert (await post(at, "/office/coats/in", form))[0] == 409
        form |= {"once": "another one", "tag-1": "A2"}
        assert (await post(at, "/office/coats/in", form))[0] == 409  # the tag is taken
        form = {"once": "a visitor's", "phone": "0151 1234567"}
        paths = [(await post(at, "/c/1/register", form))[1] for _ in range(2)]
        corrected = (await post(at, "/c/1/register", form | {"phone": PHONE}))[1]
        assert paths[0] == paths[1] != corrected
        form = {"once": "pasted", "phone": "\u2068\u202d" + PHONE.replace(" ", "\u00a0") + "\u202c"}
        assert re.fullmatch("/c/[^/]+", (await post(at, "/c/1/register", form))[1])

        house, by = rooms.house_of(central.api.venue, "DE"), By("admin", central.clock())
        barcode = "0100012345678905211234"  # as long as a visitor's secret
        await central.api.database.write(lambda c: tags.give_code(c, 3, barcode, by))
        form = {"once": "a barcode", "phone": PHONE, "tag-1": barcode}
        led = await post(at, "/office/coats/in", form)
        assert led == (303, "/office/coats/tickets/3?said=coat-in")

        elsewhere = Cloakroom("East wing", (Rack("E", 5),))
        await central.api.database.write(lambda c: rooms.save(c, house, elsewhere, by))
        await central.api.database.write(lambda c: tags.register(c, 2, 3, "W" * 20, by))
        await at.send()
        link = re.findall(r"http\S+/c/[\w-]{22}", str([one.body for one in at.gateway.got]))[0]
        await at.office.go("/office/coats?choose=1")
        await page.get_by_role("button", name="East wing").click()
        await at.find(link)
        await expect(page.get_by_text("hangs in another cloakroom: West wing")).to_be_visible()
        entry = await at.pre_register()
        await at.office.go("/office/coats/in")
        await at.scan("Phone number, or scan", entry)
        await expect(page.get_by_role("alert")).to_contain_text("made for another cloakroom")

        await page.set_viewport_size({"width": 360, "height": 800})
        code = await at.check_in("W" * 20)
        assert await at.office.wide() <= 360
        await at.find(code)
        await expect(page.get_by_role("button", name="Redeem")).to_be_visible()
        assert await at.office.wide() <= 360

        for _ in range(12):
            answer = await post(at, "/office/coats/out", {"shown": "1111"})  # is nobody's code
        assert answer[0] == 409
        await at.find("1111")
        await expect(page.get_by_role("alert")).to_contain_text("Too many wrong tries")
        guesses = [await page.request.get(f"{at.office.url}/c/{n:022d}") for n in range(40)]
        assert {one.status for one in guesses} == {404, 429}
        await at.visitor.goto(link)  # who knows it still sees it
        await expect(at.visitor.get_by_text("hanging")).to_be_visible()


async def test_bad_pictures_and_bad_numbers_lose_nothing(tmp_path: Path) -> None:
    pay = {"payment": PayWhen.CHECK_IN, "price": Decimal("2.50")}
    clock = Clock()
    async with counter_in(tmp_path, clock, closes="15:30", **pay) as at:
        page = at.page
        await at.office.go("/office/coats/in")
        await page.get_by_label("Tag: type or scan it").fill("A1")
        for phone in ("12", "+999 1234567", "<script>alert(1)</script>", "9" * 300):
            await page.get_by_label("Phone number, or scan").fill(phone)
            await page.get_by_role("button", name="Create").click()
            await expect(page.get_by_role("alert")).to_be_visible()
            await expect(page.get_by_label("Tag: type or scan it")).to_have_value("A1")
        await page.get_by_label("Phone number, or scan").fill(PHONE)
        await page.get_by_role("button", name="Create").click()
        await expect(page.get_by_role("alert")).to_contain_text("2.50 EUR are due")
        await page.get_by_label("Paid by").select_option("cash")
        await page.get_by_role("button", name="Create").click()
        code = await at.code()
        at.gateway.answer = (400, "no such number")
        await at.send()
        await expect(page.get_by_text("The SMS to …6789 failed")).to_be_visible(timeout=20_000)
        await at.office.central.api.database.write(lambda c: outbox.drop(c, 1))
        await expect(page.get_by_text("decided that the SMS is not sent")).to_be_visible()
        file, large = tmp_path / "<b>.png", b"\xff\xd8\xff" + bytes(20_000_000)
        broken = a_picture()[:-5000]
        for content, told in ((large, "too large"), (broken, "broken"), (b"<svg/>", "no picture")):
            file.write_bytes(content)
            await page.get_by_label("Picture of the belongings").set_input_files(file)
            await expect(page.get_by_role("alert")).to_contain_text(told)
            assert await at.code() == code
        await page.get_by_text("Send the code again").click()
        await page.get_by_role("button", name="Send", exact=True).click()
        clock.pass_(minutes=119)
        await at.office.go("/office/coats")
        await expect(page.get_by_text("Messages that did not go out")).to_be_visible()
        await expect(page.get_by_text("It closed on Sat at 15:30, and 1 coat")).to_be_visible()
        await at.office.go("/office/coats/open")
        await expect(page.get_by_text("closed on Sat at 15:30; 1 hangs")).to_be_visible()
        await at.office.go("/office/coats/out")
        await page.get_by_label("Photograph", exact=True).set_input_files(
            {"name": "coat.png", "mimeType": "image/png", "buffer": a_picture()}
        )
        await expect(page.get_by_role("alert")).to_contain_text("There is no QR code")

        await at.visit("/c/1/register?lang=de")
        for phone in ("12", "<script>", "+999 1234567"):
            await at.visitor.get_by_label("Telefonnummer").fill(phone)
            await at.visitor.get_by_role("button").click()
            await expect(at.visitor.get_by_role("alert")).to_contain_text("keine Telefonnummer")
        assert await serious(at.visitor) == []
        for path in ("/c/99/register", "/c/nothing", "/c/", "/c/1/2/3"):
            assert (await page.request.get(at.office.url + path)).status == 404
        await at.visit("/c/nothing")
        assert await serious(at.visitor) == []
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = await page.request.post(
            f"{at.office.url}/c/1/register", form={"phone": PHONE, "once": "x"}, headers=headers
        )
        assert answer.status == 403
