"""The contract of every TicketPrinter, and what is particular to each."""

from __future__ import annotations

import asyncio
import base64
import io
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from support.receipt_printer import ReceiptPrinter, on_device, on_tcp

from hal.ports import DeviceFault, Slip, SlipCode, SlipRule, SlipText, TicketPrinter
from hal.registry import BadDevice, Devices
from hal.sim.paper import draw
from hal.sim.stage import Stage

CODE = "W" + "0123456789ABCDEFGHJKMNPQRSTVWXYZ" * 4 + "7KQ4M2XD0000"


def slip(code: str = CODE) -> Slip:
    parts = (SlipText("Hafenmuseum مرحبا", bold=True), SlipRule(), SlipCode(code, "TK-7KQ4-M2XD"))
    return Slip(parts)


@dataclass
class Rig:
    printer: TicketPrinter
    papers: Callable[[], list[Image.Image]]
    set_paper: Callable[[bool], object] | None

    def codes(self) -> list[str]:
        found = (code for paper in self.papers() for code in zxingcpp.read_barcodes(paper))
        return sorted(code.text for code in found)


def sim_rig(devices: Devices, stage: Stage, folder: Path) -> Rig:
    table = {"driver": "sim", "folder": str(folder)}
    return Rig(
        devices.build(TicketPrinter, "printer", table),
        lambda: [Image.open(file) for file in sorted(folder.glob("*.png"))],
        lambda paper: stage.cue("printer", paper=paper),
    )


def file_rig(devices: Devices, path: Path) -> Rig:
    printer = build(devices, target="file", path=str(path))
    return Rig(printer, lambda: [draw(path.read_bytes())], None)


def wire_rig(devices: Devices, far_end: ReceiptPrinter, **options: Any) -> Rig:
    def set_paper(paper: bool) -> None:
        far_end.paper = paper

    return Rig(build(devices, **options), lambda: [draw(far_end.printed)], set_paper)


def build(devices: Devices, **options: Any) -> TicketPrinter:
    return devices.build(TicketPrinter, "printer", {"driver": "escpos", **options})


@asynccontextmanager
async def tcp_printer(
    devices: Devices, far_end: ReceiptPrinter, **options: Any
) -> AsyncIterator[TicketPrinter]:
    async with on_tcp(far_end) as port:
        yield build(devices, target="tcp", host="127.0.0.1", port=port, **options)


@pytest.fixture(params=["sim", "file", "tcp", "device"])
async def rig(
    request: pytest.FixtureRequest, devices: Devices, stage: Stage, tmp_path: Path
) -> AsyncIterator[Rig]:
    far_end = ReceiptPrinter(chatty=True)
    match request.param:
        case "sim":
            yield sim_rig(devices, stage, tmp_path)
        case "file":
            yield file_rig(devices, tmp_path / "paper.bin")
        case "tcp":
            async with on_tcp(far_end) as port:
                yield wire_rig(devices, far_end, target="tcp", host="127.0.0.1", port=port)
        case _:
            async with on_device(far_end) as path:
                yield wire_rig(devices, far_end, target="device", path=path)


async def test_the_code_on_the_paper_is_the_code_of_the_ticket(rig: Rig) -> None:
    async with rig.printer as printer:
        await printer.print(slip())
    assert rig.codes() == [CODE]


async def test_slips_that_come_at_once_do_not_mix(rig: Rig) -> None:
    codes = [f"W{n}{CODE[2:]}" for n in range(4)]
    async with rig.printer as printer:
        await asyncio.gather(*(printer.print(slip(code)) for code in codes))
    assert rig.codes() == codes


@pytest.mark.parametrize("rig", ["sim", "tcp", "device"], indirect=True)
async def test_paper_out_is_said_before_anything_is_printed_and_heals(rig: Rig) -> None:
    assert rig.set_paper is not None
    async with rig.printer as printer:
        rig.set_paper(False)
        with pytest.raises(DeviceFault) as fault:
            await printer.print(slip())
    assert (fault.value.problem, fault.value.hint) == ("paper out", "put in a new roll")
    with pytest.raises(DeviceFault, match="paper out"):
        async with rig.printer:
            pass
    rig.set_paper(True)
    async with rig.printer as printer:
        await printer.print(slip())
    assert rig.codes() == [CODE]


