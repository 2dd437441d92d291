"""A snapshot as one file that is looked up where it lies: nothing is loaded, unpacked or inserted.

The same bytes are made by central, signed, sent, kept on the gate's disk and read by its lanes:

    magic (8 bytes), length of the header (4), header (JSON)
    buckets   where the tickets of each key prefix begin: numbers of 4 bytes
    tickets   sorted: the rest of the key (big-endian), the number of its sort
    sorts     what many tickets share: window, product, persons, state, number of its extra
    extras    language and windows of single attractions (JSON), behind where each begins (4 bytes)
    rest      facts, a line of JSON each, deflated (RFC 1951 in RFC 1950)
    key id (4 bytes) and Ed25519 signature (64) of CONTEXT and the BLAKE2b of all that before

A ticket's key is its id with the low 35 bits first, so that the id and the human code, which tells
those, both find it. The keys' prefixes are in the buckets only: a million tickets take some 8.3
bytes each, and random ids cannot take less than 5.6. Numbers are little-endian where nothing else
is said. It is read by pread, not mapped: where a mapped file kills the process, a card that cannot
be read is a DiskFault.
"""

from __future__ import annotations

import json
import os
import struct
import weakref
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from admission.codes import HUMAN_BITS, low_bits
from admission.values import Ticket, TicketState, Window
from runtime.convert import Invalid, structure_known
from runtime.disk import DiskFault, fault_of
from runtime.wire import MAX_PAYLOAD, decode

MAGIC = b"wicket\x00\x01"
CONTEXT = b"wicket snapshot 1"
MAX_BYTES = 1 << 31
MAX_HEADER = 1 << 22
BLOCK = 1 << 20
LENGTH = struct.Struct("<I")
SORT = struct.Struct("<qqHHBI")
SIGNED = struct.Struct("<I64s")
_ID_BITS = 64
_HIGH_BITS = _ID_BITS - HUMAN_BITS
_PIECE = 1 << 16
STATES = tuple(TicketState)


class BadImage(Exception):
    """The file is no snapshot that this program can read. The message says why."""


@dataclass(frozen=True)
class Scope:
    """The tickets that gates need which open `attractions` (in order, each once; none: any):
    those that are good within `days`."""

    attractions: tuple[str, ...] = ()
    days: int = 30


@dataclass(frozen=True)
class Told:
    """What a snapshot says of itself. `as_of`: the number of the feed; `epoch`: which feed;
    `scope`: for whom it was made. Then central's head counts (its Baseline): `counts`, `taken`,
    `missing`."""

    site: str
    epoch: int
    as_of: int
    made_at: datetime
    scope: Scope = field(default_factory=Scope)
    counts: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Sizes:
    """How many tickets, sorts and extras; bytes of a key in its bucket's number, of a sort's
    number, of all extras, of the rest."""

    tickets: int
    prefix: int
    number: int
    sorts: int
    extras: int
    extras_bytes: int
    rest: int

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 0 or self.prefix > 3 or not 1 <= self.number <= 4:
            raise ValueError("sizes that cannot be")

    @property
    def parts(self) -> tuple[int, ...]:
        """Bytes of each part."""
        return (
            (256**self.prefix + 1) * 4,
            self.tickets * self.entry,
            self.sorts * SORT.size,
            (self.extras + 1) * 4,
            self.extras_bytes,
            self.rest,
        )

    @property
    def entry(self) -> int:
        return 8 - self.prefix + self.number


@dataclass(frozen=True)
class _Header:
    told: Mapping[str, Any]
    sizes: Sizes


def key_of(ticket_id: int) -> int:
    return low_bits(ticket_id) << _HIGH_BITS | ticket_id >> HUMAN_BITS


def _id_of(key: int) -> int:
    return (key & (1 << _HIGH_BITS) - 1) << HUMAN_BITS | key >> _HIGH_BITS


