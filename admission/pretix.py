"""Signed codes of pretix (`pretix_sig1`), verified offline.

From the bytes up, by pretix's own pretix/base/secrets.py and pretix_sig1.proto: the byte 0x01, the
length of the payload and of the signature (2 bytes each, big-endian), the payload, its Ed25519
signature (over the payload and nothing else); all in base64 with "+/=", and that text reversed.
The payload is a protobuf message: 1 seed (a text), 2 item, 3 variation, 4 subevent, 5 valid from
and 6 valid until in Unix seconds (int64 each; 0, and none at all, is "not told").

Nothing is forgiven, so that one ticket has one text: lengths add up, base64 has one spelling, and
a field that is twice there or not known here makes it no code. The alphabet has capitals and small
letters: what a scanner typed with caps lock is no code either.

Test vectors: tests/vectors/pretix.json.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from admission.foreign import ForeignShop, foreign_ticket_id
from admission.signature import signed_by
from admission.values import Ticket, Window

MAX_CHARS = 400
_HEAD = 5
_SIGNATURE_BYTES = 64
_SEED, _ITEM, _VARIATION, _SUBEVENT, _FROM, _UNTIL = range(1, 7)
_MAX_SEED = 64
_MAX_NUMBER = (1 << 63) - 1
_MAX_TIME = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class PretixCode:
    """A well-formed code, genuine or not: ask `genuine`. Times are Unix seconds, 0 if not told."""

    text: str
    payload: bytes
    signature: bytes
    item: int
    variation: int = 0
    subevent: int = 0
    valid_from: int = 0
    valid_until: int = 0

    @property
    def ticket(self) -> int:
        return foreign_ticket_id(self.text)


def read_pretix(text: str) -> PretixCode | None:
    """What the text says; None if it is no such code. Never raises."""
    raw = _bytes_of(text)
    if raw is None or len(raw) < _HEAD or raw[0] != 1:
        return None
    middle = _HEAD + int.from_bytes(raw[1:3])
    if int.from_bytes(raw[3:_HEAD]) != _SIGNATURE_BYTES or len(raw) != middle + _SIGNATURE_BYTES:
        return None
    payload, signature = raw[_HEAD:middle], raw[middle:]
    fields = _message(payload)
    if fields is None:
        return None
    return PretixCode(
        text=text,
        payload=payload,
        signature=signature,
        item=fields[_ITEM],
        variation=fields.get(_VARIATION, 0),
        subevent=fields.get(_SUBEVENT, 0),
        valid_from=fields.get(_FROM, 0),
        valid_until=fields.get(_UNTIL, 0),
    )


def genuine(code: PretixCode, shop: ForeignShop) -> bool:
    """True if one of the shop's keys signed it."""
    return any(signed_by(key, code.signature, code.payload) for key in shop.keys)


def ticket_of(code: PretixCode, shop: ForeignShop) -> Ticket | None:
    """The ticket that a genuine code of the shop stands for; None if what it is for, or when, is
    not known here."""
    product, window = shop.product_of(code.item, code.variation), shop.window_of(code.subevent)
    start, end = (window.start, window.end) if window else (None, None)
    start = _time(code.valid_from) if code.valid_from else start
    end = _time(code.valid_until) if code.valid_until else end
    if product is None or start is None or end is None or end <= start:
        return None
    return Ticket(code.ticket, product, Window(start, end))


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _bytes_of(text: str) -> bytes | None:
    """From base64 read backwards, in its one spelling: no blanks, no bits beside the last byte."""
    if not text.isascii() or len(text) > MAX_CHARS:
        return None
    told = text[::-1].encode()
    try:
        raw = base64.b64decode(told, validate=True)
    except binascii.Error:
        return None
    return raw if base64.b64encode(raw) == told else None


def _message(payload: bytes) -> dict[int, int] | None:
    """Field → number, of the fields told; None if it is no ticket."""
    fields: dict[int, int] = {}
    for field, number in _fields(payload):
        if field in fields:
            return None
        fields[field] = number
    return fields if _ITEM in fields and -1 not in fields else None


def _fields(payload: bytes) -> Iterator[tuple[int, int]]:
    """(field, number) in order; of the seed (SEED, its length). Field -1: this is no ticket."""
    at = 0
    while at < len(payload):
        key, at = _varint(payload, at)
        number, at = _varint(payload, at)
        field, kind = divmod(key, 8)
        if at < 0 or not _fits(field, kind, number):
            yield -1, 0
            return
        if field == _SEED:
            seed, at = payload[at : at + number], at + number
            if len(seed) != number or not seed.isascii():
                yield -1, 0
                return
        yield field, number


def _fits(field: int, kind: int, number: int) -> bool:
    """By the protobuf encoding, kind 0 is a varint and kind 2 a length with so many bytes."""
    match field:
        case 1:
            return kind == 2 and number <= _MAX_SEED
        case 2 | 3 | 4:
            return kind == 0 and number <= _MAX_NUMBER
        case 5 | 6:
            return kind == 0 and number <= _MAX_TIME
        case _:
            return False


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    """(number, place after it): 7 bits a byte, the lowest first; the place is -1 if there is none,
    or one of more than 64 bits."""
    number = 0
    for shift in range(0, 70, 7):
        if not 0 <= at < len(payload):
            break
        byte = payload[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return (number, at) if number < 1 << 64 else (0, -1)
    return 0, -1
