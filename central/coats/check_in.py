"""Check in: a visitor's things are hung on tags, and he gets a code and a link."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, insert, update

from central.catalogue.texts import hidden
from central.coats import coats, codes, entries, messages, paying, rooms, tags
from central.coats.values import (
    MAX_PIECES,
    SECRET_BYTES,
    Cloakroom,
    Coat,
    CoatState,
    Deposit,
    House,
    Pay,
    PayWhen,
    Tag,
    TagState,
)
from central.delivery import phones
from central.sale.states import By, Refused
from central.store.schema import coat_piece, coat_ticket
from central.store.whole import whole
from central.texts import spoken


def check_in(connection: Connection, house: House, wanted: Deposit, by: By) -> Coat | Refused:
    """A new coat ticket, its tags taken, its code on the way. Without a phone number there is no
    SMS: show or print the code."""
    room = rooms.find(connection, wanted.cloakroom, lock=True)
    if isinstance(room, Refused):
        return room
    return whole(connection, lambda: _check_in(connection, house, room, wanted, by))


def hang_more(
    connection: Connection,
    house: House,
    id_: int,
    tag: str,
    by: By,
    *,
    over: bool = False,
    pay: Pay | None = None,
) -> Coat | Refused:
    """One more piece for an open coat ticket."""
    found = _open(connection, id_)
    if isinstance(found, Refused):
        return found
    room, coat = found
    if len(coat.waiting) >= MAX_PIECES:
        return Refused("too_many_pieces", f"A coat ticket has at most {MAX_PIECES} pieces.")

    def deed() -> Coat | Refused:
        chosen = _free_tags(connection, house, room, [tag], over=over)
        if isinstance(chosen, Refused):
            return chosen
        _hang(connection, id_, chosen, by)
        price = (coat.price + paying.price(house, room, 1)).amount
        _set(connection, id_, price=price)
        coats.note(connection, id_, f"hung {chosen[0].text} too{' beyond the capacity' * over}", by)
        return _paid(connection, room, id_, pay, by)

    return whole(connection, deed)


def rehang(
    connection: Connection, house: House, id_: int, tag: str, by: By, *, piece: int
) -> Coat | Refused:
    """A piece hangs on another tag than was thought."""
    found = _open(connection, id_)
    if isinstance(found, Refused):
        return found
    room, coat = found
    old = next((one for one in coat.pieces if one.id == piece and one.hangs), None)
    if old is None:
        return Refused("unknown_piece", "That piece does not hang there.")
    chosen = _free_tags(connection, house, room, [tag], over=True)
    if isinstance(chosen, Refused):
        return chosen
    here = coat_piece.c.id == piece
    connection.execute(update(coat_piece).where(here).values(tag=chosen[0].id))
    coats.note(connection, id_, f"{old.tag} hangs on {chosen[0].text} now", by)
    return coats.find(connection, id_)


def send_again(
    connection: Connection, house: House, id_: int, phone: str, by: By
) -> Coat | Refused:
    """The code by SMS again, to another number unless `phone` is ""."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    if coat.fetched_at:
        return already_fetched(house, coat)
    if coat.forgotten:
        return coats.FORGOTTEN
    number = phones.parse(phone, house.country) if phone else coat.phone
    if isinstance(number, Refused):
        return number
    if not number:
        return Refused("no_phone", "There is no phone number; type one.")
    _set(connection, id_, phone=number)
    other = " to another number" * (number != coat.phone)
    coats.note(connection, id_, f"code sent again{other}", by)
    messages.drop(connection, id_, messages.CODE)
    messages.send(connection, house, replace(coat, phone=number), messages.CODE, by)
    return coats.find(connection, id_)


def already_fetched(house: House, coat: Coat) -> Refused:
    assert coat.fetched_at
    at = house.moment(coat.fetched_at)
    told = f"Already fetched on {at} by {coat.fetched_by}."
    if coat.disposed:
        told = f"Nobody fetched it: disposed of on {at} by {coat.fetched_by} ({coat.place})."
    return Refused("already_fetched", told, {"coat": coat.id})


def _check_in(
    connection: Connection, house: House, room: Cloakroom, wanted: Deposit, by: By
) -> Coat | Refused:
    wanted_by = _who(connection, house, wanted, by)
    if isinstance(wanted_by, Refused):
        return wanted_by
    secret, wanted = wanted_by
    chosen = _free_tags(connection, house, room, wanted.tags, over=wanted.over)
    if isinstance(chosen, Refused):
        return chosen
    code = codes.new_code(connection, room.id, by.at)
    if isinstance(code, Refused):
        return code
    price = paying.price(house, room, len(chosen))
    row = {
        "cloakroom": room.id,
        "code": code,
        "secret": secret,
        "state": CoatState.OPEN.value,
        "phone": wanted.phone,
        "name": wanted.name,
        "language": wanted.language,
        "price": price.amount,
        "paid": price.amount * 0,
        "tax_percent": room.tax_percent,
        "currency": price.currency,
        "receipt": "",
        "made_at": by.at,
        "who": by.who,
        "place": "",
        "fetched_by": "",
    }
    made = connection.execute(insert(coat_ticket).values(row))
    assert made.inserted_primary_key
    id_ = int(made.inserted_primary_key[0])
    _hang(connection, id_, chosen, by)
    told = ", ".join(tag.text for tag in chosen)
    coats.note(connection, id_, f"hung {told}{' beyond the capacity' * wanted.over}", by)
    coat = _paid(connection, room, id_, wanted.pay, by)
    if isinstance(coat, Coat):
        messages.send(connection, house, coat, messages.CODE, by)
        return coats.find(connection, id_)
    return coat


