"""The contract of every OutputLine and InputLine. Those of gpiod and lgpio need a kernel's chip:
tests/board/lines_inside.py holds them to the same."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.listening import listening
from support.relay_boards import SerialBoard, answering, modbus_board

from hal.drivers.gpiozero_lines import pin_factory
from hal.ports import DeviceFault, InputLine, OutputLine
from hal.registry import Devices
from hal.sim.stage import Stage

Look = Callable[[], "bool | Awaitable[bool]"]


@dataclass
class OutputRig:
    line: OutputLine
    look: Look

    async def is_on(self) -> bool:
        seen = self.look()
        return await seen if inspect.isawaitable(seen) else seen


@asynccontextmanager
async def output_rig(kind: str, devices: Devices, folder: Path) -> AsyncIterator[OutputRig]:
    def build(**table: Any) -> OutputLine:
        return devices.build(OutputLine, "latch", table)

    match kind.partition(",")[0]:
        case "sim":
            prop = devices.stage.prop("latch")
            yield OutputRig(build(driver="sim"), lambda: bool(prop.state["on"]))
        case "gpiozero":
            active_high = "low" not in kind
            pin = pin_factory("mock").pin(17)
            line = build(**gpio(17), active_high=active_high)
            yield OutputRig(line, lambda: bool(pin.state) == active_high)
        case "serial_relay":
            board = SerialBoard(folder)
            board.plug()
            line = build(
                driver="serial_relay", port=str(board.link), relay=2, confirm="confirm" in kind
            )

            def look() -> bool:
                board.work()
                return board.on.get(2, False)

            yield OutputRig(line, look)
            board.unplug()
        case _:
            async with modbus_board() as modbus:
                line = build(driver="modbus", host="127.0.0.1", tcp_port=modbus.port, coil=3)
                yield OutputRig(line, lambda: modbus.coil(3))


def gpio(pin: int) -> dict[str, Any]:
    return {"driver": "gpiozero", "pin": pin, "factory": "mock"}


@pytest.fixture(
    params=[
        "sim",
        "gpiozero",
        "gpiozero, active low",
        "serial_relay",
        "serial_relay, confirm",
        "modbus",
    ]
)
async def output(
    request: pytest.FixtureRequest, devices: Devices, tmp_path: Path
) -> AsyncIterator[OutputRig]:
    async with output_rig(request.param, devices, tmp_path) as rig:
        yield rig


async def test_an_output_is_off_when_opened_and_when_closed(output: OutputRig) -> None:
    async with output.line as line:
        assert not await output.is_on()
        await line.set(True)
        assert await output.is_on()
    assert not await output.is_on()


async def test_an_output_goes_off_when_its_owner_fails(output: OutputRig) -> None:
    with pytest.raises(RuntimeError):
        async with output.line as line:
            await line.set(True)
            raise RuntimeError("a bug")
    assert not await output.is_on()


async def test_an_output_can_be_switched_and_opened_again(output: OutputRig) -> None:
    for _ in range(2):
        async with output.line as line:
            await line.set(True)
            await line.set(False)
            assert not await output.is_on()
            await line.set(True)
            await line.set(True)
            assert await output.is_on()


async def test_an_output_never_blips_on_while_it_opens(devices: Devices) -> None:
    pin = pin_factory("mock").pin(18)
    pin.clear_states()
    async with devices.build(OutputLine, "latch", gpio(18)):
        assert not any(state.state for state in pin.states)


Move = Callable[[], Any]


@dataclass
class InputRig:
    line: InputLine
    activate: Move
    deactivate: Move

    async def move(self, on: bool) -> None:
        moved = await asyncio.to_thread(self.activate if on else self.deactivate)
        if inspect.isawaitable(moved):
            await moved


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


@pytest.fixture(params=["sim", "closing to ground", "closing to 3.3 V", "opening", "modbus"])
async def sensor(
    request: pytest.FixtureRequest, devices: Devices, stage: Stage
) -> AsyncIterator[InputRig]:
    match request.param:
        case "sim":
            yield sim_input(devices, stage)
        case "closing to ground":
            yield gpio_input(devices, 22, active_level=False)
        case "closing to 3.3 V":
            yield gpio_input(devices, 23, active_level=True, pull_up=False)
        case "opening":
            yield gpio_input(devices, 24, active_level=True, pull_up=True, active_high=True)
        case _:
            async with modbus_board() as board:
                table = {"driver": "modbus", "host": "127.0.0.1", "tcp_port": board.port}
                line = devices.build(InputLine, "sensor", table | {"input": 5, "poll_ms": 1})
                yield InputRig(line, lambda: board.press(5, True), lambda: board.press(5, False))


async def test_an_input_tells_each_change_once(sensor: InputRig) -> None:
    async with sensor.line as line:
        await sensor.move(False)
        async with listening(line.changes()) as heard:
            for on in (True, False, True):
                await sensor.move(on)
                await sensor.move(on)
                assert await heard.next() is on
            assert heard.nothing_more()


async def test_an_input_can_be_opened_again(sensor: InputRig) -> None:
    for _ in range(2):
        async with sensor.line as line, listening(line.changes()) as heard:
            await sensor.move(False)
            await sensor.move(True)
            while not await heard.next():
                pass


async def test_an_input_first_tells_that_it_is_active(devices: Devices) -> None:
    async with modbus_board() as board:
        table = {"driver": "modbus", "host": "127.0.0.1", "tcp_port": board.port}
        await board.press(5, True)
        async with (
            devices.build(InputLine, "sensor", table | {"input": 5, "poll_ms": 1}) as line,
            listening(line.changes()) as heard,
        ):
            assert await heard.next() is True
            await board.press(5, False)
            assert await heard.next() is False


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
            await latch.set(True)
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


@pytest.mark.parametrize("driver", ["gpiozero", "gpiod"])
async def test_a_machine_without_gpio_says_so(devices: Devices, driver: str) -> None:
    """No test machine has the chip of a Raspberry Pi's header."""
    with pytest.raises(DeviceFault, match=r"is this a Raspberry Pi"):
        async with devices.build(OutputLine, "latch", {"driver": driver, "pin": 17}):
            pass


