"""Tickets as page, PDF and paper: one layout, and the code that was signed can be read off each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops
from sqlalchemy import update
from support.central import CONFIG, NOW, TOUR, Client

from central.catalogue.venue import Venue, load_venue
from central.papers import calendar, designs, fonts, layout, pdf, sample, sheet, slip
from central.papers.design import DEFAULT, Design, Hole, contrast, fill
from central.papers.designs import BEGUN, Revision
from central.papers.layout import Pair, Place
from central.papers.sheet import Papers
from central.sale import vouchers
from central.sale.request_rows import find
from central.sale.states import By, Refused, TicketRequest
from central.store.schema import ticket_design
from hal.drivers.escpos_bytes import Paper, render
from hal.sim.paper import draw
from hal.slips import read_slip

VENUE = load_venue(CONFIG / "venue.toml")
ME = By("admin", NOW)
HOSTILE = "<script>alert('x')</script> {venue.__class__} 日本 😀 \ufffd"


async def papers_of(central: Client, token: str, language: str = "") -> Papers:
    def make(connection: Any) -> Papers:
        request = find(connection, token)
        assert isinstance(request, TicketRequest)
        return sheet.of_request(connection, central.api.venue, request, language)

    made: Papers = await central.api.database.read(make)
    return made


def first_page(made: bytes) -> tuple[Image.Image, str]:
    """At 100 dots an inch, and its text."""
    page = pypdfium2.PdfDocument(made)[0]
    return page.render(scale=100 / 72).to_pil(), page.get_textpage().get_text_range()


def codes_in(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


async def test_pdf_and_paper_hold_the_code_that_was_signed(kiosk: Client) -> None:
    holder = {"name": HOSTILE, "email": "", "phone": ""}
    request = await kiosk.reserve(4, TOUR, 2, holder=holder, language="fr")
    await kiosk.confirm(request)
    sold = (await kiosk.issue(request))["tickets"]
    papers = await papers_of(kiosk, request["token"])
    made = pdf.tickets_pdf(papers)
    picture, text = first_page(made)
    assert codes_in(picture) == [sold[0]["code"]]
    assert "Visite guidée" in text
    assert "<script>alert('x')</script>" in text
    document = pypdfium2.PdfDocument(made)
    assert len(document) == 2
    assert document.get_metadata_value("Title") == "Harbour Museum - Visite guidée, Adulte"
    assert b"/Lang (fr)" in made
    told = await kiosk.get(f"/v1/requests/{request['token']}/slips/{sold[1]['id']}")
    assert told == slip.slips(papers)[1]
    paper = draw(render(read_slip(told), Paper()))
    assert codes_in(paper) == [sold[1]["code"]]


async def test_a_slip_is_told_only_of_the_request_it_belongs_to(kiosk: Client) -> None:
    one, other = await kiosk.reserve(4, TOUR), await kiosk.reserve(4, TOUR)
    await kiosk.confirm(one)
    [ticket] = (await kiosk.issue(one))["tickets"]
    answer = await kiosk.get(f"/v1/requests/{other['token']}/slips/{ticket['id']}", 404)
    assert answer["code"] == "unknown_ticket"


async def test_a_cancelled_ticket_has_no_code_on_any_paper(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR)
    await kiosk.confirm(request)
    await kiosk.issue(request)
    await kiosk.cancel(request)
    papers = await papers_of(kiosk, request["token"], "de")
    picture, text = first_page(pdf.tickets_pdf(papers))
    assert codes_in(picture) == []
    assert "storniert" in text
    assert not any("code" in part for part in slip.slips(papers)[0]["parts"])


async def test_vouchers_are_papers_too(office: Client) -> None:
    line = {"product": 9, "slot": "", "quantity": 2}
    request = await office.post("/v1/requests", {"lines": [line], "channel": "office"}, 201)
    await office.confirm(request)
    sold = (await office.issue(request))["vouchers"]
    papers = await papers_of(office, request["token"], "en")
    picture, text = first_page(pdf.tickets_pdf(papers))
    assert codes_in(picture) == [sold[0]["code"]]
    assert "Gift voucher" in text
    assert "€50.00" in text
    await office.cancel(request)
    papers = await papers_of(office, request["token"], "en")
    picture, text = first_page(pdf.tickets_pdf(papers))
    assert codes_in(picture) == []
    assert "blocked" in text
    assert sold[0]["code"] not in text + str(slip.slips(papers))


async def test_a_voucher_is_worth_what_is_left_on_it(office: Client) -> None:
    sold = {}
    for product in (9, 10):
        line = {"product": product, "slot": "", "quantity": 1}
        gift = await office.post("/v1/requests", {"lines": [line], "channel": "office"}, 201)
        await office.confirm(gift)
        [sold[product]] = (await office.issue(gift))["vouchers"]
    request = await office.reserve(4, TOUR, 2)
    payment = {"method": "voucher", "reference": sold[9]["code"], "amount": request["total"]}
    await office.post(f"/v1/requests/{request['token']}/confirm", {"payment": payment})

    def worth(connection: Any) -> list[str]:
        words, place = sheet.words_of(VENUE, "en"), Place("Museum", {}, frozenset())
        told = []
        for one in sold.values():
            found = vouchers.find(connection, one["code"])
            assert not isinstance(found, Refused)
            blocks = layout.of_voucher(found, {}, DEFAULT, place, words)
            told += [block.value for block in blocks if isinstance(block, Pair) and block.large]
        return told

    assert await office.api.database.read(worth) == ["€34.00", "2 tickets"]


@pytest.mark.parametrize(
    ("language", "name", "adult"),
    [("ar", "متحف المرفأ", "بالغ"), ("he", "מוזיאון הנמל", "מבוגר")],
)
def test_right_to_left_stands_at_the_right(language: str, name: str, adult: str) -> None:
    papers = sample.papers(in_one_language(language, name, adult), BEGUN, language, NOW)
    assert papers.direction == "rtl"
    picture, text = first_page(pdf.tickets_pdf(papers))
    assert codes_in(picture) == [sample.CODE]
    for word in (*name.split(), adult):
        assert word in text or word[::-1] in text
    right_half = picture.crop((413, 158, 760, 185)).convert("L")
    left, _, right, _ = ImageChops.invert(right_half).getbbox() or (0,) * 4
    assert right >= 320  # the heading ends at 188 mm, where the card does less its padding
    assert left >= 50
    paper = draw(render(read_slip(slip.slips(papers)[0]), Paper()))
    assert codes_in(paper) == [sample.CODE]


def in_one_language(language: str, name: str, adult: str) -> Venue:
    """The museum of the sample venue, named so."""
    museum = VENUE.attraction("museum")
    assert museum
    offer = replace(museum.products[0], name={language: adult}, text={}, ticket_text={})
    museum = replace(museum, name={language: name}, text={}, products=(offer,))
    return replace(VENUE, name=name, languages=(language,), attractions=(museum,))


def test_without_fonts_a_pdf_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fonts, "FONT_ROOT", tmp_path)
    for name in ("Harbour Museum", "متحف المرفأ"):
        papers = sample.papers(replace(VENUE, name=name), BEGUN, "ar", NOW)
        picture, text = first_page(pdf.tickets_pdf(papers))
        assert codes_in(picture) == [sample.CODE]
        assert "Adult" in text
    assert len([one for one in caplog.messages if "Western" in one]) == 1


def test_a_pdf_has_at_most_a_hundred_tickets() -> None:
    one = sample.papers(VENUE, BEGUN, "en", NOW)
    many = replace(one, sheets=one.sheets * (pdf.MOST + 2))
    assert len(pypdfium2.PdfDocument(pdf.tickets_pdf(many))) == pdf.MOST
    document = pypdfium2.PdfDocument(pdf.tickets_pdf(many, first=pdf.MOST))
    assert len(document) == 2
    assert "Ticket 101 of 102" in document[0].get_textpage().get_text_range()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ink": "#aaaaaa"}, "hard to read"),
        ({"ink": "red"}, "like #14213d"),
        ({"band": "url(//example.org)"}, "like #14213d"),
        ({"qr_mm": 10}, "35 to 80"),
        ({"text": {"en": "{venue.name}"}}, "unknown"),
        ({"text": {"en": "{"}, "small_print": {"en": "{secret}"}}, "unknown"),
        ({"text": {"en": "x" * 501}}, "at most 500"),
        ({"small_print": {"en": "a\n" * 12}}, "12 lines"),
        ({"text": {"en": "turn \u202e round"}}, "control"),
    ],
)
def test_a_design_that_cannot_be_used_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Design(**changes)


@pytest.mark.parametrize("band", ["#000000", "#ffffff", "#777777", "#0b5a8a", "#ffd166"])
def test_the_venues_name_is_read_on_any_band(band: str) -> None:
    design = Design(band=band)
    assert contrast(design.on_band, band) >= 4.5


def test_a_slip_is_printed_however_long_the_designs_words_become() -> None:
    design = Design(text={"en": "{name} " * 71}, small_print={"en": "{name}" * 166})
    papers = sample.papers(VENUE, replace(BEGUN, design=design), "en", NOW)
    paper = draw(render(read_slip(slip.slips(papers)[0]), Paper()))
    assert codes_in(paper) == [sample.CODE]


def test_a_venue_that_sells_no_tickets_sees_a_design_too() -> None:
    museum = VENUE.attraction("museum")
    assert museum
    for attractions in ((), (replace(museum, products=()),)):
        papers = sample.papers(replace(VENUE, attractions=attractions, pretix=()), BEGUN, "en", NOW)
        assert codes_in(first_page(pdf.tickets_pdf(papers))[0]) == [sample.CODE]


def test_symbols_need_one_font_however_many_there_are(caplog: pytest.LogCaptureFixture) -> None:
    [font] = fonts.further_fonts("☃★⠃✓😀🎉")
    assert font.name == "NotoSansSymbols2-Regular.ttf"
    assert caplog.messages == []


def test_placeholders_are_filled_and_a_line_with_nothing_in_it_goes() -> None:
    values = {Hole.NAME: "{venue}", Hole.VENUE: "Harbour"}
    text = "Dear {name},\n\n{seats}\nwelcome to {venue} {"
    assert fill(text, values) == "Dear {venue},\n\nwelcome to Harbour {"


async def test_a_design_counts_when_it_is_used_and_a_products_own_before_that_of_all(
    office: Client,
) -> None:
    database, venue = office.api.database, office.api.venue

    async def saved(product: int, ink: str) -> Revision:
        made = await database.write(
            lambda c: designs.save(c, venue, product, Design(ink=ink, logo=b"\x89PNG"), ME)
        )
        assert isinstance(made, Revision)
        return made

    async def inks() -> list[str]:
        used = await database.read(lambda c: designs.in_use(c, [4, 5]))
        return [used[4].design.ink, used[5].design.ink]

    common, own = await saved(0, "#000001"), await saved(4, "#000004")
    later = await saved(4, "#000005")
    assert await inks() == [DEFAULT.ink] * 2
    for product, revision in ((0, common), (4, own)):
        await database.write(lambda c, p=product, r=revision: designs.use(c, p, r.id, ME))
    assert await inks() == ["#000004", "#000001"]
    newer = By("admin", NOW + timedelta(minutes=1))
    await database.write(lambda c: designs.use(c, 4, later.id, newer))
    assert (await inks())[0] == "#000005"
    mended = await saved(0, "#000002")
    await database.write(lambda c: designs.use(c, 0, mended.id, newer))
    assert (await inks())[1] == "#000002"
    spoilt = update(ticket_design).where(ticket_design.c.id == common.id).values(body={})
    await database.write(lambda c: c.execute(spoilt))  # of earlier ones nothing is even read
    wrong = await database.write(lambda c: designs.use(c, 5, own.id, ME))
    assert isinstance(wrong, Refused)
    await database.write(lambda c: designs.use_common(c, 4))
    assert await inks() == ["#000002"] * 2
    nowhere = await database.write(lambda c: designs.save(c, venue, 999, DEFAULT, ME))
    assert isinstance(nowhere, Refused)


def test_a_calendar_holds_any_text_in_short_lines() -> None:
    start = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)
    what = "Führung; Café, \\ \nBEGIN:VEVENT " + "ß" * 200
    event = calendar.Event("a@b", what, "Hafen", start, start, "", "https://example.org/t/x")
    lines = calendar.ics([event], NOW).split(b"\r\n")
    assert max(map(len, lines)) <= 75
    whole = b"\r\n".join(lines).replace(b"\r\n ", b"").decode()
    assert "DTSTART:20261121T133000Z\r\n" in whole
    assert "SUMMARY:Führung\\; Café\\, \\\\ \\nBEGIN:VEVENT ßß" in whole
    assert whole.count("\r\nBEGIN:VEVENT\r\n") == 1
