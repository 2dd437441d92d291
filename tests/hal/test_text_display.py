"""A plain text display is sent printable characters and what its table names, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pty_scanner import PtyScanner

from hal.drivers.display_text import rows_of, spell
from hal.drivers.text_display import TextDisplay
from hal.ports import DeviceFault, LaneDisplay, Notice, Tone
from hal.registry import BadDevice, Devices
from hal.sim.stage import Stage
from runtime.convert import structure

PAGES = ["cp437", "cp850", "cp1252", "latin-1", "ascii", "koi8-r", "utf-8", "shift_jis"]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[PtyScanner]:
    line = PtyScanner(tmp_path / "display")
    yield line
    line.away()


def text_display(devices: Devices, line: PtyScanner, **options: object) -> LaneDisplay:
    table = {"driver": "text", "port": str(line.link), **options}
    return devices.build(LaneDisplay, "display", table)


def rows(title: str, text: str = "", tone: Tone = Tone.WELCOME) -> list[str]:
    return [row.decode("cp437") for row in rows_of(Notice(tone, title, text), "cp437", 20, 2)]


async def test_a_notice_is_cleared_and_written_row_by_row(
    devices: Devices, line: PtyScanner
) -> None:
    async with text_display(devices, line) as display:
        await display.show(Notice(Tone.WELCOME, "Welcome", "2 persons"))
        await display.show(Notice(Tone.IDLE, "Bitte Ticket scannen", language="de"))
        expected = b"\x0cWelcome".ljust(21) + b"2 persons" + b"\x0cBitte Ticket scannen"
        assert await line.written(len(expected)) == expected


async def test_the_control_sequences_are_those_of_its_table(
    devices: Devices, line: PtyScanner
) -> None:
    options = {"start": "\x1b@", "clear": "\x1b[2J", "new_row": "\r\n", "columns": 8, "rows": 3}
    async with text_display(devices, line, **options) as display:
        await display.show(Notice(Tone.REFUSE, "Please ask our staff", "used"))
        expected = b"\x1b@\x1b[2JPlease\r\nask our\r\nstaff"
        assert await line.written(len(expected)) == expected


async def test_a_display_that_is_not_there_says_where_to_look(
    devices: Devices, line: PtyScanner
) -> None:
    line.unplug()
    with pytest.raises(DeviceFault, match=f"is the display plugged in at {line.link}"):
        async with text_display(devices, line):
            pass


async def test_an_unplugged_display_is_a_fault_and_comes_back(
    devices: Devices, line: PtyScanner
) -> None:
    display = text_display(devices, line)
    async with display:
        line.unplug()
        with pytest.raises(DeviceFault, match="is lost"):
            await display.show(Notice(Tone.WELCOME, "Welcome"))
    line.plug()
    async with display:
        await display.show(Notice(Tone.WELCOME, "Welcome"))
        assert await line.written(8) == b"\x0cWelcome"


async def test_a_display_that_takes_nothing_is_a_fault(devices: Devices, line: PtyScanner) -> None:
    async with text_display(devices, line, columns=40000, rows=1) as display:
        with pytest.raises(DeviceFault, match="takes no text"):
            await display.show(Notice(Tone.WELCOME, "long " * 8000))


async def test_a_display_that_is_slow_gets_all_of_it(devices: Devices, line: PtyScanner) -> None:
    display = text_display(devices, line, columns=40000, rows=1)
    async with display, asyncio.TaskGroup() as group:
        group.create_task(display.show(Notice(Tone.WELCOME, "x" * 30000)))
        assert await line.written(30001) == b"\x0c" + b"x" * 30000


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Welcome", "", ["Welcome"]),
        (
            "Please ask our staff",
            "already used at 10:04",
            ["Please ask our staff", "already used at"],
        ),
        ("Willkommen im Naturkundemuseum", "", ["Willkommen im", "Naturkundemuseum"]),
        ("Donaudampfschifffahrtsgesellschaft", "", ["Donaudampfschifffahr", "tsgesellschaft"]),
        ("", "only text", ["only text"]),
        ("Größe, déjà vu", "", ["Größe, déjà vu"]),
        ("Łódź “œuvre” \u2013 5 €…", "", ['Lódz "oeuvre" - 5', "EUR..."]),
        ("a\x1b[2Jb\x0cc\x00d\re", "", ["a[2Jb cd e"]),
        ("5 \u200fשבת", "Hi", [">>> OK >>>"]),
        ("مرحبا", "شخصان", [">>> OK >>>"]),
        ("Welcome מ", "", ["Welcome ?"]),
    ],
)
def test_a_text_is_wrapped_cut_and_spelled(title: str, text: str, expected: list[str]) -> None:
    assert rows(title, text) == expected


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(PAGES), st.sampled_from(Tone))
def test_nothing_but_printable_bytes_is_ever_sent(
    title: str, text: str, page: str, tone: Tone
) -> None:
    shown = rows_of(Notice(tone, title, text), page, 16, 2)
    assert len(shown) <= 2
    for row in shown:
        assert len(row) <= 16
        assert row.decode(page).isprintable()
        assert not set(row) & {*range(0x20), 0x7F}


@given(st.text(alphabet=st.characters(max_codepoint=0x7E, min_codepoint=0x20)))
def test_ascii_is_spelled_as_it_is(text: str) -> None:
    assert spell(text, "cp437") == text


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("baud", 9601, "baud 9601 is no speed"),
        ("columns", 0, "at least 1"),
        ("rows", -1, "at least 1"),
        ("encoding", "cp43", "no such encoding: 'cp43'"),
        ("encoding", "rot13", "no such encoding"),
        ("encoding", "utf-16", "no code page that contains ASCII"),
        ("encoding", "utf-7", "no code page that contains ASCII"),
        ("encoding", "cp037", "no code page that contains ASCII"),
        ("clear", "→", "above"),
    ],
)
def test_a_display_that_cannot_be_is_refused(
    devices: Devices, line: PtyScanner, option: str, value: object, problem: str
) -> None:
    with pytest.raises(BadDevice, match=problem):
        text_display(devices, line, **{option: value})


@given(st.text(max_size=20))
def test_no_name_of_an_encoding_is_a_crash(name: str) -> None:
    devices = Devices(structure, Stage())
    table = {"driver": "text", "port": "/dev/null", "encoding": name}
    try:
        assert isinstance(devices.build(LaneDisplay, "display", table), TextDisplay)
    except BadDevice as bad:
        assert "encoding" in str(bad) or "code page" in str(bad)
