"""What a swing gate does beyond the contract."""

from __future__ import annotations

import asyncio

import pytest
from support.clock import on_virtual_time
from support.listening import listening, settle
from support.turnstile_lines import Lines, on_lines, told

from admission.values import Direction
from hal.ports import Passage, Passing, Trouble, Troubled
from hal.registry import BadDevice, Devices

IN, OUT = Direction.IN, Direction.OUT
PARTS = ("open_in", "open_out", "close", "outer", "inner")


def gate(devices: Devices, **options: object) -> Lines:
    return on_lines(devices, "swing_gate", *PARTS, **{"on_power_loss": "locked", **options})


async def walk_in(lines: Lines) -> None:
    await lines.edges(("outer", True), ("inner", True), ("outer", False), ("inner", False))


@on_virtual_time
async def test_a_body_in_the_passage_is_told_from_its_first_step_to_its_last(
    devices: Devices,
) -> None:
    lines = gate(devices)
    async with lines.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.release(IN)
        await walk_in(lines)
        await lines.turn("inner")
        assert told(heard) == [
            Passing(True),
            Passage(IN),
            Passing(False),
            Passing(True),
            Passing(False),
        ]


@on_virtual_time
async def test_who_turns_back_leaves_the_gate_released(devices: Devices) -> None:
    lines = gate(devices, command="hold")
    async with lines.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.release(IN)
        await lines.turn("outer")
        assert lines.lit("open_in")
        assert told(heard) == [Passing(True), Passing(False)]


@on_virtual_time
async def test_a_second_body_close_behind_is_told(devices: Devices) -> None:
    lines = gate(devices)
    async with lines.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.release(IN)
        await lines.edges(("outer", True), ("inner", True), ("outer", False), ("outer", True))
        await lines.edges(("inner", False), ("inner", True), ("outer", False), ("inner", False))
        assert told(heard) == [Passing(True), Passage(IN), Passage(IN), Passing(False)]


@on_virtual_time
async def test_the_wrong_way_is_told_and_uses_up_no_release(devices: Devices) -> None:
    lines = gate(devices, command="hold")
    async with lines.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.release(OUT)
        await walk_in(lines)
        assert Passage(IN) in told(heard)
        assert lines.lit("open_out")


@pytest.mark.parametrize("on_power_loss", ["locked", "released"])
@on_virtual_time
async def test_a_pulse_opens_and_another_closes_when_nobody_is_awaited(
    devices: Devices, on_power_loss: str
) -> None:
    lines = gate(devices, on_power_loss=on_power_loss)
    rest = on_power_loss == "released"
    async with lines.turnstile as turnstile:
        await turnstile.release(IN)
        assert lines.lit("open_in") is not rest
        await asyncio.sleep(0.6)
        assert lines.lit("open_in") is rest
        assert not lines.lit("close")
        await walk_in(lines)
        assert lines.lit("close")
        await asyncio.sleep(0.6)
        assert not lines.lit("close")


@on_virtual_time
async def test_it_is_closed_after_the_last_of_a_group_only(devices: Devices) -> None:
    lines = gate(devices, command="hold")
    async with lines.turnstile as turnstile:
        await turnstile.release(IN)
        await turnstile.release(IN)
        await walk_in(lines)
        assert not lines.lit("close")
        await walk_in(lines)
        assert lines.lit("close")


@on_virtual_time
async def test_lock_closes_it_when_neither_way_is_free(devices: Devices) -> None:
    lines = gate(devices)
    async with lines.turnstile as turnstile:
        await turnstile.lock(IN)
        await settle()
        assert not lines.lit("close")
        await turnstile.open(IN)
        await turnstile.open(OUT)
        await turnstile.lock(IN)
        await settle()
        assert not lines.lit("close")
        await turnstile.lock(OUT)
        await settle()
        assert lines.lit("close")


@pytest.mark.parametrize("way", ["release", "open", "evacuate"])
@on_virtual_time
async def test_opening_ends_the_command_to_close(devices: Devices, way: str) -> None:
    lines = gate(devices, command="hold")
    async with lines.turnstile as turnstile:
        await turnstile.open(IN)
        await turnstile.lock(IN)
        await settle()
        assert lines.lit("close")
        await (turnstile.evacuate() if way == "evacuate" else getattr(turnstile, way)(IN))
        assert not lines.lit("close")
        await asyncio.sleep(60)
        assert lines.lit("open_in")
        assert not lines.lit("close")


@on_virtual_time
async def test_it_closes_after_an_evacuation(devices: Devices) -> None:
    lines = gate(devices)
    async with lines.turnstile as turnstile:
        await turnstile.evacuate()
        await turnstile.lock(IN)
        await turnstile.lock(OUT)
        await settle()
        assert lines.lit("close")


@pytest.mark.parametrize("beam", ["outer", "inner"])
@on_virtual_time
async def test_a_barrier_that_stays_broken_is_stuck_until_it_is_free(
    devices: Devices, beam: str
) -> None:
    lines = gate(devices)
    async with lines.turnstile as turnstile, listening(turnstile.events()) as heard:
        await lines.edges((beam, True))
        await asyncio.sleep(10.1)
        assert told(heard) == [Passing(True), Troubled(Trouble.SENSOR_STUCK, True)]
        async with listening(turnstile.events()) as late:
            await settle()
            assert told(late) == [Passing(True), Troubled(Trouble.SENSOR_STUCK, True)]
            await lines.edges((beam, False))
            await settle()
            again = told(heard) + told(late)
        assert again == [Passing(False), Troubled(Trouble.SENSOR_STUCK, False)]


@pytest.mark.parametrize("option", ["pulse_s", "stuck_after_s"])
def test_times_are_positive(devices: Devices, option: str) -> None:
    with pytest.raises(BadDevice, match="must be more than 0"):
        gate(devices, **{option: 0})
