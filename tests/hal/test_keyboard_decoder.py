"""Key presses to codes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hal.drivers.keyboard_decoder import LAYOUTS, KeyboardDecoder, Layout
from hal.ports import MAX_CODE

ENTER, KEYPAD_ENTER, SHIFT, CAPS_LOCK, ALT_GR, CONTROL = 28, 96, 42, 58, 100, 29
Event = tuple[int, int]


def press(key: int) -> tuple[Event, Event]:
    return (key, 1), (key, 0)


def held(key: int, *events: Event) -> tuple[Event, ...]:
    return (key, 1), *events, (key, 0)


def typed(text: str, layout: Layout) -> Iterator[Event]:
    """As a scanner set to this layout would type it."""
    bare = {char: key for key, char in layout.bare.items()}
    shift = {char: key for key, char in layout.shift.items()}
    for char in text:
        yield from press(bare[char]) if char in bare else held(SHIFT, *press(shift[char]))


def decode(*events: Event, layout: str = "us") -> list[str]:
    decoder = KeyboardDecoder(LAYOUTS[layout])
    return [code for key, value in events if (code := decoder.feed(key, value))]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "text", ["TK-7KQ4-M2XD", "W0123456789ABCDEFGHJKMNPQRSTVWXYZ", "a/b?c=d_e&f"]
)
def test_what_a_scanner_types_is_read(layout: str, text: str) -> None:
    assert decode(*typed(text, LAYOUTS[layout]), *press(ENTER), layout=layout) == [text]


def test_german_swaps_y_and_z_and_moves_the_hyphen() -> None:
    keys = (*press(21), *press(44), *press(12), *press(53), *press(ENTER))
    assert decode(*keys) == ["yz-/"]
    assert decode(*keys, layout="de") == ["zyß-"]


def test_alt_gr_has_its_own_characters() -> None:
    at = held(ALT_GR, *press(16))
    assert decode(*at, *press(ENTER), layout="de") == ["@"]


def test_caps_lock_changes_letters_only_and_shift_changes_them_back() -> None:
    keys = (*press(CAPS_LOCK), *press(30), *press(2), *held(SHIFT, *press(30)), *press(ENTER))
    assert decode(*keys) == ["A1a"]


def test_the_keypad_counts_and_its_enter_ends_a_code() -> None:
    assert decode(*press(79), *press(80), *press(81), *press(KEYPAD_ENTER)) == ["123"]


def test_a_repeated_key_is_one_character() -> None:
    assert decode((30, 1), (30, 2), (30, 2), (30, 0), *press(ENTER)) == ["a"]


def test_a_shift_that_stays_down_while_another_comes_up_still_counts() -> None:
    keys = ((SHIFT, 1), (54, 1), (54, 0), *press(30), (SHIFT, 0), *press(30), *press(ENTER))
    assert decode(*keys) == ["Aa"]


def test_keys_with_control_and_unknown_keys_say_nothing() -> None:
    assert decode(*held(CONTROL, *press(27)), *press(999), *press(31), *press(ENTER)) == ["s"]


def test_enter_alone_is_no_code() -> None:
    assert decode(*press(ENTER), *press(57), *press(ENTER)) == []


def test_an_endless_code_is_cut_and_the_next_is_clean() -> None:
    endless = [event for _ in range(MAX_CODE + 50) for event in press(30)]
    assert decode(*endless, *press(ENTER), *press(48), *press(ENTER)) == ["a" * MAX_CODE, "b"]


def test_after_lost_events_the_begun_code_and_the_held_keys_are_forgotten() -> None:
    decoder = KeyboardDecoder(LAYOUTS["us"])
    for event in ((30, 1), (SHIFT, 1)):
        decoder.feed(*event)
    decoder.forget()
    decoder.feed(48, 1)
    assert decoder.feed(ENTER, 1) == "b"
