"""What may break in a venue, with its real processes: whatever it was, in the end all agree on who
was admitted; nothing is lost and nothing doubled. The kiosk's part is in test_kill.py."""

from __future__ import annotations

import asyncio
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.cable import Way
from support.listening import until
from support.real_venue import ADULT, CHILD, FAMILY, Admission, venue

A_START = timedelta(seconds=0.3)
"""No central starts faster."""


def sides(clash: dict[str, Any]) -> set[Admission]:
    return {(s["device"], s["number"], s["at"], clash["ticket"]) for s in clash["sides"]}


def of_ticket(known: list[Admission], ticket: str) -> set[Admission]:
    return {one for one in known if one[3] == ticket}


def cut_off(clash: dict[str, Any]) -> set[str]:
    """Who says that it was."""
    return {side["device"] for side in clash["sides"] if side["cut_off"]}


async def test_a_broker_killed_loses_nothing_not_even_with_its_database(tmp_path: Path) -> None:
    async with asyncio.timeout(300), venue(tmp_path) as here:
        one, two = here.gates
        database = here.broker.folder / "mosquitto.db"
        here.broker.send(signal.SIGUSR1)  # write it down
        await until(database.exists)
        admitted = []
        for wiped in (False, True):
            a, b, c = [await here.sell() for _ in range(3)]
            admitted += [(one, a), (two, b), (one, c)]
            killing = here.broker.stop(signal.SIGKILL)
            await asyncio.gather(one.admits(a.code), two.admits(b.code), killing)
            await one.admits(c.code)
            if wiped:
                database.unlink()
            await here.broker.start()
            await here.agree(*admitted)
            await asyncio.gather(one.refuses(b.code), two.refuses(a.code))
            await two.refuses(c.code)
            await asyncio.gather(*(here.status(gate, online=True) for gate in here.gates))
        assert not await here.clashes()


async def test_without_central_gates_tell_each_other_and_central_hears_it_later(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(300), venue(tmp_path) as here:
        one, two = here.gates
        a, b, c = [await here.sell() for _ in range(3)]
        await asyncio.gather(one.admits(a.code), two.admits(b.code), here.lose_central())
        await one.admits(c.code)
        await until(lambda: len(one.knows()) == len(two.knows()) == 3)
        await asyncio.gather(one.refuses(b.code), two.refuses(c.code))
        here.server.wanted.set()
        await here.agree((one, a), (two, b), (one, c))
        told = await here.facts("admitted")
        [late] = [entry for entry in told if str(entry["fact"]["ticket"]) == c.ticket]
        at, received_at = (
            datetime.fromisoformat(t) for t in (late["fact"]["at"], late["received_at"])
        )
        assert received_at - at > A_START, "it has the time when it was"
        assert not await here.clashes()


async def test_a_link_that_carries_one_way_leads_to_one_clash_for_each_ticket_used_twice(
    tmp_path: Path,
) -> None:
    """Gate 2 is not heard by the others, gate 3 does not hear them."""
    async with asyncio.timeout(300), venue(tmp_path, gates=3) as here:
        one, dumb, deaf = here.gates
        a, b, c, d, e = [await here.sell() for _ in range(5)]
        dumb.to_broker.freeze(Way.OUT)
        deaf.to_broker.freeze(Way.IN)
        deaf.to_central.cut()
        await asyncio.gather(dumb.admits(a.code), one.admits(b.code), deaf.admits(c.code))
        await until(lambda: len(one.knows()) == len(dumb.knows()) - 1 == 2)
        await asyncio.gather(one.refuses(c.code), dumb.refuses(b.code))
        await asyncio.gather(one.admits(a.code), deaf.admits(b.code))

        await asyncio.gather(*(here.status(gate, online=False) for gate in (dumb, deaf)))
        await asyncio.gather(dumb.notices(), deaf.notices())
        await asyncio.gather(dumb.admits(d.code), deaf.admits(e.code))
        await one.admits(d.code)
        await one.admits(e.code)

        for gate in (dumb, deaf):
            gate.to_broker.thaw()
        await deaf.to_central.mend()
        twice = [(gate, a) for gate in (one, dumb)] + [(gate, b) for gate in (one, deaf)]
        twice += [(gate, d) for gate in (one, dumb)] + [(gate, e) for gate in (one, deaf)]
        known = await here.agree(*twice, (deaf, c))
        clashes = {clash["ticket"]: clash for clash in await here.clashes()}
        assert clashes.keys() == {paper.ticket for paper in (a, b, d, e)}
        assert len(clashes) == len(await here.facts("conflicted"))
        assert all(sides(clash) == of_ticket(known, ticket) for ticket, clash in clashes.items())
        not_yet, dumbs, deafs = (clashes[paper.ticket] for paper in (a, d, e))
        assert cut_off(not_yet) == set(), "nobody knew it yet"
        assert "(gate-2, heard 0:0" in not_yet["text"]
        assert (cut_off(dumbs), cut_off(deafs)) == ({"gate-2"}, {"gate-3"})


async def test_gates_cut_off_from_everything_do_what_each_product_wants(tmp_path: Path) -> None:
    async with asyncio.timeout(300), venue(tmp_path) as here:
        one, two = here.gates
        adult, child, family = [await here.sell(product) for product in (ADULT, CHILD, FAMILY)]
        for gate in here.gates:
            gate.cut_off()
        await asyncio.gather(*(gate.notices() for gate in here.gates))
        await asyncio.gather(*(gate.admits(adult.code) for gate in here.gates))
        await asyncio.gather(*(gate.refuses(family.code, "staffed") for gate in here.gates))
        await asyncio.gather(one.admits(child.code), two.refuses(child.code, "gate-1"))
        for gate in here.gates:
            await gate.connect()
        known = await here.agree((one, adult), (two, adult), (one, child))
        [clash] = await here.clashes()
        assert (clash["clash"], clash["ticket"]) == ("twice", adult.ticket)
        assert sides(clash) == of_ticket(known, adult.ticket)
        assert cut_off(clash) == {"gate-1", "gate-2"}
