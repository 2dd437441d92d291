"""The words by which people are found: of names, e-mail addresses and phone numbers, made alike
however they are written."""

from __future__ import annotations

import unicodedata

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, insert, select, union_all

from central.sale.states import Holder

MAX_WORD = 200
MAX_WORDS = 20
"""Of one name; more are not looked for."""
MIN_DIGITS = 4
SURE_DIGITS = 7
"""So many last digits tell a phone number, whatever stands before them in one of its spellings."""
_AFTER_ALL = "\U0010ffff"


def of(holder: Holder) -> set[tuple[str, str]]:
    """(kind, word) pairs."""
    found = {("name", word) for word in name_words(holder.name)}
    found |= {("email", address) for address in [_address(holder.email)] if address}
    return found | {("phone", digits) for digits in [_digits(holder.phone)] if digits}


def name_words(name: str) -> list[str]:
    """Small letters without accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in kept).split()
    return [word[:MAX_WORD] for word in words[:MAX_WORDS]]


def digits_in(phone: str) -> int:
    """How many digits there are to find the number by."""
    return len(_digits(phone))


def rewrite(connection: Connection, table: Table, owner: int, holder: Holder) -> None:
    """The words in `table` (request_word, customer_word) are those of the holder from now on."""
    column = table.c[_owner(table)]
    connection.execute(delete(table).where(column == owner))
    rows = [{"kind": kind, "word": word, _owner(table): owner} for kind, word in of(holder)]
    if rows:
        connection.execute(insert(table), rows)


def finds(table: Table, column: ColumnElement[int], part: Holder) -> list[ColumnElement[bool]]:
    """Conditions: the owner `column` has names that begin with those of the part, its e-mail
    address, and a phone number with the same last digits."""
    conditions = [
        _one(table, column, "name", table.c.word >= word, table.c.word < word + _AFTER_ALL)
        for word in name_words(part.name)
    ]
    if part.email:
        conditions.append(_one(table, column, "email", table.c.word == _address(part.email)))
    if part.phone:
        conditions.append(_phone(table, column, _digits(part.phone)))
    return conditions


def _one(
    table: Table, column: ColumnElement[int], kind: str, *matches: ColumnElement[bool]
) -> ColumnElement[bool]:
    return column.in_(_owners(table, kind, *matches))


def _owners(table: Table, kind: str, *matches: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(table.c[_owner(table)]).where(table.c.kind == kind, *matches)


def _phone(table: Table, column: ColumnElement[int], digits: str) -> ColumnElement[bool]:
    """Told with more before it than is kept, or with less."""
    longer = _owners(table, "phone", table.c.word >= digits, table.c.word < digits + _AFTER_ALL)
    kept = [digits[:count] for count in range(SURE_DIGITS, len(digits))]
    # An index serves each of the two, and neither with "or" between them.
    return column.in_(union_all(longer, _owners(table, "phone", table.c.word.in_(kept))))


def _owner(table: Table) -> str:
    return table.name.removesuffix("_word")


def _address(email: str) -> str:
    return unicodedata.normalize("NFKC", email.strip()).casefold()[:MAX_WORD]


def _digits(phone: str) -> str:
    """The last digit first, without the zeros that a number begins with, as in +49 (0)40 1."""
    digits = (str(unicodedata.digit(c, "")) for c in phone.replace("(0)", ""))
    return "".join(digits).lstrip("0")[::-1][:MAX_WORD]
