"""Whatever happens in whatever order: sold + reserved + leased never exceed the capacity, nor what
a channel has its share; who waits is served in turn; what staff did stays done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, func, select
from support.central import CONFIG, NOW, TOUR, Client, Clock

from central import cart, leases, requests, schema, slot_changes, slots, waiting
from central.database import make_engine, migrate
from central.leases import Lease, LeaseWanted, OfflineTicket
from central.planning import plan
from central.service import tidy
from central.settings import Channel
from central.slot_changes import ConflictKind, SlotChange
from central.states import By, Payment, Refused, Status, TicketRequest
from central.venue import load_venue

PLAIN = load_venue(CONFIG / "venue.toml")
SHARES = {Channel.WEB: 60, Channel.KIOSK: 75}
VENUE = replace(
    PLAIN,
    attractions=tuple(
        replace(attraction, shares=SHARES) if attraction.id == "tour" else attraction
        for attraction in PLAIN.attractions
    ),
)
CAPACITY = 12
CHOICE = st.integers(0, 30)
CHANNEL = st.sampled_from(list(Channel))
MOST = {"web": 7, "kiosk": 9}


class Counter(RuleBasedStateMachine):
    """Visitors at many counters, whose clocks do not even agree on the order of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW - timedelta(hours=3)
        self.made: list[TicketRequest] = []
        self.leased: list[Lease] = []
        self.tickets = count(1)
        self.told_late = 0
        self.resized = False

    @initialize()
    def open(self) -> None:
        self.engine = make_engine("sqlite://")
        migrate(self.engine)
        self.connection: Connection = self.engine.connect()
        plan(self.connection, VENUE, self.now)

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    def by(self, back_s: int = 0) -> By:
        return By("kiosk-1", self.now - timedelta(seconds=back_s))

    def slot(self, channel: str = "") -> slots.Listed:
        return slots.find(self.connection, [TOUR], self.now, channel=channel)[TOUR]

    @rule(
        quantity=st.integers(1, 9),
        product=st.sampled_from([4, 5]),
        channel=CHANNEL,
        waits=st.booleans(),
    )
    def reserve(self, quantity: int, product: int, channel: Channel, *, waits: bool) -> None:
        wanted = cart.Wanted(product, TOUR, quantity)
        hold = timedelta(minutes=4)
        offer_min = 3 if waits else 0
        wish = cart.Wish((wanted,), channel.value, "en", hold, offer_min=offer_min)
        made = requests.reserve(self.connection, VENUE, wish, self.by())
        if isinstance(made, TicketRequest):
            self.made.append(made)
            assert made.status in (
                (Status.RESERVED, Status.WAITING) if waits else (Status.RESERVED,)
            )
        elif made.code == "no_room":
            assert made.extras["left"] < quantity
        else:
            assert (made.code, made.extras["blocked"]) == ("sale_blocked", "slot_closed")
            assert self.slot().closed

    @rule(choice=CHOICE, back_s=st.integers(0, 100))
    def confirm(self, choice: int, back_s: int) -> None:
        if self.made:
            request = self.made[choice % len(self.made)]
            payment = Payment("card", request.token, request.total)
            requests.confirm(self.connection, request.token, payment, None, self.by(back_s))

    @rule(choice=CHOICE)
    def cancel(self, choice: int) -> None:
        if self.made:
            token = self.made[choice % len(self.made)].token
            done = requests.cancel(self.connection, token, "", self.by())
            assert not isinstance(done, Refused)

    @rule(places=st.integers(1, 6), minutes=st.integers(1, 6), channel=CHANNEL)
    def lease(self, places: int, minutes: int, channel: Channel) -> None:
        want = LeaseWanted(TOUR, places, minutes, channel)
        made = leases.take(self.connection, want, self.by())
        if isinstance(made, Lease):
            self.leased.append(made)

    @precondition(lambda self: self.leased)
    @rule(choice=CHOICE, places=st.integers(1, 4), again=st.booleans())
    def sell_offline(self, choice: int, places: int, *, again: bool) -> None:
        one = self.leased[choice % len(self.leased)]
        sold = [OfflineTicket(next(self.tickets), places)]
        told = leases.use(self.connection, one.id, sold, self.by())
        if isinstance(told, Refused):
            assert (told.code, told.extras["left"] < places) == ("more_than_leased", True)
        elif one.expires_at <= self.now:
            self.told_late += places
        if again:
            assert leases.use(self.connection, one.id, sold, self.by()) == told

    @precondition(lambda self: self.leased)
    @rule(choice=CHOICE)
    def give_back(self, choice: int) -> None:
        one = self.leased[choice % len(self.leased)]
        done = leases.give_back(self.connection, one.id, self.by())
        assert isinstance(done, Lease)
        assert done.unused == 0

    @rule(closed=st.booleans())
    def close_or_reopen(self, *, closed: bool) -> None:
        act = slot_changes.close if closed else slot_changes.reopen
        act(self.connection, TOUR, "a test", self.by())
        assert self.slot().closed is closed

    @rule(capacity=st.one_of(st.none(), st.integers(0, 15)))
    def resize(self, capacity: int | None) -> None:
        before = self.slot().occupancy
        change = SlotChange(self.by(), "capacity", "a test")
        done = slot_changes.resize(self.connection, TOUR, capacity, change)
        if isinstance(done, Refused):
            assert before.taken > (CAPACITY if capacity is None else capacity)
        else:
            self.resized = True

    @rule()
    def plan_anew(self) -> None:
        before = self.slot()
        plan(self.connection, VENUE, self.now)
        assert self.slot() == before

    @rule(minutes=st.integers(1, 5))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def tidy(self) -> None:
        tidy(self.connection, self.now)
        assert waiting.serve(self.connection, None, self.now) == 0

    @invariant()
    def never_oversold(self) -> None:
        if hasattr(self, "connection"):
            occupancy = self.slot().occupancy
            assert occupancy.over <= self.told_late
            found = slot_changes.conflicts(self.connection, self.now.date(), self.now)
            told = {one.kind: one.places for one in found if one.listed.slot.id == TOUR}
            assert told.get(ConflictKind.OVERSOLD, 0) == occupancy.over
            assert (ConflictKind.CLOSED in told) == (self.slot().closed and occupancy.taken > 0)

    @invariant()
    def no_channel_has_more_than_its_share(self) -> None:
        if hasattr(self, "connection") and not self.resized:
            for channel, most in MOST.items():
                share = self.slot(channel).occupancy.share
                assert share
                assert share.most == most
                assert share.taken <= most + self.told_late

    @invariant()
    def every_offline_ticket_is_counted_once(self) -> None:
        if hasattr(self, "connection"):
            used = self.connection.scalar(select(func.sum(schema.lease.c.used)))
            told = self.connection.scalar(select(func.sum(schema.lease_use.c.places)))
            assert used == told or (used, told) == (0, None)


