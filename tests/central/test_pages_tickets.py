"""A visitor's link: the page on a phone, its PDF, its calendar."""

from __future__ import annotations

import asyncio
import io
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import expect
from support.central import MUSEUM, TOUR, Client, Clock, central_in
from support.listening import until
from support.office import PICTURES, office_in

from admission.facts import Admitted, Fact
from central.pages.tickets_public import AT_ONCE, WAITING
from central.papers import links, pdf
from central.papers.sheet import Papers
from central.sale.request_rows import find
from central.sale.states import By, TicketRequest
from central.settings import PublicSettings
from central.sync import feed


async def bought(central: Client, quantity: int = 1, product: int = 4, **extras: Any) -> Any:
    """A paid and issued request for the tour, and the link to all of it."""
    request = await central.reserve(product, TOUR, quantity, **extras)
    await central.confirm(request)
    tickets = (await central.issue(request))["tickets"]
    return request, tickets, await link_of(central, request["token"])


ANA = {"name": "آنا الهاشمي", "email": "", "phone": ""}


async def link_of(central: Client, token: str, ticket: int | None = None) -> str:
    def make(connection: Any) -> str:
        request = find(connection, token)
        assert isinstance(request, TicketRequest)
        return links.secret_of(connection, request.id, By("central", central.clock()), ticket)

    secret: str = await central.api.database.write(make)
    return links.path_of(secret)


async def used(central: Client, ticket: Any, number: int = 1) -> None:
    """A gate told that one person has entered with it."""
    entry = Admitted(int(ticket["id"]), ticket["attraction"], "North 2", 1)
    fact = Fact("gate-1", number, central.clock(), entry)
    await central.api.database.write(lambda c: feed.accept(c, [fact], central.clock()))


