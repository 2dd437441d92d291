"""Whatever happens in whatever order: a seat has one holder, who holds places has as many seats,
and no more is sold, reserved and blocked than there is."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, select
from support.central import NOW
from support.hall import CONCERT, HALL, SEATS

from admission.codes import SigningKey
from admission.values import TicketState
from central.capacity import slots
from central.catalogue.planning import plan
from central.catalogue.venue import read_venue
from central.money import returns
from central.money.returns import Refund
from central.sale import requests, tickets
from central.sale.request_rows import find_by_id
from central.sale.states import By, Payment, Refused, Status, TicketRequest
from central.sale.wishes import Wanted, Wish
from central.seats import places, staff
from central.seats.places import Hall, State
from central.seats.plan import Plan
from central.seats.staff import Move
from central.service import tidy
from central.settings import Channel
from central.store import schema
from central.store.database import make_engine, migrate

VENUE = read_venue(HALL, "hall")
KEY = SigningKey(1, bytes(32), NOW)
SEAT = st.sampled_from(list(Plan(VENUE.attractions[0].seating).seats))
CHOICE = st.integers(0, 30)
NAMED = st.lists(SEAT, min_size=1, max_size=3, unique=True)


class House(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.made: list[str] = []

    @initialize()
    def open(self) -> None:
        self.engine = make_engine("sqlite://")
        migrate(self.engine)
        self.connection: Connection = self.engine.connect()
        plan(self.connection, VENUE, self.now)

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    @property
    def by(self) -> By:
        return By("office-1", self.now)

    def request(self, choice: int) -> TicketRequest:
        found = requests.find(self.connection, self.made[choice % len(self.made)])
        assert isinstance(found, TicketRequest)
        return found

    def reserve(self, want: Wanted, *, waits: bool = False) -> None:
        hold, offer_min = timedelta(minutes=4), 3 if waits else 0
        wish = Wish((want,), Channel.OFFICE.value, "en", hold, offer_min=offer_min)
        made = requests.reserve(self.connection, VENUE, wish, self.by)
        if isinstance(made, TicketRequest):
            self.made.append(made.token)
        else:
            assert made.code in {"no_room", "seat_taken", "wrong_zone"}

    @rule(product=st.integers(1, 3), quantity=st.integers(1, 4), waits=st.booleans())
    def best(self, product: int, quantity: int, *, waits: bool) -> None:
        self.reserve(Wanted(product, CONCERT, quantity), waits=waits)

    @rule(product=st.integers(1, 2), seats=NAMED)
    def certain(self, product: int, seats: list[str]) -> None:
        self.reserve(Wanted(product, CONCERT, len(seats), seats=tuple(seats)))

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE)
    def pay_and_issue(self, choice: int) -> None:
        request = self.request(choice)
        payment = Payment("card", request.token, request.total)
        done = requests.confirm(self.connection, request.token, payment, None, self.by)
        if not isinstance(done, Refused):
            tickets.issue(self.connection, request.token, KEY, self.by)

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE)
    def cancel(self, choice: int) -> None:
        requests.cancel(self.connection, self.request(choice).token, "", self.by)

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE, which=CHOICE)
    def refund_one(self, choice: int, which: int) -> None:
        request = self.request(choice)
        if issued := tickets.of_request(self.connection, request):
            ticket = issued[which % len(issued)].ticket.id
            refund = Refund("cash", "1", "ill", tickets=(ticket,))
            returns.refund(self.connection, request.token, refund, self.by)

    @precondition(lambda self: self.made)
    @rule(choice=CHOICE, which=CHOICE, new=SEAT)
    def move(self, choice: int, which: int, new: str) -> None:
        request = self.request(choice)
        if seats := seats_of(request):
            move = Move(CONCERT, {seats[which % len(seats)]: new}, "knee")
            staff.move(self.connection, request.token, move, self.by)

    @rule(seats=NAMED)
    def block(self, seats: list[str]) -> None:
        staff.block(self.connection, CONCERT, seats, "camera", self.by)

    @rule(seats=NAMED)
    def unblock(self, seats: list[str]) -> None:
        staff.unblock(self.connection, CONCERT, seats, "gone", self.by)

    @rule(seconds=st.integers(1, 300), tidied=st.booleans())
    def time_passes(self, seconds: int, *, tidied: bool) -> None:
        self.now += timedelta(seconds=seconds)
        if tidied:
            tidy(self.connection, self.now)

    @invariant()
    def each_seat_has_one_holder(self) -> None:
        ids = self.connection.scalars(select(schema.ticket_request.c.id)).all()
        live = {State.HELD: Status.RESERVED, State.SOLD: Status.CONFIRMED}
        told: Counter[tuple[str, State]] = Counter()
        for request in find_by_id(self.connection, ids):
            for state, status in live.items():
                if request.status_at(self.now) is status:
                    seats = seats_of(request)
                    told.update((seat, state) for seat in seats)
                    assert len(seats) == self.places(request)
        here = places.hall(self.connection, CONCERT, self.now)
        assert isinstance(here, Hall)
        held = {seat: state for seat, state in here.taken.items() if state is not State.BLOCKED}
        assert told == Counter(held.items())
        assert set(told.values()) <= {1}

    @invariant()
    def no_more_is_taken_than_there_is(self) -> None:
        occupancy = slots.find(self.connection, [CONCERT], self.now)[CONCERT].occupancy
        here = places.hall(self.connection, CONCERT, self.now)
        assert isinstance(here, Hall)
        states = Counter(here.taken.values())
        assert occupancy.capacity == SEATS - states[State.BLOCKED]
        assert (occupancy.sold, occupancy.reserved) == (states[State.SOLD], states[State.HELD])
        assert occupancy.left == len(here.free)

    @invariant()
    def a_ticket_tells_its_own_seats(self) -> None:
        for token in self.made:
            request = requests.find(self.connection, token)
            assert isinstance(request, TicketRequest)
            for issued in tickets.of_request(self.connection, request):
                if issued.ticket.state is TicketState.VALID:
                    assert len(issued.seats) == issued.ticket.persons

    def places(self, request: TicketRequest) -> int:
        table = schema.line_slot
        found = select(table.c.places).where(table.c.request == request.id)
        return sum(self.connection.scalars(found))


def seats_of(request: TicketRequest) -> list[str]:
    return [seat for line in request.lines for one in line.seating for seat in one.seats if seat]


TestHouse = House.TestCase
TestHouse.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