class TestCapacity(Counter.TestCase):
    settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


WHY = {"reason": "the guide is ill"}


@pytest.fixture
def office(kiosk: Client) -> Client:
    return kiosk.as_("office-1")


async def test_staff_close_a_slot_and_reopen_it_and_why_is_kept(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    closed = await office.post(f"/v1/slots/{TOUR}/close", WHY)
    assert (closed["closed"], closed["blocked"]) == (True, "slot_closed")
    refused = await kiosk.reserve(4, TOUR, status=409)
    assert (refused["code"], refused["blocked"]) == ("sale_blocked", "slot_closed")
    await kiosk.api.database.write(lambda c: plan(c, PLAIN, clock()))
    assert (await office.get(f"/v1/slots/{TOUR}"))["closed"]
    clock.pass_(minutes=1)
    again = await office.post(f"/v1/slots/{TOUR}/reopen", {"reason": "she is well"})
    assert again["blocked"] is None
    assert [(c["who"], c["at"], c["what"], c["why"]) for c in again["changes"]] == [
        ("office-1", "2026-11-21T13:05:00+00:00", "closed", "the guide is ill"),
        ("office-1", "2026-11-21T13:06:00+00:00", "reopened", "she is well"),
    ]
    await kiosk.reserve(4, TOUR)


async def test_a_capacity_below_what_is_taken_is_refused_unless_forced_and_then_told(
    kiosk: Client, office: Client
) -> None:
    await kiosk.sell(4, TOUR, 5)
    await kiosk.reserve(4, TOUR, 2)
    path, few = f"/v1/slots/{TOUR}/capacity", WHY | {"capacity": 6}
    refused = await office.post(path, few, 409)
    assert (refused["code"], refused["taken"]) == ("below_taken", 7)
    assert (await office.post(path, few | {"force": True}))["left"] == 0
    [conflict] = (await office.get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("oversold", 1)
    assert (conflict["slot"]["sold"], conflict["slot"]["reserved"]) == (5, 2)
    assert (await office.post(path, WHY | {"capacity": None}))["left"] == 5
    assert (await office.get("/v1/conflicts"))["conflicts"] == []


async def test_a_slot_without_a_limit_gets_one(kiosk: Client, office: Client) -> None:
    slot = "museum-20261120T2300Z"
    await kiosk.sell(1, slot, 3)
    done = await office.post(f"/v1/slots/{slot}/capacity", WHY | {"capacity": 2}, 409)
    assert (done["code"], done["taken"]) == ("below_taken", 3)
    assert (await office.post(f"/v1/slots/{slot}/capacity", WHY | {"capacity": 4}))["left"] == 1
    assert (await kiosk.reserve(1, slot, 2, 409))["left"] == 1


async def test_what_was_sold_in_a_closed_slot_is_told_until_it_is_over(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    await kiosk.sell(4, TOUR, 3)
    await office.post(f"/v1/slots/{TOUR}/close", WHY)
    [conflict] = (await office.get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("slot_closed", 3)
    assert conflict["slot"]["description"] == "Sat 21 Nov - 14:30"
    clock.pass_(hours=2)
    assert (await office.get("/v1/conflicts"))["conflicts"] == []


async def test_a_reservation_that_ran_out_is_not_sold_in_a_closed_slot(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    held, late = await kiosk.reserve(4, TOUR), await kiosk.reserve(4, TOUR)
    await office.post(f"/v1/slots/{TOUR}/close", WHY)
    assert (await kiosk.confirm(held))["status"] == "confirmed"
    clock.pass_(minutes=5)
    assert (await kiosk.confirm(late, 409))["blocked"] == "slot_closed"


async def test_only_the_office_changes_slots(kiosk: Client) -> None:
    for action in ("close", "reopen", "capacity"):
        await kiosk.post(f"/v1/slots/{TOUR}/{action}", WHY | {"capacity": 1}, 403)
    await kiosk.get(f"/v1/slots/{TOUR}", 403)
    await kiosk.get("/v1/conflicts", 403)


async def test_an_unknown_slot_is_not_found(office: Client) -> None:
    for action in ("close", "reopen"):
        await office.post(f"/v1/slots/tour-x/{action}", WHY, 404)
    await office.post("/v1/slots/tour-x/capacity", WHY | {"capacity": 1}, 404)
    assert (await office.get("/v1/slots/tour-x", 404))["code"] == "unknown_slot"


@pytest.mark.parametrize(
    "wrong",
    [{"reason": ""}, {"reason": "x" * 201}, {"capacity": -1}, {"capacity": 10**7}, {"force": 1}],
)
async def test_what_makes_no_sense_changes_nothing(
    office: Client, wrong: dict[str, object]
) -> None:
    await office.post(f"/v1/slots/{TOUR}/capacity", WHY | {"capacity": 3} | wrong, 400)
    assert (await office.get(f"/v1/slots/{TOUR}"))["changes"] == []


async def test_a_channel_sells_its_share_and_no_more(kiosk: Client, office: Client) -> None:
    await kiosk.api.database.write(lambda c: plan(c, VENUE, NOW))
    web = kiosk.as_("web-1")
    await web.reserve(4, TOUR, 7, channel="web")
    assert (await web.reserve(4, TOUR, status=409, channel="web"))["left"] == 0
    assert [await one.left(TOUR) for one in (web, kiosk, office)] == [0, 5, 5]
    await office.reserve(4, TOUR, 5, channel="office")
    shares = (await office.get(f"/v1/slots/{TOUR}"))["shares"]
    assert shares == [
        {"channel": "kiosk", "percent": 75, "most": 9, "taken": 0},
        {"channel": "web", "percent": 60, "most": 7, "taken": 7},
    ]


async def test_fewer_places_than_wanted_is_a_reason_of_its_own(kiosk: Client) -> None:
    await kiosk.reserve(4, TOUR, 10)
    path = "/v1/attractions/tour/slots?date=2026-11-21&persons="
    told = {}
    for wanted in (2, 3):
        body = await kiosk.get(f"{path}{wanted}")
        told[wanted] = next((s["blocked"], s["left"]) for s in body["slots"] if s["id"] == TOUR)
    assert told == {2: (None, 2), 3: ("too_few_left", 2)}
