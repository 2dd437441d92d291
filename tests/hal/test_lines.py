"""The contract of every OutputLine and InputLine. Those of gpiod and lgpio need a kernel's chip:
tests/board/lines_inside.py holds them to the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.clock import on_virtual_time
from support.line_rigs import InputRig, OutputRig, done, gpio, input_rig, output_rig
from support.listening import listening

from hal.drivers.gpiozero_lines import pin_factory
from hal.drivers.level_box import LOOK_AGAIN_S, LevelBox
from hal.ports import DeviceFault, InputLine, OutputLine
from hal.registry import Devices
from hal.sim.stage import Stage

LOSABLE_OUTPUTS = ["sim", "serial_relay", "serial_relay confirm", "modbus tcp", "modbus rtu"]
OUTPUTS = [*LOSABLE_OUTPUTS, "gpiozero", "gpiozero low"]
LOSABLE_INPUTS = ["sim", "modbus tcp", "modbus rtu"]
INPUTS = [*LOSABLE_INPUTS, "gpiozero to-ground", "gpiozero to-3.3V", "gpiozero opening"]


@pytest.fixture(params=OUTPUTS)
async def output(
    request: pytest.FixtureRequest, devices: Devices, tmp_path: Path
) -> AsyncIterator[OutputRig]:
    async with output_rig(request.param, devices, tmp_path) as rig:
        yield rig


@pytest.fixture(params=INPUTS)
async def sensor(
    request: pytest.FixtureRequest, devices: Devices, tmp_path: Path
) -> AsyncIterator[InputRig]:
    async with input_rig(request.param, devices, tmp_path) as rig:
        yield rig


async def test_an_output_is_off_when_opened_and_when_closed(output: OutputRig) -> None:
    async with output.line as line:
        assert await output.shows(False)
        await line.set(True)
        assert await output.shows(True)
    assert await output.shows(False)


async def test_an_output_goes_off_when_its_owner_fails(output: OutputRig) -> None:
    with pytest.raises(RuntimeError):
        async with output.line as line:
            await line.set(True)
            assert await output.shows(True)
            raise RuntimeError("a bug")
    assert await output.shows(False)


async def test_an_output_can_be_switched_and_opened_again(output: OutputRig) -> None:
    for _ in range(2):
        async with output.line as line:
            for on in (True, False, False, True, True):
                await line.set(on)
                assert await output.shows(on)


@pytest.mark.parametrize("output", LOSABLE_OUTPUTS, indirect=True)
async def test_an_output_whose_board_is_lost_says_so_and_comes_back(output: OutputRig) -> None:
    with pytest.raises(DeviceFault) as lost:
        async with output.line as line:
            await done(output.unplug())
            await line.set(True)
    assert lost.value.hint
    await done(output.plug())
    async with output.line as line:
        await line.set(True)
        assert await output.shows(True)


async def test_an_output_never_blips_on_while_it_opens(devices: Devices) -> None:
    pin = pin_factory("mock").pin(18)
    pin.clear_states()
    async with devices.build(OutputLine, "latch", gpio(18)):
        assert not any(state.state for state in pin.states)


async def test_an_input_tells_its_level_and_then_each_change_once(sensor: InputRig) -> None:
    async with sensor.line as line:
        await sensor.turn(False)
        async with listening(line.changes()) as heard:
            assert await heard.next() is False
            for on in (True, False, True):
                await sensor.turn(on)
                await sensor.turn(on)
                assert await heard.next() is on
            assert heard.nothing_more()


async def test_an_input_that_is_active_says_so_first(sensor: InputRig) -> None:
    async with sensor.line as line:
        await sensor.turn(True)
        async with listening(line.changes()) as heard:
            assert await heard.next() is True
            await sensor.turn(False)
            assert await heard.next() is False
            assert heard.nothing_more()


async def test_each_that_listens_is_told_the_level_as_it_stands(sensor: InputRig) -> None:
    async with sensor.line as line:
        for before, now in ((False, True), (True, True), (True, False), (False, False)):
            await sensor.turn(before)
            async with listening(line.changes()) as heard:
                assert await heard.next() is before
            await sensor.turn(now)
            async with listening(line.changes()) as heard:
                assert await heard.next() is now
                assert heard.nothing_more()


async def test_an_input_can_be_opened_again(sensor: InputRig) -> None:
    for _ in range(2):
        async with sensor.line as line, listening(line.changes()) as heard:
            await sensor.turn(False)
            await sensor.turn(True)
            while not await heard.next():
                pass


@pytest.mark.parametrize("sensor", LOSABLE_INPUTS, indirect=True)
async def test_a_level_that_ended_while_the_board_was_lost_is_told(sensor: InputRig) -> None:
    """The boards of these rigs are off when they are plugged in again."""
    async with sensor.line as line:
        await sensor.turn(True)
        async with listening(line.changes()) as heard:
            assert await heard.next() is True
            await done(sensor.unplug())
            with pytest.raises(DeviceFault) as lost:
                await heard.next()
    assert lost.value.hint
    await done(sensor.plug())
    async with sensor.line as line, listening(line.changes()) as heard:
        assert await heard.next() is False
        await sensor.turn(True)
        assert await heard.next() is True


async def test_a_pulse_on_the_stage_is_on_and_off(devices: Devices, stage: Stage) -> None:
    sensor = devices.build(InputLine, "sensor", {"driver": "sim"})
    async with sensor as line, listening(line.changes()) as heard:
        stage.cue("sensor", nonsense=1)
        stage.cue("sensor", pulse=True)
        assert [await heard.next() for _ in range(3)] == [False, True, False]


async def test_a_cue_that_comes_while_the_level_is_told_is_not_lost(
    devices: Devices, stage: Stage
) -> None:
    async with devices.build(InputLine, "sensor", {"driver": "sim"}) as line:
        changes = line.changes()
        assert await anext(changes) is False
        stage.cue("sensor", level=True)
        assert await anext(changes) is True


@on_virtual_time
async def test_a_change_whose_edge_was_lost_is_found_but_no_spike() -> None:
    levels, box = {"now": False}, LevelBox("contact")
    async with listening(box.changes(lambda: levels["now"])) as heard:
        assert await heard.next() is False
        levels["now"] = True
        assert await heard.next() is True
        levels["now"] = False
        box.put(False)
        assert await heard.next() is False
        await asyncio.sleep(LOOK_AGAIN_S * 10)
        levels["now"] = True
        await asyncio.sleep(LOOK_AGAIN_S)
        levels["now"] = False
        await asyncio.sleep(LOOK_AGAIN_S * 10)
        assert heard.nothing_more()


@on_virtual_time
async def test_a_contact_that_cannot_be_looked_at_any_more_is_lost() -> None:
    levels, box = [False], LevelBox("contact")

    def look() -> bool:
        if not levels:
            raise DeviceFault("contact", "is gone", "plug it in")
        return levels.pop()

    async with listening(box.changes(look)) as heard:
        assert await heard.next() is False
        with pytest.raises(DeviceFault, match="is gone"):
            await heard.next()


async def test_a_pin_cannot_be_had_twice(devices: Devices) -> None:
    async with devices.build(OutputLine, "latch", gpio(25)):
        with pytest.raises(DeviceFault, match=r"GPIO 25.*in use"):
            async with devices.build(OutputLine, "lamp", gpio(25)):
                pass


@pytest.mark.parametrize("driver", ["gpiozero", "gpiod"])
async def test_a_machine_without_gpio_says_so(devices: Devices, driver: str) -> None:
    """No test machine has the chip of a Raspberry Pi's header."""
    with pytest.raises(DeviceFault, match=r"is this a Raspberry Pi"):
        async with devices.build(OutputLine, "latch", {"driver": driver, "pin": 17}):
            pass
