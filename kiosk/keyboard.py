"""The on-screen keyboard: its keys in each language, and what a key does to a text."""

from __future__ import annotations

from dataclasses import replace

from kiosk.state import Typing

LETTERS = {
    "en": ("qwertyuiop", "asdfghjkl'", "zxcvbnm-."),
    "de": ("qwertzuiopü", "asdfghjklöä", "yxcvbnmß-"),
    "fr": ("azertyuiopé", "qsdfghjklmè", "wxcvbnç'-"),
}
ACCENTS = ("àâäáãåæç", "éèêëíîïñ", "óôöøœúûü")
DIGITS = ("123", "456", "789", "+0")

Rows = tuple[tuple[str, ...], ...]


def rows(typing: Typing, language: str) -> Rows:
    """Key names, row by row: a character, or "caps", "accents", "space", "backspace"."""
    if typing.field == "phone":
        return (*(tuple(row) for row in DIGITS[:-1]), (*DIGITS[-1], "backspace"))
    layer = ACCENTS if typing.accents else LETTERS.get(language, LETTERS["en"])
    cased = [tuple(_cased(key, typing.caps) for key in row) for row in layer]
    return (*cased[:-1], ("caps", *cased[-1], "backspace"), ("accents", "space"))


def _cased(key: str, caps: bool) -> str:
    return key.upper() if caps and len(key.upper()) == 1 else key


def type_key(text: str, typing: Typing, key: str) -> tuple[str, Typing]:
    """The text and the keyboard after a key; unknown keys do nothing."""
    match key:
        case "backspace":
            return text[:-1], replace(typing, caps=typing.field == "name" and not text[:-1])
        case "space":
            return text + " ", replace(typing, caps=typing.field == "name")
        case "caps":
            return text, replace(typing, caps=not typing.caps)
        case "accents":
            return text, replace(typing, accents=not typing.accents)
    if len(key) != 1 or not key.isprintable():
        return text, typing
    if typing.field == "phone" and key not in "+0123456789":
        return text, typing
    return text + key, replace(typing, caps=False)
