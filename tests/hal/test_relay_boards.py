"""Relay boards that answer wrongly, late or not at all, and several lines on one board."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.listening import settle
from support.relay_boards import (
    Answer,
    Asked,
    SerialBoard,
    SlowBoard,
    answering,
    modbus_board,
    report,
)

from hal.ports import DeviceFault, InputLine, OutputLine
from hal.registry import Devices


async def test_relays_of_one_board_share_its_port_and_lose_it_together(
    devices: Devices, tmp_path: Path
) -> None:
    board = SerialBoard(tmp_path)
    board.port.plug()
    one, two = (
        devices.build(OutputLine, f"r{n}", board.table | {"relay": n, "confirm": True})
        for n in (1, 2)
    )
    with pytest.raises(DeviceFault, match="relay board"):
        async with one, two:
            await one.set(True)
            await two.set(True)
            assert board.on == {1: True, 2: True}
            board.port.unplug()
            with pytest.raises(DeviceFault, match="relay board"):
                await one.set(False)
            await two.set(False)
    board.port.plug()
    async with one, two:
        await two.set(True)
        assert board.on == {1: False, 2: True}
    board.port.unplug()


async def test_the_rest_of_an_earlier_answer_is_no_answer(devices: Devices, tmp_path: Path) -> None:
    board = SerialBoard(tmp_path, lambda on: b"CH1: ON\r\nCH1: OFF\r\n" + report(on))
    board.port.plug()
    async with devices.build(OutputLine, "latch", board.table | {"relay": 1, "confirm": True}) as r:
        await r.set(True)
        assert board.on[1]
    board.port.unplug()


@pytest.mark.parametrize(
    "answer",
    [b"", b"CH1: ON\r\n", b"CH2: OFF\r\n", b"CH11: OFF\r\n", b"CH1: OF", b"CH1:" * 5000],
    ids=["silent", "stubborn", "another relay", "relay 11", "half a line", "noise"],
)
async def test_a_serial_board_that_answers_wrongly_is_a_fault(
    devices: Devices, tmp_path: Path, answer: bytes
) -> None:
    board = SerialBoard(tmp_path, lambda on: answer)
    board.port.plug()
    table = board.table | {"relay": 1, "confirm": True}
    with pytest.raises(DeviceFault, match="does not say that relay 1 has switched"):
        async with devices.build(OutputLine, "latch", table):
            pass
    board.port.unplug()


async def test_a_relay_that_a_board_does_not_have_harms_no_other(
    devices: Devices, tmp_path: Path
) -> None:
    board = SerialBoard(tmp_path)
    board.port.plug()
    good, bad = (
        devices.build(OutputLine, f"r{n}", board.table | {"relay": n, "confirm": True})
        for n in (1, 9)
    )
    async with good:
        with pytest.raises(DeviceFault, match="does not say that relay 9 has switched"):
            async with bad:
                pass
        await good.set(True)
        assert board.on[1]
    board.port.unplug()


def _flipped(asked: Asked) -> bytes:
    frame = asked.wrap(asked.unit, asked.pdu)
    return frame[:1] + bytes([frame[1] ^ 1]) + frame[2:]


HOSTILE: dict[str, Answer] = {
    "silent": lambda asked: b"",
    "a web server": lambda asked: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "another unit": lambda asked: asked.wrap(asked.unit + 1, asked.pdu),
    "another function": lambda asked: asked.wrap(asked.unit, b"\x06" + asked.pdu[1:]),
    "another coil": lambda asked: asked.wrap(asked.unit, asked.pdu[:1] + b"\0\x09" + asked.pdu[3:]),
    "the opposite": lambda asked: asked.wrap(asked.unit, asked.pdu[:3] + b"\xff\0"),
    "empty": lambda asked: asked.wrap(asked.unit, asked.pdu[:1] + b"\0"),
    "refuses": lambda asked: asked.wrap(asked.unit, bytes([asked.pdu[0] | 0x80, 2])),
    "half a frame": lambda asked: asked.wrap(asked.unit, asked.pdu)[:5],
    "a bit flipped": _flipped,
    "noise": lambda asked: b"\xff" * 5000,
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("wire", ["tcp", "rtu"])
async def test_a_modbus_board_that_answers_wrongly_is_a_fault(
    devices: Devices, tmp_path: Path, wire: str, hostile: str
) -> None:
    async with answering(wire, tmp_path, HOSTILE[hostile]) as table:
        table |= {"timeout_s": 0.05}
        with pytest.raises(DeviceFault, match="Modbus board at") as fault:
            async with devices.build(OutputLine, "latch", table | {"coil": 0}):
                pass
        assert "power" in fault.value.hint
        with pytest.raises(DeviceFault, match="Modbus board at"):
            async with devices.build(InputLine, "sensor", table | {"input": 0}) as line:
                await anext(aiter(line.changes()))


@pytest.mark.parametrize("wire", ["tcp", "rtu"])
async def test_lines_of_one_modbus_board_share_its_wire(
    devices: Devices, tmp_path: Path, wire: str
) -> None:
    async with modbus_board(wire, tmp_path) as board:
        one, two = (devices.build(OutputLine, f"r{n}", board.table | {"coil": n}) for n in (1, 2))
        async with (
            one,
            two,
            devices.build(InputLine, "s", board.table | {"input": 5, "poll_ms": 1}) as sensor,
        ):
            await board.press(5, True)
            assert await anext(aiter(sensor.changes())) is True
            await one.set(True)
            await two.set(True)
            assert [await board.coil(n) for n in (1, 2)] == [True, True]
        assert [await board.coil(n) for n in (1, 2)] == [False, False]


async def test_a_serial_line_that_is_no_modbus_port_says_so(
    devices: Devices, tmp_path: Path
) -> None:
    table = {"driver": "modbus", "port": str(tmp_path / "gone"), "coil": 0}
    with pytest.raises(DeviceFault, match="does not answer"):
        async with devices.build(OutputLine, "latch", table):
            pass


async def fails(line: OutputLine) -> None:
    with pytest.raises(DeviceFault, match="Modbus board at"):
        async with line:
            pass


@pytest.mark.parametrize("bad", [{"coil": 99}, {"coil": 0, "unit": 2}], ids=["coil", "unit"])
@pytest.mark.parametrize("wire", ["tcp", "rtu"])
async def test_a_line_that_the_board_refuses_harms_no_other(
    devices: Devices, tmp_path: Path, wire: str, bad: dict[str, Any]
) -> None:
    async with modbus_board(wire, tmp_path) as board:
        good = devices.build(OutputLine, "good", board.table | {"coil": 1})
        async with good:
            await good.set(True)
            for _ in range(3):
                await fails(devices.build(OutputLine, "bad", board.table | bad))
            assert await board.coil(1)
            await good.set(False)
            assert not await board.coil(1)


def _only_unit_1(asked: Asked) -> bytes:
    return asked.wrap(1, asked.pdu) if asked.unit == 1 else b""


@pytest.mark.parametrize("wire", ["tcp", "rtu"])
async def test_a_unit_that_does_not_answer_harms_no_other(
    devices: Devices, tmp_path: Path, wire: str
) -> None:
    async with answering(wire, tmp_path, _only_unit_1) as table:
        table |= {"timeout_s": 0.1, "coil": 0}
        good = devices.build(OutputLine, "good", table)
        async with good:
            for on in (True, False, True, False, True, False, True):
                await fails(devices.build(OutputLine, "dead", table | {"unit": 2}))
                await good.set(on)
            for _ in range(7):
                await fails(devices.build(OutputLine, "dead", table | {"unit": 2}))
            await good.set(False)


async def test_a_network_connection_that_has_gone_dead_is_made_anew(
    devices: Devices, tmp_path: Path
) -> None:
    """As when a board lost its power without a word: its line is not closed meanwhile, for others
    hold it open."""
    dead: set[int] = set()

    def answer(asked: Asked) -> bytes:
        return b"" if asked.connection in dead else asked.wrap(1, asked.pdu)

    async with answering("tcp", tmp_path, answer) as table:
        line = devices.build(OutputLine, "latch", table | {"timeout_s": 0.2, "coil": 0})
        async with line:
            dead.add(0)
            for _ in range(3):
                with pytest.raises(DeviceFault):
                    await line.set(True)
            await line.set(True)


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[SlowBoard]:
    board = SlowBoard(tmp_path)
    board.port.plug()
    yield board
    board.port.unplug()


async def test_a_late_answer_is_no_answer_to_the_next_question(
    devices: Devices, slow: SlowBoard
) -> None:
    one, two = (
        devices.build(InputLine, f"s{n}", slow.table | {"input": n, "timeout_s": 0.1})
        for n in (1, 2)
    )
    async with asyncio.timeout(30), one, two:
        with pytest.raises(DeviceFault):
            await anext(aiter(one.changes()))
        late = await slow.asked.get()
        level = asyncio.ensure_future(anext(aiter(two.changes())))
        slow.answer(late, b"\x02\x01\x01")
        slow.answer(await slow.asked.get(), b"\x02\x01\x00")
        assert await level is False


async def test_an_answer_to_nobody_is_no_answer_to_the_next_question(
    devices: Devices, slow: SlowBoard
) -> None:
    """Whoever asked has gone meanwhile, as a turnstile that is closed while its sensor is read."""
    one, two = (devices.build(InputLine, f"s{n}", slow.table | {"input": n}) for n in (1, 2))
    async with asyncio.timeout(30), one, two:
        gone = asyncio.ensure_future(anext(aiter(one.changes())))
        asked = await slow.asked.get()
        gone.cancel()
        level = asyncio.ensure_future(anext(aiter(two.changes())))
        await settle()
        slow.answer(asked, b"\x02\x01\x01")
        slow.answer(await slow.asked.get(), b"\x02\x01\x00")
        assert await level is False
        assert gone.cancelled()
