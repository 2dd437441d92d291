"""Two gates, a kiosk, central and mosquitto as processes, and what goes wrong between them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.two_gates import TwoGates, admit, refused, two_gates


async def killed(venue: TwoGates, daemon: str) -> None:
    """kill -9, and it stays away. The demo's broker keeps nothing: its database is lost with it."""
    kept = venue.show.processes[daemon]
    process = kept.process
    assert process is not None
    kept.wanted.clear()
    kept.kill()
    await process.wait()


async def test_two_gates_that_lost_broker_and_central_come_together_again(tmp_path: Path) -> None:
    """What both admitted is one conflict, told once; what one of them knew counts at the other."""
    async with asyncio.timeout(60), two_gates(tmp_path) as venue:
        twice, once = await venue.sell(), await venue.sell()
        await admit(venue.one, once)
        await venue.heard("gate-2", "gate-1", 1)
        await refused(venue.other, once)
        await killed(venue, "broker")
        await killed(venue, "central")
        await admit(venue.one, twice)
        await admit(venue.other, twice)
        for name in ("broker", "central"):
            venue.show.processes[name].wanted.set()
        await venue.told("admitted", lambda facts: len(facts) == 3)
        await venue.told("conflicted", lambda facts: len(facts) == 1)
        await venue.heard("gate-2", "gate-1", 2)
        await venue.heard("gate-1", "gate-2", 1)
        for gate in (venue.one, venue.other):
            await refused(gate, twice)
        await venue.connected()
        later = await venue.sell()
        await admit(venue.other, later)
        await venue.heard("gate-1", "gate-2", 2)
        await refused(venue.one, later)
        await venue.told("conflicted", lambda facts: [f["clash"] for f in facts] == ["twice"])


async def test_gates_tell_each_other_what_they_can(tmp_path: Path) -> None:
    """Central is away; then the network of one gate carries one way only: it knows what the other
    admits, not the other way round."""
    async with asyncio.timeout(60), two_gates(tmp_path) as venue:
        unheard, heard = await venue.sell(), await venue.sell()
        await killed(venue, "central")
        venue.bus.there.open.clear()
        await admit(venue.one, heard)
        await venue.heard("gate-2", "gate-1", 1)
        await refused(venue.other, heard)
        await admit(venue.other, unheard)
        await admit(venue.one, unheard)
        venue.bus.mend()
        venue.show.processes["central"].wanted.set()
        await venue.told("conflicted", lambda facts: len(facts) == 1)
        await venue.told("admitted", lambda facts: len(facts) == 3)
        venue.bus.cut()
        venue.http.back.delay_s = 0.2
        venue.bus.mend()
        await venue.connected()
        late = await venue.sell()
        await admit(venue.other, late)
        await venue.heard("gate-1", "gate-2", 2)
        await refused(venue.one, late)
