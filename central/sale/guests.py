"""Who a sale is for: found among the customers, suggested by a pass, or told anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from admission.codes import human_code
from central.delivery import phones
from central.delivery.settings import is_address
from central.office import customers, lookup, words
from central.office.customers import Customer, Details
from central.sale.drafts import Draft
from central.sale.states import By, Holder, References, Refused

SHOWN = 8
"""Customers at once; who is not among them is told more of."""
BAD_ADDRESS = Refused("bad_email", "That is no e-mail address; write it like anna@example.org.")


@dataclass(frozen=True)
class Guest:
    """Somebody who may be chosen: a customer's number ("" for none), what is known of them, the
    human code of the pass that they showed."""

    number: str
    holder: Holder
    shown_pass: str = ""


def seek(connection: Connection, text: str) -> list[Guest]:
    """By a pass's code, a customer's number, an e-mail address, a phone number or a name."""
    if not text:
        return []
    if ticket := lookup.id_of(connection, text):
        found = customers.suggested(connection, ticket)
        holder = found.holder or _known(connection, found.customer)
        return [Guest(found.customer, holder, human_code(ticket))]
    if customers.id_of(text.upper()):
        known = customers.standing(connection, text.upper())
        return [] if isinstance(known, Refused) else [_guest(known)]
    if "@" in text:
        part = Holder(email=text)
    elif words.digits_in(text) >= words.MIN_DIGITS:
        part = Holder(phone=text)
    elif words.name_words(text):
        part = Holder(name=text)
    else:
        return []
    return [_guest(one) for one in customers.search(connection, part, 0, SHOWN)]


def chosen(connection: Connection, number: str, shown_pass: str, draft: Draft) -> Draft | Refused:
    """The draft is for that customer, or for whom that pass is."""
    ticket = lookup.id_of(connection, shown_pass) if shown_pass else None
    if shown_pass and ticket is None:
        return lookup.UNKNOWN
    if ticket:
        found = customers.suggested(connection, ticket)
        holder = found.holder or _known(connection, found.customer)
        told = References("", found.customer, human_code(ticket))
        return replace(draft, holder=holder, references=told)
    known = customers.standing(connection, number)
    if isinstance(known, Refused):
        return known
    holder, language = known.details.holder, known.details.language
    told = replace(draft.references, customer=known.number)
    return replace(draft, holder=holder, references=told, language=language or draft.language)


def checked(holder: Holder, country: str) -> Holder | Refused:
    """As it is kept: the phone number as E.164. What nobody can be reached by is refused."""
    if holder.email and not is_address(holder.email):
        return BAD_ADDRESS
    if not holder.phone:
        return holder
    phone = phones.parse(holder.phone, country)
    if isinstance(phone, Refused):
        return replace(phone, detail=f"Phone number: {phone.detail}.")
    return replace(holder, phone=phone)


def remembered(connection: Connection, draft: Draft, by: By) -> Draft:
    """The guest is a customer from now on."""
    made = customers.create(connection, Details(draft.holder, draft.language), by)
    return replace(draft, references=replace(draft.references, customer=made.number))


def _known(connection: Connection, number: str) -> Holder:
    found = customers.standing(connection, number) if number else None
    return found.details.holder if isinstance(found, Customer) else Holder()


def _guest(known: Customer) -> Guest:
    return Guest(known.number, known.details.holder)
