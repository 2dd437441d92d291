"""Key presses to codes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pretix import VECTORS
from support.typing_scanner import (
    ALT,
    ALT_GR,
    CAPS_LOCK,
    CONTROL,
    ENTER,
    KEYPAD,
    KEYPAD_ENTER,
    SHIFT,
    Press,
    held,
    press,
    typed,
    typed_by_numbers,
)

from admission.codes import HumanCode, read_code
from admission.pretix import PretixCode
from hal.drivers.keyboard_decoder import KEY, SYN, KeyboardDecoder
from hal.drivers.keyboard_layout import load_layout
from hal.ports import MAX_CODE

GAP_S = 2.0
REPORT, DROPPED = (SYN, 0, 0), (SYN, 3, 0)
LAYOUTS = ("us", "gb", "de", "fr", "ch", "ch(fr)", "be", "it", "es", "tr", "cz(qwerty)")
HUMAN = "TK-7KQ4-M2XD"

Event = tuple[int, int, int]


def decoder(layout: str = "us") -> KeyboardDecoder:
    return KeyboardDecoder(load_layout(layout), GAP_S)


def fed(keys: KeyboardDecoder, events: Iterable[Event], now: float = 100.0) -> list[str]:
    return [code for event in events if (code := keys.feed(*event, now))]


def keyed(events: Iterable[Press]) -> list[Event]:
    return [(KEY, *event) for event in events]


def decode(events: Iterable[Press], layout: str = "us") -> list[str]:
    return fed(decoder(layout), keyed(events))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("text", [HUMAN, "W0123456789ABCDEFGHJKMNPQRSTVWXYZ", "a/b?c=d_e&f", "]Q3"])
def test_what_a_scanner_types_is_read(layout: str, text: str) -> None:
    keys = [*typed(text, load_layout(layout)), *press(ENTER)]
    assert decode(keys, layout) == [text]


def test_german_swaps_y_and_z_and_moves_the_hyphen() -> None:
    keys = press(21, 44, 12, 53, ENTER)
    assert decode(keys) == ["yz-/"]
    assert decode(keys, "de") == ["zyß-"]


def test_french_digits_need_shift() -> None:
    assert decode([*press(2, 16), *held(SHIFT, *press(2)), *press(ENTER)], "fr") == ["&a1"]


@pytest.mark.parametrize("name", ["xx", "us(xx)", "", "../us", "us(", "us,de"])
def test_an_unknown_layout_says_what_to_do(name: str) -> None:
    with pytest.raises(ValueError, match=r"xkb-data|write it like"):
        load_layout(name)


def test_alt_gr_has_its_own_characters_as_has_control_with_alt() -> None:
    keys = [*held(ALT_GR, *press(16)), *held(CONTROL, *held(ALT, *press(16))), *press(ENTER)]
    assert decode(keys, "de") == ["@@"]


def test_a_dead_key_and_a_letter_are_one_character_and_with_space_the_accent() -> None:
    circumflex, acute = 41, 13
    keys = press(circumflex, 18, acute, 57, circumflex, 16, acute, acute, circumflex, ENTER)
    assert decode(keys, "de") == ["ê\u00b4^q\u00b4\u00b4^"]


def test_caps_lock_changes_letters_only_and_shift_changes_them_back() -> None:
    keys = [*press(CAPS_LOCK, 30, 2), *held(SHIFT, *press(30)), *press(ENTER)]
    assert decode(keys) == ["A1a"]


def test_a_scanner_that_turns_caps_lock_on_and_off_around_a_code_is_read() -> None:
    low = list(typed("tk-7kq4-m2xd", load_layout("us")))
    once = [*press(CAPS_LOCK), *low, *press(CAPS_LOCK), *press(ENTER)]
    assert decode([*once, *once]) == [HUMAN, HUMAN]


@pytest.mark.parametrize("caps", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_code_of_ours_is_read_with_caps_lock_either_way(layout: str, caps: bool) -> None:
    told = (HUMAN[:-1] + c for c in "0123456789ABCDEF")
    code = next(code for code in told if isinstance(read_code(code), HumanCode))
    keys = [*press(*[CAPS_LOCK] * caps), *typed(code, load_layout(layout)), *press(ENTER)]
    (text,) = decode(keys, layout)
    assert isinstance(read_code(text), HumanCode)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_signed_code_of_a_web_shop_is_typed_as_it_is(layout: str) -> None:
    keys = [*typed(VECTORS["codes"][0]["code"], load_layout(layout)), *press(ENTER)]
    (text,) = decode(keys, layout)
    assert isinstance(read_code(text), PretixCode)


@pytest.mark.parametrize("page", ["cp1252", "cp437"])
def test_alt_and_a_number_is_a_character_of_the_page_that_the_first_zero_tells(page: str) -> None:
    keys = [*typed_by_numbers("TK-ä£é", page), *press(KEYPAD_ENTER)]
    assert decode(keys) == ["TK-ä£é"]


@pytest.mark.parametrize(
    ("digits", "char"),
    {
        "065": "A",
        "65": "A",
        "0228": "ä",
        "132": "ä",
        "0132": "„",
        "8364": "€",
        "0129": "\ufffd",
        "55296": "\ufffd",
        "99999999999": "\ufffd",
        "": "",
    }.items(),
)
def test_alt_and_a_number_as_windows_does_it(digits: str, char: str) -> None:
    keys = [*press(30), *held(ALT, *press(*(KEYPAD[d] for d in digits))), *press(30, ENTER)]
    assert decode(keys) == [f"a{char}a"]


def test_alt_and_the_number_of_carriage_return_ends_a_code() -> None:
    assert decode([*typed_by_numbers("W1\r"), *typed_by_numbers("W2\r")]) == ["W1", "W2"]


def test_the_keypad_counts_and_its_enter_ends_a_code() -> None:
    assert decode(press(79, 80, 81, KEYPAD_ENTER)) == ["123"]


def test_a_repeated_key_is_one_character() -> None:
    assert decode([(30, 1), (30, 2), (30, 2), (30, 0), *press(ENTER)]) == ["a"]


def test_a_shift_that_stays_down_while_another_comes_up_still_counts() -> None:
    keys = [(SHIFT, 1), (54, 1), (54, 0), *press(30), (SHIFT, 0), *press(30, ENTER)]
    assert decode(keys) == ["Aa"]


def test_control_with_a_key_is_the_control_character_that_scanners_mean() -> None:
    keys = [*press(30), *held(CONTROL, *press(27)), *press(48), *held(CONTROL, *press(50))]
    assert decode(keys) == ["a\x1db"]


def test_control_with_a_letter_that_has_no_control_character_says_nothing() -> None:
    assert decode([*held(CONTROL, *press(12)), *press(31, ENTER)], "de") == ["s"]


def test_keys_with_alt_and_unknown_keys_say_nothing() -> None:
    assert decode([*held(ALT, *press(30, 27)), *press(999, 31, ENTER)]) == ["s"]


def test_enter_alone_is_no_code() -> None:
    assert decode(press(ENTER, KEYPAD_ENTER)) == []


def test_an_endless_code_is_cut_and_the_next_is_clean() -> None:
    endless = press(30) * (5 * MAX_CODE)
    assert decode([*endless, *press(ENTER, 48, ENTER)]) == ["a" * 4 * MAX_CODE, "b"]


def test_two_codes_without_enter_are_one() -> None:
    assert decode([*typed(HUMAN * 2, load_layout("us")), *press(ENTER)]) == [HUMAN * 2]


def test_half_a_code_and_silence_is_no_part_of_the_next() -> None:
    keys = decoder()
    assert fed(keys, keyed(press(30, 48)), now=101.0) == []
    assert fed(keys, keyed(press(46, ENTER)), now=101.1 + GAP_S) == ["c"]
    assert keys.half_codes == 1


def test_a_stuck_key_that_repeats_does_not_hide_the_silence() -> None:
    keys = decoder()
    fed(keys, keyed(press(30)), now=101.0)
    fed(keys, [(KEY, 30, 2)], now=102.5)
    assert fed(keys, keyed(press(48, ENTER)), now=104.0) == ["b"]


def test_a_code_of_which_events_were_lost_is_dropped_to_its_end() -> None:
    keys = decoder()
    events = [*keyed(press(30)), DROPPED, *keyed(press(48)), REPORT, *keyed(press(46, ENTER))]
    assert fed(keys, [*events, *keyed(press(32, ENTER))]) == ["d"]
    assert keys.half_codes == 1


def test_what_is_queued_between_loss_and_report_is_not_looked_at() -> None:
    keys = decoder()
    assert fed(keys, [DROPPED, *keyed(press(ENTER, 30)), REPORT, *keyed(press(48, ENTER))]) == []


def test_if_the_end_of_a_code_was_lost_silence_begins_the_next() -> None:
    keys = decoder()
    fed(keys, [*keyed([(SHIFT, 1), *press(30)]), DROPPED, REPORT], now=101.0)
    assert fed(keys, keyed(press(48, ENTER)), now=101.1 + GAP_S) == ["b"]


CODES = st.lists(st.text("ABCXYZ0189-", min_size=1, max_size=8), min_size=1, max_size=4)


@given(CODES, CODES)
def test_two_scanners_that_type_at_once_do_not_mix(ours: list[str], theirs: list[str]) -> None:
    us = load_layout("us")
    one, other = decoder(), decoder()
    streams = [
        keyed(event for code in codes for event in [*typed(code, us), *press(ENTER)])
        for codes in (ours, theirs)
    ]
    heard: tuple[list[str], list[str]] = ([], [])
    for n in range(max(map(len, streams))):
        for keys, stream, codes in zip((one, other), streams, heard, strict=True):
            codes.extend(fed(keys, stream[n : n + 1]))
    assert heard == (ours, theirs)


EVENTS = st.lists(
    st.sampled_from([REPORT, DROPPED, (KEY, ENTER, 1), (KEY, ALT, 1), (KEY, ALT, 0)])
    | st.tuples(st.just(KEY), st.integers(0, 130), st.integers(0, 2))
    | st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 3),
    max_size=60,
)


@given(EVENTS, st.sampled_from(LAYOUTS), EVENTS)
def test_after_loss_and_silence_the_next_code_is_whole(
    before: list[Event], layout: str, during: list[Event]
) -> None:
    keys = decoder(layout)
    fed(keys, [*before, DROPPED, *during, REPORT], now=101.0)
    up = [(KEY, key, 0) for key in range(256)]
    whole = keyed([*typed(HUMAN, load_layout(layout)), *press(ENTER)])
    assert fed(keys, [*up, *whole], now=109.0) == [HUMAN]
