"""What a text may hold: what can be seen, and what keeps the words of some languages together."""

from __future__ import annotations

import unicodedata

_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the direction of what follows, so that a text can show what it does not say."""


_PASTED = dict.fromkeys(map(ord, _TURNS - {"\u202e"}))
"""What programs wrap phone numbers and names in that are copied from them. Nothing that is honest
holds the one that turns Latin letters round."""
_BESIDE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
_BLANKS = dict.fromkeys(map(ord, "\u00a0\u2007\u202f"), " ")


def as_meant(text: str, *, lines: bool = False) -> str:
    """The text without marks that came along when it was pasted and that nobody sees. A text of
    several `lines` keeps what says where one may end. What joins letters stays: some languages
    and pictures need it."""
    return text.translate(_PASTED if lines else _PASTED | _BESIDE | _BLANKS)


def hidden(text: str) -> bool:
    """Whether there are control characters, line breaks or marks of direction in it."""
    return any(c in _TURNS or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
