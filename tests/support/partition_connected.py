"""Who could hear whom: what a gate ought to know, and whether it could know that it is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING

from support.partition_central import AT_HOME, BY_STAFF
from support.partition_net import BROKER, CENTRAL, DISTURBED_S
from support.partition_nodes import GateNode

from admission.facts import Fact
from admission.values import Ticket
from gate.catch_up import LOOK_S
from gate.peers import FEED_S, SILENT_S

if TYPE_CHECKING:
    from support.partition_bus import SimBus
    from support.partition_world import World

ASKED_S = LOOK_S + 25.0
"""Within so long a gate that can reach central has asked it, after what it tried before failed."""
SAMPLE_S = 0.5


class Connected:
    def __init__(self, world: World) -> None:
        self._world = world
        self._fed: dict[str, float] = {}
        self._home: dict[str, float] = {}

    async def watch(self) -> None:
        """Note who could hear central, and the home gate, over the bus."""
        while True:
            self._look()
            await asyncio.sleep(SAMPLE_S)

    def ought_to_know(self, gate: GateNode, ticket: int) -> Iterator[Fact]:
        """About the ticket; also its own facts, of course. What is told while its disk is full it
        has not heard: it cannot keep it."""
        world, now = self._world, asyncio.get_running_loop().time()
        for _, fact in gate.told[ticket]:
            yield fact
        if gate.disk.full:  # it lets nobody in
            return
        listens, late_s = max(self._since(gate.bus), gate.disk.since), world.net.late_s
        for other in world.gates:
            both = max(listens, self._since(other.bus))
            for told_at, fact in other.told[ticket]:
                if both <= told_at <= now - late_s:
                    yield fact
        if world.central.put_back:
            return
        told = max(listens, self._since(world.central.bus))
        asks = max(world.net.up_since(gate.name, CENTRAL), world.central.since, gate.since)
        asks = max(asks, gate.disk.since)
        if not world.central.alive:
            asks = inf
        for taken_at, fact in world.central.log[ticket]:
            heard = told <= taken_at <= now - late_s
            if heard or max(taken_at, asks) <= now - ASKED_S:
                yield fact

    def breaks_policy(self, gate: GateNode, ticket: Ticket) -> Iterator[str]:
        """Why the gate could have known that its product is not for gates that are cut off."""
        self._look()
        now = asyncio.get_running_loop().time()
        product = (gate.ledger.ticket(ticket.id) or ticket).product
        slack = DISTURBED_S + SAMPLE_S
        away = product == AT_HOME.id and gate.name != AT_HOME.home
        cut_off = now - self._fed.get(gate.name, 0.0) > FEED_S + slack
        if cut_off and (away or product == BY_STAFF.id):
            yield "it has not heard central for long"
        if away and now - self._home.get(gate.name, 0.0) > SILENT_S + slack:
            yield "it has not heard the home gate for long"

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        told, home = self._speaks(self._world.central.bus), self._speaks(self._world.gates[0].bus)
        for gate in self._world.gates:
            if gate.bus and gate.bus.session and self._world.net.line(BROKER, gate.name).up:
                if told:
                    self._fed[gate.name] = now
                if home:
                    self._home[gate.name] = now

    def _speaks(self, bus: SimBus | None) -> bool:
        """Whether the broker hears it, be it that it does not hear the broker."""
        there = bus is not None and bus.session is not None
        return there and self._world.net.line(bus.device, BROKER).up

    def _since(self, bus: SimBus | None) -> float:
        """Since when it hears and is heard; `inf` if it is not so now."""
        if bus is None or bus.session is None:
            return inf
        lines = self._world.net.up_since(bus.device, BROKER)
        return max(bus.session.since, lines, self._world.broker.since)
