"""Fire, and the time until somebody resets it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.clock import on_virtual_time
from support.gate import NORTH, SIM, Rig, gate_in, settings_in
from support.listening import settle
from support.samples import NOON

from admission.facts import CENTRAL, CountCorrected, Evacuated, Fact, HeadCount
from gate.settings import FireSettings, ZoneSettings

FIRE = FireSettings(SIM, reset=SIM)
HALL = (ZoneSettings("hall"),)
HEADS = (HeadCount("hall", 41),)
IN_THE_HALL = Fact(CENTRAL, 99, NOON, CountCorrected("hall", 41, "the duty manager", "counted"))
INTO_HALL = replace(NORTH, zone="hall")


async def burn(rig: Rig) -> None:
    await rig.idle()
    rig.stage.cue("fire.input", level=True)
    await rig.opens()
    rig.stage.cue("fire.input", level=False)
    await settle()
    assert rig.latch()


@on_virtual_time
async def test_lanes_that_wait_for_a_reset_wait_across_a_restart_with_the_heads_of_then(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path, INTO_HALL, fire=FIRE, zones=HALL)
    async with gate_in(settings) as rig:
        await rig.ledger.fold([IN_THE_HALL])
        await burn(rig)
        assert await rig.told(1) == [Evacuated(on=True, present=HEADS)]
    async with gate_in(settings) as rig:
        await rig.opens()
        await rig.shows("Leave the building")
        assert rig.gate.emergency
        assert rig.gate.emergency.present == HEADS
        rig.stage.cue("fire.reset", pulse=True)
        await rig.locks()
        await rig.idle()
        assert (await rig.told(2))[1:] == [Evacuated(on=False, present=())]
    async with gate_in(settings) as rig:
        await rig.idle()
        assert not rig.latch()


@on_virtual_time
async def test_a_fire_that_ends_while_its_line_is_lost_is_over_when_the_line_is_back(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path, fire=FireSettings(SIM))
    async with gate_in(settings) as rig:
        await rig.idle()
        rig.stage.cue("fire.input", level=True)
        await rig.opens()
        rig.stage.cue("fire.input", unplug=True)
        await rig.locks()
        await rig.idle()


@on_virtual_time
async def test_a_lane_whose_key_switch_was_turned_back_while_it_was_lost_is_open(
    tmp_path: Path,
) -> None:
    lane = replace(NORTH, lock_switch=SIM)
    async with gate_in(settings_in(tmp_path, lane)) as rig:
        await rig.idle()
        rig.stage.cue("North.lock_switch", level=True)
        await rig.shows("Closed")
        rig.stage.cue("North.lock_switch", unplug=True)
        await rig.idle()
