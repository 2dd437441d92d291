"""The sample venue has one of everything, and all of it can be bought."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.central import CONFIG, MUSEUM, Client, Clock, central_in

from admission.values import Control, Validation
from central.catalogue.offers import Offer, ProductKind, SlotPolicy
from central.catalogue.venue import Attraction, Kind, load_venue
from central.settings import Channel

VENUE = load_venue(CONFIG / "venue.toml")
SOLD = [(attraction, offer) for attraction in VENUE.attractions for offer in attraction.products]
OFFERS = [offer for _, offer in SOLD]


@pytest.fixture
async def central(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    async with central_in(tmp_path, clock) as client:
        yield client


@pytest.mark.parametrize(
    "missing",
    [
        set(Kind) - {attraction.kind for attraction in VENUE.attractions},
        set(ProductKind) - {offer.kind for offer in OFFERS},
        set(SlotPolicy) - {one.slot for a, o in SOLD for one in o.asks(a.id)},
        set(Validation) - {e.validation for a, o in SOLD for e in o.opens(a.id)},
        {True, False} - {one.optional for offer in OFFERS for one in offer.entitlements},
        {"never", "until_used", "24h"} - {offer.exchange for offer in OFFERS},
        {Control.SALES, Control.PRESENT} - {a.control for a in VENUE.attractions},
    ],
)
def test_the_sample_has_every_kind(missing: set[object]) -> None:
    assert missing == set()


@pytest.mark.parametrize(
    "there",
    [
        any(offer.persons > 1 for offer in OFFERS),
        any(offer.entries for offer in OFFERS),
        any(offer.product for offer in OFFERS),
        any(offer.worth for offer in OFFERS),
        any(offer.reentry and offer.grace_s for offer in OFFERS),
        any(offer.zones for offer in OFFERS),
        any(offer.admits for offer in OFFERS),
        any(offer.ticket_text for offer in OFFERS),
        any(rule.percent for offer in OFFERS for rule in offer.prices),
        any(rule.slots and rule.from_day for offer in OFFERS for rule in offer.prices),
        any(rule.channel for offer in OFFERS for rule in offer.prices),
        any(attraction.shares for attraction in VENUE.attractions),
        any(attraction.seating for attraction in VENUE.attractions),
        any(len(attraction.openings) > 1 for attraction in VENUE.attractions),
        any(other.closed for a in VENUE.attractions for other in a.exceptions),
        any(other.opening for a in VENUE.attractions for other in a.exceptions),
        any(other.times for a in VENUE.attractions for other in a.exceptions),
    ],
)
def test_the_sample_shows_it(*, there: bool) -> None:
    assert there


async def test_a_kiosk_shows_what_it_can_sell(central: Client) -> None:
    catalogue = await central.get("/v1/catalogue")
    products = {p["id"] for a in catalogue["attractions"] for p in a["products"]}
    assert products == {1, 2, 3, 4, 5, 6, 7}


async def free_slot(client: Client, attraction: str) -> str:
    """The first one that can be bought."""
    dates = (await client.get(f"/v1/attractions/{attraction}/dates"))["dates"]
    for day in dates:
        path = f"/v1/attractions/{attraction}/slots?date={day['date']}"
        for slot in (await client.get(path))["slots"]:
            if slot["blocked"] is None:
                return str(slot["id"])
    raise AssertionError(f"nothing of {attraction} is on sale")


async def line(client: Client, attraction: Attraction, offer: Offer) -> dict[str, Any]:
    wanted: dict[str, Any] = {"product": offer.id, "quantity": 2}
    chosen = [one.attraction for one in offer.asks(attraction.id) if one.slot is SlotPolicy.CHOSEN]
    if chosen == [attraction.id]:
        return wanted | {"slot": await free_slot(client, attraction.id)}
    return wanted | {"slots": {name: await free_slot(client, name) for name in chosen}}


@pytest.mark.parametrize(("attraction", "offer"), SOLD, ids=[f"{o.name['en']}" for o in OFFERS])
async def test_every_product_is_sold_and_issued_by_whoever_may(
    central: Client, attraction: Attraction, offer: Offer
) -> None:
    for channel in Channel:
        client = central.as_("kiosk-1" if channel is Channel.KIOSK else f"{channel.value}-1")
        order = {"lines": [await line(client, attraction, offer)], "channel": channel.value}
        if channel not in offer.channels:
            refused = await client.post("/v1/requests", order, 409)
            assert refused["code"] == "not_sold_here"
            continue
        request = await client.post("/v1/requests", order, 201)
        await client.confirm(request)
        issued = await client.issue(request)
        made = issued["vouchers" if offer.kind is ProductKind.VOUCHER else "tickets"]
        assert len(made) == 2
        if offer.kind is not ProductKind.VOUCHER:
            assert {one["product"] for one in made} == {offer.id}
            assert {one["persons"] for one in made} == {offer.persons}


async def test_the_voucher_of_a_product_pays_for_it(central: Client) -> None:
    office = central.as_("office-1")
    gift = {"lines": [{"product": 10, "quantity": 1}], "channel": "office"}
    request = await office.post("/v1/requests", gift, 201)
    await office.confirm(request)
    [voucher] = (await office.issue(request))["vouchers"]
    slot = await free_slot(office, "concert")
    for product, where, status in ((1, MUSEUM, 409), (6, slot, 200)):
        bought = {"product": product, "slot": where, "quantity": 2}
        wish = {"lines": [bought], "channel": "office"}
        request = await office.post("/v1/requests", wish, 201)
        paid = {"method": "voucher", "reference": voucher["code"], "amount": request["total"]}
        path = f"/v1/requests/{request['token']}/confirm"
        assert (await office.post(path, {"payment": paid}, status)) is not None
