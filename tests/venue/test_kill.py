"""kill -9 of any daemon, at the worst moments: no sale, ticket or admission is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.listening import until

from wicket.demo import script
from wicket.demo.show import Show, running
from wicket.demo.venue import MUSEUM_LANE

LATCH = f"{MUSEUM_LANE}.turnstile.latch_in"
DISPLAY = f"{MUSEUM_LANE}.display"
PAID = ("paid", "printing", "thanks")


async def facts(show: Show, kind: str, number: int) -> list[dict[str, object]]:
    """All facts of a kind at central, as soon as there are `number` of them."""
    await show.central.ready()
    while True:
        told = [e["fact"] for e in await show.central.activity(0) if e["fact"]["kind"] == kind]
        if len(told) >= number:
            return told
        await asyncio.sleep(0)


async def refused(show: Show, code: str) -> str:
    gate = show.stages["gate"]
    await gate.wait(lambda s: s.get(DISPLAY, {}).get("tone") == "idle")
    await gate.cue(f"{MUSEUM_LANE}.reader", scan=code)
    await gate.wait(lambda s: s.get(DISPLAY, {}).get("tone") == "refuse")
    return str(gate.states[DISPLAY]["text"])


async def killed(show: Show, daemon: str) -> None:
    """kill -9, and back again."""
    process = show.processes[daemon].process
    assert process is not None
    hand = show.stages.get(daemon)
    show.processes[daemon].kill()
    await process.wait()
    if hand is not None:
        await hand.gone()
        await hand.wait(bool)


def laid_in(file: Path) -> bool:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as kiosk:
        kept = kiosk.execute("SELECT 1 FROM offline_kept WHERE name = 'heard'").fetchall()
        return bool(kept)


def walked(file: Path) -> bool:
    """Whether the gate has on its disk that somebody walked: a pulse ends before a disk's flush."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as gate:
        facts = gate.execute('SELECT 1 FROM fact WHERE body LIKE \'%"kind": "passed"%\'')
        return bool(facts.fetchall())


