"""Both drivers of GPIO lines on a kernel's chip, read from the far end.

The contract is that of tests/hal/test_lines.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gpio_sim import GpioSim
from support.listening import listening

from hal.ports import DeviceFault, InputLine, OutputLine
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure

RELAY, CONTACT = 17, 22
DEVICES = Devices(structure, Stage())


async def an_output_switches_and_is_safe_when_closed(chip: GpioSim, driver: str) -> None:
    for active_high in (True, False):
        if not active_high:
            chip.pull(RELAY, True)  # as the resistor on a board that switches on when low
        table = {"driver": driver, "pin": RELAY, "active_high": active_high}
        for _ in range(2):
            async with DEVICES.build(OutputLine, "latch", table) as line:
                assert chip.level(RELAY) is not active_high, "on when opened"
                for on in (True, False, True, True):
                    await line.set(on)
                    assert chip.level(RELAY) is (on is active_high), (driver, active_high, on)
            assert chip.level(RELAY) is not active_high, "on when closed"
        chip.pull(RELAY, False)


async def an_output_cannot_be_had_twice(driver: str) -> None:
    table = {"driver": driver, "pin": RELAY}
    async with DEVICES.build(OutputLine, "latch", table):
        try:
            async with DEVICES.build(OutputLine, "lamp", {"driver": "gpiod", "pin": RELAY}):
                raise AssertionError("a line that is in use was given away")
        except DeviceFault as fault:
            assert "is the pin used twice" in str(fault), fault


async def an_input_tells_each_change(chip: GpioSim, driver: str, **options: Any) -> None:
    high = options.get("active_high", not options.get("pull_up", True))
    table = {"driver": driver, "pin": CONTACT, **options}
    async with DEVICES.build(InputLine, "sensor", table) as line:
        chip.pull(CONTACT, not high)
        await asyncio.sleep(0.1)  # the kernel debounces for 20 ms
        async with listening(line.changes()) as heard:
            assert await heard.next() is False, (driver, options)
            for on in (True, False, True):
                chip.pull(CONTACT, on is high)
                assert await heard.next() is on, (driver, options, on)


async def an_input_that_is_active_says_so_first(chip: GpioSim, driver: str) -> None:
    async with DEVICES.build(InputLine, "sensor", {"driver": driver, "pin": CONTACT}) as line:
        chip.pull(CONTACT, False)
        await asyncio.sleep(0.1)
        async with asyncio.timeout(30):
            assert await anext(aiter(line.changes())) is True, driver


async def a_bounce_is_no_change(chip: GpioSim, driver: str) -> None:
    table = {"driver": driver, "pin": CONTACT, "bounce_ms": 200}
    async with DEVICES.build(InputLine, "sensor", table) as line:
        chip.pull(CONTACT, True)
        await asyncio.sleep(0.5)
        async with listening(line.changes()) as heard:
            assert await heard.next() is False, driver
            for _ in range(5):
                chip.pull(CONTACT, False)
                chip.pull(CONTACT, True)
            await asyncio.sleep(0.6)
            assert heard.nothing_more(), driver
            chip.pull(CONTACT, False)
            assert await heard.next() is True, driver


async def main() -> None:
    chip = GpioSim()
    for driver in ("gpiod", "gpiozero"):
        await an_output_switches_and_is_safe_when_closed(chip, driver)
        await an_output_cannot_be_had_twice(driver)
        await an_input_tells_each_change(chip, driver)
        await an_input_tells_each_change(chip, driver, pull_up=False)
        await an_input_tells_each_change(chip, driver, pull_up=True, active_high=True)
        await an_input_that_is_active_says_so_first(chip, driver)
        await a_bounce_is_no_change(chip, driver)


asyncio.run(main())