async def test_relays_of_one_board_share_its_port_and_it_heals_after_an_unplug(
    devices: Devices, tmp_path: Path
) -> None:
    board = SerialBoard(tmp_path)
    board.plug()
    table = {"driver": "serial_relay", "port": str(board.link), "confirm": True}
    one, two = (devices.build(OutputLine, f"r{n}", table | {"relay": n}) for n in (1, 2))
    with pytest.raises(DeviceFault, match="relay board"):
        async with one, two:
            await one.set(True)
            await two.set(True)
            assert board.on == {1: True, 2: True}
            board.unplug()
            await one.set(False)
    with pytest.raises(DeviceFault, match="relay board"):
        async with one:
            pass
    board.plug()
    async with one, two:
        await two.set(True)
        assert board.on == {1: False, 2: True}
    board.unplug()


async def test_a_relay_that_does_not_switch_is_a_fault(devices: Devices, tmp_path: Path) -> None:
    board = SerialBoard(tmp_path, stubborn=True)
    board.plug()
    table = {"driver": "serial_relay", "port": str(board.link), "relay": 1, "confirm": True}
    with pytest.raises(DeviceFault, match="relay 1 did not switch"):
        async with devices.build(OutputLine, "latch", table) as line:
            await line.set(True)
    board.unplug()


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: b"",
        lambda request: None,
        lambda request: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda request: request[:6] + bytes([request[6] + 1]) + request[7:],
        lambda request: request[:7] + b"\x85\x02",
        lambda request: request[:5],
        lambda request: b"\xff" * 5000,
    ],
    ids=["silent", "hangs up", "a web server", "wrong unit", "refuses", "half a frame", "noise"],
)
async def test_a_modbus_board_that_answers_wrongly_is_a_fault(
    devices: Devices, answer: Callable[[bytes], bytes | None]
) -> None:
    async with answering(answer) as port:
        table = {"driver": "modbus", "host": "127.0.0.1", "tcp_port": port, "coil": 0}
        line = devices.build(OutputLine, "latch", table | {"timeout_s": 0.1})
        with pytest.raises(DeviceFault, match="Modbus board at 127"):
            async with line:
                pass


async def test_a_modbus_board_heals_after_an_unplug(devices: Devices) -> None:
    async with modbus_board() as board:
        table = {"driver": "modbus", "host": "127.0.0.1", "tcp_port": board.port, "coil": 0}
        line = devices.build(OutputLine, "latch", table)
        with pytest.raises(DeviceFault):
            async with line:
                await board.unplug()
                await line.set(True)
        board.__init__(board.port)  # type: ignore[misc]
        await board.plug()
        async with line:
            await line.set(True)
            assert await board.coil(0)
