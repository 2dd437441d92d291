"""A venue is set up from one file: read and checked as a whole, told in words, applied at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from support.central import CONFIG, DEVICES, MUSEUM, TOUR, Client, Clock, central_in

from central.catalogue import imports, venues
from central.catalogue.planning import plan_newest
from central.sale.states import By
from central.service import follow_venue

TEXT = (CONFIG / "venue.toml").read_text()
CONCERT = "concert-20261121T1900Z"


@pytest.fixture
async def shop(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    """Central on SQLite, as the office sees it."""
    async with central_in(tmp_path, clock) as client:
        yield client.as_("office-1")


def changed(*replacements: tuple[str, str], text: str = TEXT) -> str:
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return text


async def send(
    office: Client, text: str | bytes, status: int = 200, query: str = "", key: str = "1"
) -> Any:
    headers = {
        "Authorization": f"Bearer {DEVICES[office.device].token}",
        "Idempotency-Key": key,
    }
    data = text if isinstance(text, bytes) else text.encode()
    async with office.http.post(f"/v1/venue{query}", data=data, headers=headers) as answer:
        return await _body(answer, status)


async def _body(answer: ClientResponse, status: int) -> Any:
    body = await answer.json(content_type=None)
    assert answer.status == status, body
    return body


async def check(office: Client, text: str, status: int = 200) -> Any:
    return await send(office, text, status, "?check")


async def said(office: Client, *replacements: tuple[str, str]) -> str:
    """What the office is told that these changes of the sample would change."""
    answer = await check(office, changed(*replacements))
    return "\n".join(f"{one['kind']}: {one['text']}" for one in answer["changes"])


async def refused(office: Client, *replacements: tuple[str, str]) -> str:
    text = changed(*replacements)
    told = await check(office, text)
    problem = await send(office, text, 409)
    assert problem["code"] == "venue_refused"
    assert problem["problems"] == told["refused"]
    assert (await office.get("/v1/venue"))["revision"] == 1
    return "\n".join(told["refused"])


async def test_the_first_start_imports_the_file_and_later_ones_count_what_is_imported(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "venue.toml"
    file.write_text(TEXT)
    caplog.set_level(logging.INFO, "wicket.central")
    async with central_in(tmp_path, clock, venue=file) as client:
        told = await client.as_("office-1").get("/v1/venue")
    assert (told["revision"], told["who"], told["text"]) == (1, "central", TEXT)
    assert "import-venue" not in caplog.text
    file.write_text(changed(("Harbour Museum", "Port Museum")))
    async with central_in(tmp_path, clock, venue=file) as client:
        assert (await client.get("/v1/catalogue"))["venue"] == "Harbour Museum"
    [line] = [one for one in caplog.messages if "import-venue" in one]
    assert str(file) in line
    file.write_text("not [ toml")
    async with central_in(tmp_path, clock, venue=None) as client:
        assert (await client.get("/v1/catalogue"))["venue"] == "Harbour Museum"


async def test_every_call_after_an_import_sees_it_and_gates_are_told(shop: Client) -> None:
    before = await shop.get("/v1/feed")
    done = await send(shop, changed(('en = "Family"', 'en = "Tribe"'), ('"28.00"', '"30.00"')))
    assert done["revision"] == 2
    catalogue = await shop.get("/v1/catalogue")
    [family] = [p for a in catalogue["attractions"] for p in a["products"] if p["id"] == 3]
    assert (family["name"]["en"], family["price"]["amount"]) == ("Tribe", "30.00")
    [entry] = (await shop.get(f"/v1/feed?after={before['entries'][-1]['n']}"))["entries"]
    assert entry["fact"]["product"]["name"] == "Tribe"
    [museum] = await shop.as_("kiosk-1").sell(3, MUSEUM)
    assert museum["product"] == 3


async def test_the_same_call_again_has_no_second_effect(shop: Client) -> None:
    text = changed(('"28.00"', '"30.00"'))
    assert await send(shop, text, key="k") == await send(shop, text, key="k")
    assert (await send(shop, text, key="another"))["changes"] == []
    assert (await shop.get("/v1/venue"))["revision"] == 2


async def test_a_check_changes_nothing(shop: Client) -> None:
    answer = await check(shop, changed(('"28.00"', '"30.00"')))
    assert answer["revision"] == 1
    assert (await shop.get("/v1/venue"))["text"] == TEXT


@pytest.mark.parametrize(
    ("replacement", "told"),
    [
        (('"28.00"', '"30.00"'), "changed: product 3 (museum: Family): price 28.00 → 30.00"),
        (('en = "Family"', 'en = "Tribe"'), '(museum: Tribe): name.en "Family" → "Tribe"'),
        (("capacity = 80", "capacity = 90"), 'attraction "concert" (Evening concert): capacity 80'),
        (('name = "early bird"', 'name = "early"'), 'price rule "early bird" is gone'),
        (('name = "early bird"', 'name = "early"'), 'price rule "early" is new'),
        (('price = "20.00"', 'price = "21.00"'), 'price rule "early bird": price 20.00 → 21.00'),
        (('id = "theatre"', 'id = "stage"'), 'gone: attraction "theatre" (Theatre) is gone'),
        (('id = "theatre"', 'id = "stage"'), 'added: attraction "stage" (Theatre) is new, ev'),
        (("id = 7\n", "id = 77\n"), "gone: product 7 (concert: Child) is sold no more"),
        (("id = 7\n", "id = 77\n"), "added: product 77 (concert: Child) is new, 12.50 EUR"),
        (('name = "Harbour Museum"', 'name = "Port"'), 'the venue: name "Harbour Museum" → "Port"'),
        (("duration_min = 120", "duration_min = 90"), "(Evening concert): times changed"),
        (("T20:00", "T19:30"), "time slots of 'concert': 58 new, 58 gone"),
        (('# cut_off = "home', 'cut_off = "staff_lane" # '), "when cut off nothing → staff_lane"),
        (("# [cut_off]\n# staff", "[cut_off]\nstaff"), "the venue: when cut off: staff_lane_above"),
    ],
)
async def test_what_would_change_is_told_in_words(
    shop: Client, replacement: tuple[str, str], told: str
) -> None:
    assert told in await said(shop, replacement)


async def test_what_is_sold_and_must_be_settled_is_told_with_its_numbers(shop: Client) -> None:
    kiosk = shop.as_("kiosk-1")
    await kiosk.sell(7, CONCERT, 5)
    await kiosk.reserve(6, CONCERT, 2)
    await kiosk.sell(4, TOUR, 3)
    gone = await said(shop, ("id = 7\n", "id = 77\n"))
    assert "product 7 (concert: Child) is sold no more; 5 sold or reserved stay good" in gone
    closed = await said(shop, ("T20:00", "T19:30"))
    assert "conflict: concert, Sat 21 Nov - 20:00: closed, with 7 places sold" in closed
    small = await said(shop, ("capacity = 80", "capacity = 6"))
    assert "conflict: concert, Sat 21 Nov - 20:00: 6 places, of which 7 are sold" in small
    later = await said(shop, ("duration_min = 45", "duration_min = 50"))
    assert "conflict: tour, Sat 21 Nov - 14:30: other hours than 3 places" in later


async def test_what_was_told_of_sold_slots_is_what_comes(shop: Client) -> None:
    tickets = await shop.as_("kiosk-1").sell(7, CONCERT, 5)
    await send(shop, changed(("T20:00", "T19:30")))
    [conflict] = (await shop.get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["slot"]["id"]) == ("slot_closed", CONCERT)
    assert len(tickets) == 5
    body = await shop.get("/v1/attractions/concert/slots?date=2026-11-21")
    assert [(s["id"], s["blocked"]) for s in body["slots"]] == [
        ("concert-20261121T1830Z", None),
        (CONCERT, "slot_closed"),
    ]


async def test_a_product_that_is_sold_keeps_its_meaning(shop: Client) -> None:
    swapped = (("id = 7\n", "id = 70\n"), ("id = 5\n", "id = 7\n"))
    assert (await check(shop, changed(*swapped)))["refused"] == []
    await shop.as_("kiosk-1").sell(7, CONCERT)
    told = await refused(shop, *swapped)
    assert "product 7: 1 were sold as a ticket of 'concert'; give this ticket of 'tour'" in told


async def test_the_attractions_that_sold_products_open_stay_theirs(shop: Client) -> None:
    line = {"product": 8, "quantity": 1}
    body = {"lines": [line], "channel": "office"}
    await shop.confirm(await shop.post("/v1/requests", body, 201))
    less = ('admits = ["museum", "tour"]', 'admits = ["museum"]')
    text = changed(less) if less[0] in TEXT.split("[[attractions.products]]\nid = 8")[1] else TEXT
    told = await check(shop, text.replace(less[0], less[1]))
    assert "product 8: 1 were sold that open tour" in told["refused"][0]


async def test_the_currency_stays_once_something_was_sold(shop: Client) -> None:
    franc = ('currency = "EUR"', 'currency = "CHF"')
    assert (await check(shop, changed(franc)))["refused"] == []
    await shop.as_("kiosk-1").sell(1, MUSEUM)
    assert "there are sales in EUR" in await refused(shop, franc)


async def test_a_venue_without_sales_may_change_its_currency(shop: Client) -> None:
    await send(shop, changed(('currency = "EUR"', 'currency = "CHF"')))
    quote = {"lines": [{"product": 1, "slot": MUSEUM, "quantity": 1}], "channel": "kiosk"}
    assert (await shop.post("/v1/quotes", quote))["total"]["currency"] == "CHF"
    assert (await shop.get("/v1/promo-codes"))["promo_codes"] == []


async def test_what_does_not_fit_together_is_told_one_by_one(shop: Client) -> None:
    text = changed(("id = 7\n", "id = 4\n"), ('currency = "EUR"', 'currency = "€"'))
    problem = await send(shop, text, 400)
    assert problem["problems"] == [
        "venue.toml: product id 4 is used 2 times",
        "venue.toml: currency '€' is no ISO 4217 code like EUR",
    ]


async def test_every_mistake_is_told_and_nothing_changes(shop: Client) -> None:
    mistakes = (("capacity = 80", "capactiy = 80"), ('"28.00"', "28.0"), ("id = 7\n", "id = 0\n"))
    text = changed(*mistakes)
    for query in ("", "?check"):
        problem = await send(shop, text, 400, query)
        assert problem["code"] == "venue_invalid"
        assert len(problem["problems"]) == 3
        assert all(one.startswith("venue.toml: attractions[") for one in problem["problems"])
        assert any("did you mean 'capacity'" in one for one in problem["problems"])
    assert (await shop.get("/v1/venue"))["revision"] == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"name = 'x\0y'",
        b"[" * 100_000,
        b"a=" + b"[" * 100_000,
        b"a = 1\n" * 3,
        b"#" * 600_000,
        TEXT.replace("FREQ=DAILY", "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30").encode(),
    ],
)
async def test_hostile_texts_are_a_clear_problem(shop: Client, text: bytes) -> None:
    problem = await send(shop, text, 400)
    assert problem["code"] in ("invalid", "venue_invalid")


async def test_a_rule_that_began_long_ago_costs_no_more(shop: Client) -> None:
    old = changed(('first = "2026-01-01T00:00"', 'first = "0001-01-01T00:00"'))
    async with asyncio.timeout(30):
        assert "conflict" not in str((await check(shop, old))["changes"])


async def test_more_slots_than_any_venue_has_are_refused(shop: Client) -> None:
    rule = "FREQ=MINUTELY;INTERVAL=30"
    tour = changed((rule, "FREQ=MINUTELY"))
    _, concert = changed(('"FREQ=DAILY"', '"FREQ=MINUTELY"')).split('[[attractions]]\nid = "conc')
    two = tour.split('[[attractions]]\nid = "conc')[0] + '[[attractions]]\nid = "conc' + concert
    assert "more than 100000 time slots" in (await check(shop, two))["refused"][0]


async def test_only_the_office_sees_and_changes_the_venue(shop: Client) -> None:
    for device in ("kiosk-1", "web-1", "gate-1"):
        await shop.as_(device).get("/v1/venue", 403)
        await send(shop.as_(device), TEXT, 403)


async def test_an_import_upon_a_venue_that_changed_meanwhile_is_refused(shop: Client) -> None:
    await send(shop, changed(('"28.00"', '"30.00"')))
    other = changed(('"28.00"', '"31.00"'))
    problem = await send(shop, other, 409, "?revision=1", key="2")
    assert problem["code"] == "venue_changed"
    assert (await send(shop, other, query="?revision=2", key="3"))["revision"] == 3


async def test_a_running_worker_takes_up_what_another_imports(
    kiosk: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "wicket.central")
    database = kiosk.api.database
    text, by = changed(('"12.00"', '"13.00"')), By("another", kiosk.clock())
    await database.write(lambda c: imports.apply(c, text, "venue.toml", by, gates=()))
    database.written.clear()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        following = group.create_task(follow_venue(kiosk.api))
        await database.written.wait()
        following.cancel()
    assert "the venue is revision 2 now" in caplog.text
    quote = {"lines": [{"product": 1, "slot": MUSEUM, "quantity": 1}], "channel": "kiosk"}
    assert (await kiosk.post("/v1/quotes", quote))["total"]["amount"] == "13.00"


async def test_a_worker_that_is_behind_does_not_plan_by_the_old_venue(shop: Client) -> None:
    behind, now = shop.api.venues.revision, shop.clock()
    await send(shop, changed(("T20:00", "T19:30")))
    database = shop.api.database
    assert await database.write(lambda c: plan_newest(c, behind, now)) is None
    newest = await database.read(venues.newest)
    assert newest is not None
    assert await database.write(lambda c: plan_newest(c, newest, now)) == now.date()


async def test_imports_at_once_make_one_revision_after_the_other(office: Client) -> None:
    texts = [changed(('"28.00"', f'"{price}.00"')) for price in range(30, 36)]
    done = await asyncio.gather(
        *(send(office, text, key=str(number)) for number, text in enumerate(texts))
    )
    assert sorted(one["revision"] for one in done) == [2, 3, 4, 5, 6, 7]
    last = max(done, key=lambda one: one["revision"])
    assert (await office.get("/v1/venue"))["text"] == texts[done.index(last)]
