"""What bytes from outside must never do. Each target takes any bytes and asserts its rule."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import ndef

from admission.codes import (
    HumanCode,
    SignedCode,
    SigningKey,
    TagCode,
    human_code,
    read_code,
    sign_ticket,
)
from admission.pretix import read_pretix
from admission.values import Ticket, Window
from hal.drivers import wiegand_frames
from hal.drivers.code_splitter import CodeSplitter
from hal.drivers.keyboard_decoder import KEY, SYN, KeyboardDecoder
from hal.drivers.keyboard_layout import load_layout
from hal.drivers.nfc_tag import code_of, first_code, message_in
from hal.drivers.osdp_reader import card_text
from hal.drivers.scan_text import ScanOptions, clean, read_scan
from hal.drivers.wiegand_frames import WiegandFrames
from hal.ports import MAX_CODE
from runtime.convert import Invalid
from runtime.wire import decode, encode, fact_from_data, fact_to_data

GAP_S = 2.0
BIT_S = 0.002
"""Between two pulses of a Wiegand frame."""
MOST_ASKED = 600
_GET_UID = bytes.fromhex("FFCA000000")
_ENTER, _KEYS = 28, range(256)
_DROPPED, _REPORT = (SYN, 3, 0), (SYN, 0, 0)
_LAYOUTS = [load_layout(name) for name in ("us", "de", "fr", "ch(fr)")]
_OPTIONS = [
    ScanOptions(),
    ScanOptions(aim=True, prefix="]"),
    ScanOptions(aim=False, suffix="#"),
    *(ScanOptions(gs1=ai) for ai in ("01", "17", "21", "8005", "3103", "414")),
]


def serial(data: bytes) -> None:
    """However the bytes are chunked the codes are the same; after silence the next is whole."""
    if not data:
        return
    step, data = 1 + data[0] % 16, data[1:]
    splitter = CodeSplitter(GAP_S)
    chunks = [data[n : n + step] for n in range(0, len(data), step)]
    codes = [code for chunk in chunks for code in splitter.feed(chunk, 0.0)]
    assert codes == CodeSplitter(GAP_S).feed(data, 0.0)
    assert len(codes) <= data.count(b"\r") + data.count(b"\n")
    assert all(len(code) <= 4 * MAX_CODE for code in codes)
    assert splitter.feed(b"TK-1\n", GAP_S + 1) == ["TK-1"]


def keyboard(data: bytes) -> None:
    """One code at most for each event; after loss and silence the next is whole."""
    if not data:
        return
    keys = KeyboardDecoder(_LAYOUTS[data[0] % len(_LAYOUTS)], GAP_S)
    for event in _events(data[1:]):
        code = keys.feed(*event)
        assert code is None or 0 < len(code) <= 9 * MAX_CODE
    keys.feed(*_DROPPED, 1000.0)
    keys.feed(*_REPORT, 1000.0)
    whole = [(KEY, key, 0) for key in _KEYS] + [(KEY, key, 1) for key in (47, 46, _ENTER)]
    assert [code for event in whole if (code := keys.feed(*event, 1009.0))] == ["vc"]


def _events(data: bytes) -> Iterator[tuple[int, int, int, float]]:
    now = 0.0
    for key, how in zip(data[::2], data[1::2], strict=False):
        now += 0.5 * (how >> 5)
        yield how >> 2 & 1 ^ 1, key, how & 3, now


def scan_text(data: bytes) -> None:
    """Whatever comes out is clean and short, and no card."""
    if not data:
        return
    options = _OPTIONS[data[0] % len(_OPTIONS)]
    for text in (data[1:].decode("utf-8", "replace"), data[1:].decode("latin-1")):
        read = read_scan(text, options)
        assert read == clean(read)
        assert len(read) <= MAX_CODE
        assert not isinstance(read_code(read), TagCode)


def code(data: bytes) -> None:
    """Never raises; one code or none, and two tickets of ours glued are none. Only foreign codes
    mind capitals."""
    text = data.decode("latin-1")
    found = read_code(text)
    if isinstance(found, SignedCode | HumanCode | TagCode):
        assert found == read_code(text.lower())
    if isinstance(found, SignedCode | HumanCode):
        assert not isinstance(read_code(text + text), SignedCode | HumanCode)


def pretix(data: bytes) -> None:
    """Never raises; a code has one spelling, and any payload is read or refused."""
    text = data.decode("latin-1")
    for told in (text, _pretix_text(data)):
        found = read_pretix(told)
        assert found is None or found == replace(found, text=told)
        assert found is None or read_pretix(told + "=") is read_pretix("A" + told) is None
        assert found is None or max(found.valid_from, found.valid_until) < 1 << 32


def _pretix_text(payload: bytes) -> str:
    raw = b"\1" + (len(payload) & 0xFFFF).to_bytes(2) + b"\0\x40" + payload + bytes(64)
    return base64.b64encode(raw).decode()[::-1]


def wire(data: bytes) -> None:
    """Invalid or a value; a fact is the same after a journey over the wire."""
    try:
        fact = fact_from_data(decode(data))
    except Invalid:
        return
    assert fact_from_data(decode(encode(fact_to_data(fact)))) == fact


def nfc(data: bytes) -> None:
    """A tag that answers anything is soon read as a clean code, its own UID or nothing."""
    if not data:
        return
    answers = list(_answers(data[1:]))
    asked: list[bytes] = []

    def ask(command: bytes) -> bytes:
        asked.append(command)
        return answers[(len(asked) - 1) % len(answers)] if answers else b""

    read = code_of(ask, wants_ndef=bool(data[0] & 1))
    assert len(asked) < MOST_ASKED
    assert read == clean(read)
    if isinstance(read_code(read), TagCode):
        assert asked[-1] == _GET_UID
        assert bytes.fromhex(read.removeprefix("NFC:"))
    assert not isinstance(read_code(first_code(data)), TagCode)
    half = message_in(data[: len(data) // 2])
    assert half is None or half == message_in(data)


def _answers(data: bytes) -> Iterator[bytes]:
    """A byte with the length of the answer and, in its top bit, whether it is a good one."""
    while data:
        length = data[0] & 0x7F
        yield data[1 : 1 + length] + (b"\x90\x00" if data[0] & 0x80 else b"\x6a\x82")
        data = data[1 + length :]


def wiegand(data: bytes) -> None:
    """A frame of right length and parity is a card with its bits, every other one is counted."""
    frames, now, told = WiegandFrames(), 1.0, []
    sent: list[list[int]] = [[]]
    for byte in data:
        if byte & 2:
            now += 2 * wiegand_frames.GAP_S
            sent.append([])
        now += BIT_S
        sent[-1].append(byte & 1)
        told.append(frames.pulse(byte & 1, now))
    told.append(frames.look(now + 2 * wiegand_frames.GAP_S))
    cards = [_card(bits) for bits in sent if bits]
    assert [card for card in told if card] == [card for card in cards if card]
    assert frames.broken == cards.count("")


def _card(bits: list[int]) -> str:
    half = len(bits) // 2
    if len(bits) not in (26, 34) or sum(bits[:half]) % 2 or not sum(bits[half:]) % 2:
        return ""
    number = int("".join(map(str, bits[1:-1])), 2)
    return f"CARD:{len(bits)}:{number:0{(len(bits) - 2) // 4}X}"


def osdp(data: bytes) -> None:
    """A card as long as its event says, or none."""
    if len(data) < 2:
        return
    bits, number = int.from_bytes(data[:2], signed=True), data[2:130]
    card = card_text({"data": number, "length": bits})
    assert bool(card) is (0 < bits <= 8 * len(number))
    if card:
        kind, length, digits = card.split(":")
        assert (kind, length, len(digits)) == ("CARD", str(bits), -(-bits // 4))
        first_bits = f"{int.from_bytes(number):0{8 * len(number)}b}"[:bits]
        assert int(digits, 16) == int(first_bits, 2)
        assert read_code(card) == TagCode(card)


TARGETS: tuple[Callable[[bytes], None], ...] = (
    serial,
    keyboard,
    scan_text,
    code,
    wire,
    nfc,
    wiegand,
    osdp,
    pretix,
)


def seeds() -> Iterator[bytes]:
    """Good input of every kind, and some that pretends, each behind the byte of its target."""
    day = datetime(2026, 11, 21, tzinfo=UTC)
    ticket = Ticket(1 << 40, 7, Window(day, day.replace(hour=12)), 2)
    signed = sign_ticket(SigningKey(1, bytes(32), day), ticket).encode()
    human = human_code(ticket.id).encode()
    gs1 = b"]d20107032069804988172712311012\x1d21TK1"
    link = b"https://id.gs1.org/01/07032069804988/21/TK1"
    fact = b'{"device":"g","number":1,"at":"2026-11-21T09:00:00+00:00","kind":"passed","ticket":1}'
    spoof = b"NFC:04A1B2C3D4E5F6"
    keys = bytes(part for key in (42, 20, 37, 12, 8, 28) for part in (key, 1, key, 0))
    alt = bytes((56, 1, 82, 1, 77, 1, 76, 1, 56, 0, 28, 1))
    samples = {0: [signed + b"\r\n", human + b"\n"], 1: [keys, alt], 2: [gs1, link, b"]Q1" + human]}
    samples[2].append(spoof)
    samples |= {3: [signed, human], 4: [fact, b"[1e999]"], 5: [*_tags(human), *_tags(spoof)]}
    samples |= {6: [bytes([2, *[0] * 24, 1]) * 2, bytes([3, *[1] * 32, 0])]}
    samples |= {7: [bits.to_bytes(2, signed=True) + b"\x2a\x31\xc0\xc0" for bits in (26, -26)]}
    payload = bytes.fromhex("0a09") + b"seed56789" + bytes.fromhex("1080011803200028003000")
    samples |= {8: [payload, _pretix_text(payload).encode()]}
    for target, bodies in samples.items():
        for body in bodies:
            yield from (
                (bytes((target, n)) + body for n in range(9))
                if target < 3
                else (bytes((target,)) + body,)
            )


def _tags(text: bytes) -> Iterator[bytes]:
    """A type 4 tag, a type 2 tag and one that has a UID alone, by their answers in order."""
    message = b"".join(ndef.message_encoder([ndef.TextRecord(text.decode())]))
    size = len(message).to_bytes(2)
    capabilities = bytes.fromhex("000F20007F007F0406E104007F0000")
    block = b"\x03" + size[1:] + message + b"\xfe"
    pages = [block[n : n + 16].ljust(16, b"\0") for n in range(0, len(block), 16)]
    refused, fine = b"\x00", b"\x80"
    yield b"\1" + fine * 2 + _good(capabilities) + fine + _good(size) + _good(message)
    yield b"\1" + refused + b"".join(map(_good, [b"\xe1\x10\x3f".ljust(16, b"\0"), *pages]))
    yield b"\0" + _good(bytes.fromhex("04A1B2C3D4E5F6"))


def _good(answer: bytes) -> bytes:
    return bytes([0x80 | len(answer)]) + answer


def any_target(data: bytes) -> None:
    """The first byte names the target."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])
