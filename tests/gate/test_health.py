"""What a gate says of its own devices to those who watch from afar."""

from __future__ import annotations

from pathlib import Path

from support.clock import on_virtual_time
from support.gate import lanes_in

from gate.health import health_of

WELL = {"emergency": False, "faults": [], "lanes": {"North": {"in": "controlled"}}}


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
