"""Ticket codes: two readings of one of our tickets, both in Crockford base32 (no I, L, O, U), and
what else somebody may show: cards, and codes of others (admission/foreign.py, admission/pretix.py).

The *signed code* is admitted by a gate that has never heard of the ticket. It is the letter W
and 140 characters of base32 over 87 bytes, big-endian: format 1 (1 byte), key id (2), ticket
id (8), product (2), window start and end in Unix seconds (4 + 4), persons (1), language (1, its
place in LANGUAGES), then the 64-byte Ed25519 signature over b"wicket ticket 1" and those 23
bytes. All characters are in the QR alphanumeric set, and letters and digits only, for scanners
that type as keyboards.

The *human code* TK-7KQ4-M2XD is the low 35 bits of the ticket id in 7 characters and a check
character that catches every single wrong character and every swap of two neighbours.

Test vectors: tests/vectors/codes.json.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from admission.foreign import FOREIGN_IDS, LONGEST, SHORTEST, OpaqueCode
from admission.pretix import PretixCode, read_pretix
from admission.signature import signed_by
from admission.values import IssuerKey, Ticket, Window

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HUMAN_BITS = 35
LANGUAGES = ("", "en", "de", "fr", "ar", "es", "it", "nl", "pl", "pt", "tr", "uk", "ja", "zh")
"""The languages a signed code can tell, by their place; new ones go to the end. The first: none."""
_VALUES = {c: i for i, c in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_PYTHON_DIGITS = {ord(c): "0123456789abcdefghijklmnopqrstuv"[i] for c, i in _VALUES.items()}
_HUMAN_MASK = (1 << HUMAN_BITS) - 1
_BODY = struct.Struct(">BHQHIIBB")
_SIGNATURE_BYTES = 64
_SIGNED_BYTES = _BODY.size + _SIGNATURE_BYTES
_SIGNED_CHARS = -(-_SIGNED_BYTES * 8 // 5)
_CONTEXT = b"wicket ticket 1"
_TAGS = ("NFC:", "CARD:")


@dataclass(frozen=True)
class SigningKey:
    """An issuer's private key; `seed` is 32 secret bytes."""

    id: int
    seed: bytes = field(repr=False)
    valid_from: datetime
    valid_until: datetime | None = None

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def issuer(self) -> IssuerKey:
        """The public half, for gates."""
        public = self._private.public_key().public_bytes_raw()
        return IssuerKey(self.id, public, self.valid_from, self.valid_until)

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class SignedCode:
    """A well-formed signed code, genuine or not: ask `genuine`."""

    key: int
    ticket: Ticket
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class HumanCode:
    """A well-formed human code: the low HUMAN_BITS of a ticket id."""

    low_bits: int


@dataclass(frozen=True, slots=True)
class TagCode:
    """What a reader of cards and NFC tags says: "NFC:04A1B2C3", "CARD:26:2A31C03"."""

    tag: str


Code = SignedCode | HumanCode | TagCode | PretixCode | OpaqueCode


def new_ticket_id() -> int:
    """62 random bits, never zero: no foreign ticket's id, and it fits every database's signed
    64-bit integer."""
    return secrets.randbelow(FOREIGN_IDS) or 1


def sign_ticket(key: SigningKey, ticket: Ticket) -> str:
    """The signed code of `ticket`; its state is not part of it, nor a language not in LANGUAGES."""
    start, end = (int(t.timestamp()) for t in (ticket.window.start, ticket.window.end))
    language = LANGUAGES.index(ticket.language) if ticket.language in LANGUAGES else 0
    body = _BODY.pack(1, key.id, ticket.id, ticket.product, start, end, ticket.persons, language)
    return "W" + _encode(body + key.sign(_CONTEXT + body))


def code_beginning(key: int) -> str:
    """How every signed code of that key id begins, and no other: format, key and the first bit of
    the ticket id, which is always 0."""
    bits = (1 << 16 | key) << 1
    return "W" + "".join(ALPHABET[bits >> shift & 31] for shift in range(20, -5, -5))


def human_code(ticket_id: int) -> str:
    """TK-XXXX-XXXX, what a person types when no scanner can read the ticket."""
    data = [ticket_id >> shift & 31 for shift in range(HUMAN_BITS - 5, -5, -5)]
    text = "".join(ALPHABET[value] for value in [*data, _check(data)])
    return f"TK-{text[:4]}-{text[4:]}"


def low_bits(ticket_id: int) -> int:
    """The part of a ticket id that its human code tells."""
    return ticket_id & _HUMAN_MASK


def read_code(text: str) -> Code | None:
    """What was scanned or typed; None if it is no code of anybody's. Never raises.

    Ours may be typed sloppily. A foreign one counts as it is, capitals and all, but for blanks at
    its ends.
    """
    text = text.strip()
    return _read_ours(text) or read_pretix(text) or _read_opaque(text)


def _read_ours(text: str) -> SignedCode | HumanCode | TagCode | None:
    text = text.upper().replace("-", "").replace(" ", "")
    if text.startswith(_TAGS):
        return TagCode(text)
    if len(text) == 1 + _SIGNED_CHARS and text.startswith("W"):
        return _read_signed(text[1:])
    if len(text) == 10 and text.startswith("TK"):
        return _read_human(text[2:])
    return None


def _read_opaque(text: str) -> OpaqueCode | None:
    fits = SHORTEST <= len(text) <= LONGEST and text.isprintable()
    return OpaqueCode(text) if fits else None


def genuine(code: SignedCode, issuer: IssuerKey) -> bool:
    """True if `issuer` signed it."""
    return signed_by(issuer.public, code.signature, _CONTEXT + code.body)


def _read_signed(text: str) -> SignedCode | None:
    raw = _decode(text)
    if raw is None:
        return None
    body, signature = raw[: _BODY.size], raw[_BODY.size :]
    version, key, ticket, product, start, end, persons, language = _BODY.unpack(body)
    if version != 1 or persons == 0 or start >= end or not 0 < ticket < 1 << 63:
        return None
    if language >= len(LANGUAGES):
        return None
    window = Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
    return SignedCode(
        key, Ticket(ticket, product, window, persons, language=LANGUAGES[language]), body, signature
    )


def _read_human(text: str) -> HumanCode | None:
    values = [_VALUES.get(c, -1) for c in text]
    if -1 in values or _check(values[:-1]) != values[-1]:
        return None
    bits = 0
    for value in values[:-1]:
        bits = bits << 5 | value
    return HumanCode(bits)


def _encode(raw: bytes) -> str:
    number = int.from_bytes(raw) << _SIGNED_CHARS * 5 - len(raw) * 8
    return "".join(
        ALPHABET[number >> shift & 31] for shift in range((_SIGNED_CHARS - 1) * 5, -5, -5)
    )


def _decode(text: str) -> bytes | None:
    if not _VALUES.keys() >= set(text):
        return None
    number = int(text.translate(_PYTHON_DIGITS), 32)
    number, padding = divmod(number, 1 << _SIGNED_CHARS * 5 - _SIGNED_BYTES * 8)
    return None if padding else number.to_bytes(_SIGNED_BYTES)


def _check(values: list[int]) -> int:
    """Σ aⁱ·dᵢ in GF(32), a = x modulo x⁵+x²+1: weights all differ, so both error kinds show."""
    total = 0
    for value in values:
        total = _times_x(total ^ value)
    return total


def _times_x(value: int) -> int:
    value <<= 1
    return value ^ 0b100101 if value & 32 else value