def _who(
    connection: Connection, house: House, wanted: Deposit, by: By
) -> tuple[str, Deposit] | Refused:
    """The secret of the new ticket, and what is wanted with the visitor's data filled in."""
    phone, secret = wanted.phone, secrets.token_urlsafe(SECRET_BYTES)
    if wanted.entry:
        entry = entries.find(connection, wanted.entry, by.at, lock=True)
        if isinstance(entry, Refused):
            return entry
        entries.drop(connection, entry.secret, by)
        phone, secret = phone or entry.phone, entry.secret
        name, language = wanted.name or entry.name, wanted.language or entry.language
        wanted = replace(wanted, name=name, language=language)
    number = phones.parse(phone, house.country) if phone.strip() else ""
    if isinstance(number, Refused):
        return number
    if len(wanted.name) > entries.MAX_NAME or hidden(wanted.name):
        return Refused("bad_name", f"A name has at most {entries.MAX_NAME} characters.")
    return secret, replace(wanted, phone=number, language=spoken([wanted.language]))


def _free_tags(
    connection: Connection, house: House, room: Cloakroom, told: Sequence[str], *, over: bool
) -> list[Tag] | Refused:
    """The tags, if something can be hung on each. The cloakroom is locked."""
    if not 1 <= len(told) <= MAX_PIECES:
        return Refused("no_tag", f"Choose 1 to {MAX_PIECES} tags.")
    chosen: list[Tag] = []
    for text in told:
        tag = tags.find(connection, room.id, text)
        if isinstance(tag, Refused):
            return tag
        if tag.ticket:
            return _taken(connection, house, tag)
        if tag.state is not TagState.IN_SERVICE:
            return Refused("tag_retired", f"Tag {tag.text} is {tag.state.value}; take another one.")
        if tag in chosen:
            return Refused("tag_twice", f"Tag {tag.text} is there twice.")
        chosen.append(tag)
    full = {one.rack.name: one.room for one in rooms.standing(connection, room.id)}
    for rack, count in Counter(tag.rack for tag in chosen).items():
        if count > full[rack] and not over:
            left = f"there is room for {full[rack]} more" if full[rack] else "it is full"
            detail = f"Rack {rack}: {left}. Take another rack, or ask a supervisor."
            return Refused("rack_full", detail)
    return chosen


def _taken(connection: Connection, house: House, tag: Tag) -> Refused:
    coat = coats.find(connection, tag.ticket)
    assert isinstance(coat, Coat)
    when = f"since {house.moment(coat.made_at)}, hung by {coat.who}"
    return Refused("tag_taken", f"Tag {tag.text} is taken {when}.", {"coat": coat.id})


def _hang(connection: Connection, id_: int, chosen: Sequence[Tag], by: By) -> None:
    row = {"ticket": id_, "hung_at": by.at, "fetched_by": ""}
    connection.execute(insert(coat_piece), [row | {"tag": tag.id} for tag in chosen])


def _paid(
    connection: Connection, room: Cloakroom, id_: int, pay: Pay | None, by: By
) -> Coat | Refused:
    """Paid now if it has to be, or if the visitor wants to."""
    coat = coats.find(connection, id_)
    if isinstance(coat, Refused):
        return coat
    return paying.settle(connection, coat, pay, by, now=room.payment is PayWhen.CHECK_IN)


def _open(connection: Connection, id_: int) -> tuple[Cloakroom, Coat] | Refused:
    """The cloakroom, then the ticket, both locked."""
    coat = coats.find(connection, id_)
    if isinstance(coat, Refused):
        return coat
    room = rooms.find(connection, coat.cloakroom, lock=True)
    coat = coats.find(connection, id_, lock=True)
    if isinstance(room, Refused) or isinstance(coat, Refused):
        return coats.UNKNOWN
    if coat.state is not CoatState.OPEN:
        return Refused("not_open", "It hangs there no more; make a new coat ticket.")
    return room, coat


def _set(connection: Connection, id_: int, **values: object) -> None:
    connection.execute(update(coat_ticket).where(coat_ticket.c.id == id_).values(values))
