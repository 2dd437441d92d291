"""What is particular to the NFC reader, with a real pcscd and a virtual card."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import ndef
import pytest
from support.listening import listening
from support.virtual_card import READER, Card, Pcscd, Type2, Type4, ndef_text, use_card

from hal.keeper import keep
from hal.ports import CodeReader, DeviceFault, Scan
from hal.registry import BadDevice, Devices

UID = bytes.fromhex("04A1B2C3D4E5F6")
ONLY_UID = Scan("NFC:04A1B2C3D4E5F6")


def nfc(devices: Devices, **options: object) -> CodeReader:
    return devices.build(CodeReader, "reader", {"driver": "nfc", **options})


async def first_scan(pcscd: Pcscd, reader: CodeReader, answer: Callable[[bytes], bytes]) -> Scan:
    async with reader, listening(reader.scans()) as heard, pcscd.laid_on(Card(answer)):
        return await heard.next()


async def test_a_card_without_a_code_is_its_uid(devices: Devices, pcscd: Pcscd) -> None:
    assert await first_scan(pcscd, nfc(devices), Type4(uid=UID)) == ONLY_UID


async def test_a_uid_is_read_of_a_card_with_a_code_where_that_is_wanted(
    devices: Devices, pcscd: Pcscd
) -> None:
    card = Type4(ndef_text("TK-7KQ4-M2XD"), UID)
    assert await first_scan(pcscd, nfc(devices, read="uid"), card) == ONLY_UID


async def test_the_first_record_with_a_code_counts(devices: Devices, pcscd: Pcscd) -> None:
    records = [
        ndef.Record("application/x-other", data=b"\xff"),
        ndef.TextRecord(" "),
        ndef.UriRecord("https://tickets.example/W1"),
        ndef.TextRecord("second"),
    ]
    card = Type4(b"".join(ndef.message_encoder(records)), UID)
    assert await first_scan(pcscd, nfc(devices), card) == Scan("https://tickets.example/W1")


async def test_a_type_2_tag_is_read_by_its_pages(devices: Devices, pcscd: Pcscd) -> None:
    message = ndef_text("x" * 300)
    lock = bytes.fromhex("0103A00C34")
    head = b"\xe1\x10\x3e\x00" + lock + b"\x00\x03\xff" + len(message).to_bytes(2)
    tag = Type2(head + message + b"\xfe", UID)
    assert await first_scan(pcscd, nfc(devices), tag) == Scan("x" * 300)


async def test_a_card_is_one_scan_until_it_is_taken_away(devices: Devices, pcscd: Pcscd) -> None:
    reader = nfc(devices, reader="PCD 00 00")
    async with reader, listening(reader.scans()) as heard:
        async with pcscd.laid_on(Card(Type4(uid=UID))):
            assert await heard.next() == ONLY_UID
            await asyncio.to_thread(use_card)
        async with pcscd.laid_on(Card(Type4(uid=bytes(7)))):
            assert await heard.next() == Scan("NFC:00000000000000")
        async with pcscd.laid_on(Card(Type4(uid=UID))):
            assert await heard.next() == ONLY_UID


async def test_a_card_that_lies_there_at_opening_is_no_scan(devices: Devices, pcscd: Pcscd) -> None:
    reader = nfc(devices)
    async with AsyncExitStack() as stack:
        async with pcscd.laid_on(Card(Type4(ndef_text("left behind")))):
            await pcscd.sees()
            await stack.enter_async_context(reader)
            heard = await stack.enter_async_context(listening(reader.scans()))
            await asyncio.to_thread(use_card)
        async with pcscd.laid_on(Card(Type4(uid=UID))):
            assert await heard.next() == ONLY_UID
        assert heard.nothing_more()


def pulled_at(count: int) -> Callable[[bytes], bytes]:
    """A good card that is gone when it should answer for that time."""
    tag, asked = Type4(ndef_text("x" * 600), UID), [0]

    def answer(command: bytes) -> bytes:
        asked[0] += 1
        if asked[0] == count:
            raise EOFError
        return tag(command)

    return answer


async def test_a_card_that_is_pulled_in_the_middle_is_no_scan(
    devices: Devices, pcscd: Pcscd, caplog: pytest.LogCaptureFixture
) -> None:
    reader = nfc(devices)
    async with reader, listening(reader.scans()) as heard:
        for count in (1, 4, 7):
            card = Card(pulled_at(count))
            async with pcscd.laid_on(card), asyncio.timeout(30):
                await card.gone.wait()
        async with pcscd.laid_on(Card(Type4(uid=UID))):
            assert await heard.next() == ONLY_UID
        assert heard.nothing_more()
    assert [record.levelname for record in caplog.records if "hold it" in record.message] == [
        "WARNING"
    ]


@pytest.mark.parametrize(
    "garbage", [b"", b"\x90", bytes(9), b"\x90\x00", b"\xff" * 9000 + b"\x90\0"]
)
async def test_a_card_that_answers_garbage_does_no_harm(
    devices: Devices, pcscd: Pcscd, garbage: bytes
) -> None:
    reader = nfc(devices)
    asked = asyncio.Event()

    def answer(command: bytes) -> bytes:
        asked.set()
        return garbage

    async with reader, listening(reader.scans()) as heard:
        async with pcscd.laid_on(Card(answer)), asyncio.timeout(30):
            await asked.wait()
        async with pcscd.laid_on(Card(Type4(uid=UID))):
            assert await heard.next() == ONLY_UID
        assert heard.nothing_more()


async def test_a_reader_that_is_not_there_is_a_fault_that_names_the_others(
    devices: Devices, pcscd: Pcscd
) -> None:
    with pytest.raises(DeviceFault, match=f"{READER}.*none with 'ACR122U'.*polkit"):
        async with nfc(devices, reader="ACR122U"):
            pass


async def test_without_any_reader_it_is_a_fault(devices: Devices, pcscd: Pcscd) -> None:
    pcscd.kill()
    pcscd.start(with_reader=False)
    with pytest.raises(DeviceFault, match="no reader"):
        async with nfc(devices):
            pass


async def test_without_pcscd_it_is_a_fault(devices: Devices, pcscd: Pcscd) -> None:
    pcscd.kill()
    with pytest.raises(DeviceFault, match="is pcscd running"):
        async with nfc(devices):
            pass


async def test_a_card_that_falls_silent_holds_its_reader_until_it_is_taken_away(
    devices: Devices, pcscd: Pcscd
) -> None:
    reader = nfc(devices)
    asked = asyncio.Event()
    async with pcscd.laid_on(Card(lambda command: asked.set())):
        async with reader, asyncio.timeout(30):
            await asked.wait()
        with pytest.raises(DeviceFault, match="stuck in its last card"):
            async with reader:
                pass

    async def use(reader: CodeReader) -> None:
        async with listening(reader.scans()) as heard, pcscd.laid_on(Card(Type4(uid=UID))):
            assert await heard.next() == ONLY_UID

    await keep(reader, use, pause_s=0.01)


def test_only_ndef_and_uid_can_be_read(devices: Devices) -> None:
    with pytest.raises(BadDevice, match="read"):
        nfc(devices, read="sector")