async def test_a_cancelled_slip_is_still_whole(rig: Rig) -> None:
    async with rig.printer as printer:
        printing = asyncio.create_task(printer.print(slip("FIRST")))
        await asyncio.sleep(0)
        printing.cancel()
        await asyncio.wait({printing})
        await printer.print(slip("SECOND"))
    assert "SECOND" in rig.codes()
    assert set(rig.codes()) <= {"FIRST", "SECOND"}


@pytest.mark.parametrize(
    ("trouble", "timeout_s", "problem"),
    [
        ({"cover_open": True}, 10, "cover open"),
        ({"jammed": True}, 10, "reports an error"),
        ({"mute": True}, 0.1, "did not finish within 0.1 s"),
    ],
)
async def test_a_printer_that_cannot_print_says_why(
    devices: Devices, trouble: dict[str, bool], timeout_s: float, problem: str
) -> None:
    far_end = ReceiptPrinter(**trouble)
    async with tcp_printer(devices, far_end, timeout_s=timeout_s) as printer:
        with pytest.raises(DeviceFault, match=problem):
            async with printer:
                pass


async def test_a_roll_that_ends_in_the_middle_of_a_slip_is_paper_out(devices: Devices) -> None:
    far_end = ReceiptPrinter(paper_for=5000)
    async with tcp_printer(devices, far_end, timeout_s=1) as printer, printer:
        with pytest.raises(DeviceFault, match="paper out"):
            await printer.print(slip())


async def test_a_printer_that_cannot_answer_is_not_asked(devices: Devices) -> None:
    far_end = ReceiptPrinter(mute=True)
    async with on_device(far_end) as path:
        async with build(devices, target="device", path=path, status=False) as printer:
            await printer.print(slip())
        async with asyncio.timeout(30):
            await far_end.cut.wait()
    assert [code.text for code in zxingcpp.read_barcodes(draw(far_end.printed))] == [CODE]


async def test_nobody_at_the_address_names_it(devices: Devices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    printer = build(devices, target="tcp", host="127.0.0.1", port=port)
    with pytest.raises(DeviceFault, match=f"refused.*127.0.0.1:{port}"):
        async with printer:
            pass


async def test_a_printer_that_hangs_up_is_a_fault(devices: Devices) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        printer = build(devices, target="tcp", host="127.0.0.1", port=port)
        with pytest.raises(DeviceFault, match="it hung up; is it switched on"):
            async with printer:
                pass


@pytest.mark.parametrize("target", ["file", "device"])
async def test_a_path_that_is_not_there_is_named(
    devices: Devices, tmp_path: Path, target: str
) -> None:
    printer = build(devices, target=target, path=str(tmp_path / "no" / "lp0"))
    with pytest.raises(DeviceFault, match=r"No such file.*no/lp0"):
        async with printer:
            pass


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"target": "tcp"}, "needs 'host'"),
        ({"target": "device"}, "needs 'path'"),
        ({"target": "usb", "path": "/dev/usb/lp0"}, "target"),
        ({"target": "file", "path": "x", "dots": 577}, "multiple of 8"),
    ],
)
def test_options_that_cannot_work_are_refused(
    devices: Devices, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadDevice, match=problem):
        build(devices, **options)


async def test_the_stage_sees_each_slip(devices: Devices, stage: Stage) -> None:
    async with devices.build(TicketPrinter, "printer", {"driver": "sim"}) as printer:
        await printer.print(slip())
        await printer.print(Slip((SlipText("no code on this"),)))
        state = stage.prop("printer").state
        assert (state["number"], state["code"], state["caption"]) == (2, None, None)
        await printer.print(slip())
    assert (state["number"], state["code"], state["caption"]) == (3, CODE, "TK-7KQ4-M2XD")
    picture = Image.open(io.BytesIO(base64.b64decode(state["png"])))
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [CODE]
    assert round(picture.info["dpi"][0]) == 203


async def test_numbers_go_on_after_a_restart(
    devices: Devices, stage: Stage, tmp_path: Path
) -> None:
    folder = tmp_path / "slips"
    for code in ("FIRST", "SECOND"):
        async with sim_rig(devices, stage, folder).printer as printer:
            await printer.print(slip(code))
            await printer.print(Slip((SlipText("no code on this"),)))
    said = {file.name: file.read_text() for file in folder.glob("*.txt")}
    assert said == {"1.txt": "FIRST", "2.txt": "", "3.txt": "SECOND", "4.txt": ""}
    pictures = {f"{number}.png" for number in (1, 2, 3, 4)}
    assert {file.name for file in folder.iterdir()} == said.keys() | pictures
