"""The far ends of relay boards: one on a serial line, one that speaks Modbus."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from support.broker import free_port


class SerialBoard:
    """A board of the LCUS kind on a pseudo terminal: it obeys whole commands with a right sum."""

    def __init__(self, folder: Path, *, stubborn: bool = False) -> None:
        self.link = folder / "relays"
        self._stubborn = stubborn
        self.on: dict[int, bool] = {}
        self._heard = b""
        self._fd = -1

    def plug(self) -> None:
        self._fd, there = os.openpty()
        os.set_blocking(self._fd, False)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(there))
        self._there = there
        asyncio.get_running_loop().add_reader(self._fd, self.work)

    def unplug(self) -> None:
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            os.close(self._there)
            self._fd = -1

    def say(self, data: bytes) -> None:
        os.write(self._fd, data)

    def work(self) -> None:
        """Take what has been written to it."""
        try:
            self._heard += os.read(self._fd, 4096)
        except OSError:
            return
        while self._heard:
            if self._heard[0] == 0xFF:
                self._heard = self._heard[1:]
                self._report()
            elif self._heard[0] == 0xA0 and len(self._heard) >= 4:
                start, relay, on, check = self._heard[:4]
                self._heard = self._heard[4:]
                if check == (start + relay + on) & 0xFF and not self._stubborn:
                    self.on[relay] = bool(on)
            elif self._heard[0] == 0xA0:
                return
            else:
                self._heard = self._heard[1:]

    def _report(self) -> None:
        lines = (f"CH{n}: {'ON' if self.on.get(n) else 'OFF'}\r\n" for n in range(1, 9))
        self.say("".join(lines).encode())


class ModbusBoard:
    """A server with 16 coils and 16 inputs, at unit 1."""

    def __init__(self, port: int) -> None:
        bits = [SimData(0, count=16, values=False, datatype=DataType.BITS)]
        words = [SimData(0, count=1, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(1, (bits, list(bits), words, list(words)))
        self.port = port
        self._server = ModbusTcpServer(device, address=("127.0.0.1", port))

    async def coil(self, number: int) -> bool:
        return bool((await self._server.context.async_getValues(1, 1, number, 1))[0])

    async def press(self, number: int, on: bool) -> None:
        await self._server.context.async_setValues(1, 2, number, [on])

    async def plug(self) -> None:
        await self._server.serve_forever(background=True)

    async def unplug(self) -> None:
        await self._server.shutdown()


@asynccontextmanager
async def modbus_board() -> AsyncIterator[ModbusBoard]:
    board = ModbusBoard(free_port())
    await board.plug()
    try:
        yield board
    finally:
        await board.unplug()


Answer = Callable[[bytes], bytes | None]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """A board that answers each request as `answer` says, None for hanging up; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(260):
            reply = answer(request)
            if reply is None:
                break
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
