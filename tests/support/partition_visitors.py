"""What people do in a history: buy, cancel, come in, go out, count; and the first judge of it: what
a gate admits it must not have known better.

Connected means: both had a whole connection to the broker, without a break, since before the one
told it, and as long as a message may take (Net.late_s) has gone by since; or central had it, and
could reach the gate for long enough. A scan that races with the message counts as not connected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from support.partition_central import AND_BACK, PRODUCTS
from support.partition_connected import Connected
from support.partition_nodes import LANE, ZONE, GateNode
from support.samples import NOON

from admission.codes import sign_ticket
from admission.decide import decide
from admission.facts import (
    Admitted,
    CountCorrected,
    Event,
    Fact,
    Forgiven,
    KeyPublished,
    Lapsed,
    Passed,
    ProductPublished,
    TicketIssued,
    TicketPrinted,
)
from admission.ledger import Ledger
from admission.request import AdmissionRequest, Denied, Granted
from admission.values import Direction, Ticket, TicketState, Window

if TYPE_CHECKING:
    from support.partition_world import World

WINDOW = Window(NOON - timedelta(hours=3), NOON + timedelta(hours=9))
BEHIND_S = 0.7
"""Between two deeds, on average."""


@dataclass(frozen=True)
class Entry:
    """The barrier was opened: by whom, when it was decided, on what."""

    gate: str
    asked_at: float
    asked: AdmissionRequest
    fact: Fact


class Visitors:
    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self.tickets: list[Ticket] = []
        self.entries: list[Entry] = []
        self.connected = Connected(world)

    async def prepare(self) -> None:
        """Some tickets are sold while all is well."""
        for _ in range(6):
            await self._sell()
        await asyncio.sleep(4.0)

    async def come(self) -> None:
        deeds = {
            self._sell: 1.0,
            self._cancel: 0.3,
            self._scan: 5.0,
            self._go_out: 0.8,
            self._correct: 0.2,
            self._forgive: 0.1,
            self._print: 0.5,
        }
        behind_s = BEHIND_S * self._chance.choice((0.5, 1.0, 3.0))
        async with asyncio.TaskGroup() as group:
            group.create_task(self.connected.watch())
            while True:
                await asyncio.sleep(self._chance.expovariate(1 / behind_s))
                [deed] = self._chance.choices(list(deeds), list(deeds.values()))
                self._world.outcome.deeds[deed.__name__.strip("_")] += 1
                group.create_task(deed())

    async def _sell(self) -> None:
        product = self._chance.choice(PRODUCTS)
        persons = self._chance.choice((1, 1, 1, 2, 3))
        ticket = Ticket(self._chance.getrandbits(62) + 1, product.id, WINDOW, persons)
        if await self._world.central.tell(TicketIssued(ticket)):
            self._world.note("central", f"sold {_short(ticket.id)}: {product.name}, {persons}")
            self.tickets.append(ticket)
            if self._chance.random() < 0.15:
                await asyncio.sleep(self._chance.uniform(0.0, 0.5))
                await self._cancel(ticket)

    async def _cancel(self, ticket: Ticket | None = None) -> None:
        if self.tickets:
            ticket = ticket or self._chance.choice(self.tickets)
            cancelled = replace(ticket, state=TicketState.CANCELLED)
            if await self._world.central.tell(TicketIssued(cancelled)):
                self._world.note("central", f"cancelled {_short(ticket.id)}")

    async def _scan(self) -> None:
        """Somebody comes to one gate, and often right away to another."""
        ticket, gates = self._one_ticket(), self._world.gates
        for gate in self._chance.sample(gates, min(len(gates), self._chance.choice((1, 1, 2)))):
            if gate.alive:
                await self._come_in(gate, ticket)
            await asyncio.sleep(self._chance.choice((0.0, 0.1, 3.0)))

    async def _come_in(self, gate: GateNode, ticket: Ticket) -> None:
        now = asyncio.get_running_loop().time()
        asked, answer = gate.ask(sign_ticket(self._world.central.key, ticket))
        if isinstance(answer, Denied):
            self._world.note(gate.name, f"refuses {_short(ticket.id)}: {answer.reason.value}")
            return
        assert answer.entitlement is not None
        self._judge(gate, ticket, asked, answer)
        remark = answer.remark.value if answer.remark else ""
        event = Admitted(
            ticket.id,
            answer.entitlement.attraction,
            LANE.name,
            answer.persons,
            ZONE,
            answer.again,
            remark,
            asked.cut_off,
        )
        fact = await gate.tell(event)
        if fact is None:
            return
        self._world.note(gate.name, f"{fact.number} admits {answer.persons} {_short(ticket.id)}")
        self.entries.append(Entry(gate.name, now, asked, fact))
        await self._walk(gate, event, fact.number)

    async def _walk(self, gate: GateNode, entry: Admitted, number: int) -> None:
        walking = entry.persons if self._chance.random() < 0.8 else entry.persons - 1
        for _ in range(walking):
            await asyncio.sleep(self._chance.uniform(0.3, 1.5))
            if not await self._tell(gate, Passed(entry.ticket, number, LANE.name, 1, zone=ZONE)):
                return
        if walking < entry.persons:
            await asyncio.sleep(4.0)
            await self._tell(gate, Lapsed(entry.ticket, number, LANE.name, entry.persons - walking))

    async def _go_out(self) -> None:
        inside = [t for t in self.tickets if t.product == AND_BACK.id]
        gate = self._chance.choice(self._world.gates)
        if inside and gate.alive:
            ticket = self._chance.choice(inside)
            _, answer = gate.ask(sign_ticket(self._world.central.key, ticket), Direction.OUT)
            if isinstance(answer, Granted):
                out = Passed(ticket.id, None, LANE.name, 1, Direction.OUT, behind=ZONE)
                await self._tell(gate, out)

    async def _correct(self) -> None:
        gate = self._chance.choice(self._world.gates)
        await self._tell(gate, CountCorrected(ZONE, self._chance.choice((-2, 3)), "staff", "seen"))

    async def _forgive(self) -> None:
        if self.tickets:
            ticket = self._chance.choice(self.tickets)
            gate = self._chance.choice(self._world.gates)
            await self._tell(gate, Forgiven(ticket.id, ZONE, "staff", "left by the fire door"))

    async def _print(self) -> None:
        if self.tickets and self._world.kiosks:
            kiosk = self._chance.choice(self._world.kiosks)
            if kiosk.alive:
                await kiosk.tell(TicketPrinted(self._chance.choice(self.tickets).id))

    async def _tell(self, gate: GateNode, event: Event) -> bool:
        return gate.alive and await gate.tell(event) is not None

    def _one_ticket(self) -> Ticket:
        """Often one of the newest."""
        recent = self.tickets[-8:] if self._chance.random() < 0.6 else self.tickets
        return self._chance.choice(recent)

    def _judge(
        self, gate: GateNode, ticket: Ticket, asked: AdmissionRequest, answer: Granted
    ) -> None:
        """Whether the gate may admit it, by what it ought to know and all that speaks for it."""
        model = Ledger()
        for fact in self._for_it(gate, ticket):
            model.fold(fact)
        ought = decide(model, asked, gate.trust.now())
        if isinstance(ought, Denied):
            self._world.wrong(
                f"{gate.name} admits {_short(ticket.id)}, and ought to know: {ought.reason.value}"
            )
        elif ought.persons < answer.persons:
            self._world.wrong(f"{gate.name} admits {answer.persons}, {ought.persons} were left")
        for reason in self.connected.breaks_policy(gate, ticket):
            self._world.wrong(f"{gate.name} admits {_short(ticket.id)} although {reason}")

    def _for_it(self, gate: GateNode, ticket: Ticket) -> Iterator[Fact]:
        central = self._world.central
        yield Fact("central", 1, NOON, KeyPublished(central.key.issuer))
        for n, product in enumerate(PRODUCTS, 2):
            yield Fact("central", n, NOON, ProductPublished(product))
        yield Fact("central", 100, NOON, TicketIssued(gate.ledger.ticket(ticket.id) or ticket))
        yield from gate.outbox.pending(ticket.id)
        for fact in self.connected.ought_to_know(gate, ticket.id):
            yield replace(fact, number=fact.number + 1000) if _issued(fact) else fact
        for node in self._world.gates:
            for _, fact in node.told[ticket.id]:
                if not isinstance(fact.event, Admitted):
                    yield fact


def _issued(fact: Fact) -> bool:
    return isinstance(fact.event, TicketIssued)


def _short(ticket: int) -> str:
    return f"#{ticket % 100000:05}"
