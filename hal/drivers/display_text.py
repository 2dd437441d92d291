"""A notice as rows of a plain text display. Pure."""

from __future__ import annotations

import textwrap
import unicodedata

from hal.ports import Notice, Tone

SIGNS = {
    Tone.IDLE: "",
    Tone.WAIT: "...",
    Tone.WELCOME: ">>> OK >>>",
    Tone.REFUSE: "XXX STOP XXX",
    Tone.FREE: ">>> >>> >>>",
    Tone.CLOSED: "XXX XXX XXX",
    Tone.ALARM: "!!! STOP !!!",
    Tone.EMERGENCY: "!!! EXIT !!!",
}
"""What stands for a notice in a script that the display lacks altogether."""

_SPELLED = str.maketrans(
    {
        "ß": "ss",
        "Æ": "AE",
        "æ": "ae",
        "Œ": "OE",
        "œ": "oe",
        "Ø": "O",
        "ø": "o",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "Þ": "Th",
        "þ": "th",
        "\u0131": "i",
        "€": "EUR",
        "£": "GBP",
        "…": "...",
        "•": "*",
        "\u00d7": "x",
        "→": ">",
        "←": "<",
        **dict.fromkeys("\u2018\u2019\u201a\u2039\u203a", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\u00b7", "-"),
    }
)


def rows_of(notice: Notice, encoding: str, columns: int, rows: int) -> list[bytes]:
    """At most `rows` rows of at most `columns` bytes, one for each character, printable all. The
    title comes first; what does not fit is cut."""
    letters = [char for char in notice.title + notice.text if char.isalpha()]
    lost = sum("?" in spell(char, encoding) for char in letters)
    if lost * 2 > len(letters):
        texts = [SIGNS[notice.tone]]
    else:
        texts = [spell(notice.title, encoding), spell(notice.text, encoding)]
    lines = [line for text in texts for line in textwrap.wrap(text, columns)]
    return [line.encode(encoding) for line in lines[:rows]]


def spell(text: str, encoding: str) -> str:
    """`text` in printable characters of one byte: without an accent, in other letters or as ? if
    `encoding` lacks one."""
    return "".join(_spell(char, encoding) for char in unicodedata.normalize("NFC", text))


def _spell(char: str, encoding: str) -> str:
    if char.isspace():
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Mn"):
        return ""
    for spelling in (char, char.translate(_SPELLED), _plain(char)):
        if spelling and all(_printable(one, encoding) for one in spelling):
            return spelling
    return "?"


def _plain(char: str) -> str:
    parts = unicodedata.normalize("NFKD", char)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _printable(char: str, encoding: str) -> bool:
    try:
        code = char.encode(encoding)
    except UnicodeError:
        return False
    return char.isprintable() and len(code) == 1 and code >= b" " and code != b"\x7f"
