"""The bytes of a serial scanner as codes. Pure: no I/O, and no matter how the bytes are chunked."""

from __future__ import annotations

import re

from hal.drivers.scan_text import GS
from hal.ports import MAX_CODE

_TERMINATOR = re.compile(rb"[\r\n]")
_CONTROLS = bytes({*range(0x20), 0x7F} - {ord(GS)})
_LINE_BYTES = MAX_CODE * 4
"""UTF-8 needs at most four bytes a character."""


class CodeSplitter:
    """Codes end with CR, LF or both, in UTF-8; undecodable bytes become U+FFFD.

    Empty lines are no codes. Of an over-long line the beginning is one code, the rest is dropped.
    A line that is begun and then silent for more than `gap_s` seconds is dropped.
    """

    def __init__(self, gap_s: float) -> None:
        self.half_codes = 0
        """How many codes were begun and not ended, so far."""
        self._gap_s = gap_s
        self._line = bytearray()
        self._last = 0.0

    def feed(self, data: bytes, now: float) -> list[str]:
        """The codes that are complete now, as they came; `now` in seconds, by any steady clock."""
        if self._line and now - self._last > self._gap_s:
            self._line.clear()
            self.half_codes += 1
        self._last = now
        *ended, begun = _TERMINATOR.split(data)
        codes = [self._end(piece) for piece in ended]
        self._add(begun)
        return [code for code in codes if code]

    def _add(self, piece: bytes) -> None:
        room = _LINE_BYTES - len(self._line)
        self._line += piece.translate(None, _CONTROLS)[:room]

    def _end(self, piece: bytes) -> str:
        self._add(piece)
        text = self._line.decode("utf-8", "replace")
        self._line.clear()
        return text