def codes_in(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


async def test_a_phone_shows_the_code_that_was_sold_and_says_when_it_was_used(
    tmp_path: Path,
) -> None:
    async with office_in(tmp_path, Clock(), None, width=390) as office:
        holder = {"name": "<script>alert(1)</script> Ana", "email": "", "phone": ""}
        _, [ticket], link = await bought(office.central, holder=holder, language="de")
        page = office.page
        await page.set_viewport_size({"width": 360, "height": 740})
        await office.go(link)
        shot = Image.open(io.BytesIO(await page.screenshot()))
        assert codes_in(shot) == [ticket["code"]]
        box = await page.locator("svg.qr").bounding_box()
        assert box
        assert box["width"] >= 0.6 * 360
        await expect(page.get_by_role("status")).to_contain_text("Gültig ab 21.11.26, 14:15")
        await expect(page.get_by_text("<script>alert(1)</script> Ana")).to_be_visible()
        await office.fair()
        office.central.clock.pass_(minutes=15)
        await used(office.central, ticket)
        await page.evaluate("look()")
        await expect(page.get_by_role("status")).to_contain_text("Benutzt")
        await expect(page.get_by_role("status")).to_contain_text("14:20 an North 2")
        await office.fair()
        await page.evaluate("AbortSignal.timeout = undefined")  # as on phones of 2021
        office.central.clock.pass_(minutes=1)
        await page.evaluate("look()")
        await expect(page.locator("#touch")).to_contain_text("14:21")
        await expect(page.locator("#touch.lost")).to_have_count(0)
        await page.emulate_media(media="print")
        await expect(page.locator(".band")).to_have_css("color", "rgb(0, 0, 0)")
        await expect(page.locator(".ways")).to_be_hidden()
        await page.emulate_media(media="screen", color_scheme="dark")
        browser = await page.context.new_cdp_session(page)
        await browser.send("Emulation.setAutoDarkModeOverride", {"enabled": True})
        shot = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
        assert shot.getpixel((2, 2)) == (255, 255, 255)


async def text_of(central: Client, path: str, status: int = 200, **headers: str) -> str:
    async with central.http.get(path, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"].startswith("noindex")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        return await answer.text(errors="replace")


async def test_an_order_shows_all_its_tickets_and_files_of_them(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), None, width=390) as office:
        central, page = office.central, office.page
        holder = {"name": "Ana Müller", "email": "", "phone": ""}
        request = await central.reserve(4, TOUR, 2, holder=holder, language="fr")
        link = await link_of(central, request["token"])
        await office.go(link)
        await expect(page.get_by_role("status")).to_contain_text("pas encore payée")
        await central.confirm(request)
        sold = (await central.issue(request))["tickets"]
        async with page.expect_navigation():  # the page has more than the tickets then
            await page.evaluate("look()")
        await expect(page.locator("article")).to_have_count(2)
        await office.fair()
        shot = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
        assert sorted(codes_in(shot)) == sorted(one["code"] for one in sold)
        await page.get_by_role("link", name="Deutsch").click()
        await expect(page.get_by_role("heading", name="Ihre Tickets")).to_be_visible()
        await page.get_by_role("link", name="2/2").click()
        await expect(page.locator("#ticket-2")).to_be_in_viewport()
        await office.picture("P8-order")
        async with central.http.get(link + ".pdf") as answer:
            assert answer.content_type == "application/pdf"
            document = pypdfium2.PdfDocument(await answer.read())
        picture = document[1].render(scale=100 / 72).to_pil()
        assert codes_in(picture) == [sold[1]["code"]]
        if PICTURES:
            document[0].render(scale=2).to_pil().save(Path(PICTURES) / "P8-pdf.png")
        async with central.http.get(link + ".ics") as answer:
            assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        told = await text_of(central, link + ".ics?lang=en")
        assert "BEGIN:VEVENT\r\n" in told
        assert "DTSTART:20261121T133000Z\r\nDTEND:20261121T141500Z\r\n" in told
        assert f"URL:{office.url}{link}\r\n" in told.replace("\r\n ", "")
        own = await link_of(central, request["token"], int(sold[1]["id"]))
        await office.go(own + "?lang=en")
        await office.picture("P8")
        assert sold[0]["human_code"] not in (only := await text_of(central, own))
        assert sold[1]["human_code"] in only
        await central.cancel(request)
        assert "storniert" in await text_of(central, link + "?lang=de")


async def test_a_page_without_script_shows_the_code_too(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        _, _, link = await bought(central)
        plain = await text_of(central, link, **{"Accept-Language": "de-AT, en"})
        assert '<svg class="qr"' in plain
        assert "refresh" not in plain  # without a network the code would be gone
        assert "http://" not in plain.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in plain
        for strange in ("xx", "../../etc", "<script>", "de" * 50):
            assert "<script>" not in await text_of(central, f"{link}?lang={strange}")


async def test_before_a_request_is_paid_its_link_says_so(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        request = await central.reserve(4, TOUR)
        link = await link_of(central, request["token"])
        plain = await text_of(central, link)
        assert "not paid yet" in plain
        assert '<noscript><meta http-equiv="refresh"' in plain
        await text_of(central, link + ".pdf", 404)
        await central.confirm(request)
        assert "being made" in await text_of(central, link)
        central.clock.pass_(days=60)
        await text_of(central, link, 410)


async def test_a_link_ends_some_days_after_its_last_ticket(tmp_path: Path) -> None:
    settings = PublicSettings(link_days=30)
    async with central_in(tmp_path, Clock(), public=settings) as central:
        _, [ticket], link = await bought(central)
        central.clock.now = datetime.fromisoformat(ticket["valid_until"]) + timedelta(days=30)
        central.clock.pass_(seconds=-1)
        assert "Expired" in await text_of(central, link)
        central.clock.pass_(seconds=1)
        for path in (link, link + ".pdf", link + ".ics"):
            gone = await text_of(central, path, 410)
            assert ticket["human_code"] not in gone
            assert "over" in gone


async def test_the_link_of_what_is_paid_lives_as_long_as_what_was_ordered(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock(), public=PublicSettings(link_days=0)) as central:
        request = await central.reserve(4, TOUR)
        await central.confirm(request)
        link = await link_of(central, request["token"])
        central.clock.now = datetime(2026, 11, 21, 14, 14, 59, tzinfo=UTC)
        assert "being made" in await text_of(central, link)
        central.clock.pass_(seconds=1)
        await text_of(central, link, 410)


async def test_pdfs_wait_for_each_other_and_who_finds_too_many_waiting_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow(papers: Papers, first: int) -> bytes:
        go_on.wait(20)
        return b"%PDF"

    monkeypatch.setattr(pdf, "tickets_pdf", slow)
    async with central_in(tmp_path, Clock()) as central:
        _, _, link = await bought(central)

        async def status() -> int:
            async with central.http.get(link + ".pdf") as answer:
                return answer.status

        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(status()) for _ in range(AT_ONCE + WAITING + 3)]
            await until(lambda: sum(one.done() for one in asked) == 3)
            go_on.set()
        answers = sorted(one.result() for one in asked)
        assert answers == [200] * (AT_ONCE + WAITING) + [429] * 3


async def test_guessing_is_all_alike_and_limited_and_harms_nobody_else(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        _, _, link = await bought(central)
        answers = []
        guesses = [link[:-1] + char for char in "_-0123456789abcdefhijklmn"]
        for guess in guesses:
            async with central.http.get(guess) as answer:
                answers.append((answer.status, await answer.text()))
        assert answers[0][0] == 404
        assert len({text for status, text in answers if status == 404}) == 1
        assert [status for status, _ in answers[-3:]] == [429] * 3
        assert 'http-equiv="refresh"' in answers[-1][1]
        await text_of(central, link)
        for path in ("/t/", "/t/x", "/t/%00%ff", "/t/look/1.css", link + "/x", link + ".exe"):
            async with central.http.get(path) as answer:
                assert answer.status in (404, 429)


async def test_many_tickets_come_in_pages(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        lines = [{"product": 1, "slot": MUSEUM, "quantity": 11}] * 2
        request = await central.post("/v1/requests", {"lines": lines, "channel": "kiosk"}, 201)
        await central.confirm(request)
        sold = (await central.issue(request))["tickets"]
        link = await link_of(central, request["token"])
        pages = [await text_of(central, f"{link}?from={n}") for n in (1, 21, 99)]
        assert [text.count("<article") for text in pages] == [20, 2, 0]
        assert all(one["human_code"] in pages[0] + pages[1] for one in sold)
        assert "from=21" in pages[0]
        for wrong in ("0", "x", "9" * 30):
            assert (await text_of(central, f"{link}?from={wrong}")).count("<article") == 20


ARABIC = """
name = "متحف المرفأ"
timezone = "Asia/Amman"
currency = "JOD"
languages = ["ar", "en"]
[[attractions]]
id = "museum"
name = { ar = "المتحف البحري", en = "Museum" }
[[attractions.openings]]
open = "09:00"
close = "18:00"
[[attractions.products]]
id = 1
name = { ar = "بالغ", en = "Adult" }
price = "3.000"
ticket_text = { ar = "أهلا وسهلا بكم", en = "Welcome" }
"""


async def test_an_arabic_venues_page_runs_from_right_to_left(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text(ARABIC, encoding="utf-8")
    venue = tmp_path / "venue.toml"
    async with office_in(tmp_path, Clock(), None, width=390, venue=venue) as office:
        central = office.central
        body = await central.get("/v1/attractions/museum/slots?date=2026-11-21")
        slot = body["slots"][0]["id"]
        request = await central.reserve(1, slot, holder=dict(ANA), language="ar-JO")
        await central.confirm(request)
        [ticket] = (await central.issue(request))["tickets"]
        await office.go(await link_of(central, request["token"]))
        page = office.page
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        await expect(page.locator("html")).to_have_attribute("lang", "ar")
        assert codes_in(Image.open(io.BytesIO(await page.screenshot()))) == [ticket["code"]]
        await office.fair()
        await office.picture("P8-rtl")
        await page.get_by_role("link", name="English").click()
        await expect(page.locator("html")).to_have_attribute("dir", "ltr")
