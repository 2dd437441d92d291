"""What a contactless tag holds. I/O is `ask` alone; every answer is taken for hostile.

Sources: PC/SC part 3 (the reader's own commands, class FF), NFC Forum Type 2 and Type 4 Tag,
NDEF and its record types Text and URI.
"""

from __future__ import annotations

from collections.abc import Callable

import ndef

from hal.drivers.scan_text import clean, no_card
from hal.ports import MAX_CODE

Ask = Callable[[bytes], bytes]
"""A command → the tag's answer with its status word. What it raises goes through."""

_GET_UID = bytes.fromhex("FFCA000000")
_SELECT_NDEF = bytes.fromhex("00A4040007D276000085010100")
_SELECT_FILE = bytes.fromhex("00A4000C02")
_CC_FILE = b"\xe1\x03"
_OK = b"\x90\x00"
_UID_BYTES = range(4, 11)
_MESSAGE_BYTES = 4 * MAX_CODE + 512
"""The longest message that is read: a code of MAX_CODE characters and room for other records."""
_CHUNK = 0xF0
_PAGE_BYTES, _READ_PAGES = 4, 4
_RECORDS = {record._type: record for record in (ndef.TextRecord, ndef.UriRecord)}


def code_of(ask: Ask, wants_ndef: bool) -> str:
    """The first text or URI on the tag if one is wanted and there, else "NFC:" and its UID in hex;
    empty if there is neither."""
    if wants_ndef and (message := _type4(ask) or _type2(ask)):
        code = first_code(message)
        if code:
            return code
    uid = _data(ask(_GET_UID))
    return f"NFC:{uid.hex().upper()}" if uid and len(uid) in _UID_BYTES else ""


def first_code(message: bytes) -> str:
    """The first text or URI of an NDEF message that is a code; empty if there is none."""
    try:
        for record in ndef.message_decoder(message, errors="relax", known_types=_RECORDS):
            text = getattr(record, "text", None) or getattr(record, "iri", None) or ""
            if code := clean(text):
                return no_card(code)
    except (ndef.DecodeError, ValueError):
        return ""
    return ""


def _data(answer: bytes) -> bytes | None:
    return answer[:-2] if answer[-2:] == _OK else None


def _type4(ask: Ask) -> bytes:
    """The NDEF message of a type 4 tag; empty if it is none, or its files do not make sense."""
    if _data(ask(_SELECT_NDEF)) is None or _data(ask(_SELECT_FILE + _CC_FILE)) is None:
        return b""
    capabilities = _read(ask, 0, 15, _CHUNK)
    if len(capabilities) < 15 or capabilities[7] != 4 or capabilities[13] != 0:
        return b""
    longest_read = min(int.from_bytes(capabilities[3:5]), _CHUNK)
    size = int.from_bytes(capabilities[11:13])
    if longest_read < 15 or _data(ask(_SELECT_FILE + capabilities[9:11])) is None:
        return b""
    length = int.from_bytes(_read(ask, 0, 2, longest_read))
    if not 0 < length <= min(size - 2, _MESSAGE_BYTES):
        return b""
    return _read(ask, 2, length, longest_read)


def _read(ask: Ask, start: int, length: int, longest_read: int) -> bytes:
    """Of the chosen file; empty if the tag gives other than it was asked for."""
    found = b""
    while len(found) < length:
        wanted = min(length - len(found), longest_read)
        offset = (start + len(found)).to_bytes(2)
        data = _data(ask(b"\x00\xb0" + offset + bytes([wanted])))
        if not data or len(data) > wanted:
            return b""
        found += data
    return found


def _type2(ask: Ask) -> bytes:
    """The NDEF message of a type 2 tag; empty if it is none."""
    capabilities = _pages(ask, 3)[:_PAGE_BYTES]
    if len(capabilities) < _PAGE_BYTES or capabilities[0] != 0xE1 or capabilities[3] >> 4:
        return b""
    memory = b""
    for page in range(4, 4 + capabilities[2] * 2, _READ_PAGES):
        if not (more := _pages(ask, page)):
            break
        memory += more
        if (message := message_in(memory)) is not None:
            return message
    return b""


def _pages(ask: Ask, first: int) -> bytes:
    length = _READ_PAGES * _PAGE_BYTES
    data = _data(ask(b"\xff\xb0" + first.to_bytes(2) + bytes([length])))
    return data if data and len(data) == length else b""


def message_in(memory: bytes) -> bytes | None:
    """The NDEF message among the TLV blocks of a type 2 tag; empty if they end without one, None
    if they go on behind `memory`."""
    at = 0
    while at < len(memory):
        tag = memory[at]
        if tag == 0xFE:
            return b""
        if tag == 0:
            at += 1
            continue
        start, length = _length(memory, at + 1)
        if tag == 3 and length > _MESSAGE_BYTES:
            return b""
        if start + length > len(memory):
            return None
        if tag == 3:
            return memory[start : start + length]
        at = start + length
    return None


def _length(memory: bytes, at: int) -> tuple[int, int]:
    """Where the value begins and how long it is; one byte, or FF and two."""
    if memory[at : at + 1] == b"\xff":
        return at + 3, int.from_bytes(memory[at + 1 : at + 3])
    return at + 1, int.from_bytes(memory[at : at + 1])
