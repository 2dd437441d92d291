"""A technician tries the lines of a turnstile and watches its sensors."""

from __future__ import annotations

import asyncio

import pytest
from support.clock import on_virtual_time
from support.listening import settle
from support.turnstile_lines import Lines, on_lines

from admission.values import Direction
from hal.composed import Composed, Felt
from hal.ports import DeviceFault
from hal.registry import Devices

IN = Direction.IN
TRIPOD = ("latch_in", "latch_out", "sensor", "drop_arm")
KINDS = {
    "tripod": (TRIPOD, {"latch_in", "latch_out", "drop_arm"}, {"sensor"}),
    "swing_gate": (
        ("open_in", "open_out", "close", "outer", "inner"),
        {"open_in", "open_out", "close"},
        {"outer", "inner"},
    ),
    "door": (("strike", "contact"), {"strike"}, {"contact"}),
}


def composed(lines: Lines) -> Composed:
    assert isinstance(lines.turnstile, Composed)
    return lines.turnstile


@on_virtual_time
async def test_a_line_acts_for_its_time(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *TRIPOD)
    async with lines.turnstile, asyncio.TaskGroup() as group:
        pulse = group.create_task(composed(lines).pulse("latch_out", 0.5))
        await asyncio.sleep(0.4)
        assert lines.lit("latch_out")
        assert not lines.lit("latch_in")
        await pulse
        assert not lines.lit("latch_out")


@on_virtual_time
async def test_a_line_that_locks_while_on_is_off_for_the_pulse(devices: Devices) -> None:
    lines = on_lines(devices, "door", "strike", "contact", on_power_loss="released")
    async with lines.turnstile, asyncio.TaskGroup() as group:
        assert lines.lit("strike")
        pulse = group.create_task(composed(lines).pulse("strike", 1))
        await asyncio.sleep(0.5)
        assert not lines.lit("strike")
        await pulse
        assert lines.lit("strike")


@on_virtual_time
async def test_a_pulse_takes_nothing_back_that_was_opened_meanwhile(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *TRIPOD)
    async with lines.turnstile as tripod:
        for part in ("latch_in", "drop_arm"):
            async with asyncio.TaskGroup() as group:
                group.create_task(composed(lines).pulse(part, 1))
                await asyncio.sleep(0.5)
                await tripod.evacuate()
            assert lines.lit("latch_in", "latch_out")
            assert not lines.lit("drop_arm")
        for way in tripod.directions:
            await tripod.lock(way)
        assert not lines.lit("latch_in")
        assert lines.lit("drop_arm")


@on_virtual_time
async def test_a_pulse_that_is_cut_off_is_told_and_leaves_the_line_off(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *TRIPOD)
    turnstile = lines.turnstile

    async def closed_after_a_second() -> None:
        async with turnstile:
            await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        group.create_task(closed_after_a_second())
        await settle()
        with pytest.raises(DeviceFault, match="was closed meanwhile"):
            await composed(lines).pulse("latch_in", 60)
    assert not lines.lit("latch_in")


@on_virtual_time
async def test_sensors_tell_their_level_and_how_often_it_changed(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *TRIPOD)
    async with lines.turnstile:
        assert composed(lines).felt == {"sensor": Felt(active=False, changes=0)}
        await lines.turn("sensor")
        await lines.edges(("sensor", True))
        assert composed(lines).felt == {"sensor": Felt(active=True, changes=3)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_turnstile_names_its_lines_as_the_configuration_does(
    devices: Devices, kind: str
) -> None:
    parts, outputs, sensors = KINDS[kind]
    lines = composed(on_lines(devices, kind, *parts))
    assert set(lines.outputs) == outputs
    assert set(lines.felt) <= sensors
