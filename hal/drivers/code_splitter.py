"""The bytes of a serial scanner as codes. Pure: no I/O, and no matter how the bytes are chunked."""

from __future__ import annotations

import re
import unicodedata

from hal.ports import MAX_CODE

_TERMINATOR = re.compile(rb"[\r\n]")
_CONTROLS = bytes([*range(0x20), 0x7F])
_LINE_BYTES = MAX_CODE * 4
"""UTF-8 needs at most four bytes a character."""


def clean(text: str) -> str:
    """Without control characters and halves of surrogate pairs, and without blanks at the ends;
    at most MAX_CODE characters."""
    if not text.isprintable():
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs"))
    return text.strip()[:MAX_CODE]


class CodeSplitter:
    """Codes end with CR, LF or both, in UTF-8; undecodable bytes become U+FFFD.

    Empty lines are no codes. Of an over-long line the beginning is one code, the rest is dropped.
    `prefix` and `suffix` are what the scanner adds to every code; they are taken off if there.
    """

    def __init__(self, prefix: str = "", suffix: str = "") -> None:
        self._prefix = prefix
        self._suffix = suffix
        self._line = bytearray()

    def feed(self, data: bytes) -> list[str]:
        """The codes that are complete now."""
        *ended, begun = _TERMINATOR.split(data)
        codes = [self._end(piece) for piece in ended]
        self._add(begun)
        return [code for code in codes if code]

    def _add(self, piece: bytes) -> None:
        room = _LINE_BYTES - len(self._line)
        self._line += piece.translate(None, _CONTROLS)[:room]

    def _end(self, piece: bytes) -> str:
        self._add(piece)
        text = clean(self._line.decode("utf-8", "replace"))
        self._line.clear()
        return clean(text.removeprefix(self._prefix).removesuffix(self._suffix))
