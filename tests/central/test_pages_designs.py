"""The design of tickets: made, seen, taken into use; logos and words that are none are refused."""

from __future__ import annotations

import io
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image
from playwright.async_api import expect
from support.central import TOUR, Client, Clock, central_in
from support.office import PASSWORD, hire, office_in

from central.papers import logo, sheet, slip
from central.sale.request_rows import find
from central.sale.states import Refused, TicketRequest
from runtime.wire import MAX_PAYLOAD

OURS = {"Sec-Fetch-Site": "same-origin"}


def png(width: int, height: int, kind: str = "PNG", **extras: Any) -> bytes:
    out = io.BytesIO()
    noise = random.Random(1).randbytes(width * height * 3)
    Image.frombytes("RGB", (width, height), noise).save(out, kind, **extras)
    return out.getvalue()


def bomb() -> bytes:
    """A small PNG that says it has 60000 by 60000 dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    size = (60000).to_bytes(4, "big")
    head = chunk(b"IHDR", size + size + b"\x08\x02\x00\x00\x00")
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


async def test_a_design_is_made_seen_and_taken_into_use(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock()) as office:
        page = office.page
        await page.get_by_role("link", name="Ticket design").first.click()
        await office.fair()
        await page.get_by_label("Design of").select_option(label="Guided tour: Adult")
        await page.get_by_role("button", name="Show").click()
        await page.get_by_label("Logo (").set_input_files(
            {"name": "<b>.png", "mimeType": "image/png", "buffer": harbour()}
        )
        await page.get_by_label("Band").fill("#0b5a8a")
        await page.get_by_label("Price").uncheck()
        await page.locator("#text-en").fill(
            "{name}, meet your guide at the crane.\n<script>1</script>"
        )
        await page.locator("#small-en").fill("Order {order}. No refund.")
        await page.get_by_role("button", name="Save and look").click()
        await expect(page.get_by_role("status")).to_contain_text("The design is saved")
        await expect(page.locator(".ticket")).to_contain_text("zu Trostburg, meet your guide")
        await expect(page.locator(".slip")).to_contain_text("<script>1</script>")
        await expect(page.locator(".ticket")).not_to_contain_text("Price")
        await office.fair()
        await office.picture("P9")
        assert "image" not in str(await slip_of(office.central))
        await page.get_by_role("button", name="Use it on tickets").click()
        await expect(page.get_by_text("On tickets since")).to_be_visible()
        parts = await slip_of(office.central)
        assert parts[0].keys() == {"image"}
        assert parts[-1]["text"].endswith(". No refund.")
        assert "{" not in parts[-1]["text"]
        await page.get_by_role("link", name="right to left").click()
        await expect(page.locator(".phone")).to_have_attribute("dir", "rtl")
        await office.fair()
        await page.get_by_role("button", name="Look like all others again").click()
        await expect(page.get_by_role("status")).to_contain_text("look like all others")
        assert "image" not in str(await slip_of(office.central))
        await page.set_viewport_size({"width": 360, "height": 740})
        assert await office.wide() <= 360


async def test_what_is_refused_is_not_typed_again(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock()) as office:
        page = office.page
        await office.go("/office/designs/0")
        await page.get_by_label("Logo (").set_input_files(
            {"name": "logo.png", "mimeType": "image/png", "buffer": harbour()}
        )
        await page.get_by_role("button", name="Save and look").click()
        await page.get_by_role("button", name="Save and look").click()
        await office.go("/office/designs/0?id=1")
        await page.locator("#text-en").fill("Meet us at the crane, {name}.")
        await page.get_by_label("Price").uncheck()
        await page.get_by_label("Headings").fill("#dddddd")
        await page.get_by_role("button", name="Save and look").click()
        await expect(page.get_by_role("alert")).to_contain_text("headings: #dddddd on white")
        await expect(page.locator("#text-en")).to_have_value("Meet us at the crane, {name}.")
        await expect(page.get_by_label("Price")).not_to_be_checked()
        await expect(page.get_by_label("Without logo")).to_be_visible()
        await expect(page.locator("[name=base]")).to_have_value("1")
        await page.get_by_label("Headings").fill("#0b5a8a")
        await page.get_by_label("Logo (").set_input_files(
            {"name": "logo.gif", "mimeType": "image/gif", "buffer": b"GIF89a"}
        )
        await page.get_by_role("button", name="Save and look").click()
        await expect(page.get_by_role("alert")).to_contain_text("no picture")
        await expect(page.locator("#text-en")).to_have_value("Meet us at the crane, {name}.")
        await page.get_by_role("button", name="Save and look").click()
        await expect(page.locator(".phone")).to_contain_text("Meet us at the crane")
        await expect(page.locator(".phone .band img")).to_have_count(1)


def harbour() -> bytes:
    """A logo as a venue has one, larger than needed."""
    picture = Image.new("RGBA", (1200, 480), (0, 0, 0, 0))
    for at, colour in ((100, "#0b5a8a"), (450, "#d97706"), (800, "#14213d")):
        picture.paste(colour, (at, 120, at + 260, 400))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


async def slip_of(central: Client) -> list[dict[str, Any]]:
    """The parts of the slip of a new ticket for the tour."""
    request = await central.reserve(4, TOUR, 1)
    await central.confirm(request)
    await central.issue(request)

    def make(connection: Any) -> list[Any]:
        found = find(connection, request["token"])
        assert isinstance(found, TicketRequest)
        papers = sheet.of_request(connection, central.api.venue, found, "en")
        return [one["parts"] for one in slip.slips(papers)]

    [parts] = await central.api.database.write(make)
    return list(parts)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (bomb(), "too many dots"),
        (png(60, 60)[:900], "damaged"),
        (png(60, 60, "GIF"), "no picture"),
        (png(60, 60, "JPEG")[:400], "damaged"),
        (b"<svg onload='alert(1)'/>", "no picture"),
        (b"\x89PNG\r\n\x1a\n", "no picture"),
        (b"x" * (2 * 1024 * 1024 + 1), "too large"),
    ],
    ids=["bomb", "torn PNG", "GIF", "torn JPEG", "SVG", "empty PNG", "too large"],
)
def test_what_cannot_be_a_logo_is_refused(content: bytes, told: str) -> None:
    made = logo.make(content)
    assert isinstance(made, Refused)
    assert told in made.detail


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_becomes_a_small_png_of_nothing_but_its_dots(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    made = logo.make(png(700, 700, kind, exif=exif))
    assert isinstance(made, bytes)
    assert b"home" not in made
    assert len(made) <= logo.MAX_STORED
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.size == (240, 240)
        assert not picture.getexif()
    assert len(slip.black_and_white(made)) * 20 < MAX_PAYLOAD / 4


def test_a_logo_stands_as_its_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = logo.make(png(60, 20, "JPEG", exif=exif))
    assert isinstance(made, bytes)
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.size == (20, 60)


async def test_a_hostile_form_changes_nothing(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        form = {"name": "admin", "password": PASSWORD}
        async with central.http.post("/office/sign-in", data=form, headers=OURS) as answer:
            assert answer.status == 200
        good = {"band": "#123456", "ink": "#123456", "qr_mm": "50"}
        wrong: list[tuple[dict[str, str], bytes, int, str]] = [
            (good, b"x" * 20_000_000, 413, "too large"),
            (good | {"text-en": "x" * 9000}, b"", 413, "too large"),
            (good, b"GIF89a", 409, "no picture"),
            (good | {"ink": "#eeeeee"}, b"", 409, "hard to read"),
            (good | {"text-en": "{nobody}"}, b"", 409, "unknown"),
            (good | {"small-en": "\u202e"}, b"", 400, "control"),
            (good | {"qr_mm": "a"}, b"", 400, "whole number"),
        ]
        for fields, file, status, told in wrong:
            sent = FormData(fields)
            sent.add_field("logo", file, filename="../../logo.png", content_type="image/png")
            async with central.http.post("/office/designs/4", data=sent, headers=OURS) as answer:
                assert (answer.status, told in await answer.text()) == (status, True)
        for body, kind in (
            (b"--x\r\n", "multipart/form-data; boundary=x"),
            (b"nothing", "multipart/form-data"),
            (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
            (b"--x\r\nno header\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
            (b"--x\r\n" + b"a" * 70_000, "multipart/form-data; boundary=x"),
            (b"a=b", "application/x-www-form-urlencoded"),
        ):
            headers = OURS | {"Content-Type": kind}
            async with central.http.post("/office/designs/4", data=body, headers=headers) as answer:
                assert answer.status == 400
        sent = FormData({"band": "#123456"}, default_to_multipart=True)
        async with central.http.post("/office/designs/999", data=sent, headers=OURS) as answer:
            assert answer.status in (400, 409)
        async with central.http.get("/office/designs/4") as answer:
            assert "Saved designs" not in await answer.text()
