"""Pulses on two lines as card numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.wiegand_frames import FRAMES, GAP_S, WiegandFrames

BIT_S = 0.002


def frame(length: int, number: int) -> list[int]:
    """The bits of a card, parity and all."""
    data = [number >> shift & 1 for shift in range(length - 3, -1, -1)]
    half = len(data) // 2
    return [sum(data[:half]) % 2, *data, 1 - sum(data[half:]) % 2]


def read(bits: list[int], frames: WiegandFrames, begin: float = 1.0) -> list[str]:
    """All that comes of the pulses and the silence after them."""
    told = [frames.pulse(bit, begin + n * BIT_S) for n, bit in enumerate(bits)]
    told.append(frames.look(begin + len(bits) * BIT_S + GAP_S))
    return [card for card in told if card]


cards = st.sampled_from(FRAMES).flatmap(
    lambda length: st.tuples(st.just(length), st.integers(0, (1 << length - 2) - 1))
)


def test_a_known_card_is_read_as_its_number() -> None:
    """Facility 42, card 12736, as printed on the card."""
    assert read(frame(26, 42 << 16 | 12736), WiegandFrames()) == ["CARD:26:2A31C0"]


@given(st.lists(cards, min_size=1, max_size=5))
def test_every_card_is_read_once_and_whole(shown: list[tuple[int, int]]) -> None:
    frames = WiegandFrames()
    for n, (length, number) in enumerate(shown):
        digits = (length - 2) // 4
        expected = f"CARD:{length}:{number:0{digits}X}"
        assert read(frame(length, number), frames, begin=10.0 * n) == [expected]
    assert frames.broken == 0


@given(cards, st.integers(0, 33))
def test_a_flipped_bit_is_noticed(card: tuple[int, int], place: int) -> None:
    bits = frame(*card)
    bits[place % len(bits)] ^= 1
    frames = WiegandFrames()
    assert read(bits, frames) == []
    assert frames.broken == 1


@given(st.lists(st.integers(0, 1), max_size=200).filter(lambda bits: len(bits) not in FRAMES))
def test_no_part_of_a_frame_and_nothing_longer_is_a_card(bits: list[int]) -> None:
    frames = WiegandFrames()
    assert read(bits, frames) == []
    assert frames.broken == bool(bits)


def test_a_frame_that_pauses_in_its_middle_is_two_that_are_broken() -> None:
    bits, frames = frame(26, 4711), WiegandFrames()
    assert read(bits[:13], frames) == read(bits[13:], frames, begin=5.0) == []
    assert frames.broken == 2


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1e6)), max_size=300))
def test_noise_never_crashes_it_and_fills_no_memory(noise: list[tuple[int, float]]) -> None:
    frames = WiegandFrames()
    for bit, at in noise:
        frames.pulse(bit, at)
        assert frames.due is not None
    assert frames.broken <= len(noise)


@pytest.mark.parametrize("length", FRAMES)
def test_two_cards_are_told_apart_by_the_silence_between_them(length: int) -> None:
    frames = WiegandFrames()
    pulses = [*frame(length, 1), *frame(length, 2)]
    times = [n * BIT_S + (n >= length) * 2 * GAP_S for n in range(len(pulses))]
    assert all(later > earlier for earlier, later in pairwise(times))
    told = [frames.pulse(bit, at) for bit, at in zip(pulses, times, strict=True)]
    told.append(frames.look(times[-1] + GAP_S))
    assert [card for card in told if card] == [f"CARD:{length}:{n:0{length // 4}X}" for n in (1, 2)]
