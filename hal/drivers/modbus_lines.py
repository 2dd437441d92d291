"""Relay boards that speak Modbus, by network (TCP) or by RS-485 (RTU), through pymodbus."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from hal.drivers.serial_port import check_baud
from hal.ports import DeviceFault
from hal.registry import Devices

FUNCTIONS = {"write_coil": 5, "read_discrete_inputs": 2}
"""Function codes of the Modbus application protocol, V1.1b3."""

SILENCES = 3
"""So many questions in a row without an answer, and a network connection is made anew: the other
end may have lost its power without a word. pymodbus gives it up itself after five."""


@dataclass(frozen=True, kw_only=True)
class BoardOptions:
    """`host` and `tcp_port` of a network board, or the serial `port` and its `baud`. `unit`: the
    board's address. It has `timeout_s` seconds for an answer."""

    host: str = ""
    tcp_port: int = 502
    port: str = ""
    baud: int = 9600
    unit: int = 1
    timeout_s: float = 0.5

    def __post_init__(self) -> None:
        if bool(self.host) is bool(self.port):
            raise ValueError("say either host (network) or port (serial line)")
        check_baud(self.baud)
        if not 0 < self.timeout_s <= 10:
            raise ValueError("timeout_s: more than 0 and at most 10 seconds")
        if not 0 <= self.unit <= 247:
            raise ValueError("unit: 0 to 247")

    @property
    def key(self) -> tuple[Any, ...]:
        return ("modbus", self.host, self.tcp_port, self.port)

    @property
    def place(self) -> str:
        return f"{self.host}:{self.tcp_port}" if self.host else self.port


class ModbusOutput:
    """A coil. Each switching waits for the board's answer, which confirms it. A board keeps its
    coils when its computer dies, unless it has a watchdog: set that."""

    @dataclass(frozen=True, kw_only=True)
    class Options(BoardOptions):
        """`coil`: its address, from 0."""

        coil: int

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._board: _Board = devices.boards.setdefault(options.key, _Board(options))

    async def __aenter__(self) -> Self:
        with _faults(self.name, self._board, self._options):
            await self._board.open()
        try:
            await self.set(False)
        except BaseException:
            self._board.close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        try:
            await self.set(False)
        except DeviceFault:
            if kind is None:
                raise
        finally:
            self._board.close()

    async def set(self, on: bool) -> None:
        options = self._options
        with _faults(self.name, self._board, options):
            await self._board.ask(
                options.unit,
                "write_coil",
                (options.coil, on),
                lambda echo: (echo.address, echo.bits) == (options.coil, [on]),
            )


class ModbusInput:
    """A discrete input, asked for every `poll_ms` milliseconds; a shorter change is missed."""

    @dataclass(frozen=True, kw_only=True)
    class Options(BoardOptions):
        """`input`: its address, from 0."""

        input: int
        active_high: bool = True
        poll_ms: int = 20

        def __post_init__(self) -> None:
            BoardOptions.__post_init__(self)
            if self.poll_ms <= 0:
                raise ValueError("poll_ms: more than 0 milliseconds")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._board: _Board = devices.boards.setdefault(options.key, _Board(options))

    async def __aenter__(self) -> Self:
        with _faults(self.name, self._board, self._options):
            await self._board.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._board.close()

    async def changes(self) -> AsyncIterator[bool]:
        was: bool | None = None
        while True:
            if (active := await self._level()) is not was:
                yield active
            was = active
            await asyncio.sleep(self._options.poll_ms / 1000)

    async def _level(self) -> bool:
        options = self._options
        with _faults(self.name, self._board, options):
            answer = await self._board.ask(
                options.unit,
                "read_discrete_inputs",
                (options.input,),
                lambda answer: len(answer.bits) == 8,  # one level comes in one byte
            )
        return bool(answer.bits[0]) is options.active_high


@dataclass
class _Unit:
    """One address on the wire. It is asked one thing at a time, and after a question that it did
    not answer nothing until `quiet_until`: RTU answers do not tell which question they are for."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    quiet_until: float = 0.0


class _Board:
    """One connection for all lines of a board. Once it is gone for one it is gone for all, until
    it is opened again; a question that is refused or not answered concerns who asked it. One
    question at a time: RS-485 has one pair of wires."""

    def __init__(self, options: BoardOptions) -> None:
        self._options = options
        self._client: Any = None
        self._users = 0
        self._turn = asyncio.Lock()
        self._units: defaultdict[int, _Unit] = defaultdict(_Unit)
        self._silences = 0

    async def open(self) -> None:
        async with self._turn:
            if self._client is None:
                self._client = await self._connect()
        self._users += 1

    async def _connect(self) -> Any:
        options = self._options
        how: dict[str, Any] = {"timeout": options.timeout_s, "retries": 0, "reconnect_delay": 0}
        client: Any
        if options.host:
            client = AsyncModbusTcpClient(options.host, port=options.tcp_port, **how)
        else:
            client = AsyncModbusSerialClient(options.port, baudrate=options.baud, **how)
        try:
            if not await client.connect():
                raise OSError("does not answer")
        except BaseException:
            client.close()
            raise
        return client

    def close(self) -> None:
        self._users -= 1
        if not self._users:
            self.lose()

    def lose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.connected

    async def ask(
        self, number: int, question: str, what: tuple[Any, ...], fits: Callable[[Any], bool]
    ) -> Any:
        """The answer of unit `number`, if it `fits`. Raises ModbusException or TimeoutError, and
        OSError when the connection is gone."""
        loop = asyncio.get_running_loop()
        unit = self._units[number]
        async with unit.turn:
            await asyncio.sleep(unit.quiet_until - loop.time())
            async with self._turn:
                if self._client is None:
                    raise OSError("lost a moment ago")
                asking = getattr(self._client, question)(*what, device_id=number)
                answer = await _to_its_end(self._answer(asking, unit))
        if answer.isError():
            raise ModbusException(f"refuses: {answer}")
        if answer.function_code != FUNCTIONS[question] or not fits(answer):
            self._hush(unit)
            raise ModbusException("the board answered another question")
        return answer

    async def _answer(self, asking: Coroutine[Any, Any, Any], unit: _Unit) -> Any:
        try:
            async with asyncio.timeout(2 * self._options.timeout_s):
                answer = await asking
        except (ModbusException, TimeoutError):
            self._hush(unit)
            self._silences += 1
            if self._options.host and self._silences >= SILENCES and self.connected:
                self._silences = 0
                self.lose()
                self._client = await self._connect()
            raise
        self._silences = 0
        return answer

    def _hush(self, unit: _Unit) -> None:
        if not self._options.host:
            unit.quiet_until = asyncio.get_running_loop().time() + self._options.timeout_s


async def _to_its_end(answering: Coroutine[Any, Any, Any]) -> Any:
    """Awaits the answer even when cancelled meanwhile: it would be taken for the next one's."""
    task = asyncio.ensure_future(answering)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


@contextmanager
def _faults(name: str, board: _Board, options: BoardOptions) -> Iterator[None]:
    try:
        yield
    except (ModbusException, OSError, TimeoutError) as error:
        if not board.connected:
            board.lose()
        raise DeviceFault(
            name,
            f"Modbus board at {options.place}, unit {options.unit}: {error or 'no answer'}",
            "has it power and the right address, are the two wires not swapped?",
        ) from error
