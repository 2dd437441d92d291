"""Sales that a kiosk made while it was cut off, told as facts: booked once, good if possible."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.central import NOW, TOUR, Client, Clock
from support.keys import SEED, heard, register, revoke

from admission.codes import SigningKey, human_code, sign_ticket
from admission.facts import Clash, Conflicted, Event, Fact, LeaseReturned, OfflineSold
from admission.foreign import foreign_ticket_id
from admission.values import Money, Ticket, TicketState, Window
from central.sale.offline import token_of
from central.sync import ingest
from runtime.convert import parse_time
from runtime.wire import encode, fact_from_data, fact_to_data

PRICE = Money(Decimal("8.00"), "EUR")


@dataclass
class Stand:
    """A kiosk with a key and a lease, as central hears of it."""

    client: Client
    key: SigningKey
    lease: dict[str, Any]
    told: list[dict[str, Any]] = field(default_factory=list)

    def sold(self, ticket: int, at: datetime | None = None, **changes: Any) -> Fact:
        start, end = (parse_time(self.lease[name]) for name in ("valid_from", "valid_until"))
        issued = Ticket(ticket, 4, Window(start, end), changes.pop("persons", 1), language="en")
        event = OfflineSold(
            issued,
            changes.pop("lease", self.lease["id"]),
            changes.pop("places", issued.persons),
            changes.pop("price", PRICE),
            f"SIM-{ticket}",
            self._code(issued, **changes),
        )
        return self.fact(event, at)

    def _code(self, issued: Ticket, **changes: Any) -> str:
        code = changes.get("code")
        return code if code is not None else sign_ticket(changes.get("key", self.key), issued)

    def fact(self, event: Event, at: datetime | None = None) -> Fact:
        number = len(self.told) + 1
        made = Fact("kiosk-1", number, at or self.client.clock(), event)
        self.told.append(fact_to_data(made))
        return made

    async def tell(self) -> None:
        """All that was told so far, for nobody acknowledged anything."""
        api = self.client.api
        payload, now = encode({"facts": self.told}), self.client.clock()
        await api.database.write(
            lambda c: ingest.take(c, "kiosk-1", payload, api.settings.devices, now)
        )

    async def conflicts(self) -> list[Conflicted]:
        entries = (await self.client.get("/v1/feed"))["entries"]
        events = [fact_from_data(entry["fact"]).event for entry in entries]
        return [event for event in events if isinstance(event, Conflicted)]

    async def stands(self) -> tuple[int, int, int]:
        """(sold, reserved, leased)"""
        slot = await self.client.as_("office-1").get(f"/v1/slots/{TOUR}")
        return slot["sold"], slot["reserved"], slot["leased"]

    async def bad(self) -> list[str]:
        return [one["reason"] for one in (await self.client.get("/v1/quarantine"))["bad"]]


@pytest.fixture
async def stand(kiosk: Client) -> Stand:
    made = await register(kiosk, SigningKey(0, SEED, NOW).issuer.public)
    body = {"slot": TOUR, "places": 5, "minutes": 60}
    await kiosk.post("/v1/leases", body, 201)
    [lease] = (await kiosk.get("/v1/leases/goods"))["leases"]
    return Stand(kiosk, SigningKey(made["id"], SEED, NOW), lease)


async def test_a_lease_says_all_that_is_needed_to_sell_on_it(stand: Stand) -> None:
    lease = stand.lease
    assert (lease["slot"], lease["attraction"]) == (TOUR, "tour")
    assert lease["description"] == "Sat 21 Nov - 14:30"
    [tour] = [one for one in lease["products"] if one["id"] == 4]
    assert tour["price"] == {"amount": "8.00", "currency": "EUR"}
    [sold] = await stand.client.sell(4, TOUR)
    same = {name: sold[name] for name in ("valid_from", "valid_until", "description")}
    assert same == {name: lease[name] for name in same}
    assert sold["product_name"] == tour["name"]
    assert (await stand.client.as_("kiosk-2").get("/v1/leases/goods"))["leases"] == []


async def test_a_sale_is_booked_as_if_it_had_been_made_here_and_once(stand: Stand) -> None:
    stand.sold(4711, persons=2)
    stand.sold(4712)
    for _ in range(2):
        await stand.tell()
    assert await stand.stands() == (3, 0, 2)
    office = stand.client.as_("office-1")
    request = await office.get(f"/v1/requests/{token_of(4711)}")
    assert (request["status"], request["device"]) == ("confirmed", "kiosk-1")
    [payment] = request["payments"]
    assert (payment["reference"], payment["amount"]["amount"]) == ("SIM-4711", "8.00")
    [ticket] = request["tickets"]
    assert (ticket["id"], ticket["state"], ticket["persons"]) == ("4711", "valid", 2)
    assert ticket["code"].startswith("W") and ticket["human_code"] == human_code(4711)
    assert len(request["receipts"]) == 1
    ledger = await heard(stand.client)
    assert ledger.ticket(4711) is not None and ledger.ticket(4712) is not None
    assert await stand.conflicts() == []
    [lease] = (await stand.client.get("/v1/leases"))["leases"]
    assert lease["places"] - lease["used"] - lease["returned"] == 2


async def test_places_of_a_cancelled_offline_sale_are_free_again(stand: Stand) -> None:
    stand.sold(4711, persons=2)
    await stand.tell()
    path = f"/v1/requests/{token_of(4711)}/cancel"
    await stand.client.post(path, {"reason": "charge was reversed"})
    assert await stand.stands() == (0, 0, 3)
    ticket = (await heard(stand.client)).ticket(4711)
    assert ticket is not None and ticket.state is TicketState.CANCELLED


async def test_places_that_are_given_back_are_sold_by_others(stand: Stand) -> None:
    stand.sold(4711)
    stand.fact(LeaseReturned(stand.lease["id"], 4))
    stand.fact(LeaseReturned(stand.lease["id"], 4))
    stand.fact(LeaseReturned(999, 4))
    await stand.tell()
    assert await stand.stands() == (1, 0, 0)
    assert await stand.client.left(TOUR) == 11


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"persons": 6}, "6 places are more than the 5 left"),
        ({"lease": 999}, "kiosk-1 has no lease 999"),
        ({"at": NOW + timedelta(minutes=60)}, "had run out by then"),
    ],
)
async def test_beyond_its_lease_a_sale_is_good_and_people_are_told(
    stand: Stand, clock: Clock, changes: dict[str, Any], says: str
) -> None:
    clock.pass_(hours=2)
    stand.sold(4711, **{"at": NOW} | changes)
    for _ in range(2):
        await stand.tell()
    [conflict] = await stand.conflicts()
    assert (conflict.clash, conflict.ticket) == (Clash.BEYOND_LEASE, 4711)
    assert says in conflict.detail
    ticket = (await heard(stand.client)).ticket(4711)
    assert ticket is not None and ticket.state is TicketState.VALID
    shown = await stand.client.get(f"/v1/requests/{token_of(4711)}")
    assert (shown["status"], len(shown["payments"])) == ("confirmed", 1)


async def test_what_was_sold_in_time_and_told_late_is_no_conflict(
    stand: Stand, clock: Clock
) -> None:
    sold_at = NOW + timedelta(minutes=59)
    clock.pass_(hours=30)
    stand.sold(4711, at=sold_at)
    await stand.tell()
    assert await stand.conflicts() == []


async def test_the_lease_of_another_kiosk_is_none(stand: Stand) -> None:
    other = await stand.client.as_("kiosk-2").post(
        "/v1/leases", {"slot": TOUR, "places": 2, "minutes": 60}, 201
    )
    stand.sold(4711, lease=other["id"])
    await stand.tell()
    assert [one.clash for one in await stand.conflicts()] == [Clash.BEYOND_LEASE]
    assert await stand.stands() == (1, 0, 7)


async def test_nobody_takes_over_a_ticket_that_was_sold_here(stand: Stand) -> None:
    [mine] = await stand.client.as_("kiosk-2").sell(4, TOUR)
    stand.sold(int(mine["id"]))
    await stand.tell()
    [conflict] = await stand.conflicts()
    assert "not by this device" in conflict.detail
    assert await stand.stands() == (1, 0, 5)


@pytest.mark.parametrize("told_first", [True, False])
async def test_what_a_stolen_kiosk_sold_before_is_good_and_what_it_sells_later_is_not(
    stand: Stand, clock: Clock, told_first: bool
) -> None:
    """Whether central hears of the sales before it revokes the key, or after."""
    stand.sold(4711, at=NOW)
    stand.sold(4712, at=NOW + timedelta(minutes=10))
    clock.pass_(minutes=20)
    if told_first:
        await stand.tell()
    await revoke(stand.client, "kiosk-1", minutes=15)
    await stand.tell()
    ledger = await heard(stand.client)
    states = [one and one.state for one in (ledger.ticket(4711), ledger.ticket(4712))]
    assert states == [TicketState.VALID, TicketState.BLOCKED]
    [conflict] = await stand.conflicts()
    assert (conflict.clash, conflict.ticket) == (Clash.REVOKED, 4712)


async def test_what_no_key_of_its_own_signed_is_not_good(stand: Stand) -> None:
    other = Ticket(9, 4, Window(NOW, NOW + timedelta(hours=1)))
    stand.sold(4711, key=replace(stand.key, seed=bytes(32)))
    stand.sold(4712, key=replace(stand.key, id=1))
    stand.sold(4713, code=sign_ticket(stand.key, other))
    stand.sold(4714, code="")
    await stand.tell()
    assert [one.clash for one in await stand.conflicts()] == [Clash.REVOKED] * 4
    assert await stand.stands() == (0, 0, 5)
    ledger = await heard(stand.client)
    tickets = [ledger.ticket(id_) for id_ in range(4711, 4715)]
    assert {one and one.state for one in tickets} == {TicketState.BLOCKED}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"places": 0}, "not possible"),
        ({"places": 1001}, "not possible"),
        ({"lease": 2**40}, "not possible"),
        ({"persons": 256, "places": 1, "code": ""}, "not possible"),
        ({"price": Money(Decimal("-1"), "EUR")}, "price"),
        ({"price": Money(Decimal("1E+3"), "EUR")}, "price"),
        ({"price": Money(Decimal("8.00"), "euro")}, "no currency"),
    ],
)
async def test_a_senseless_sale_is_set_aside_and_blocks_nothing(
    stand: Stand, changes: dict[str, Any], says: str
) -> None:
    stand.sold(4711, **changes)
    stand.sold(4712)
    await stand.tell()
    [reason] = await stand.bad()
    assert says in reason
    assert (await stand.stands())[0] == 1


async def test_a_kiosk_does_not_sell_tickets_of_others(stand: Stand) -> None:
    """Else who has a kiosk could have the gates refuse any code of a list."""
    stand.sold(foreign_ticket_id("LISTED-1"), code="")
    await stand.tell()
    [reason] = await stand.bad()
    assert "not possible" in reason


async def test_a_product_that_is_no_more_is_booked_all_the_same(stand: Stand) -> None:
    sold = stand.sold(4711)
    assert isinstance(sold.event, OfflineSold)
    issued = replace(sold.event.issued, product=999)
    event = replace(sold.event, issued=issued, code=sign_ticket(stand.key, issued))
    stand.told.clear()
    stand.fact(event)
    await stand.tell()
    shown = await stand.client.get(f"/v1/requests/{token_of(4711)}")
    assert shown["lines"][0]["product"] == 999
    assert shown["tickets"][0]["product_name"] == {"en": "product 999"}
