"""What bytes from outside must never do. Each target takes any bytes and asserts its rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from admission.codes import SigningKey, human_code, read_code, sign_ticket
from admission.values import Ticket, Window
from hal.drivers.code_splitter import CodeSplitter
from hal.drivers.keyboard_decoder import KEY, SYN, KeyboardDecoder
from hal.drivers.keyboard_layout import load_layout
from hal.drivers.scan_text import ScanOptions, clean, read_scan
from hal.ports import MAX_CODE
from runtime.convert import Invalid
from runtime.wire import decode, encode, fact_from_data, fact_to_data

GAP_S = 2.0
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
    """Whatever comes out is clean and short."""
    if not data:
        return
    options = _OPTIONS[data[0] % len(_OPTIONS)]
    for text in (data[1:].decode("utf-8", "replace"), data[1:].decode("latin-1")):
        read = read_scan(text, options)
        assert read == clean(read)
        assert len(read) <= MAX_CODE


def code(data: bytes) -> None:
    """Never raises; one code or none, and two of them glued are none."""
    text = data.decode("latin-1")
    found = read_code(text)
    assert found is None or read_code(text + text) is None
    assert found == read_code(text.lower())


def wire(data: bytes) -> None:
    """Invalid or a value; a fact is the same after a journey over the wire."""
    try:
        fact = fact_from_data(decode(data))
    except Invalid:
        return
    assert fact_from_data(decode(encode(fact_to_data(fact)))) == fact


TARGETS: tuple[Callable[[bytes], None], ...] = (serial, keyboard, scan_text, code, wire)


def seeds() -> Iterator[bytes]:
    """Good input of every kind, each behind the byte that names its target."""
    day = datetime(2026, 11, 21, tzinfo=UTC)
    ticket = Ticket(1 << 40, 7, Window(day, day.replace(hour=12)), 2)
    signed = sign_ticket(SigningKey(1, bytes(32), day), ticket).encode()
    human = human_code(ticket.id).encode()
    gs1 = b"]d20107032069804988172712311012\x1d21TK1"
    link = b"https://id.gs1.org/01/07032069804988/21/TK1"
    fact = b'{"device":"g","number":1,"at":"2026-11-21T09:00:00+00:00","kind":"passed","ticket":1}'
    keys = bytes(part for key in (42, 20, 37, 12, 8, 28) for part in (key, 1, key, 0))
    alt = bytes((56, 1, 82, 1, 77, 1, 76, 1, 56, 0, 28, 1))
    samples = {0: [signed + b"\r\n", human + b"\n"], 1: [keys, alt], 2: [gs1, link, b"]Q1" + human]}
    samples |= {3: [signed, human], 4: [fact, b"[1e999]"]}
    for target, bodies in samples.items():
        for body in bodies:
            yield from (
                (bytes((target, n)) + body for n in range(9))
                if target < 3
                else (bytes((target,)) + body,)
            )


def any_target(data: bytes) -> None:
    """The first byte names the target."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])
