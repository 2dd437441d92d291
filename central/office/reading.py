"""What was typed into the one field of the ticket office: what it may be, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from admission.codes import HumanCode, SignedCode, read_code
from central.office import customers, words
from central.office.search import Criteria, Found, normal_code, page
from central.papers import links
from central.sale import vouchers
from central.sale.request_rows import find_by_id
from central.sale.states import Holder

MAX_TYPED = 300
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LINK = re.compile(r"/t/([A-Za-z0-9_-]{10,40})(?:[/?#.]|$)")
_RECEIPT = re.compile(r"(?:[a-z0-9][a-z0-9-]{0,39}/)?[0-9]{1,18}")
_SHORT = 6
"""Digits up to which a number is rather a receipt's than a telephone's."""


@dataclass(frozen=True)
class Reading:
    """`key` stands in addresses, `what` is told to staff."""

    key: str
    what: str
    criteria: Criteria


@dataclass(frozen=True)
class Result:
    """What the text was taken for, what else it may be, and the newest requests of it."""

    taken: Reading
    others: tuple[Reading, ...]
    found: list[Found]


def readings(text: str) -> list[Reading]:
    """All that the text may be; nothing for an empty one."""
    text = text.strip()
    return list(_readings(text)) if text else []


def look(
    connection: Connection, text: str, only: str, before: int | None, limit: int
) -> Result | None:
    """The first reading that finds something, or `only` the one with that key; None if the text
    can be nothing that anybody looks for."""
    possible = [_real(connection, text, one) for one in readings(text)]
    tried = [one for one in possible if one.key == only] or possible
    for one in tried:
        if found := page(connection, one.criteria, before, limit):
            return Result(one, tuple(other for other in possible if other != one), found)
    return Result(tried[0], tuple(possible[1:]), []) if tried else None


def _readings(text: str) -> Iterator[Reading]:
    number, digits = text.upper(), words.digits_in(text)
    if _LINK.search(text):
        yield Reading("link", "the link to tickets", Criteria(token=text))
        return
    if isinstance(read_code(text), SignedCode | HumanCode):
        yield Reading("ticket", "the code of a ticket", Criteria(ticket=text))
        return
    if customers.id_of(number):
        yield Reading("customer", "the number of a customer", Criteria(customer=number))
    if "@" in text:
        yield Reading("email", "an e-mail address", Criteria(holder=Holder(email=text)))
    if vouchers.normal(text).count("-") == 4 and number.startswith("GV"):
        yield Reading("voucher", "a gift voucher", Criteria(token=text))
    if code := normal_code(text):
        yield Reading("code", "an authorisation code", Criteria(code=code))
    if _TOKEN.fullmatch(text):
        yield Reading("token", "the token of a request", Criteria(token=text))
    yield from _numbers(text, digits)
    if any(c.isalpha() for c in text) and words.name_words(text) and "@" not in text:
        yield Reading("name", "a name", Criteria(holder=Holder(name=text)))


def _numbers(text: str, digits: int) -> Iterator[Reading]:
    """What shops, tills, terminals and telephones number."""
    receipt = Reading("receipt", "the number of a receipt", Criteria(receipt=text))
    phone = Reading("phone", "a telephone number", Criteria(holder=Holder(phone=text)))
    telephone = digits >= words.MIN_DIGITS and not any(c.isalpha() for c in text)
    short = len(text) <= _SHORT or "/" in text
    if _RECEIPT.fullmatch(text) and short:
        yield receipt
    if telephone and not short:
        yield phone
    yield Reading("order", "the order number of a shop", Criteria(order=text))
    yield Reading("payment", "the reference of a payment", Criteria(payment=text))
    if _RECEIPT.fullmatch(text) and not short:
        yield receipt
    if telephone and short:
        yield phone


def _real(connection: Connection, text: str, reading: Reading) -> Reading:
    """Links and vouchers stand for a request, whose token takes their place."""
    if reading.key == "link":
        told = _LINK.search(text)
        linked = links.find(connection, told[1]) if told else None
        request = linked.request if linked else None
    elif reading.key == "voucher":
        request = getattr(vouchers.find(connection, text), "request", None)
    else:
        return reading
    found = find_by_id(connection, [request]) if request else []
    token = found[0].token if found else "-"
    return Reading(reading.key, reading.what, Criteria(token=token))
