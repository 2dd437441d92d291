"""What a tripod does beyond the contract."""

from __future__ import annotations

import asyncio

import pytest
from support.clock import on_virtual_time
from support.listening import listening, settle, until
from support.turnstile_lines import on_lines, told

from admission.values import Direction
from hal.drivers.gpiozero_lines import pin_factory
from hal.ports import DeviceFault, Passage, Trouble, Troubled
from hal.registry import BadDevice, Devices

IN, OUT = Direction.IN, Direction.OUT
BOTH = ("latch_in", "latch_out", "sensor")


@on_virtual_time
async def test_a_rotation_while_both_ways_are_free_has_no_direction(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH)
    async with lines.turnstile as tripod, listening(tripod.events()) as heard:
        await tripod.open(OUT)
        await tripod.release(IN)
        await lines.turn("sensor")
        assert told(heard) == [Passage(None)]
        assert lines.lit("latch_in", "latch_out")


@on_virtual_time
async def test_a_rotation_while_locked_has_no_direction(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH)
    async with lines.turnstile as tripod, listening(tripod.events()) as heard:
        await lines.turn("sensor")
        assert told(heard) == [Passage(None)]


@on_virtual_time
async def test_a_contact_for_each_way_tells_the_wrong_way_too(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", "latch_in", "latch_out", "sensor_in", "sensor_out")
    async with lines.turnstile as tripod, listening(tripod.events()) as heard:
        await tripod.release(IN)
        await lines.turn("sensor_out")
        assert lines.lit("latch_in")
        await lines.turn("sensor_in")
        assert not lines.lit("latch_in")
        assert told(heard) == [Passage(OUT), Passage(IN)]


@on_virtual_time
async def test_a_tripod_without_a_latch_outwards_cannot_be_released_there(
    devices: Devices,
) -> None:
    lines = on_lines(devices, "tripod", "latch_in", "sensor")
    async with lines.turnstile as tripod:
        assert tripod.directions == {IN}
        for method in (tripod.release, tripod.open, tripod.lock):
            with pytest.raises(DeviceFault, match="no line for the way out"):
                await method(OUT)


@on_virtual_time
async def test_a_pulse_lasts_its_time_and_the_body_may_come_later(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, pulse_s=0.5)
    async with lines.turnstile as tripod, listening(tripod.events()) as heard:
        await tripod.release(OUT)
        await asyncio.sleep(0.49)
        assert lines.lit("latch_out")
        await asyncio.sleep(0.02)
        assert not lines.lit("latch_out")
        await asyncio.sleep(5)
        await lines.turn("sensor")
        assert told(heard) == [Passage(OUT)]
        assert not lines.lit("latch_out")


@on_virtual_time
async def test_each_release_has_its_own_pulse(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, pulse_s=1)
    async with lines.turnstile as tripod:
        for _ in range(3):
            await tripod.release(IN)
        await asyncio.sleep(0.5)
        lit = []
        for _ in range(8):
            lit.append(lines.lit("latch_in"))
            await asyncio.sleep(1)
        assert lit == [True, False, True, False, True, False, False, False]


@on_virtual_time
async def test_lock_ends_the_pulse_and_those_to_come(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, pulse_s=1)
    async with lines.turnstile as tripod:
        await tripod.release(IN)
        await tripod.release(IN)
        await asyncio.sleep(0.5)
        await tripod.lock(IN)
        assert not lines.lit("latch_in")
        await asyncio.sleep(0.1)
        await tripod.release(IN)
        await asyncio.sleep(0.9)
        assert lines.lit("latch_in")
        await asyncio.sleep(0.2)
        assert not lines.lit("latch_in")
        await asyncio.sleep(5)
        assert not lines.lit("latch_in")


@on_virtual_time
async def test_a_pulse_may_be_over_before_it_began(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, pulse_s=1)
    async with lines.turnstile as tripod:
        for _ in range(3):
            await tripod.release(IN)
            await tripod.lock(IN)
        await asyncio.sleep(9)
        assert not lines.lit("latch_in")
        await tripod.release(IN)
    assert not lines.lit("latch_in")


@on_virtual_time
async def test_open_and_evacuate_outlast_a_pulse(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, pulse_s=1)
    async with lines.turnstile as tripod:
        await tripod.release(IN)
        await tripod.open(IN)
        await tripod.release(OUT)
        await tripod.evacuate()
        await asyncio.sleep(5)
        assert lines.lit("latch_in", "latch_out")


@on_virtual_time
async def test_a_latch_lost_in_a_pulse_is_told_by_the_events(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, pulse_s=1)
    async with lines.turnstile as tripod, listening(tripod.events()) as heard:
        await tripod.release(IN)
        lines.unplug("latch_in")
        with pytest.raises(DeviceFault, match=r"^north\.latch_in: "):
            await heard.next()


@pytest.mark.parametrize("on_power_loss", ["locked", "released"])
@on_virtual_time
async def test_the_arm_is_held_up_by_power_and_drops_when_all_must_leave(
    devices: Devices, on_power_loss: str
) -> None:
    lines = on_lines(devices, "tripod", *BOTH, "drop_arm", on_power_loss=on_power_loss)
    async with lines.turnstile as tripod:
        assert lines.lit("drop_arm")
        await tripod.open(IN)
        assert lines.lit("drop_arm")
        await tripod.evacuate()
        assert not lines.lit("drop_arm")
        await tripod.lock(IN)
        assert not lines.lit("drop_arm")
        await tripod.lock(OUT)
        assert lines.lit("drop_arm")
    assert not lines.lit("drop_arm")


@on_virtual_time
async def test_the_arm_drops_even_if_a_latch_is_lost(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, "drop_arm")
    async with lines.turnstile as tripod:
        lines.unplug("latch_in")
        with pytest.raises(DeviceFault, match="latch_in"):
            await tripod.evacuate()
        assert not lines.lit("drop_arm")
        assert lines.lit("latch_out")


@on_virtual_time
async def test_a_contact_that_stays_active_is_stuck_until_it_clears(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH)
    async with lines.turnstile as tripod, listening(tripod.events()) as heard:
        await lines.edges(("sensor", True))
        await asyncio.sleep(9.9)
        assert told(heard) == [Passage(None)]
        await asyncio.sleep(0.2)
        assert told(heard) == [Troubled(Trouble.SENSOR_STUCK, True)]
        await asyncio.sleep(100)
        await lines.edges(("sensor", False))
        assert told(heard) == [Troubled(Trouble.SENSOR_STUCK, False)]


@on_virtual_time
async def test_who_listens_late_is_told_what_is_stuck(devices: Devices) -> None:
    lines = on_lines(devices, "tripod", *BOTH, stuck_after_s=3)
    async with lines.turnstile as tripod:
        await lines.edges(("sensor", True))
        await asyncio.sleep(4)
        for _ in range(2):
            async with listening(tripod.events()) as heard:
                await settle()
                assert told(heard) == [Troubled(Trouble.SENSOR_STUCK, True)]
        await lines.edges(("sensor", False))
        async with listening(tripod.events()) as heard:
            await settle()
            assert told(heard) == []


async def test_it_works_on_pins_as_on_the_stage(devices: Devices) -> None:
    def gpio(pin: int, **options: object) -> dict[str, object]:
        return {"driver": "gpiozero", "pin": pin, "factory": "mock", **options}

    table = {"latch_in": gpio(5), "latch_out": gpio(6, active_high=False), "sensor": gpio(13)}
    lines = on_lines(devices, "tripod", **table)
    latch_in, latch_out, sensor = (pin_factory("mock").pin(number) for number in (5, 6, 13))
    async with lines.turnstile as tripod, listening(tripod.events()) as heard:
        assert (latch_in.state, latch_out.state) == (0, 1)
        await tripod.release(OUT)
        assert (latch_in.state, latch_out.state) == (0, 0)
        sensor.drive_low()
        sensor.drive_high()
        assert await heard.next() == Passage(OUT)
        await until(lambda: (latch_in.state, latch_out.state) == (0, 1))


@pytest.mark.parametrize(
    ("parts", "options", "problem"),
    [
        (("latch_in",), {}, "say either sensor"),
        ((*BOTH, "sensor_in"), {}, "say either sensor"),
        (BOTH, {"pulse_s": 0}, "pulse_s must be more than 0"),
        (BOTH, {"stuck_after_s": -1.0}, "stuck_after_s must be more than 0"),
        (BOTH, {"on_power_loss": "open"}, "'open' is not one of locked, released"),
    ],
)
def test_a_tripod_that_cannot_be_is_refused(
    devices: Devices, parts: tuple[str, ...], options: dict[str, object], problem: str
) -> None:
    with pytest.raises(BadDevice, match=problem):
        on_lines(devices, "tripod", *parts, **options)