class Image:
    """An image at work, until `close` is called. `bytes` is its length. Opening raises BadImage and
    DiskFault, reading DiskFault. Whether it is genuine `message` and `signature` tell."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise fault_of(error, path) or error from error
        self.close = weakref.finalize(self, os.close, self._file)
        self._lay_out()
        self._sort = lru_cache(maxsize=256)(self._read_sort)

    @property
    def tickets(self) -> int:
        return self._sizes.tickets

    def ticket(self, ticket_id: int) -> Ticket | None:
        if not 0 < ticket_id < 1 << 63:
            return None
        key = key_of(ticket_id)
        return next((self._ticket(entry) for entry in self._from(key) if entry[0] == key), None)

    def first_id(self, low_bits: int) -> int | None:
        """The lowest id of those with these low bits."""
        for key, _ in self._from(low_bits << _HIGH_BITS):
            return _id_of(key) if key >> _HIGH_BITS == low_bits else None
        return None

    def rest(self) -> Iterator[Any]:
        """The facts, as data. Raises BadImage where they cannot be read."""
        line = b""
        try:
            for plain in self._inflated():
                *lines, line = (line + plain).split(b"\n")
                yield from map(decode, lines)
                if len(line) > MAX_PAYLOAD:
                    raise BadImage("a fact without an end")
        except (zlib.error, Invalid) as error:
            raise BadImage(f"its facts cannot be read: {error}") from error
        if line:
            raise BadImage("its last fact has no end")

    def _inflated(self) -> Iterator[bytes]:
        """The rest in small pieces, however much it is."""
        inflate = zlib.decompressobj()
        for packed in self._blocks(self._starts[5], self._sizes.rest):
            yield inflate.decompress(packed, _PIECE)
            while inflate.unconsumed_tail and not inflate.eof:
                yield inflate.decompress(inflate.unconsumed_tail, _PIECE)
        if not inflate.eof:
            raise BadImage("its facts have no end")

    @property
    def message(self) -> bytes:
        """What is signed. Reads the whole file."""
        digest = blake2b()
        for block in self._blocks(0, self.bytes - SIGNED.size):
            digest.update(block)
        return CONTEXT + digest.digest()

    @property
    def signature(self) -> tuple[int, bytes]:
        """The id of the key and its signature."""
        id_, signature = SIGNED.unpack(self._read(self.bytes - SIGNED.size, SIGNED.size))
        return id_, signature

    def _lay_out(self) -> None:
        self.bytes = os.fstat(self._file).st_size
        start = len(MAGIC) + LENGTH.size
        if self.bytes < start + SIGNED.size or self._read(0, len(MAGIC)) != MAGIC:
            raise BadImage("no snapshot of a kind known here")
        (length,) = LENGTH.unpack(self._read(len(MAGIC), LENGTH.size))
        if length > min(MAX_HEADER, self.bytes - start - SIGNED.size):
            raise BadImage(f"a header of {length} bytes")
        try:
            header = structure_known(decode(self._read(start, length), MAX_HEADER), _Header)
            self.told = structure_known(header.told, Told)
        except Invalid as error:
            raise BadImage(f"its header makes no sense: {error}") from error
        self._sizes = header.sizes
        self._starts = [start + length]
        for part in self._sizes.parts:
            self._starts.append(self._starts[-1] + part)
        if (expected := self._starts[-1] + SIGNED.size) != self.bytes:
            raise BadImage(f"{self.bytes} bytes, its header says {expected}")

    def _from(self, key: int) -> Iterator[tuple[int, int]]:
        """The tickets of the key's bucket from the key on: (key, number of the sort)."""
        rest, step = 8 - self._sizes.prefix, self._sizes.entry
        bucket = key >> rest * 8
        buckets, entries = self._starts[:2]
        begin, end = struct.unpack("<II", self._read(buckets + bucket * 4, 8))
        if not begin <= end <= self._sizes.tickets:
            raise self._damaged()
        here = self._read(entries + begin * step, (end - begin) * step)
        wanted = (key & (1 << rest * 8) - 1).to_bytes(rest)
        place = bisect_left(
            range(end - begin), wanted, key=lambda n: here[n * step : n * step + rest]
        )
        for at in range(place * step, len(here), step):
            tail = int.from_bytes(here[at : at + rest])
            yield (
                bucket << rest * 8 | tail,
                int.from_bytes(here[at + rest : at + step], "little"),
            )

    def _ticket(self, entry: tuple[int, int]) -> Ticket:
        key, sort = entry
        product, window, persons, state, language, windows = self._sort(sort)
        return Ticket(_id_of(key), product, window, persons, state, language, windows)

    def _read_sort(self, number: int) -> tuple[Any, ...]:
        if number >= self._sizes.sorts:
            raise self._damaged()
        place = self._starts[2] + number * SORT.size
        try:
            start, end, product, persons, state, extra = SORT.unpack(self._read(place, SORT.size))
            language, windows = self._extra(extra)
            own = tuple((str(name), window_of(*span)) for name, *span in windows)
            return product, window_of(start, end), persons, STATES[state], str(language), own
        except (ValueError, TypeError, IndexError, OverflowError, OSError) as error:
            raise self._damaged() from error

    def _extra(self, number: int) -> Any:
        _, _, _, places, texts, rest, _ = self._starts
        begin, end = struct.unpack("<II", self._read(places + number * 4, 8))
        if number >= self._sizes.extras or not begin <= end <= rest - texts:
            raise self._damaged()
        return json.loads(self._read(texts + begin, end - begin))

    def _blocks(self, place: int, length: int) -> Iterator[bytes]:
        for at in range(place, place + length, BLOCK):
            yield self._read(at, min(BLOCK, place + length - at))

    def _read(self, place: int, length: int) -> bytes:
        try:
            data = os.pread(self._file, length, place)
        except OSError as error:
            raise fault_of(error, self.path) or error from error
        if len(data) != length:
            raise self._damaged()
        return data

    def _damaged(self) -> DiskFault:
        return DiskFault(f"{self.path} is damaged", "delete it, the gate takes a new one")


def seconds_of(window: Window) -> tuple[int, int]:
    return int(window.start.timestamp()), int(window.end.timestamp())


def window_of(start: int, end: int) -> Window:
    return Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