async def test_a_gate_killed_before_somebody_has_walked_gives_the_entry_back(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(300), running(tmp_path) as show:
        await script.opening(show)
        code = await script.buy_at_kiosk(show)
        gate = show.stages["gate"]
        await gate.wait(lambda s: s.get(DISPLAY, {}).get("tone") == "idle")
        await gate.cue(f"{MUSEUM_LANE}.reader", scan=code)
        await gate.wait(lambda s: s.get(LATCH, {}).get("on") is True)
        await killed(show, "gate")
        await gate.wait(lambda s: s.get(LATCH, {}).get("on") is False)
        await gate.wait(lambda s: s.get(DISPLAY, {}).get("tone") == "idle")
        await gate.cue(f"{MUSEUM_LANE}.reader", scan=code)
        await gate.wait(lambda s: s.get(LATCH, {}).get("on") is True)
        assert len(await facts(show, "lapsed", 1)) == 1
        assert len(await facts(show, "admitted", 2)) == 2


@pytest.mark.parametrize("moment", ["asking", "approved", "paid"])
async def test_a_kiosk_killed_while_paying_ends_in_one_piece(tmp_path: Path, moment: str) -> None:
    """Nothing charged; or charged and reversed; or charged and the ticket printed."""
    async with asyncio.timeout(300), running(tmp_path) as show:
        await script.opening(show)
        kiosk = show.stages["kiosk"]
        await script.go_to_payment(show)
        if moment == "asking":
            await kiosk.cue("terminal", mode="dawdle")
        else:
            await kiosk.cue("terminal", answer="approve")
            await kiosk.wait(lambda s: s.get("terminal", {}).get("phase") == "approved")
        if moment == "paid":
            await kiosk.wait(lambda s: s.get("screen", {}).get("screen") in PAID)
        await killed(show, "kiosk")
        await kiosk.wait(lambda s: s.get("screen", {}).get("screen") == "start")
        printed = {path.read_text().strip() for path in show.demo.papers.glob("*.txt")}
        charges = (show.demo.state / "terminal.jsonl").read_text()
        outcome = (bool(charges), "reversed" in charges, len(printed))
        allowed = {
            "asking": {(False, False, 0), (True, False, 0)},
            "approved": {(True, True, 0), (True, False, 1)},
            "paid": {(True, False, 1)},
        }
        assert outcome in allowed[moment]
        for code in printed:
            await script.scan(show, MUSEUM_LANE, code, "the ticket", "Welcome")


async def test_central_killed_while_a_visitor_pays_still_sells_the_ticket(tmp_path: Path) -> None:
    async with asyncio.timeout(300), running(tmp_path) as show:
        await script.opening(show)
        kiosk, central = show.stages["kiosk"], show.processes["central"]
        await script.go_to_payment(show)
        central.wanted.clear()
        await killed(show, "central")
        await kiosk.cue("terminal", answer="approve")
        await kiosk.wait(lambda s: s.get("terminal", {}).get("phase") == "approved")
        central.wanted.set()
        await kiosk.wait(lambda s: s.get("printer", {}).get("number", 0) == 1)
        assert len(await facts(show, "ticket_issued", 1)) == 1


async def test_without_central_and_broker_a_ticket_opens_once_and_central_hears_of_it_later(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(300), running(tmp_path) as show:
        await script.opening(show)
        code = await script.buy_at_kiosk(show)
        for name in ("central", "broker"):
            show.processes[name].wanted.clear()
            await killed(show, name)
        await script.scan(show, MUSEUM_LANE, code, "the ticket", "Welcome")
        await script.walk(show, MUSEUM_LANE)
        assert "already used" in await refused(show, code)
        await until(lambda: walked(tmp_path / "gate" / "gate.db"))
        await killed(show, "gate")
        assert "already used" in await refused(show, code)
        for name in ("central", "broker"):
            show.processes[name].wanted.set()
        (admitted,) = await facts(show, "admitted", 1)
        assert admitted["lane"] == MUSEUM_LANE
        entries = [e for e in await show.central.activity(0) if e["fact"] == admitted]
        assert entries[0]["received_at"] > str(admitted["at"])


async def test_what_was_sold_is_there_after_a_restart_of_the_whole_venue(tmp_path: Path) -> None:
    async with asyncio.timeout(300), running(tmp_path) as show:
        await script.opening(show)
        code = await script.buy_at_kiosk(show)
    async with asyncio.timeout(300), running(tmp_path) as show:
        await script.scan(show, MUSEUM_LANE, code, "the ticket", "Welcome")
        await script.walk(show, MUSEUM_LANE)
        assert len(await facts(show, "admitted", 1)) == 1


async def test_without_central_a_kiosk_sells_a_ticket_that_opens_and_central_books_it_later(
    tmp_path: Path,
) -> None:
    overlay = tmp_path / "config" / "kiosk.d" / "offline.toml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text("[offline]\nplaces = 4\n")
    async with asyncio.timeout(300), running(tmp_path) as show:
        await script.opening(show)
        kiosk = show.stages["kiosk"]
        await kiosk.wait(lambda s: s.get("screen", {}).get("screen") == "start")
        await until(lambda: laid_in(tmp_path / "kiosk" / "kiosk.db"))
        show.processes["central"].wanted.clear()
        await killed(show, "central")
        code = await script.buy_at_kiosk(show)
        await killed(show, "kiosk")
        await script.scan(show, MUSEUM_LANE, code, "the ticket", "Welcome")
        await script.walk(show, MUSEUM_LANE)
        show.processes["central"].wanted.set()
        [sold] = await facts(show, "offline_sold", 1)
        [issued] = await facts(show, "ticket_issued", 1)
        assert sold["code"] == code
        assert isinstance(issued["issued"], dict) and isinstance(sold["issued"], dict)
        assert issued["issued"]["id"] == sold["issued"]["id"]
        assert not await facts(show, "conflicted", 0)
