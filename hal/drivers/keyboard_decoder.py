"""The keys that a keyboard-mode scanner presses as codes. Pure: no kernel, no vendor library.

Kinds of events, key numbers and SYN_DROPPED are those of linux/input-event-codes.h and the
kernel's Documentation/input/event-codes.rst. The computer's own Caps Lock and the scanner's lamp
do not matter, as keys are read before anyone makes letters of them; a Caps Lock that the scanner
types counts. Num Lock is always on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from hal.ports import MAX_CODE

SYN, KEY = 0, 1
_REPORT, _DROPPED = 0, 3
UP, DOWN, REPEATED = 0, 1, 2

_SHIFTS, _CONTROLS, _METAS = {42, 54}, {29, 97}, {125, 126}
_ALT, ALT_GR, _CAPS_LOCK = 56, 100, 58
_MODIFIERS = {*_SHIFTS, *_CONTROLS, *_METAS, _ALT, ALT_GR}
_KEYPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))

_ROOM = 4 * MAX_CODE
_LONGEST_NUMBER = 8

ACCENTS = dict(
    zip(
        "\u0300\u0301\u0302\u0303\u0308\u030a\u030c\u0327",
        "`\u00b4^~\u00a8\u00b0\u02c7\u00b8",
        strict=True,
    )
)
"""What a dead key gives: the combining accent → the accent alone, as dead key and space."""


@dataclass(frozen=True)
class Layout:
    """What the scanner is set to, not what the computer is set to.

    `characters`: key → its eight characters; shift counts 1, Caps Lock 2, AltGr 4. An accent
    of ACCENTS is a dead key. `alt_gr`: whether the right Alt key is AltGr.
    """

    characters: Mapping[int, tuple[str, ...]]
    alt_gr: bool


class KeyboardDecoder:
    """Enter, on either side, ends a code. Keys with Alt and unknown keys say nothing; with Control
    a letter is a control character. Alt and a number on the keypad is one character, as Windows
    does it: of Windows-1252 if the number begins with 0, else of code page 437, above 255 of
    Unicode.

    Where events were lost, all is dropped up to the end of the code. A code begun and then silent
    for more than `gap_s` seconds is dropped.
    """

    def __init__(self, layout: Layout, gap_s: float) -> None:
        self.half_codes = 0
        """How many codes were begun and not ended whole, so far."""
        self._layout = layout
        self._gap_s = gap_s
        self._held: set[int] = set()
        self._text: list[str] = []
        self._accent = ""
        self._number = ""
        self._caps = False
        self._lost = False
        self._blind = False
        self._last = 0.0

    def feed(self, kind: int, code: int, value: int, now: float) -> str | None:
        """Take one input event (key value 0 up, 1 down, 2 repeated; `now` in seconds by any steady
        clock); the code, as it was typed, if that completes one."""
        if kind == SYN:
            self._synchronise(code, now)
        elif kind == KEY and value in (UP, DOWN) and not self._blind:
            self._notice_silence(now)
            return self._take(self._press(code) if value == DOWN else self._release(code))
        return None

    def _synchronise(self, code: int, now: float) -> None:
        if code == _DROPPED:
            self.half_codes += not self._lost
            self._forget()
            self._lost = self._blind = True
            self._last = now
            self._held.clear()
        elif code == _REPORT:
            self._blind = False

    def _notice_silence(self, now: float) -> None:
        if now - self._last > self._gap_s:
            self.half_codes += bool(self._text)
            self._forget()
            self._lost = False
        self._last = now

    def _forget(self) -> None:
        self._text.clear()
        self._accent = self._number = ""
        self._caps = False

    def _press(self, key: int) -> str:
        if key in _MODIFIERS:
            self._held.add(key)
        elif key == _CAPS_LOCK:
            self._caps = not self._caps
        elif self._alt:
            self._number = (self._number + _KEYPAD.get(key, ""))[:_LONGEST_NUMBER]
        elif not self._held & _METAS:
            return self._character(key)
        return ""

    def _release(self, key: int) -> str:
        with_alt = self._alt
        self._held.discard(key)
        if not with_alt or self._alt:
            return ""
        number, self._number = self._number, ""
        return numbered_character(number)

    @property
    def _alt_gr(self) -> bool:
        """On Windows Control and Alt together are AltGr."""
        control = bool(self._held & _CONTROLS)
        return self._layout.alt_gr and (ALT_GR in self._held or (control and _ALT in self._held))

    @property
    def _alt(self) -> bool:
        return not self._alt_gr and bool(self._held & {_ALT, ALT_GR})

    def _character(self, key: int) -> str:
        shift = bool(self._held & _SHIFTS)
        characters = self._layout.characters.get(key)
        if characters is None:
            return ""
        char = characters[shift + 2 * self._caps + 4 * self._alt_gr]
        if self._held & _CONTROLS and not self._alt_gr and char not in "\r\n":
            plain = char.isascii() and "@" <= char.upper() <= "_"
            return chr(ord(char.upper()) & 0x1F) if plain else ""
        return char

    def _take(self, char: str) -> str | None:
        if char in ("\r", "\n"):
            return self._end()
        if char and not self._lost and len(self._text) < _ROOM:
            self._text.append(self._accented(char))
        return None

    def _accented(self, char: str) -> str:
        accent, self._accent = self._accent, char if char in ACCENTS else ""
        if not accent:
            return "" if self._accent else char
        if char == " " or self._accent:
            return ACCENTS[accent]
        whole = unicodedata.normalize("NFC", char + accent)
        return whole if len(whole) == 1 else ACCENTS[accent] + char

    def _end(self) -> str | None:
        text = "".join(self._text) + ACCENTS.get(self._accent, "")
        lost, self._lost = self._lost, False
        self._text.clear()
        self._accent = ""
        return None if lost else text or None


def numbered_character(digits: str) -> str:
    """What Alt and these digits type on Windows; U+FFFD for a number without a character."""
    if not digits:
        return ""
    number = int(digits)
    if number < 256:
        page = "cp1252" if digits[0] == "0" else "cp437"
        return bytes([number]).decode(page, "replace")
    is_character = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if is_character else "\ufffd"
