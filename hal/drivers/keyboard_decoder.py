"""The keys that a keyboard-mode scanner presses as codes. Pure: no kernel, no vendor library.

Key numbers are those of linux/input-event-codes.h. The computer's own Caps Lock does not matter,
as keys are read before anyone makes letters of them; a Caps Lock that the scanner types counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hal.drivers.code_splitter import clean
from hal.ports import MAX_CODE

UP, DOWN = 0, 1
_ENTERS = {28, 96}
_SHIFTS = {42, 54}
_CONTROLS = {29, 97, 56, 125, 126}
_ALT_GR = 100
_CAPS_LOCK = 58

_ROWS = ((2, 13), (16, 27), (30, 41), (43, 43), (44, 53), (86, 86))
"""First and last key of each row: digits, three of letters, beside Enter and beside Shift."""
_SAME = dict(zip(range(71, 84), "789-456+1230.", strict=True)) | {55: "*", 98: "/", 57: " "}
"""The keypad and the space bar, the same on every keyboard."""


@dataclass(frozen=True)
class Layout:
    """Key → character, as the bare key, with Shift and with AltGr."""

    bare: Mapping[int, str]
    shift: Mapping[int, str]
    alt_gr: Mapping[int, str] = field(default_factory=dict)


def _layout(bare: str, shift: str, alt_gr: Mapping[int, str] | None = None) -> Layout:
    keys = [key for first, last in _ROWS for key in range(first, last + 1)]
    return Layout(
        dict(zip(keys, "".join(bare.split()), strict=True)) | _SAME,
        dict(zip(keys, "".join(shift.split()), strict=True)) | _SAME,
        alt_gr or {},
    )


LAYOUTS: dict[str, Layout] = {
    "us": _layout(
        "1234567890-= qwertyuiop[] asdfghjkl;'` \\ zxcvbnm,./ \\",
        '!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:"~ | ZXCVBNM<>? |',
    ),
    "de": _layout(
        "1234567890ß\u00b4 qwertzuiopü+ asdfghjklöä^ # yxcvbnm,.- <",
        "!\"§$%&/()=?` QWERTZUIOPÜ* ASDFGHJKLÖÄ° ' YXCVBNM;:_ >",
        dict(zip((3, 4, 8, 9, 10, 11, 12, 16, 18, 27, 50, 86), "²³{[]}\\@€~µ|", strict=True)),
    ),
}
"""What the scanner is set to, not what the computer is set to."""


class KeyboardDecoder:
    """Enter, on either side, ends a code; keys with Control or Alt and unknown keys say nothing."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: set[int] = set()
        self._caps = False
        self._text: list[str] = []

    def feed(self, key: int, value: int) -> str | None:
        """Take one key event (value 0 up, 1 down, 2 repeated); the code if that completes one."""
        if value == UP:
            self._held.discard(key)
        if value != DOWN:
            return None
        if key in _ENTERS:
            return self._end()
        if key == _CAPS_LOCK:
            self._caps = not self._caps
        self._held.add(key)
        if len(self._text) < MAX_CODE and not self._held & _CONTROLS:
            self._text.append(self._character(key))
        return None

    def forget(self) -> None:
        """Events were lost: what was begun is no code."""
        self._held.clear()
        self._text.clear()

    def _end(self) -> str | None:
        text = clean("".join(self._text))
        self._text.clear()
        return text or None

    def _character(self, key: int) -> str:
        if _ALT_GR in self._held:
            return self._layout.alt_gr.get(key, "")
        bare, shifted = self._layout.bare.get(key, ""), self._layout.shift.get(key, "")
        a_letter = shifted.isalpha() and bare.isalpha()
        shift = bool(self._held & _SHIFTS) != (self._caps and a_letter)
        return shifted if shift else bare
