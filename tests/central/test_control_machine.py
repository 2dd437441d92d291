"""Whatever visitors do, and whenever gates tell it: nobody gets a place that is taken, and what
counts is what is so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, select
from support.central import NOW, TOUR
from support.gates import CAPACITY, GUEST, HOLD, KEY, Gate, controlled, payload

from admission.booking import Visits
from admission.facts import Admitted, Event, Fact, Forgiven, Lapsed, Passed
from admission.values import Control, Direction
from central.capacity import leases, slots, visits
from central.catalogue.planning import plan
from central.sale import requests, tickets
from central.sale.states import By, Payment, TicketRequest
from central.sale.wishes import Wanted, Wish
from central.store import schema
from central.store.database import make_engine
from central.sync import ingest

CHOICE = st.integers(0, 30)


@dataclass
class Group:
    """The holders of a ticket, as they really are: waited for, inside, or gone for good."""

    ticket: int
    persons: int
    coming: int
    inside: int = 0

    @property
    def came(self) -> int:
        return self.persons - self.coming


class Pool(RuleBasedStateMachine):
    """People buy, come, go, and stay away; their gates tell it sooner or later."""

    control = Control.SALES

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW + timedelta(minutes=10)
        self.gates = (Gate("gate-1"), Gate("gate-2"))
        self.untold: dict[str, list[Fact]] = {"gate-1": [], "gate-2": []}
        self.sold: list[tuple[TicketRequest, list[Group]]] = []
        self.held: list[TicketRequest] = []
        self.guests: list[Group] = []
        self.passes = count(GUEST)

    @initialize()
    def open(self) -> None:
        self.venue = controlled(self.control)
        self.engine = make_engine("sqlite://")
        schema.metadata.create_all(self.engine)
        self.connection: Connection = self.engine.connect()
        plan(self.connection, self.venue, self.now)

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    @property
    def by(self) -> By:
        return By("kiosk-1", self.now)

    @property
    def groups(self) -> list[Group]:
        return [group for _, groups in self.sold for group in groups]

    def occupancy(self) -> Any:
        return slots.find(self.connection, [TOUR], self.now)[TOUR].occupancy

    def tell(self, gate: Gate, event: Event) -> None:
        self.untold[gate.device].append(gate.fact(self.now, event))

    def granted(self) -> None:
        assert self.occupancy().taken <= CAPACITY

    @rule(product=st.sampled_from([4, 5]), quantity=st.integers(1, 4))
    def reserve(self, product: int, quantity: int) -> None:
        wish = Wish((Wanted(product, TOUR, quantity),), "kiosk", "en", HOLD)
        made = requests.reserve(self.connection, self.venue, wish, self.by)
        if isinstance(made, TicketRequest):
            self.held.append(made)
            self.granted()

    @precondition(lambda self: self.held)
    @rule(choice=CHOICE)
    def buy(self, choice: int) -> None:
        request = self.held.pop(choice % len(self.held))
        payment = Payment("card", request.token, request.total)
        done = requests.confirm(self.connection, request.token, payment, None, self.by)
        if isinstance(done, TicketRequest):
            issued = tickets.issue(self.connection, request.token, KEY, self.by)
            assert isinstance(issued, list)
            told = [(one.ticket.id, one.ticket.persons) for one in issued]
            self.sold.append((request, [Group(id_, persons, persons) for id_, persons in told]))
            self.granted()

    @rule(places=st.integers(1, 4), minutes=st.integers(1, 9))
    def lease(self, places: int, minutes: int) -> None:
        want = leases.LeaseWanted(TOUR, places, minutes)
        if isinstance(leases.take(self.connection, want, self.by), leases.Lease):
            self.granted()

    @precondition(lambda self: self.sold)
    @rule(choice=CHOICE)
    def cancel(self, choice: int) -> None:
        """Even of those who are inside; they are guests then."""
        request, groups = self.sold.pop(choice % len(self.sold))
        assert requests.cancel(self.connection, request.token, "", self.by)
        for group in groups:
            self.guests.append(replace(group, coming=0, persons=group.came))

    @rule(choice=CHOICE, gate=st.integers(0, 1), lapses=st.booleans(), persons=st.integers(1, 3))
    def come(self, choice: int, gate: int, *, lapses: bool, persons: int) -> None:
        coming = [group for group in self.groups if group.coming]
        if not coming or self.shut:
            return
        group = coming[choice % len(coming)]
        persons = min(persons, group.coming)
        at = self.gates[gate]
        self.tell(at, Admitted(group.ticket, "tour", "1", persons, "dock"))
        if lapses:
            self.tell(at, Lapsed(group.ticket, at.number, "1", persons))
        else:
            group.coming -= persons
            group.inside += persons

    @rule(gate=st.integers(0, 1))
    def come_with_a_pass(self, gate: int) -> None:
        if not self.shut:
            guest = Group(next(self.passes), 1, 0, 1)
            self.guests.append(guest)
            self.tell(self.gates[gate], Admitted(guest.ticket, "tour", "2", 1, "dock"))

    @rule(choice=CHOICE, gate=st.integers(0, 1), forgiven=st.booleans())
    def leave(self, choice: int, gate: int, *, forgiven: bool) -> None:
        inside = [group for group in (*self.groups, *self.guests) if group.inside]
        if inside:
            group = inside[choice % len(inside)]
            out = Passed(group.ticket, None, "1", 1, Direction.OUT, "", "dock")
            if forgiven:
                self.tell(self.gates[gate], Forgiven(group.ticket, "dock", "Ada", "lost"))
            for _ in range(group.inside if not forgiven else 0):
                self.tell(self.gates[gate], out)
            group.inside = 0

    @rule(gate=st.integers(0, 1), again=st.booleans())
    def gates_tell(self, gate: int, *, again: bool) -> None:
        device = self.gates[gate].device
        for _ in range(1 + again):
            ingest.take(
                self.connection, device, payload(self.untold[device]), self.untold, self.now
            )
        self.untold[device].clear()

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def plan_anew(self) -> None:
        before = self.occupancy()
        plan(self.connection, self.venue, self.now)
        assert self.occupancy() == before

    @rule()
    def count_anew(self) -> None:
        before = self.occupancy()
        visits.rebuild(self.connection, self.now)
        assert self.occupancy() == before

    @property
    def shut(self) -> bool:
        return self.now >= NOW.replace(hour=13, minute=40)

    @invariant()
    def what_is_sold_is_within_the_capacity(self) -> None:
        if hasattr(self, "connection") and not self.guests:
            assert self.occupancy().taken <= CAPACITY

    @invariant()
    def what_counts_is_what_is_so(self) -> None:
        """Once the gates have told all."""
        if not hasattr(self, "connection") or any(self.untold.values()):
            return
        occupancy = self.occupancy()
        inside = sum(group.inside for group in (*self.groups, *self.guests))
        waited_for = 0 if self.shut else sum(group.coming for group in self.groups)
        held = 0 if self.shut else occupancy.reserved + occupancy.leased
        came = sum(group.came for group in (*self.groups, *self.guests))
        if self.control is Control.PRESENT:
            assert occupancy.visits.present == inside
            assert inside + waited_for + held <= occupancy.taken
            if all(group.persons == 1 for group in self.groups):
                assert inside + waited_for + held == occupancy.taken
        if self.control is Control.ADMITTED:
            assert occupancy.visits.admitted == came
            assert occupancy.taken == came + waited_for + held

    @invariant()
    def sums_are_those_of_the_tickets(self) -> None:
        if hasattr(self, "connection"):
            table = schema.visit
            rows = self.connection.execute(select(table).where(table.c.slot == TOUR)).mappings()
            each = list(rows)
            told = self.occupancy().visits
            names = ("admitted", "guests", "came", "present")
            assert told == Visits(*(sum(row[name] for row in each) for name in names))


class AdmittedPool(Pool):
    control = Control.ADMITTED


class PresentPool(Pool):
    control = Control.PRESENT


class TestSales(Pool.TestCase):
    settings = settings(max_examples=10, stateful_step_count=30, deadline=None)


class TestAdmitted(AdmittedPool.TestCase):
    settings = settings(max_examples=15, stateful_step_count=40, deadline=None)


class TestPresent(PresentPool.TestCase):
    settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
