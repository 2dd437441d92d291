"""What a browser posts, read strictly: every field bounded, every problem told at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from urllib.parse import parse_qsl

from aiohttp import web

from central.catalogue.texts import as_meant, hidden
from runtime.convert import Invalid

E = TypeVar("E", bound=Enum)

MAX_TEXT = 200
MAX_FIELDS = 500
PASSWORDS = ("password", "old", "new")
KIND = "application/x-www-form-urlencoded"
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3}|,[0-9]{1,2})?")


class Form:
    """The fields of a form or a query. Each reading notes what is wrong; `check` raises all of it.

    A value that is wrong reads as the field's default, so read on and check at the end.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self.problems: list[tuple[str, str]] = []

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    @property
    def mark(self) -> str:
        """Four digits that tell another content from this: so few that nobody finds a phone number
        by them where they are kept. Passwords do not count."""
        told = sorted((k, v) for k, v in self._fields.items() if k not in PASSWORDS)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:4]

    def names(self, begin: str = "") -> list[str]:
        """Of the fields that are there, in their order."""
        return [name for name in self._fields if name.startswith(begin)]

    def text(self, name: str, most: int = MAX_TEXT, *, least: int = 0, lines: bool = False) -> str:
        """Stripped, and without invisible marks that were pasted with it; `lines` may be several,
        and then have tabs in them."""
        value = as_meant(self._fields.get(name, ""), lines=lines).replace("\r\n", "\n").strip()
        if not least <= len(value) <= most:
            told = f"{least} to {most} characters" if len(value) > most else "is missing"
            return self._wrong(name, told)
        parts = value.replace("\t", " ").split("\n") if lines else [value]
        return self._plain(name, value, parts)

    def password(self, name: str, most: int) -> str:
        """Stripped, and else as it was typed: each character counts."""
        value = self._fields.get(name, "").strip()
        if len(value) > most:
            return self._wrong(name, f"0 to {most} characters")
        return self._plain(name, value, [value])

    def typed(self, name: str, most: int) -> str:
        """Whatever stands there, to be shown once more beside what is wrong with it."""
        return self._fields.get(name, "").replace("\r\n", "\n")[:most]

    def number(self, name: str, least: int, most: int, default: int = 0) -> int:
        text = as_meant(self._fields.get(name, "")).strip()
        if not text:
            return default
        plain = text.removeprefix("-")
        if not (plain.isascii() and plain.isdigit() and len(plain) < 20) or not (
            least <= int(text) <= most
        ):
            self._wrong(name, f"a whole number from {least} to {most}")
            return default
        return int(text)

    def amount(self, name: str) -> Decimal | None:
        """Of money, "12.50" or "12,50"; None if nothing is written. "1,000" may be one or a
        thousand: that is asked again."""
        text = as_meant(self._fields.get(name, "")).strip()
        if not text:
            return None
        if not _AMOUNT.fullmatch(text):
            self._wrong(name, "an amount like 12.50")
            return None
        return Decimal(text.replace(",", "."))

    def choice(self, name: str, kind: type[E], default: E | None = None) -> E:
        """One of an enumeration's values."""
        text = self._fields.get(name, "")
        first = default or next(iter(kind))
        if not text and default is not None:
            return default
        try:
            return kind(text)
        except ValueError:
            self._wrong(name, f"one of {', '.join(str(one.value) for one in kind)}")
            return first

    def ticked(self, name: str) -> bool:
        return self._fields.get(name, "") not in ("", "off", "0")

    def check(self) -> None:
        """Raises Invalid with everything that was wrong."""
        if self.problems:
            raise Invalid(self.problems)

    def _plain(self, name: str, value: str, parts: list[str]) -> str:
        return self._wrong(name, "no control characters") if any(map(hidden, parts)) else value

    def _wrong(self, name: str, told: str) -> str:
        self.problems.append((name, told))
        return ""


async def posted(request: web.Request) -> Form:
    """The form that was sent, as browsers send one without files: in UTF-8. Of a field that comes
    twice the last counts. Raises Invalid, or HTTPRequestEntityTooLarge."""
    body = await request.read()
    if body and request.content_type != KIND:
        raise Invalid([("", "that form is not of this page")])
    try:
        text = body.decode()
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Invalid([("", "that is no form")]) from error
    return Form(dict(fields))


def asked(request: web.Request) -> Form:
    """What the address asks for."""
    return Form(dict(list(request.query.items())[:MAX_FIELDS]))
