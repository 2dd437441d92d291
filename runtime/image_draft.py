"""How a snapshot (runtime/image.py) is made."""

from __future__ import annotations

import json
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from admission.values import Ticket
from runtime.image import (
    CONTEXT,
    LENGTH,
    MAGIC,
    SIGNED,
    SORT,
    STATES,
    Sizes,
    Told,
    key_of,
    seconds_of,
)

NONE = 0xFFFFFFFF
"""The sort of a ticket that shall not be in the image."""
_BREATHE_EVERY = 512


class Draft:
    """An image in the making. `breathe` is called now and then, lest a busy thread keep the others
    from their work."""

    def __init__(self, breathe: Callable[[], None] = lambda: None) -> None:
        self._breathe = breathe
        self._work = self._added = 0
        self._sorts: dict[bytes, int] = {}
        self._extras: dict[str, int] = {}
        self._parts: list[list[int]] = [[] for _ in range(256)]
        self._packer = zlib.compressobj(6)
        self._rest: list[bytes] = []

    def sort_of(self, ticket: Ticket) -> int:
        """The number of what `ticket` shares with others, for `add`. Raises ValueError where it
        does not fit into the form."""
        windows = [(name, *seconds_of(window)) for name, window in ticket.windows]
        extra = json.dumps([ticket.language, windows], separators=(",", ":"))
        number = self._extras.setdefault(extra, len(self._extras))
        state = STATES.index(ticket.state)
        try:
            packed = SORT.pack(
                *seconds_of(ticket.window), ticket.product, ticket.persons, state, number
            )
        except struct.error as error:
            raise ValueError(f"ticket {ticket.id}: {error}") from error
        return self._sorts.setdefault(packed, len(self._sorts))

    def add(self, ticket_id: int, sort: int = NONE) -> None:
        """What is added last of a ticket counts; NONE takes it out again."""
        key = key_of(ticket_id)
        self._added += 1
        self._parts[key >> 56].append((key << 32 | self._added) << 32 | sort)

    def tell(self, fact: Mapping[str, Any]) -> None:
        line = json.dumps(fact, separators=(",", ":")).encode() + b"\n"
        self._rest.append(self._packer.compress(line))

    def __contains__(self, ticket_id: int) -> bool:
        """Only of a draft that is `sorted`."""
        key = key_of(ticket_id)
        part = self._parts[key >> 56]
        place = bisect_left(part, key << 32)
        return place < len(part) and part[place] >> 32 == key

    def sort(self) -> None:
        """Now all are added."""
        for place, part in enumerate(self._parts):
            part.sort()
            last = {entry >> 64: entry & NONE for entry in part}
            self._parts[place] = [key << 32 | sort for key, sort in last.items() if sort != NONE]
            self._worked(len(part))

    def finish(self, told: Told, key_id: int, sign: Callable[[bytes], bytes]) -> Iterator[bytes]:
        """The bytes of the file, in order. Of a draft that is sorted."""
        digest = blake2b()
        for block in self._all(told):
            digest.update(block)
            yield block
        yield SIGNED.pack(key_id, sign(CONTEXT + digest.digest()))

    def _worked(self, entries: int) -> None:
        self._work += entries
        if self._work >= _BREATHE_EVERY:
            self._work = 0
            self._breathe()

    def _all(self, told: Told) -> Iterator[bytes]:
        rest = b"".join([*self._rest, self._packer.flush()])
        count = sum(map(len, self._parts))
        extras = [text.encode() for text in self._extras]
        prefix = max(0, (count.bit_length() - 3) // 8)
        """A byte more in the prefix saves a byte a ticket, and costs 256 times the buckets."""
        number = max(1, (max(0, len(self._sorts) - 1).bit_length() + 7) // 8)
        sizes = Sizes(
            *(
                count,
                prefix,
                number,
                len(self._sorts),
                len(extras),
                sum(map(len, extras)),
                len(rest),
            )
        )
        header = json.dumps({"told": _plain(told), "sizes": vars(sizes)}).encode()
        yield MAGIC + LENGTH.pack(len(header)) + header
        yield from self._buckets(prefix)
        yield from self._entries(prefix, number)
        yield b"".join(self._sorts)
        place = 0
        for text in (b"", *extras):
            place += len(text)
            yield LENGTH.pack(place)
        yield b"".join(extras)
        yield rest

    def _buckets(self, prefix: int) -> Iterator[bytes]:
        if not prefix:
            yield struct.pack("<II", 0, sum(map(len, self._parts)))
            return
        begun = 0
        each = 256 ** (prefix - 1)
        for number, part in enumerate(self._parts):
            first = number * each
            bounds = [(first + n) << (12 - prefix) * 8 for n in range(each)]
            yield b"".join(LENGTH.pack(begun + bisect_left(part, bound)) for bound in bounds)
            begun += len(part)
            self._worked(each)
        yield LENGTH.pack(begun)

    def _entries(self, prefix: int, number: int) -> Iterator[bytes]:
        rest = 8 - prefix
        mask = (1 << rest * 8) - 1
        for part in self._parts:
            self._worked(len(part))
            for first in range(0, len(part), _BREATHE_EVERY):
                yield b"".join(
                    ((entry >> 32) & mask).to_bytes(rest)
                    + (entry & 0xFFFFFFFF).to_bytes(number, "little")
                    for entry in part[first : first + _BREATHE_EVERY]
                )


def _plain(told: Told) -> dict[str, Any]:
    return {
        **vars(told),
        "made_at": told.made_at.isoformat(),
        "scope": vars(told.scope),
    }
