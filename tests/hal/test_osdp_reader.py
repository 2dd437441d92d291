"""The contract of a CodeReader for OSDP, whose cards are numbers, with libosdp's peripheral."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.listening import Heard, listening, until
from support.osdp_peripheral import ADDRESS, OsdpPeripheral

from hal.drivers.osdp_reader import card_text
from hal.ports import MAX_CODE, CodeReader, DeviceFault, Scan
from hal.registry import BadDevice, Devices

KEY = "00112233445566778899AABBCCDDEEFF"
OTHER_KEY = "FF" * 16
CARD = bytes.fromhex("A8C700C0")
CARD_SCAN = Scan("CARD:26:2A31C03")


@pytest.fixture
async def peripheral(tmp_path: Path) -> AsyncIterator[OsdpPeripheral]:
    peripheral = OsdpPeripheral(tmp_path / "reader", bytes.fromhex(KEY))
    peripheral.plug()
    yield peripheral
    peripheral.away()


def osdp(devices: Devices, peripheral: OsdpPeripheral, **options: object) -> CodeReader:
    place = {"driver": "osdp", "port": str(peripheral.link), "address": ADDRESS}
    return devices.build(CodeReader, "reader", {**place, "key": KEY, **options})


def speak_plain(peripheral: OsdpPeripheral) -> None:
    """As it comes from the box: no key, in install mode."""
    peripheral.power_off()
    peripheral.key = None
    peripheral.power_on()


async def heard_card(heard: Heard[Scan], peripheral: OsdpPeripheral) -> Scan:
    peripheral.show_card(CARD, 26)
    return await heard.next()


async def test_cards_come_in_order_and_each_once(
    devices: Devices, peripheral: OsdpPeripheral
) -> None:
    reader = osdp(devices, peripheral)
    async with reader, listening(reader.scans()) as heard:
        assert await heard_card(heard, peripheral) == CARD_SCAN
        peripheral.show_card(bytes([0xFF] * 5), 37)
        peripheral.show_card(CARD, 26)
        assert await heard.next() == Scan("CARD:37:1FFFFFFFFF")
        assert await heard.next() == CARD_SCAN
        assert heard.nothing_more()


async def test_an_unplugged_reader_says_so_and_comes_back(
    devices: Devices, peripheral: OsdpPeripheral
) -> None:
    reader = osdp(devices, peripheral)
    async with reader, listening(reader.scans()) as heard:
        peripheral.unplug()
        with pytest.raises(DeviceFault, match="is lost"):
            await heard.next()
    with pytest.raises(DeviceFault, match="cannot be opened"):
        async with reader:
            pass
    peripheral.plug()
    async with reader, listening(reader.scans()) as heard:
        assert await heard_card(heard, peripheral) == CARD_SCAN


async def test_a_reader_without_power_says_so_and_comes_back_at_once(
    devices: Devices, peripheral: OsdpPeripheral
) -> None:
    reader = osdp(devices, peripheral)
    async with reader, listening(reader.scans()) as heard:
        peripheral.power_off()
        with pytest.raises(DeviceFault, match="powered and wired"):
            await heard.next()
    with pytest.raises(DeviceFault, match=f"does not answer at address {ADDRESS}"):
        async with reader:
            pass
    peripheral.power_on()
    async with reader, listening(reader.scans()) as heard:
        assert await heard_card(heard, peripheral) == CARD_SCAN


async def test_listening_can_end_and_begin_again(
    devices: Devices, peripheral: OsdpPeripheral
) -> None:
    async with osdp(devices, peripheral) as reader:
        async with listening(reader.scans()):
            pass
        async with listening(reader.scans()) as heard:
            assert await heard_card(heard, peripheral) == CARD_SCAN


async def test_a_wrong_key_is_a_fault_and_the_right_one_heals_it(
    devices: Devices, peripheral: OsdpPeripheral
) -> None:
    with pytest.raises(DeviceFault, match=r"no secure channel.*key"):
        async with osdp(devices, peripheral, key=OTHER_KEY):
            pass
    reader = osdp(devices, peripheral)
    async with reader, listening(reader.scans()) as heard:
        assert await heard_card(heard, peripheral) == CARD_SCAN


async def test_a_reader_that_only_speaks_plain_text_is_refused_unless_that_is_said(
    devices: Devices, peripheral: OsdpPeripheral
) -> None:
    speak_plain(peripheral)
    with pytest.raises(DeviceFault, match="no secure channel"):
        async with osdp(devices, peripheral):
            pass
    reader = osdp(devices, peripheral, key="", secure=False)
    async with reader, listening(reader.scans()) as heard:
        assert await heard_card(heard, peripheral) == CARD_SCAN


async def test_a_new_reader_gets_its_key_where_that_is_asked_for(
    devices: Devices, peripheral: OsdpPeripheral, caplog: pytest.LogCaptureFixture
) -> None:
    speak_plain(peripheral)
    reader = osdp(devices, peripheral, install=True)
    async with reader, listening(reader.scans()) as heard:
        assert await heard_card(heard, peripheral) == CARD_SCAN
    assert peripheral.keys == [bytes.fromhex(KEY)]
    assert "take install = true out" in caplog.text


def reply(answer: bytes, body: bytes) -> bytes:
    """The packet of `answer` with another reply in it: mark, start, address, length, sequence."""
    address, _, _, control = answer[answer.index(0x53) + 1 :][:4]
    length = (len(body) + 7).to_bytes(2, "little")
    packet = bytes([0x53, address, *length, control & 3 | 4]) + body
    return b"\xff" + packet + crc_hqx(packet, 0x1D0F).to_bytes(2, "little")


def flipped(at: int) -> Callable[[bytes], bytes]:
    """The answers with one bit of that byte turned."""

    def mangle(data: bytes) -> bytes:
        place = at % len(data)
        return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]

    return mangle


@pytest.mark.parametrize(
    "mangle",
    [
        lambda data: b"\x53" * 4000,
        lambda data: bytes([0x53, 0x85, 0xFF, 0xFF]) + bytes(3000),
        lambda data: data[:-1],
        lambda data: b"",
        *(flipped(at) for at in (0, 1, 2, 4, 7, -1)),
    ],
)
async def test_hostile_bytes_are_a_fault_that_heals(
    devices: Devices, peripheral: OsdpPeripheral, mangle: Callable[[bytes], bytes]
) -> None:
    reader = osdp(devices, peripheral)
    async with reader, listening(reader.scans()) as heard:
        peripheral.mangle = mangle
        with pytest.raises(DeviceFault):
            await heard.next()
    peripheral.mangle = bytes
    async with reader, listening(reader.scans()) as heard:
        assert await heard_card(heard, peripheral) == CARD_SCAN


@pytest.mark.parametrize(("bits", "size"), [(512, 64), (520, 65), (1600, 200), (65535, 4), (0, 0)])
async def test_a_card_of_any_length_is_read_or_refused(
    devices: Devices, peripheral: OsdpPeripheral, bits: int, size: int
) -> None:
    speak_plain(peripheral)
    reader = osdp(devices, peripheral, key="", secure=False)
    async with reader, listening(reader.scans()) as heard:
        card = b"\x50\x00\x01" + bits.to_bytes(2, "little") + b"A" * size
        peripheral.mangle = lambda answer: reply(answer, card)
        if size == 64:
            assert await heard.next() == Scan("CARD:512:" + "41" * 64)
        elif size == 0:
            await until(lambda: peripheral.answers > 20)
            assert heard.nothing_more()
        else:
            with pytest.raises(DeviceFault, match="has gone"):
                await heard.next()


async def test_noise_between_the_answers_is_passed_over(
    devices: Devices, peripheral: OsdpPeripheral
) -> None:
    reader = osdp(devices, peripheral)
    async with reader, listening(reader.scans()) as heard:
        peripheral.mangle = lambda data: b"\xff\x00\xff" + data
        assert await heard_card(heard, peripheral) == CARD_SCAN


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"key": ""}, "secure = false"),
        ({"key": "1234"}, "32 hex digits"),
        ({"secure": False}, "for secure = true"),
        ({"address": 127}, "0 to 126"),
        ({"baud": 1}, "no speed"),
    ],
)
async def test_a_table_that_cannot_be_meant_is_refused(
    devices: Devices, peripheral: OsdpPeripheral, options: dict[str, object], problem: str
) -> None:
    with pytest.raises(BadDevice, match=problem):
        osdp(devices, peripheral, **options)


def test_the_key_is_not_told(devices: Devices) -> None:
    with pytest.raises(BadDevice) as bad:
        devices.build(CodeReader, "reader", {"driver": "osdp", "port": "/dev/x", "key": KEY[:-1]})
    assert KEY[:-1] not in str(bad.value)


@given(st.binary(max_size=64), st.integers(-9, 600))
def test_any_card_is_a_code_or_none(data: bytes, length: int) -> None:
    code = card_text({"data": data, "length": length})
    assert len(code) <= MAX_CODE
    assert bool(code) == (0 < length <= 8 * len(data))
