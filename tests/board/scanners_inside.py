"""USB scanners on the board: udev's names, the grab, bursts, lost events, unplug and re-plug."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from evdev import InputDevice
from support.listening import listening
from udev import start_udev, wait_for, wait_until
from usb_scanner import KeyboardScanner, SerialScanner

from hal.keeper import keep
from hal.ports import CodeReader, DeviceFault, Scan
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure

NORTH = Path("/dev/input/by-id/usb-Maker_Scanner_SN1-event-kbd")
SOUTH = Path("/dev/input/by-id/usb-Maker_Scanner_SN2-event-kbd")
PORT = Path("/dev/serial/by-id/usb-Maker_Scanner_SN3-if00")
SOCKETS = [Path(f"/dev/input/by-path/platform-dummy_hcd.{n}-usb-0:1:1.0-event-kbd") for n in (0, 1)]
CODES = [f"TK-{n:04}-M2XD" for n in range(20)]
BURST = 8
"""Codes that a keyboard scanner types without a pause."""
NO_POLLING_S = 600.0

devices = Devices(structure, Stage())


def keyboard_reader(name: str, device: Path) -> CodeReader:
    return devices.build(CodeReader, name, {"driver": "evdev", "device": str(device)})


def serial_reader() -> CodeReader:
    return devices.build(CodeReader, "serial", {"driver": "serial", "port": str(PORT)})


async def a_burst_is_read(north: KeyboardScanner, south: KeyboardScanner) -> None:
    burst = "".join(f"{code}\n" for code in CODES[:BURST])
    async with (
        keyboard_reader("north", NORTH) as one,
        keyboard_reader("south", SOUTH) as other,
        listening(one.scans()) as from_north,
        listening(other.scans()) as from_south,
    ):
        await asyncio.gather(
            asyncio.to_thread(north.scan, burst),
            asyncio.to_thread(south.scan, burst.lower()),
        )
        for code in CODES[:BURST]:
            assert await from_north.next() == Scan(code)
            assert await from_south.next() == Scan(code.lower())


async def a_serial_burst_is_read(scanner: SerialScanner) -> None:
    async with serial_reader() as reader, listening(reader.scans()) as heard:
        await asyncio.to_thread(scanner.send, "".join(f"{code}\r\n" for code in CODES).encode())
        for code in CODES:
            assert await heard.next() == Scan(code)


async def it_is_ours_alone(north: KeyboardScanner) -> None:
    screen = InputDevice(str(NORTH))
    async with keyboard_reader("north", NORTH) as reader, listening(reader.scans()) as heard:
        await refuses(keyboard_reader("second", NORTH), "has grabbed it", "stop the other program")
        north.type("W1\n")
        assert await heard.next() == Scan("W1")
    assert screen.read_one() is None
    screen.close()
    async with serial_reader():
        await refuses(serial_reader(), "another program has it", "stop the other program")


async def refuses(reader: CodeReader, problem: str, hint: str) -> None:
    try:
        async with reader:
            raise AssertionError(f"{reader.name} opened what is in use")
    except DeviceFault as fault:
        assert problem in fault.problem, fault
        assert hint in fault.hint, fault


async def lost_events_are_no_part_of_a_code(north: KeyboardScanner) -> None:
    async with keyboard_reader("north", NORTH) as reader, listening(reader.scans()) as heard:
        north.type("W" + 60 * "A" + "\n")  # nobody reads meanwhile, and the kernel keeps 64 events
        await asyncio.to_thread(north.scan, "W2\nW3\n")
        scan = await heard.next()
        assert scan in (Scan("W2"), Scan("W3")), scan  # Enter may be among what is lost


async def it_heals(
    reader: CodeReader,
    here: Path,
    scanner: KeyboardScanner | SerialScanner,
    write: Callable[[str], None],
) -> None:
    """Pulled in the middle of a code; only udev can end the keeper's pause."""
    heard: list[str] = []
    opened = asyncio.Event()

    async def use(reader: CodeReader) -> None:
        scans = reader.scans()
        opened.set()
        async for scan in scans:
            heard.append(scan.text)
            if scan.text == "WHOLE":
                return

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(keep(reader, use, pause_s=NO_POLLING_S))
        await opened.wait()
        await asyncio.to_thread(write, "HALF")
        opened.clear()
        scanner.unplug()
        await asyncio.to_thread(wait_until, lambda: not here.exists(), f"{here} is gone")
        await asyncio.to_thread(scanner.plug)
        began = time.monotonic()
        await opened.wait()
        print(f"{reader.name} is open again {time.monotonic() - began:.2f} s after the plug")
        await asyncio.to_thread(write, "WHOLE\n")
    assert heard == ["WHOLE"], heard


async def two_alike_are_told_apart_by_their_sockets() -> None:
    twins = [KeyboardScanner(f"twin{n}", n, product="Twin") for n in (0, 1)]
    for twin in twins:
        twin.plug()
    for socket in SOCKETS:
        await asyncio.to_thread(wait_for, socket)
    assert len(list(Path("/dev/input/by-id").glob("*Twin*-event-kbd"))) == 1
    for n, twin in enumerate(twins):
        async with (
            keyboard_reader("twin", SOCKETS[n]) as reader,
            listening(reader.scans()) as heard,
        ):
            await asyncio.to_thread(twin.type, f"{n}\n")
            assert await heard.next() == Scan(str(n))


async def main() -> None:
    start_udev()
    north = KeyboardScanner("north", 0, serial="SN1")
    south = KeyboardScanner("south", 1, serial="SN2")
    scanner = SerialScanner("serial", 2, serial="SN3")
    for one, path in ((north, NORTH), (south, SOUTH), (scanner, PORT)):
        one.plug()
        wait_for(path)
    await a_burst_is_read(north, south)
    await a_serial_burst_is_read(scanner)
    await it_is_ours_alone(north)
    await lost_events_are_no_part_of_a_code(north)
    await it_heals(keyboard_reader("north", NORTH), NORTH, north, north.type)
    await it_heals(serial_reader(), PORT, scanner, lambda text: scanner.send(text.encode()))
    north.unplug()
    south.unplug()
    await two_alike_are_told_apart_by_their_sockets()


logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level=logging.INFO)
asyncio.run(main())
