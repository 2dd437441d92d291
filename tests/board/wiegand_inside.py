"""A Wiegand reader's pulses on a kernel's lines. Slower than a real one: sysfs is."""

from __future__ import annotations

import asyncio
import logging
import time

from gpio_sim import GpioSim
from support.listening import listening

from hal.drivers import wiegand_frames, wiegand_reader
from hal.ports import CodeReader, Scan
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure

D0, D1 = 5, 6
SLOW_S = 0.5
PULSE_S = 0.01
"""The simulated chip tells its interrupts at the next tick, and only one of each line."""
CARD = 42 << 16 | 12736


def show(chip: GpioSim, bits: list[int]) -> None:
    for bit in bits:
        line = D1 if bit else D0
        chip.pull(line, False)
        chip.pull(line, True)
        time.sleep(PULSE_S)


def frame(number: int) -> list[int]:
    data = [number >> shift & 1 for shift in range(23, -1, -1)]
    return [sum(data[:12]) % 2, *data, 1 - sum(data[12:]) % 2]


async def main() -> None:
    chip = GpioSim()
    for line in (D0, D1):
        chip.pull(line, True)
    wiegand_frames.GAP_S = wiegand_reader.GAP_S = SLOW_S
    table = {"driver": "wiegand", "d0": D0, "d1": D1}
    warned: list[str] = []
    logging.getLogger("wicket.hal.reader").addFilter(lambda one: not warned.append(one.msg))
    async with Devices(structure, Stage()).build(CodeReader, "north", table) as reader:
        for line in (D0, D1):
            chip.pull(line, True)
        await asyncio.sleep(2 * SLOW_S)
        async with listening(reader.scans()) as heard:
            for _ in range(2):
                await asyncio.to_thread(show, chip, frame(CARD))
                assert await heard.next() == Scan("CARD:26:2A31C0")
            await asyncio.to_thread(show, chip, frame(CARD)[:20])
            await asyncio.sleep(3 * SLOW_S)
            assert heard.nothing_more()
            await asyncio.to_thread(show, chip, frame(CARD))
            assert await heard.next() == Scan("CARD:26:2A31C0")
    assert warned, "half a card is told"


asyncio.run(main())
