"""A gate whose disk fails, on a real file system: nobody enters unrecorded, everybody gets out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.gate import BOTH_WAYS, NORTH, SIM, Rig, gate_in, settings_in, told_in
from support.listening import until
from support.lossy_disk import Disk, lossy_disk
from support.samples import KEY, ticket

from admission.codes import sign_ticket
from admission.facts import Admitted, Lapsed
from admission.values import LaneMode
from gate.settings import FireSettings, GateSettings, WaySettings

VISITOR = ticket()
ENTRY = Admitted(VISITOR.id, "museum", "North", 1)
CODE = sign_ticket(KEY, VISITOR)
LANE = replace(NORTH, turnstile=BOTH_WAYS, exit=WaySettings(mode=LaneMode.FREE))
RECORD_WITHIN_S = 2.0
"""Long beside a flush of this disk, also where the machine is busy."""
TROUBLES = [Disk.fail_next_flush, Disk.fill, Disk.turn_read_only, Disk.hang]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with lossy_disk(tmp_path) as one:
        yield one
        one.be_well()


def settings_on(disk: Disk) -> GateSettings:
    return settings_in(disk.mount, LANE, fire=FireSettings(SIM), record_within_s=RECORD_WITHIN_S)


def is_on(rig: Rig, latch: str) -> bool:
    return bool(rig.stage.prop(f"North.turnstile.{latch}").state.get("on"))


def given_back(disk: Disk) -> bool:
    """No entry is on the disk, or its lapse is too."""
    told = [type(event) for event in told_in(disk.mount)]
    return told.count(Admitted) == told.count(Lapsed)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_without_its_disk_a_gate_lets_nobody_in_but_out_and_away_from_fire(
    disk: Disk, trouble: Callable[[Disk], None]
) -> None:
    async with asyncio.timeout(60), gate_in(settings_on(disk), tickets=[VISITOR]) as rig:
        await rig.idle()
        trouble(disk)
        rig.scan(CODE)
        await rig.shows("cannot record entries")
        assert not is_on(rig, "latch_in")
        assert is_on(rig, "latch_out")
        rig.stage.cue("fire.input", level=True)
        await rig.until(lambda: is_on(rig, "latch_in"))
        rig.stage.cue("fire.input", level=False)
        disk.be_well()
        await until(lambda: not rig.gate.lanes[0].state.unwritten)
        await until(lambda: given_back(disk))
        await rig.idle()
        rig.scan(CODE)
        await rig.shows("Welcome")
        assert is_on(rig, "latch_in")
        disk.cut()
    assert ENTRY in told_in(disk.platter)


@pytest.mark.parametrize("trouble", [Disk.fill, Disk.turn_read_only])
async def test_where_nobody_shall_wait_for_the_disk_a_ticket_still_enters_once(
    disk: Disk, trouble: Callable[[Disk], None]
) -> None:
    settings = replace(settings_on(disk), open_unrecorded=True)
    async with asyncio.timeout(60), gate_in(settings, tickets=[VISITOR]) as rig:
        await rig.idle()
        trouble(disk)
        rig.scan(CODE)
        await rig.shows("Welcome")
        rig.stage.cue("North.turnstile.sensor_in", pulse=True)
        await rig.idle()
        rig.scan(CODE)
        await rig.shows("already used")
        assert not is_on(rig, "latch_in")
        disk.be_well()
        await until(lambda: told_in(disk.mount).count(ENTRY) == 1)
