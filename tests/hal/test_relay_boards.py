"""Relay boards that answer wrongly, late or not at all, and several lines on one board."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.relay_boards import Answer, Asked, SerialBoard, answering, modbus_board, report

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
            assert await anext(aiter(sensor.changes()))
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
