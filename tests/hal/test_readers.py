"""The contract of every CodeReader, and what is particular to the serial and the evdev one."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from support.clock import on_virtual_time
from support.listening import listening, settle, until
from support.pty_scanner import PtyScanner
from support.virtual_card import Card, Pcscd, Type4, ndef_text

from hal.ports import MAX_CODE, CodeReader, DeviceFault, Scan
from hal.registry import BadDevice, Devices
from hal.sim.stage import Stage
from runtime.convert import structure


class Rig(Protocol):
    """A reader and the hands that hold tickets before it."""

    reader: CodeReader

    async def scan(self, text: str) -> None: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...


class SimRig:
    def __init__(self, devices: Devices, stage: Stage) -> None:
        self.reader = devices.build(CodeReader, "reader", {"driver": "sim"})
        self._stage = stage

    async def scan(self, text: str) -> None:
        self._stage.cue("reader", scan=text)

    def unplug(self) -> None:
        self._stage.cue("reader", unplug=True)

    def plug(self) -> None:
        pass


class SerialRig:
    def __init__(self, devices: Devices, scanner: PtyScanner) -> None:
        table = {"driver": "serial", "port": str(scanner.link)}
        self.reader = devices.build(CodeReader, "reader", table)
        self._scanner = scanner
        self.unplug, self.plug = scanner.unplug, scanner.plug

    async def scan(self, text: str) -> None:
        await self._scanner.send(text.encode() + b"\r\n")


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[PtyScanner]:
    scanner = PtyScanner(tmp_path / "scanner")
    yield scanner
    scanner.away()


class NfcRig:
    """The reader tells no UIDs, so that a card without a code is no scan."""

    def __init__(self, devices: Devices, pcscd: Pcscd) -> None:
        self.reader = devices.build(CodeReader, "reader", {"driver": "nfc"})
        self._pcscd = pcscd
        self.unplug, self.plug = pcscd.kill, pcscd.start

    async def scan(self, text: str) -> None:
        tag = Type4(ndef_text(text))
        async with self._pcscd.laid_on(Card(tag)), asyncio.timeout(30):
            await tag.was_read.wait()


@pytest.fixture(params=["sim", "serial", "nfc"])
def rig(request: pytest.FixtureRequest, devices: Devices, stage: Stage, scanner: PtyScanner) -> Rig:
    match request.param:
        case "nfc":
            return NfcRig(devices, request.getfixturevalue("pcscd"))
        case "serial":
            return SerialRig(devices, scanner)
        case _:
            return SimRig(devices, stage)


async def test_codes_come_in_order(rig: Rig) -> None:
    async with rig.reader as reader, listening(reader.scans()) as heard:
        for text in ("TK-7KQ4-M2XD", "grüße", "3"):
            await rig.scan(text)
        assert [await heard.next() for _ in range(3)] == [
            Scan("TK-7KQ4-M2XD"),
            Scan("grüße"),
            Scan("3"),
        ]


async def test_a_code_is_cleaned_and_cut(rig: Rig) -> None:
    async with rig.reader as reader, listening(reader.scans()) as heard:
        await rig.scan(" \0 \x1d")
        await rig.scan("\x02 A\x1dB\x03 ")
        await rig.scan("x" * (MAX_CODE + 9))
        assert await heard.next() == Scan("AB")
        assert await heard.next() == Scan("x" * MAX_CODE)


async def test_a_lost_reader_says_so_and_comes_back(rig: Rig) -> None:
    async with rig.reader as reader, listening(reader.scans()) as heard:
        rig.unplug()
        with pytest.raises(DeviceFault) as fault:
            await heard.next()
    assert fault.value.device == "reader"
    assert fault.value.hint
    rig.plug()
    async with rig.reader as reader, listening(reader.scans()) as heard:
        await rig.scan("back")
        assert await heard.next() == Scan("back")


async def test_listening_can_end_and_begin_again(rig: Rig) -> None:
    async with rig.reader as reader:
        async with listening(reader.scans()):
            pass
        async with listening(reader.scans()) as heard:
            await rig.scan("again")
            assert await heard.next() == Scan("again")


def serial(devices: Devices, port: Path, **options: object) -> CodeReader:
    return devices.build(CodeReader, "reader", {"driver": "serial", "port": str(port), **options})


async def test_what_was_begun_before_the_unplug_is_no_part_of_the_next_code(
    devices: Devices, scanner: PtyScanner
) -> None:
    reader = serial(devices, scanner.link)
    async with reader, listening(reader.scans()) as heard:
        await scanner.send(b"complete\nbegun")
        assert await heard.next() == Scan("complete")
        scanner.unplug()
        with pytest.raises(DeviceFault):
            await heard.next()
    scanner.plug()
    async with reader, listening(reader.scans()) as heard:
        await scanner.send(b"whole\n")
        assert await heard.next() == Scan("whole")


async def test_a_flood_without_line_ends_is_one_cut_code(
    devices: Devices, scanner: PtyScanner
) -> None:
    reader = serial(devices, scanner.link)
    async with reader, listening(reader.scans()) as heard:
        await scanner.send(b"x" * 65536)
        await scanner.send(b"\nnext\n")
        assert await heard.next() == Scan("x" * MAX_CODE)
        assert await heard.next() == Scan("next")


async def test_a_flood_of_codes_that_nobody_takes_is_dropped_and_said_once(
    devices: Devices, scanner: PtyScanner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "wicket")
    reader = serial(devices, scanner.link)
    async with reader:
        scans = reader.scans()
        first = asyncio.ensure_future(anext(scans))
        await settle()
        await scanner.send(b"".join(b"%d\n" % n for n in range(20_000)))
        assert await first == Scan("0")
        rest = [await anext(scans) for _ in range(64)]
        assert rest[:3] == [Scan("1"), Scan("2"), Scan("3")]
        await scanner.send(b"".join(b"%d\n" % n for n in range(20_000)))
    (full, *later) = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert full == ("WARNING", "reader: 64 events wait and nobody takes them; dropping more")
    assert {level for level, _ in later} <= {"DEBUG"}
    assert any(re.search(r"taken again; 1\d{4} were dropped", said) for _, said in later)


async def test_a_stuck_scanner_fills_neither_memory_nor_log(
    devices: Devices, scanner: PtyScanner, caplog: pytest.LogCaptureFixture
) -> None:
    """10,000 codes a second for three seconds, as fast as the line takes them; of each second the
    lane takes a few."""
    caplog.set_level("DEBUG", "wicket")
    second = b"".join(b"%0100d\r\n" % n for n in range(10_000))
    reader = serial(devices, scanner.link)
    async with reader:
        scans = reader.scans()
        first = asyncio.ensure_future(anext(scans))
        await settle()
        await scanner.send(b"first\n")
        assert await first == Scan("first")
        tracemalloc.start()
        try:
            for _ in range(3):
                await scanner.send(second)
                taken = {(await anext(scans)).text for _ in range(64)}
                assert len(taken) >= 60
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 500_000
    levels = [record.levelname for record in caplog.records]
    assert levels.count("WARNING") == 1
    assert len(levels) < 9
    assert {*levels[1:]} <= {"DEBUG"}


@on_virtual_time
async def test_half_a_code_and_silence_is_no_part_of_the_next(tmp_path: Path) -> None:
    scanner = PtyScanner(tmp_path / "scanner")
    reader = serial(Devices(structure, Stage()), scanner.link, gap_s=3)
    async with reader, listening(reader.scans()) as heard:
        for code in (b"one", b"two", b"three"):
            await scanner.send(code + b"\nTK-7K")
            await until(lambda: not heard.nothing_more())
            assert await heard.next() == Scan(code.decode())
            await asyncio.sleep(3.1)
    scanner.away()


async def test_half_codes_are_said_once(
    devices: Devices, scanner: PtyScanner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "wicket")
    reader = serial(devices, scanner.link, gap_s=1e-9)
    async with reader, listening(reader.scans()) as heard:
        for code in (b"one", b"two", b"three"):
            await scanner.send(code + b"\nTK-7K")
            assert await heard.next() == Scan(code.decode())
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "DEBUG"]
    assert "set to end each with Enter or CR?" in caplog.text


async def test_what_the_scanner_adds_is_taken_off_and_the_gs1_element_is_the_code(
    devices: Devices, scanner: PtyScanner
) -> None:
    reader = serial(devices, scanner.link, prefix="<", suffix=">", aim="auto", gs1="21")
    async with reader, listening(reader.scans()) as heard:
        await scanner.send(b"<]d2010703206980498810LOT\x1d21TK1>\r\n]Q1>\r\n<]Q1W1>\r\n")
        assert await heard.next() == Scan("TK1")
        assert await heard.next() == Scan("W1")


async def test_a_printed_code_is_never_a_card(devices: Devices, scanner: PtyScanner) -> None:
    reader = serial(devices, scanner.link)
    async with reader, listening(reader.scans()) as heard:
        await scanner.send(b"NFC:04A1B2C3D4E5F6\r\n")
        assert await heard.next() == Scan("?NFC:04A1B2C3D4E5F6")


async def test_the_hint_names_the_port(devices: Devices, tmp_path: Path) -> None:
    port = tmp_path / "nobody-there"
    with pytest.raises(DeviceFault, match=r"No such file.*plugged in at .*nobody-there"):
        async with serial(devices, port):
            pass


async def test_two_cannot_have_one_port(devices: Devices, scanner: PtyScanner) -> None:
    async with serial(devices, scanner.link):
        with pytest.raises(DeviceFault, match="another program has it"):
            async with serial(devices, scanner.link):
                pass


async def test_a_plain_file_is_no_serial_port(devices: Devices, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    with pytest.raises(DeviceFault, match="not a serial port"):
        async with serial(devices, plain):
            pass


def test_an_impossible_speed_is_a_configuration_error(devices: Devices, tmp_path: Path) -> None:
    with pytest.raises(BadDevice, match="baud 12345"):
        serial(devices, tmp_path, baud=12345)


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"gs1": "xx"}, "no application identifier"),
        ({"gap_s": 0}, "gap_s"),
        ({"aim": "yes"}, "aim"),
    ],
)
def test_a_wrong_option_of_a_scanner_is_a_configuration_error(
    devices: Devices, tmp_path: Path, option: dict[str, object], problem: str
) -> None:
    with pytest.raises(BadDevice, match=problem):
        serial(devices, tmp_path, **option)


def test_an_unknown_layout_is_a_configuration_error(devices: Devices, tmp_path: Path) -> None:
    table = {"driver": "evdev", "device": str(tmp_path), "layout": "germany"}
    with pytest.raises(BadDevice, match=r"layout 'germany' is not known here.*xkb-data"):
        devices.build(CodeReader, "reader", table)


async def test_an_evdev_reader_that_is_not_there_says_where_it_looked(
    devices: Devices, tmp_path: Path
) -> None:
    table = {"driver": "evdev", "device": str(tmp_path / "usb-scanner"), "layout": "de"}
    with pytest.raises(DeviceFault, match=r"No such file.*usb-scanner"):
        async with devices.build(CodeReader, "reader", table):
            pass


async def test_a_plain_file_is_no_event_device(devices: Devices, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    with pytest.raises(DeviceFault, match="cannot be opened"):
        async with devices.build(CodeReader, "reader", {"driver": "evdev", "device": str(plain)}):
            pass


async def test_a_cue_that_makes_no_sense_is_said_and_passed_over(
    devices: Devices, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    reader = devices.build(CodeReader, "reader", {"driver": "sim"})
    async with reader, listening(reader.scans()) as heard:
        stage.cue("reader", scan=17)
        stage.cue("reader", scan="good")
        assert await heard.next() == Scan("good")
    assert "no cue for a reader" in caplog.text
