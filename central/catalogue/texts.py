"""What a text may hold: what can be seen, and what keeps the words of some languages together."""

from __future__ import annotations

import unicodedata

_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the direction of what follows, so that a text can show what it does not say."""


def hidden(text: str) -> bool:
    """Whether there are control characters, line breaks or marks of direction in it."""
    return any(c in _TURNS or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
