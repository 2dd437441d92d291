"""The keys that a scanner in keyboard mode presses, as (key, value) with value 1 down, 0 up."""

from __future__ import annotations

from collections.abc import Iterator

from hal.drivers.keyboard_decoder import Layout

ENTER, KEYPAD_ENTER, SHIFT, CAPS_LOCK, ALT, ALT_GR, CONTROL = 28, 96, 42, 58, 56, 100, 29
KEYPAD = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))

Press = tuple[int, int]


def press(*keys: int) -> list[Press]:
    return [event for key in keys for event in ((key, 1), (key, 0))]


def held(key: int, *events: Press) -> list[Press]:
    return [(key, 1), *events, (key, 0)]


def typed(text: str, layout: Layout) -> Iterator[Press]:
    """As a scanner set to this layout types it."""
    keys = {
        char: (key, level)
        for level in (4, 1, 0)
        for key, chars in layout.characters.items()
        if (char := chars[level])
    }
    for char in text:
        key, level = keys[char]
        match level:
            case 0:
                yield from press(key)
            case 1:
                yield from held(SHIFT, *press(key))
            case _:
                yield from held(ALT_GR, *press(key))


def typed_by_numbers(text: str, page: str = "cp1252") -> Iterator[Press]:
    """As a scanner in Alt mode types it: Alt and the number of each character on the keypad."""
    for char in text:
        (number,) = char.encode(page)
        digits = f"0{number}" if page == "cp1252" else str(number)
        yield from held(ALT, *press(*(KEYPAD[digit] for digit in digits)))
