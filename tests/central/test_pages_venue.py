"""The venue's pages: a wizard for a new attraction, any other change, revisions."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page, expect
from support.central import CONFIG, Clock, central_in
from support.office import Office, hire, office_in
from support.roles import sign_in

from central.catalogue import toml_text
from central.catalogue.offers import Weekday
from central.catalogue.venue import Venue, read_venue
from central.catalogue.wizard import Hours, TicketType, Times, Wish, new_id, written
from central.settings import Channel

SAMPLE = (CONFIG / "venue.toml").read_text(encoding="utf-8")
NASTY = 'Evil"]\n[[attractions]]'
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def wish(**changes: Any) -> Wish:
    told: dict[str, Any] = {
        "name": {"en": "Crane", "de": "Kran", "fr": "Grue"},
        "text": {},
        "first": date(2026, 12, 1),
        "until": None,
        "tickets": (TicketType({"en": "A", "de": "B", "fr": "C"}, Decimal("5.00")),),
        "channels": tuple(Channel),
        "hours": (Hours((Weekday.SA, Weekday.MO), "10:00", "17:00"),),
    }
    return Wish(**told | changes)


def with_it(asked: Wish) -> Venue:
    before = read_venue(SAMPLE, "sample")
    return read_venue(f"{SAMPLE}\n{written(before, asked, 100)}", "sample and more")


@given(ANY)
def test_a_text_in_toml_says_what_it_says(told: str) -> None:
    assert tomllib.loads(f"a = {toml_text.text(told)}") == {"a": told}
    assert tomllib.loads(f"a = {toml_text.table({told: told})}") == {"a": {told: told}}
    assert tomllib.loads(f"a = {toml_text.texts([told, told])}") == {"a": [told, told]}


@settings(max_examples=15, deadline=None)
@given(ANY.filter(bool), ANY)
def test_no_name_breaks_out_of_its_place(name: str, text: str) -> None:
    names = dict.fromkeys(("en", "de", "fr"), name)
    text_of = dict.fromkeys(names, text)
    data = tomllib.loads(written(read_venue(SAMPLE, "sample"), wish(name=names, text=text_of), 100))
    [one] = data["attractions"]
    assert data.keys() == {"attractions"}
    assert (one["name"], one.get("text", text_of)) == (names, text_of)
    assert [product["id"] for product in one["products"]] == [100]


def test_a_location_is_written_as_asked() -> None:
    venue = with_it(wish(capacity=40, until=date(2027, 2, 1), tax_percent=Decimal(7)))
    made = venue.attraction("crane")
    assert made
    assert made.capacity == 40
    [opening] = made.openings
    told = (opening.days, opening.open, opening.close, opening.first, opening.until)
    assert told == (
        "FREQ=WEEKLY;BYDAY=MO,SA",
        "10:00",
        "17:00",
        "2026-12-01",
        date(2027, 2, 1),
    )
    [offer] = made.products
    assert (offer.id, offer.price, offer.tax_percent) == (100, Decimal("5.00"), Decimal(7))
    assert set(offer.channels) == set(Channel)


def test_an_event_is_written_as_asked() -> None:
    days = (Weekday.FR,)
    venue = with_it(wish(hours=(), times=Times(days, ("14:00", "16:30"), 45, 20, 5)))
    made = venue.attraction("crane")
    assert made
    assert [one.first for one in made.schedules] == ["2026-12-01T14:00", "2026-12-01T16:30"]
    assert {one.rrule for one in made.schedules} == {"FREQ=WEEKLY;BYDAY=FR"}
    once = with_it(wish(hours=(), times=Times((), ("20:00",), 45, 20, 5))).attraction("crane")
    assert once
    assert once.schedules[0].rrule == "FREQ=DAILY;COUNT=1"


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Évening  Concert!", "evening-concert"),
        ("Schloßgraben", "schlossgraben"),
        ("3 Türme", "turme"),
        ("Museum", "museum-2"),
        ("美術館", "attraction"),
        ("x" * 100, "x" * 36),
    ],
)
def test_an_id_is_made_of_the_name(name: str, id_: str) -> None:
    assert new_id(name, {"museum"}) == id_


async def test_the_wizard_sets_an_attraction_up(tmp_path: Path, clock: Clock) -> None:
    async with office_in(tmp_path, clock) as office:
        page = office.page
        await office.go("/office/venue")
        await expect(page.get_by_text("Revision 1 counts")).to_be_visible()
        await office.fair()
        await page.get_by_role("link", name="New attraction").click()
        await office.fair()
        await _fill(page)
        await office.picture("P9-wizard-form")
        await page.get_by_label("Opens").first.fill("9 o'clock")
        await page.get_by_role("button", name="What would change?").click()
        await expect(page.get_by_role("alert")).to_contain_text("Opens 1: a time like 18:00")
        await expect(page.get_by_label("Name (de)")).to_have_value('Kran "Emma"')
        await page.get_by_label("Opens").first.fill("09:30")
        await page.get_by_role("button", name="What would change?").click()
        diff = page.get_by_role("list").filter(has_text="product 20")
        await expect(diff).to_contain_text('attraction "crane-emma" (Crane "Emma") is new')
        await expect(diff).to_contain_text("product 20 (crane-emma: Climb) is new, 4.50 EUR")
        await page.get_by_text("What is written into venue.toml").click()
        await office.fair()
        await office.picture("P9-wizard")
        assert office.central.api.venue.attraction("crane-emma") is None
        await page.get_by_role("button", name="Change the venue").click()
        await expect(page.get_by_role("status").first).to_contain_text("The venue is changed")
        await expect(page.get_by_text("Revision 2 counts")).to_be_visible()
        made = office.central.api.venue.attraction("crane-emma")
        assert made
        assert [(one.id, one.price) for one in made.products] == [(20, Decimal("4.50"))]
        slots = await office.central.get(
            "/v1/attractions/crane-emma/slots?from=2026-11-23&until=2026-12-06"
        )
        assert len(slots["slots"]) == 4
        await _is_in_the_trail(office)


async def _fill(page: Page) -> None:
    for language, name in (("en", "Crane"), ("de", "Kran"), ("fr", "Grue")):
        await page.get_by_label(f"Name ({language})").fill(f'{name} "Emma"')
        await page.get_by_label(f"Called ({language})").first.fill("Climb")
    week = page.get_by_role("group", name="Open on these days")
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri"):
        await week.get_by_label(day).uncheck()
    await page.get_by_label("From the day").fill("2026-11-23")
    await page.get_by_label("Persons a day").fill("30")
    await page.get_by_label("Price, EUR").first.fill("4,50")
    await page.get_by_label("the web shop").uncheck()


async def _is_in_the_trail(office: Office) -> None:
    await office.go("/office/audit?action=import-venue")
    await expect(office.page.get_by_role("row").nth(1)).to_contain_text("revision 2")


async def test_an_event_is_set_up_and_any_text_is_checked_first(
    tmp_path: Path, clock: Clock
) -> None:
    async with office_in(tmp_path, clock, width=360) as office:
        page = office.page
        await office.go("/office/venue/new/event")
        await office.fair()
        for language in ("en", "de", "fr"):
            await page.get_by_label(f"Name ({language})").fill(NASTY.replace("\n", " "))
            await page.get_by_label(f"Called ({language})").first.fill("</textarea><script>x")
        await page.get_by_label("Begins at").fill("19:00, 21:00")
        await page.get_by_label("Price, EUR").first.fill("10")
        await page.get_by_role("button", name="What would change?").click()
        await expect(page.get_by_text('attraction "evil-attractions"')).to_be_visible()
        await page.get_by_role("button", name="Change the venue").click()
        await expect(page.get_by_text("Revision 2 counts")).to_be_visible()
        await office.fair()
        text = page.get_by_label("The text of venue.toml")
        good = await text.input_value()
        assert "</textarea><script>x" in good
        await text.fill(good.replace('price = "12.00"', 'price = "a lot"'))
        await page.get_by_role("button", name="Check it").click()
        await expect(page.get_by_role("alert")).to_contain_text("museum, product 1")
        await text.fill(good.replace('price = "12.00"', 'price = "13.00"'))
        await page.get_by_role("button", name="Check it").click()
        await expect(page.get_by_text("Adult): price 12.00 → 13.00")).to_be_visible()
        await office.fair()
        await page.get_by_role("link", name="Leave all as it is").click()
        file = {"name": "v.toml", "mimeType": "text/plain", "buffer": SAMPLE.encode()}
        await page.get_by_label("Or a file").set_input_files(files=[file])
        await page.get_by_role("button", name="Check the file").click()
        await expect(page.get_by_text('attraction "evil-attractions"')).to_contain_text("is gone")
        await page.get_by_role("button", name="Change the venue").click()
        await expect(page.get_by_text("Revision 3 counts")).to_be_visible()
        assert office.central.api.venues.revision.text.strip() == SAMPLE.strip()
        await page.get_by_role("link", name="See revision 2").click()
        await office.fair()
        await page.get_by_role("button", name="What would change").click()
        await expect(page.get_by_text('attraction "evil-attractions"')).to_contain_text("is new")


async def test_what_was_typed_is_not_lost_for_a_character_in_it(
    tmp_path: Path, clock: Clock
) -> None:
    async with central_in(tmp_path, clock) as central:
        await hire(central)
        headers = await sign_in(central, "admin")
        typed = {"text": "# an evening's work\n\u202e", "name-en": "Crane\u202e", "base": "1"}
        for path, kept in (
            ("check", "# an evening&#39;s work\n"),
            ("import", "# an evening&#39;s work\n"),
            ("new/location", 'value="Crane'),
        ):
            async with central.http.post(
                f"/office/venue/{path}", data=typed, headers=headers
            ) as answer:
                assert answer.status == 409
                body = await answer.text()
            assert kept in body
            assert "no control characters" in body
        file = FormData()
        file.add_field("file", b"\xff", filename="venue.toml")
        async with central.http.post("/office/venue/upload", data=file, headers=headers) as answer:
            body = await answer.text()
        assert "that file is no text in UTF-8" in body
        assert "[[attractions]]" in body


async def test_two_who_change_the_venue_do_not_overwrite_each_other(
    tmp_path: Path, clock: Clock
) -> None:
    async with office_in(tmp_path, clock) as office:
        page = office.page
        await office.go("/office/venue")
        text = page.get_by_label("The text of venue.toml")
        await text.fill(SAMPLE.replace('price = "12.00"', 'price = "13.00"'))
        await page.get_by_role("button", name="Check it").click()
        await expect(page.get_by_text("Adult): price 12.00 → 13.00")).to_be_visible()
        other = SAMPLE.replace('price = "12.00"', 'price = "14.00"')
        async with office.central.http.post(
            "/v1/venue",
            data=other.encode(),
            headers=office.central.as_("office-1")._token() | {"Idempotency-Key": "1"},
        ) as answer:
            assert answer.status == 200
        await page.get_by_role("button", name="Change the venue").click()
        await expect(page.get_by_role("alert")).to_contain_text("somebody imported another one")
        assert office.central.api.venues.revision.text == other
