"""What counts against the capacity: what is sold, who was admitted, or who is present."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.central import CONFIG, NOW, TOUR, Client, Clock, central_in
from support.gates import GUEST, HOLD, KEY, PLAIN, Gate, controlled, payload

from admission.facts import Admitted, CountCorrected, Event, Passed
from admission.values import Control, Direction
from central.capacity import slots
from central.catalogue.planning import plan
from central.catalogue.venue import load_venue
from central.sale import requests, tickets
from central.sale.states import By, Payment, TicketRequest
from central.sale.wishes import Wanted, Wish
from central.settings import Channel
from central.store import schema
from central.store.database import make_engine
from central.sync import ingest


@pytest.fixture(params=[Control.PRESENT])
async def pool(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, database_url: str
) -> AsyncIterator[Client]:
    """Central with tours for twelve persons, of which the arrival is on."""
    clock.pass_(minutes=10)
    venue = venue_file(tmp_path, request.param)
    async with central_in(tmp_path, clock, database=database_url, venue=venue) as client:
        yield client


def venue_file(folder: Path, control: Control) -> Path:
    text = (CONFIG / "venue.toml").read_text()
    tour = 'id = "tour"\n'
    changed = text.replace(tour, f'{tour}control = "{control.value}"\n')
    file = folder / f"{control.value}.toml"
    file.write_text(changed)
    return file


async def told(client: Client, *events: Event, gate: Gate) -> None:
    facts = payload([gate.fact(client.clock(), event) for event in events])
    await client.api.database.write(
        lambda c: ingest.take(c, gate.device, facts, [gate.device], client.clock())
    )


async def tour(client: Client) -> dict[str, Any]:
    body = await client.get("/v1/attractions/tour/slots?date=2026-11-21")
    found: dict[str, Any] = next(one for one in body["slots"] if one["id"] == TOUR)
    return found


def goes_in(ticket: int | str, persons: int = 1) -> Admitted:
    return Admitted(int(ticket), "tour", "1", persons, "dock")


def goes_out(ticket: int | str | None, persons: int = 1) -> Passed:
    id_ = None if ticket is None else int(ticket)
    return Passed(id_, None, "1", persons, Direction.OUT, "", "dock")


async def test_a_full_pool_sells_on_when_somebody_leaves(pool: Client) -> None:
    sold = await pool.sell(4, TOUR, 12)
    gate = Gate("gate-1")
    await told(pool, *(goes_in(ticket["id"]) for ticket in sold), gate=gate)
    full = await tour(pool)
    assert (full["left"], full["blocked"]) == (0, "sold_out")
    assert (full["admitted"], full["present"]) == (12, 12)
    await told(pool, goes_out(sold[0]["id"]), goes_out(sold[1]["id"]), gate=gate)
    assert (await tour(pool))["left"] == 2
    report = await pool.as_("office-1").get(f"/v1/slots/{TOUR}")
    names = ("control", "sold", "admitted", "present", "left")
    assert [report[name] for name in names] == ["present", 12, 12, 10, 2]
    await pool.sell(4, TOUR, 2)
    await pool.reserve(4, TOUR, status=409)
    conflicts = await pool.as_("office-1").get("/v1/conflicts")
    assert conflicts == {"conflicts": []}


async def test_who_waits_is_offered_the_place_of_who_leaves(pool: Client) -> None:
    [ticket, *_] = await pool.sell(4, TOUR, 12)
    gate = Gate("gate-1")
    await told(pool, goes_in(ticket["id"]), gate=gate)
    waits = await pool.reserve(4, TOUR, waiting=True)
    assert waits["status"] == "waiting"
    await told(pool, goes_out(ticket["id"]), gate=gate)
    served = await pool.get(f"/v1/requests/{waits['token']}")
    assert served["status"] == "reserved"


@pytest.mark.parametrize("pool", [Control.ADMITTED, Control.PRESENT], indirect=True)
async def test_who_comes_with_a_pass_takes_a_place(pool: Client) -> None:
    await pool.sell(4, TOUR, 11)
    gate = Gate("gate-1")
    await told(pool, goes_in(GUEST), gate=gate)
    assert (await tour(pool))["left"] == 0
    await told(pool, goes_in(GUEST + 1), gate=gate)
    [conflict] = (await pool.as_("office-1").get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("oversold", 1)


@pytest.mark.parametrize("pool", [Control.ADMITTED], indirect=True)
async def test_who_left_still_counts_as_admitted(pool: Client) -> None:
    sold = await pool.sell(4, TOUR, 12)
    both = (goes_in(sold[0]["id"]), goes_out(sold[0]["id"]))
    await told(pool, *both, gate=Gate("gate-1"))
    found = await tour(pool)
    assert (found["admitted"], found["present"], found["left"]) == (1, 0, 0)


@pytest.mark.parametrize("pool", [Control.ADMITTED, Control.PRESENT], indirect=True)
async def test_who_never_came_is_waited_for_until_the_arrival_is_over(pool: Client) -> None:
    sold = await pool.sell(4, TOUR, 12)
    await told(pool, goes_in(sold[0]["id"]), gate=Gate("gate-1"))
    assert (await tour(pool))["left"] == 0
    pool.clock.pass_(minutes=25)
    assert (await tour(pool))["left"] == 11


@pytest.mark.parametrize("pool", [Control.SALES], indirect=True)
async def test_sales_count_nobody_who_comes_or_goes(pool: Client) -> None:
    sold = await pool.sell(4, TOUR, 12)
    both = (goes_in(sold[0]["id"]), goes_out(sold[0]["id"]), goes_in(GUEST))
    await told(pool, *both, gate=Gate("gate-1"))
    found = await tour(pool)
    assert (found["left"], found["admitted"], found["present"]) == (0, None, None)


@pytest.mark.parametrize("pool", [Control.NONE], indirect=True)
async def test_without_control_there_is_no_limit(pool: Client) -> None:
    await pool.reserve(4, TOUR, 20)
    assert (await tour(pool))["left"] is None


async def test_who_goes_out_without_a_ticket_is_counted_for_the_zone(pool: Client) -> None:
    sold = await pool.sell(4, TOUR, 12)
    gate = Gate("gate-1")
    await told(pool, *(goes_in(ticket["id"]) for ticket in sold), gate=gate)
    await told(pool, goes_out(None, 3), gate=gate)
    assert (await tour(pool))["left"] == 3
    await told(pool, CountCorrected("dock", 2, "Ada", "counted"), gate=gate)
    assert (await tour(pool))["left"] == 1
    await told(pool, CountCorrected("dock", -(2**40), "Ada", "a slip"), gate=gate)
    assert (await tour(pool))["present"] == 0
    await told(pool, CountCorrected("hall", -5, "Ada", "counted"), gate=gate)
    assert (await tour(pool))["left"] == 12


async def test_facts_may_come_in_any_order_and_twice(pool: Client) -> None:
    sold = await pool.sell(4, TOUR, 12)
    early, late = Gate("gate-1"), Gate("gate-2")
    now = pool.clock()
    came = early.fact(now, goes_in(sold[0]["id"]))
    left = late.fact(now + timedelta(minutes=1), goes_out(sold[0]["id"]))
    for fact in (left, came, left, came):
        facts = payload([fact])
        await pool.api.database.write(
            lambda c, d=fact.device, f=facts: ingest.take(c, d, f, [d], pool.clock())
        )
    found = await tour(pool)
    assert (found["admitted"], found["present"], found["left"]) == (1, 0, 1)


async def test_what_a_kiosk_sold_offline_has_its_place(pool: Client) -> None:
    wanted = {"slot": TOUR, "places": 12, "minutes": 60}
    lease = await pool.post("/v1/leases", wanted, 201)
    gate = Gate("gate-1")
    await told(pool, goes_in(GUEST), gate=gate)
    path = f"/v1/leases/{lease['id']}/use"
    await pool.post(path, {"tickets": [{"id": str(GUEST)}]})
    assert (await tour(pool))["left"] == 0
    await told(pool, goes_out(GUEST), gate=gate)
    assert (await tour(pool))["left"] == 1


async def test_a_share_is_free_again_when_its_visitors_leave() -> None:
    venue = controlled(Control.PRESENT)
    shared = replace(venue.attractions[0], shares={Channel.WEB: 50})
    engine = make_engine("sqlite://")
    schema.metadata.create_all(engine)
    now, wish = NOW + timedelta(minutes=10), Wish((Wanted(4, TOUR, 6),), "web", "en", HOLD)
    with engine.begin() as connection:
        changed = replace(venue, attractions=(shared,))
        plan(connection, changed, now)
        made = requests.reserve(connection, changed, wish, By("web-1", now))
        assert isinstance(made, TicketRequest)
        payment = Payment("card", "1", made.total)
        requests.confirm(connection, made.token, payment, None, By("web-1", now))
        issued = tickets.issue(connection, made.token, KEY, By("web-1", now))
        assert isinstance(issued, list)
        gate = Gate("gate-1")
        events = [goes_in(issued[0].ticket.id), goes_out(issued[0].ticket.id)]
        facts = payload([gate.fact(now, event) for event in events])
        left = []
        for told_now in (b"{}", facts):
            ingest.take(connection, "gate-1", told_now, ["gate-1"], now)
            left.append(slots.find(connection, [TOUR], now, channel="web")[TOUR].occupancy.left)
        assert left == [0, 1]
    engine.dispose()


async def test_a_slot_that_is_on_is_counted_from_the_feed_when_its_control_changes(
    tmp_path: Path, clock: Clock
) -> None:
    clock.pass_(minutes=10)
    async with central_in(tmp_path, clock) as client:
        sold = await client.sell(4, TOUR, 12)
        gate = Gate("gate-1")
        both = (goes_in(sold[0]["id"]), goes_out(sold[0]["id"]), goes_in(sold[1]["id"]))
        await told(client, *both, gate=gate)
        assert (await tour(client))["present"] is None
        venue = load_venue(venue_file(tmp_path, Control.PRESENT))
        await client.api.database.write(lambda c: plan(c, venue, clock()))
        found = await tour(client)
        assert (found["admitted"], found["present"], found["left"]) == (2, 1, 1)


def test_seats_are_controlled_by_sales() -> None:
    seated = next((one for one in PLAIN.attractions if one.seating), None)
    assert seated
    with pytest.raises(ValueError, match="control"):
        replace(seated, control=Control.PRESENT)
