"""What a door does beyond the contract."""

from __future__ import annotations

import asyncio

import pytest
from support.clock import on_virtual_time
from support.listening import listening
from support.turnstile_lines import on_lines, told

from admission.values import Direction
from hal.ports import DeviceFault, Passage, ReleaseAsked, Trouble, Troubled
from hal.registry import BadDevice, Devices

IN, OUT = Direction.IN, Direction.OUT
PLAIN = ("strike", "contact")


@on_virtual_time
async def test_a_magnet_holds_the_door_unless_told_otherwise(devices: Devices) -> None:
    lines = on_lines(devices, "door", *PLAIN)
    async with lines.turnstile as door:
        assert lines.lit("strike")
        await door.release(IN)
        assert not lines.lit("strike")
    assert not lines.lit("strike")


@on_virtual_time
async def test_it_is_locked_when_it_is_closed_and_not_while_it_stands_open(
    devices: Devices,
) -> None:
    lines = on_lines(devices, "door", *PLAIN)
    async with lines.turnstile as door, listening(door.events()) as heard:
        await door.release(IN)
        await lines.edges(("contact", True))
        assert told(heard) == [Passage(IN)]
        await door.lock(IN)
        assert not lines.lit("strike")
        await lines.edges(("contact", False))
        assert lines.lit("strike")


@on_virtual_time
async def test_a_door_forced_open_stays_locked(devices: Devices) -> None:
    lines = on_lines(devices, "door", *PLAIN)
    async with lines.turnstile as door, listening(door.events()) as heard:
        await lines.edges(("contact", True))
        assert told(heard) == [Passage(None)]
        assert lines.lit("strike")


@on_virtual_time
async def test_an_opening_goes_the_way_that_is_released(devices: Devices) -> None:
    lines = on_lines(devices, "door", *PLAIN, directions=["in", "out"])
    async with lines.turnstile as door, listening(door.events()) as heard:
        await door.release(OUT)
        await lines.turn("contact")
        await door.release(OUT)
        await door.release(IN)
        await lines.turn("contact")
        assert told(heard) == [Passage(OUT), Passage(None)]


@on_virtual_time
async def test_a_way_it_does_not_serve_cannot_be_released(devices: Devices) -> None:
    lines = on_lines(devices, "door", *PLAIN, directions=["out"])
    async with lines.turnstile as door:
        assert door.directions == {OUT}
        with pytest.raises(DeviceFault, match="no line for the way in"):
            await door.release(IN)


@on_virtual_time
async def test_a_door_held_open_is_a_trouble_until_it_is_closed(devices: Devices) -> None:
    lines = on_lines(devices, "door", *PLAIN, held_open_s=20)
    async with lines.turnstile as door, listening(door.events()) as heard:
        await door.release(IN)
        await lines.edges(("contact", True))
        await asyncio.sleep(19.9)
        assert told(heard) == [Passage(IN)]
        await asyncio.sleep(0.2)
        assert told(heard) == [Troubled(Trouble.HELD_OPEN, True)]
        await lines.edges(("contact", False))
        assert told(heard) == [Troubled(Trouble.HELD_OPEN, False)]


@on_virtual_time
async def test_the_button_asks_and_opens_nothing_by_itself(devices: Devices) -> None:
    lines = on_lines(devices, "door", *PLAIN, "exit_button", directions=["in", "out"])
    async with lines.turnstile as door, listening(door.events()) as heard:
        await lines.turn("exit_button")
        await lines.turn("exit_button")
        assert told(heard) == [ReleaseAsked(OUT)] * 2
        assert lines.lit("strike")


@pytest.mark.parametrize(
    ("parts", "options", "problem"),
    [
        (PLAIN, {"directions": []}, "directions must name"),
        ((*PLAIN, "exit_button"), {}, 'an exit_button needs "out"'),
        (PLAIN, {"held_open_s": 0}, "held_open_s must be more than 0"),
        (PLAIN, {"directions": ["up"]}, "'up' is not one of in, out"),
    ],
)
def test_a_door_that_cannot_be_is_refused(
    devices: Devices, parts: tuple[str, ...], options: dict[str, object], problem: str
) -> None:
    with pytest.raises(BadDevice, match=problem):
        on_lines(devices, "door", *parts, **options)
