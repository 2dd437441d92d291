"""A line and its far end, one rig for each row of OutputLine and InputLine that needs no kernel."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.listening import until
from support.relay_boards import SerialBoard, modbus_board

from hal.drivers.gpiozero_lines import pin_factory
from hal.ports import InputLine, OutputLine
from hal.registry import Devices

Do = Callable[[], "Awaitable[None] | None"]


async def done(result: Any) -> Any:
    """`result`, awaited if it must be."""
    return await result if inspect.isawaitable(result) else result


@dataclass
class OutputRig:
    line: OutputLine
    look: Callable[[], bool | Awaitable[bool]]
    unplug: Do
    plug: Do
    confirms: bool = True
    """Whether the line has switched as soon as `set` returns; else it is soon so."""

    async def shows(self, on: bool) -> bool:
        if not self.confirms:
            await until(lambda: self.look() is on)
        return await done(self.look()) is on


@dataclass
class InputRig:
    line: InputLine
    move: Callable[[bool], Any]
    unplug: Do
    plug: Do

    async def turn(self, active: bool) -> None:
        """As the world would: on another thread than the loop's, where it can."""
        await done(await asyncio.to_thread(self.move, active))


def gpio(pin: int) -> dict[str, Any]:
    return {"driver": "gpiozero", "pin": pin, "factory": "mock"}


def never() -> None:
    raise AssertionError("a pin cannot be unplugged")


@asynccontextmanager
async def output_rig(kind: str, devices: Devices, folder: Path) -> AsyncIterator[OutputRig]:
    """Where the far end can be left on by somebody else, it is."""

    def build(table: dict[str, Any], **more: Any) -> OutputLine:
        return devices.build(OutputLine, "latch", table | more)

    match kind.split():
        case ["sim"]:
            prop = devices.stage.prop("latch")
            prop.show(on=True)
            yield OutputRig(
                build({"driver": "sim"}),
                lambda: bool(prop.state["on"]),
                lambda: devices.stage.cue("latch", unplug=True),
                lambda: None,
            )
        case ["gpiozero", *low]:
            pin = pin_factory("mock").pin(17)
            line = build(gpio(17), active_high=not low)
            yield OutputRig(line, lambda: bool(pin.state) is not bool(low), never, never)
        case ["serial_relay", *confirm]:
            board = SerialBoard(folder)
            board.on[2] = True
            board.port.plug()
            line = build(board.table, relay=2, confirm=bool(confirm))
            yield OutputRig(
                line, lambda: board.on[2], board.port.unplug, board.port.plug, bool(confirm)
            )
            board.port.unplug()
        case ["modbus", wire]:
            async with modbus_board(wire, folder) as modbus:
                await modbus.leave_on(3)
                line = build(modbus.table, coil=3)
                yield OutputRig(line, lambda: modbus.coil(3), modbus.unplug, modbus.plug)


@asynccontextmanager
async def input_rig(kind: str, devices: Devices, folder: Path) -> AsyncIterator[InputRig]:
    def build(table: dict[str, Any], **more: Any) -> InputLine:
        return devices.build(InputLine, "sensor", table | more)

    def pin(number: int, high: bool, **options: Any) -> InputRig:
        mock = pin_factory("mock").pin(number)
        drive = {high: mock.drive_high, not high: mock.drive_low}
        return InputRig(build(gpio(number), **options), lambda on: drive[on](), never, never)

    match kind.split():
        case ["sim"]:
            stage = devices.stage
            yield InputRig(
                build({"driver": "sim"}),
                lambda on: stage.cue("sensor", level=on),
                lambda: stage.cue("sensor", unplug=True),
                lambda: None,
            )
        case ["gpiozero", "to-ground"]:
            yield pin(22, high=False)
        case ["gpiozero", "to-3.3V"]:
            yield pin(23, high=True, pull_up=False)
        case ["gpiozero", "opening"]:
            yield pin(24, high=True, pull_up=True, active_high=True)
        case ["modbus", wire]:
            async with modbus_board(wire, folder) as board:
                line = build(board.table, input=5, poll_ms=1)
                yield InputRig(line, lambda on: board.press(5, on), board.unplug, board.plug)
