"""The far ends of relay boards: one on a serial line, one that speaks Modbus, and hostile ones."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from pymodbus.framer import FramerRTU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from support.broker import free_port

COILS, INPUTS = 1, 2
"""Function codes that read them."""


class Port:
    """A serial port behind a name that stays; `heard` gets what is written to it."""

    def __init__(self, link: Path, heard: Callable[[bytes], None] = lambda data: None) -> None:
        self.link = link
        self.heard = heard
        self._here = self._there = -1

    def plug(self) -> None:
        self._here, self._there = os.openpty()
        os.set_blocking(self._here, False)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._there))
        asyncio.get_running_loop().add_reader(self._here, self._read)

    def unplug(self) -> None:
        if self._here >= 0:
            asyncio.get_running_loop().remove_reader(self._here)
            os.close(self._here)
            os.close(self._there)
            self._here = -1

    def say(self, data: bytes) -> None:
        os.write(self._here, data)

    def _read(self) -> None:
        self.heard(os.read(self._here, 4096))


def report(on: dict[int, bool]) -> bytes:
    """What an LCUS board with eight relays says of itself."""
    return b"".join(b"CH%d: %s\r\n" % (n, b"ON" if on.get(n) else b"OFF") for n in range(1, 9))


class SerialBoard:
    """A board of the LCUS kind on a pseudo terminal: it obeys whole commands with a right sum."""

    def __init__(self, folder: Path, answer: Callable[[dict[int, bool]], bytes] = report) -> None:
        self.port = Port(folder / "relays", self._take)
        self.table = {"driver": "serial_relay", "port": str(self.port.link)}
        self.on: dict[int, bool] = {}
        self._answer = answer
        self._heard = b""

    def _take(self, data: bytes) -> None:
        self._heard += data
        while self._heard:
            if self._heard[0] == 0xFF:
                self._heard = self._heard[1:]
                self.port.say(self._answer(self.on))
            elif self._heard[0] == 0xA0 and len(self._heard) < 4:
                return
            elif self._heard[0] == 0xA0:
                start, relay, on, check = self._heard[:4]
                self._heard = self._heard[4:]
                if check == (start + relay + on) & 0xFF:
                    self.on[relay] = bool(on)
            else:
                self._heard = self._heard[1:]


@dataclass
class ModbusBoard:
    """A server with 16 coils and 16 inputs, at unit 1. Plugged in again it has forgotten them."""

    table: dict[str, Any]
    serve: Callable[[SimDevice], ModbusTcpServer | ModbusSerialServer]
    ports: tuple[Port, ...] = ()

    async def plug(self) -> None:
        for port in self.ports:
            port.plug()
        bits = [SimData(0, count=16, values=False, datatype=DataType.BITS)]
        words = [SimData(0, count=1, values=0, datatype=DataType.REGISTERS)]
        self._server = self.serve(SimDevice(1, (bits, list(bits), words, list(words))))
        await self._server.serve_forever(background=True)

    async def unplug(self) -> None:
        await self._server.shutdown()
        for port in self.ports:
            port.unplug()

    async def coil(self, number: int) -> bool:
        return bool((await self._server.context.async_getValues(1, COILS, number, 1))[0])

    async def leave_on(self, number: int) -> None:
        await self._server.context.async_setValues(1, COILS, number, [True])

    async def press(self, number: int, on: bool) -> None:
        await self._server.context.async_setValues(1, INPUTS, number, [on])


@asynccontextmanager
async def modbus_board(wire: str, folder: Path) -> AsyncIterator[ModbusBoard]:
    """`wire`: "tcp", or "rtu" for a pair of serial ports."""
    board = _on_the_network() if wire == "tcp" else _on_a_serial_line(folder)
    await board.plug()
    try:
        yield board
    finally:
        await board.unplug()


def _on_the_network() -> ModbusBoard:
    address = ("127.0.0.1", free_port())
    table = {"driver": "modbus", "host": address[0], "tcp_port": address[1]}
    return ModbusBoard(table, lambda device: ModbusTcpServer(device, address=address))


def _on_a_serial_line(folder: Path) -> ModbusBoard:
    near = Port(folder / "near")
    far = Port(folder / "far", near.say)
    near.heard = far.say
    return ModbusBoard(
        {"driver": "modbus", "port": str(near.link)},
        lambda device: ModbusSerialServer(device, port=str(far.link), baudrate=9600),
        (near, far),
    )


@dataclass(frozen=True)
class Asked:
    """A question to unit `unit`, without what its wire wraps it in."""

    unit: int
    pdu: bytes
    wrap: Callable[[int, bytes], bytes]
    """A whole frame that answers it: from which unit, what."""
    connection: int = 0
    """The how-many-th it came on, from 0."""


Answer = Callable[[Asked], bytes]


@asynccontextmanager
async def answering(wire: str, folder: Path, answer: Answer) -> AsyncIterator[dict[str, Any]]:
    """A board that answers each question as `answer` says; the table of its lines."""
    if wire == "rtu":
        port = Port(folder / "port", lambda data: port.say(answer(rtu(data))))
        port.plug()
        yield {"driver": "modbus", "port": str(port.link)}
        port.unplug()
        return

    connections = count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(connections)
        while data := await reader.read(260):
            writer.write(answer(_tcp(data, connection)))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield {"driver": "modbus", "host": "127.0.0.1"} | {
            "tcp_port": server.sockets[0].getsockname()[1]
        }


class SlowBoard:
    """A board on a serial line that answers when the test does so: what it was asked waits."""

    def __init__(self, folder: Path) -> None:
        self.asked: asyncio.Queue[Asked] = asyncio.Queue()
        self.port = Port(folder / "slow", lambda data: self.asked.put_nowait(rtu(data)))
        self.table = {"driver": "modbus", "port": str(self.port.link)}

    def answer(self, asked: Asked, pdu: bytes) -> None:
        self.port.say(asked.wrap(asked.unit, pdu))


def rtu(frame: bytes) -> Asked:
    """A whole question as it comes over a serial line."""

    def wrap(unit: int, pdu: bytes) -> bytes:
        bare = bytes([unit]) + pdu
        return bare + FramerRTU.compute_CRC(bare).to_bytes(2, "big")

    return Asked(frame[0], frame[1:-2], wrap)


def _tcp(frame: bytes, connection: int) -> Asked:
    def wrap(unit: int, pdu: bytes) -> bytes:
        return frame[:4] + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu

    return Asked(frame[6], frame[7:], wrap, connection)
