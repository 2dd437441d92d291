"""Wiegand frames from the pulses on two lines. Pure: no I/O, `at` is seconds of any steady clock.

A pulse on D0 is a 0, on D1 a 1; bits come 1 to 2 ms apart, and silence ends a frame. Of 26 bits
the first is the even parity of the 12 that follow it, the last the odd parity of the 12 before
it; of 34 bits the same with 16 (SIA AC-01, "26-bit Wiegand reader interface").
"""

from __future__ import annotations

FRAMES = (26, 34)
GAP_S = 0.025
"""Silence that ends a frame."""
_MOST = max(FRAMES) + 1


class WiegandFrames:
    """Counts in `broken` what was no whole frame of a known length with right parity."""

    def __init__(self) -> None:
        self._bits: list[int] = []
        self._last = 0.0
        self.broken = 0

    def pulse(self, bit: int, at: float) -> str | None:
        """Take one bit; the card whose frame the silence before it has ended."""
        ended = self.look(at)
        if len(self._bits) < _MOST:
            self._bits.append(bit)
        self._last = at
        return ended

    def look(self, now: float) -> str | None:
        """The card, "CARD:26:2A31C0" with its bits without parity in hex, if its frame is over."""
        if not self._bits or now < self._last + GAP_S:
            return None
        bits, self._bits = self._bits, []
        if len(bits) not in FRAMES or not _parity_is_right(bits):
            self.broken += 1
            return None
        data = bits[1:-1]
        number = int("".join(map(str, data)), 2)
        return f"CARD:{len(bits)}:{number:0{len(data) // 4}X}"

    @property
    def due(self) -> float | None:
        """When to `look`; None while nothing is begun."""
        return self._last + GAP_S if self._bits else None


def _parity_is_right(bits: list[int]) -> bool:
    half = len(bits) // 2
    return sum(bits[:half]) % 2 == 0 and sum(bits[half:]) % 2 == 1
