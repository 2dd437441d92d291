"""Whatever happens in whatever order: sold + reserved never exceed the capacity."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection
from support.central import CONFIG, NOW, TOUR

from central import requests, slots
from central.database import make_engine, migrate
from central.service import plan
from central.states import By, Payment, Refused, TicketRequest
from central.venue import load_venue

VENUE = load_venue(CONFIG / "venue.toml")
CAPACITY = 12
CHOICE = st.integers(0, 30)


class Counter(RuleBasedStateMachine):
    """Visitors at many counters, whose clocks do not even agree on the order of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW - timedelta(hours=3)
        self.made: list[TicketRequest] = []

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

    @rule(quantity=st.integers(1, 9), product=st.sampled_from([4, 5]))
    def reserve(self, quantity: int, product: int) -> None:
        wanted = requests.Wanted(product, TOUR, quantity)
        wish = requests.Wish((wanted,), "kiosk", "en", timedelta(minutes=4))
        made = requests.reserve(self.connection, VENUE, wish, self.by())
        if isinstance(made, TicketRequest):
            self.made.append(made)
        else:
            assert made.code == "no_room"
            assert made.extras["left"] < quantity

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

    @rule(minutes=st.integers(1, 5))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def write_down_what_expired(self) -> None:
        requests.expire(self.connection, self.now)

    @invariant()
    def never_oversold(self) -> None:
        if hasattr(self, "connection"):
            occupancy = slots.lock(self.connection, [TOUR], self.now)[TOUR].occupancy
            assert occupancy.sold + occupancy.reserved <= CAPACITY


class TestCapacity(Counter.TestCase):
    settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
