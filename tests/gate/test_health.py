"""What a gate says of its own devices to those who watch from afar."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from support.clock import on_virtual_time
from support.gate import lanes_in
from support.samples import BERLIN, NOON

from admission.facts import Admitted, Event, Lapsed, Refused
from gate.health import health_of
from gate.ledger import SCHEMA, fold_told
from gate.today import Today
from runtime.database import Database
from runtime.outbox import Outbox

WELL = {
    "emergency": False,
    "faults": [],
    "lanes": {"North": {"in": "controlled"}},
    "admitted": {"North": 0},
}


@on_virtual_time
async def test_a_gate_that_is_well_has_no_faults_and_says_its_modes(tmp_path: Path) -> None:
    async with lanes_in(tmp_path) as rig:
        await rig.idle()
        assert health_of(rig.gate) == WELL


@on_virtual_time
async def test_what_is_lost_is_told_until_it_is_back(tmp_path: Path) -> None:
    async with lanes_in(tmp_path) as rig:
        await rig.idle()
        rig.stage.cue("North.reader", unplug=True)
        await rig.until(lambda: bool(health_of(rig.gate)["faults"]))
        assert health_of(rig.gate)["faults"] == ["North, in: 1 of 1 readers lost"]
        rig.stage.cue("North.turnstile.sensor", unplug=True)
        await rig.until(lambda: len(health_of(rig.gate)["faults"]) == 2)
        assert health_of(rig.gate)["faults"][0].startswith("North: turnstile lost;")
        for name in ("North.reader", "North.turnstile.sensor"):
            rig.stage.cue(name, plug=True)
        await rig.idle()
        assert health_of(rig.gate) == WELL


async def test_whom_each_lane_let_in_today_is_counted_bit_by_bit(tmp_path: Path) -> None:
    entry = Admitted(4711, "museum", "North", 2)
    at_noon: list[Event] = [entry, Lapsed(4711, 21, "North", 1), replace(entry, again=True)]
    at_noon += [replace(entry, lane="South"), Refused(4711, "North", "too_late", "x")]
    async with Database(tmp_path / "gate.db", SCHEMA) as database:
        outbox = Outbox(database, "gate-1", fold=fold_told)
        for _ in range(20):
            await outbox.tell(entry, NOON - timedelta(hours=12, minutes=1))
        for event in at_noon:
            await outbox.tell(event, NOON)
        count = Today(database, "gate-1", BERLIN, at_once=5)
        assert count.admitted(NOON) == {"North": 1, "South": 2}
        for _ in range(6):
            await outbox.tell(entry, NOON)
        assert count.admitted(NOON) == {"North": 11, "South": 2}
        assert count.admitted(NOON) == {"North": 13, "South": 2}
        assert count.admitted(NOON + timedelta(days=1)) == {}
