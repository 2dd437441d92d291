"""The contract of every OutputLine and InputLine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from support.listening import listening

from hal.drivers.gpiozero_lines import pin_factory
from hal.ports import DeviceFault, InputLine, OutputLine
from hal.registry import Devices
from hal.sim.stage import Stage


@dataclass
class OutputRig:
    line: OutputLine
    is_on: Callable[[], bool]


@pytest.fixture(params=["sim", "gpiozero", "gpiozero, active low"])
def output(request: pytest.FixtureRequest, devices: Devices, stage: Stage) -> OutputRig:
    if request.param == "sim":
        line = devices.build(OutputLine, "latch", {"driver": "sim"})
        return OutputRig(line, lambda: bool(stage.prop("latch").state["on"]))
    active_high = "low" not in request.param
    pin = pin_factory("mock").pin(17)
    line = devices.build(OutputLine, "latch", gpio(17) | {"active_high": active_high})
    return OutputRig(line, lambda: bool(pin.state) == active_high)


def gpio(pin: int) -> dict[str, Any]:
    return {"driver": "gpiozero", "pin": pin, "factory": "mock"}


async def test_an_output_is_off_when_opened_and_when_closed(output: OutputRig) -> None:
    async with output.line as line:
        assert not output.is_on()
        line.set(True)
        assert output.is_on()
    assert not output.is_on()


async def test_an_output_goes_off_when_its_owner_fails(output: OutputRig) -> None:
    with pytest.raises(RuntimeError):
        async with output.line as line:
            line.set(True)
            raise RuntimeError("a bug")
    assert not output.is_on()


async def test_an_output_can_be_switched_and_opened_again(output: OutputRig) -> None:
    for _ in range(2):
        async with output.line as line:
            line.set(True)
            line.set(False)
            assert not output.is_on()
            line.set(True)
            line.set(True)
            assert output.is_on()


async def test_an_output_never_blips_on_while_it_opens(devices: Devices) -> None:
    pin = pin_factory("mock").pin(18)
    pin.clear_states()
    async with devices.build(OutputLine, "latch", gpio(18)):
        assert not any(state.state for state in pin.states)


@dataclass
class InputRig:
    line: InputLine
    activate: Callable[[], object]
    deactivate: Callable[[], object]


def sim_input(devices: Devices, stage: Stage) -> InputRig:
    return InputRig(
        devices.build(InputLine, "sensor", {"driver": "sim"}),
        lambda: stage.cue("sensor", level=True),
        lambda: stage.cue("sensor", level=False),
    )


def gpio_input(devices: Devices, number: int, active_level: bool, **options: object) -> InputRig:
    pin = pin_factory("mock").pin(number)
    high, low = pin.drive_high, pin.drive_low
    line = devices.build(InputLine, "sensor", gpio(number) | options)
    return InputRig(line, *((high, low) if active_level else (low, high)))


@pytest.fixture(params=["sim", "closing to ground", "closing to 3.3 V", "opening"])
def sensor(request: pytest.FixtureRequest, devices: Devices, stage: Stage) -> InputRig:
    match request.param:
        case "sim":
            return sim_input(devices, stage)
        case "closing to ground":
            return gpio_input(devices, 22, active_level=False)
        case "closing to 3.3 V":
            return gpio_input(devices, 23, active_level=True, pull_up=False)
        case _:
            return gpio_input(devices, 24, active_level=True, pull_up=True, active_high=True)


async def test_an_input_tells_each_change_once(sensor: InputRig) -> None:
    async with sensor.line as line:
        await asyncio.to_thread(sensor.deactivate)
        async with listening(line.changes()) as heard:
            for move in (sensor.activate, sensor.activate, sensor.deactivate, sensor.activate):
                await asyncio.to_thread(move)
            assert [await heard.next() for _ in range(3)] == [True, False, True]
            assert heard.nothing_more()


async def test_an_input_can_be_opened_again(sensor: InputRig) -> None:
    for _ in range(2):
        async with sensor.line as line, listening(line.changes()) as heard:
            sensor.deactivate()
            sensor.activate()
            while not await heard.next():
                pass


async def test_a_pulse_on_the_stage_is_on_and_off(devices: Devices, stage: Stage) -> None:
    sensor = sim_input(devices, stage)
    async with sensor.line as line, listening(line.changes()) as heard:
        stage.cue("sensor", nonsense=1)
        stage.cue("sensor", pulse=True)
        assert [await heard.next(), await heard.next()] == [True, False]


async def test_an_unplugged_sim_line_says_so(devices: Devices, stage: Stage) -> None:
    async with devices.build(OutputLine, "latch", {"driver": "sim"}) as latch:
        stage.cue("latch", unplug=True)
        with pytest.raises(DeviceFault, match="unplugged"):
            latch.set(True)
    sensor = sim_input(devices, stage)
    async with sensor.line as line, listening(line.changes()) as heard:
        stage.cue("sensor", unplug=True)
        with pytest.raises(DeviceFault, match="unplugged"):
            await heard.next()


async def test_a_pin_cannot_be_had_twice(devices: Devices) -> None:
    async with devices.build(OutputLine, "latch", gpio(25)):
        with pytest.raises(DeviceFault, match=r"GPIO 25.*in use"):
            async with devices.build(OutputLine, "lamp", gpio(25)):
                pass


async def test_a_machine_without_gpio_says_so(devices: Devices) -> None:
    """No test machine has a Raspberry Pi's chip 0 at pin 999."""
    table = {"driver": "gpiozero", "pin": 999}
    with pytest.raises(DeviceFault, match=r"is this a Raspberry Pi"):
        async with devices.build(OutputLine, "latch", table):
            pass
