"""Coat tickets as they stand: one by its number or link, those that are open, their histories."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, Select, insert, select

from admission.values import Money
from central.coats.values import Coat, CoatState, Entry, Note, Piece, Sms
from central.delivery import phones
from central.delivery.outbox import State
from central.sale.states import By, Refused
from central.store.schema import (
    cloakroom,
    coat_history,
    coat_picture,
    coat_piece,
    coat_rack,
    coat_tag,
    coat_ticket,
    delivery,
)

MAX_SHOWN = 400
_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")
_LINK = re.compile(r"https?://[^\s?#]{1,300}/c/([A-Za-z0-9_-]{22})/?([?#].*)?")
CODE = "sms.coat_code"
NOT_OUT = (State.WAITING.value, State.DEAD.value)
UNKNOWN = Refused("unknown_coat", "There is no such coat ticket.")
FORGOTTEN = Refused(
    "forgotten",
    "It is here for so long that nothing of its visitor is kept. Tell or print the code.",
)


def secret_in(shown: str) -> str:
    """The secret of a link, as its QR code says it, or of a bare secret; "" for anything else."""
    told = shown.strip()[:MAX_SHOWN]
    if link := _LINK.fullmatch(told):
        return link[1]
    return told if _SECRET.fullmatch(told) else ""


def last_digits(what: Coat | Entry) -> str:
    """ "…4567", for staff and visitor to compare; "" without a number."""
    return f"…{phones.last_digits(what.phone)}" if what.phone else ""


def find(connection: Connection, id_: int, *, lock: bool = False) -> Coat | Refused:
    """Locked, nobody else changes it until the transaction ends."""
    if lock:
        connection.execute(
            select(coat_ticket.c.id).where(coat_ticket.c.id == id_).with_for_update()
        )
    return _first(connection, _SELECT.where(coat_ticket.c.id == id_))


def by_secret(connection: Connection, shown: str) -> Coat | Refused:
    """By its link. What is fetched is shown for as long as its visitor's data is kept."""
    secret = secret_in(shown)
    found = _first(connection, _SELECT.where(coat_ticket.c.secret == secret)) if secret else UNKNOWN
    if isinstance(found, Coat) and found.forgotten and found.fetched_at:
        return Refused("gone", "This link is over.")
    return found


def by_code(connection: Connection, room: int, code: str) -> Coat | Refused:
    """Of what was not fetched yet. Who guesses is counted elsewhere (check_out.look_up)."""
    here = (coat_ticket.c.cloakroom == room, coat_ticket.c.code == code)
    return _first(connection, _SELECT.where(*here, coat_ticket.c.fetched_at.is_(None)))


def fetched_by_code(
    connection: Connection, room: int, code: str, since: datetime
) -> Coat | Refused:
    """The last that had this code, if it was fetched since then."""
    here = (coat_ticket.c.cloakroom == room, coat_ticket.c.code == code)
    query = _SELECT.where(*here, coat_ticket.c.fetched_at >= since)
    return _first(connection, query.order_by(coat_ticket.c.fetched_at.desc()))


def by_phone(connection: Connection, phone: str, limit: int = 20) -> list[Coat]:
    """What was not fetched yet, in any cloakroom, newest first. `phone` is E.164."""
    here = (coat_ticket.c.phone == phone, coat_ticket.c.fetched_at.is_(None))
    return read(connection, _SELECT.where(*here).order_by(coat_ticket.c.id.desc()).limit(limit))


def open_ones(connection: Connection, room: int, after: int = 0, limit: int = 100) -> list[Coat]:
    """What hangs there, oldest first; `after` is the last id of the page before."""
    return _in_state(connection, room, CoatState.OPEN, after, limit)


def left_ones(connection: Connection, room: int, after: int = 0, limit: int = 100) -> list[Coat]:
    """What lies in lost property, oldest first."""
    return _in_state(connection, room, CoatState.LEFT, after, limit)


def recent(connection: Connection, room: int, limit: int = 10) -> list[Coat]:
    """What was hung last, newest first, fetched or not."""
    query = _SELECT.where(coat_ticket.c.cloakroom == room)
    return read(connection, query.order_by(coat_ticket.c.made_at.desc()).limit(limit))


def unsent(connection: Connection, room: int, limit: int) -> list[Coat]:
    """What was not fetched, and whose code did not go out, newest first."""
    late = select(delivery.c.coat).where(delivery.c.state.in_(NOT_OUT), delivery.c.text == CODE)
    here = (coat_ticket.c.cloakroom == room, coat_ticket.c.fetched_at.is_(None))
    query = _SELECT.where(*here, coat_ticket.c.id.in_(late)).order_by(coat_ticket.c.id.desc())
    return read(connection, query.limit(limit))


def history(connection: Connection, id_: int) -> list[Note]:
    """Oldest first."""
    rows = connection.execute(
        select(coat_history).where(coat_history.c.ticket == id_).order_by(coat_history.c.id)
    )
    return [Note(row.at, row.who, row.what) for row in rows]


def note(connection: Connection, id_: int, what: str, by: By) -> None:
    row = {"ticket": id_, "at": by.at, "who": by.who, "what": what}
    connection.execute(insert(coat_history).values(row))


_SELECT = select(coat_ticket, cloakroom.c.name.label("room")).join(cloakroom)


def _in_state(
    connection: Connection, room: int, state: CoatState, after: int, limit: int
) -> list[Coat]:
    here = (
        coat_ticket.c.cloakroom == room,
        coat_ticket.c.state == state.value,
        coat_ticket.c.fetched_at.is_(None),
        coat_ticket.c.id > after,
    )
    return read(connection, _SELECT.where(*here).order_by(coat_ticket.c.id).limit(limit))


def _first(connection: Connection, query: Select[tuple[object, ...]]) -> Coat | Refused:
    found = read(connection, query.limit(1))
    return found[0] if found else UNKNOWN


def read(connection: Connection, query: Select[tuple[object, ...]]) -> list[Coat]:
    """Four queries for however many there are."""
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    if not ids:
        return []
    pieces, pictures = _pieces(connection, ids), _pictures(connection, ids)
    messages = _messages(connection, ids)
    return [
        _coat(row, pieces[row.id], pictures.get(row.id, ()), messages.get(row.id)) for row in rows
    ]


def _coat(
    row: Row[tuple[object, ...]], pieces: Iterable[Piece], pictures: Iterable[int], sms: Sms | None
) -> Coat:
    return Coat(
        id=row.id,
        cloakroom=row.cloakroom,
        cloakroom_name=row.room,
        code=row.code,
        secret=row.secret,
        state=CoatState(row.state),
        phone=row.phone,
        name=row.name,
        language=row.language,
        price=Money(row.price, row.currency),
        paid=Money(row.paid, row.currency),
        tax_percent=row.tax_percent,
        receipt=row.receipt,
        made_at=row.made_at,
        who=row.who,
        place=row.place,
        fetched_at=row.fetched_at,
        fetched_by=row.fetched_by,
        forgotten=row.forgotten_at is not None,
        pieces=tuple(pieces),
        pictures=tuple(pictures),
        sms=sms,
    )


def _pieces(connection: Connection, ids: Sequence[int]) -> dict[int, list[Piece]]:
    rows = connection.execute(
        select(coat_piece, coat_tag.c.text, coat_rack.c.name)
        .join(coat_tag, coat_tag.c.id == coat_piece.c.tag)
        .join(coat_rack, coat_rack.c.id == coat_tag.c.rack)
        .where(coat_piece.c.ticket.in_(ids))
        .order_by(coat_piece.c.id)
    )
    found: dict[int, list[Piece]] = {id_: [] for id_ in ids}
    for row in rows:
        piece = Piece(
            row.id, row.text, row.name, row.off_at is None, row.fetched_at, row.fetched_by
        )
        found[row.ticket].append(piece)
    return found


def _pictures(connection: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    table = coat_picture
    query = select(table.c.ticket, table.c.id).where(table.c.ticket.in_(ids)).order_by(table.c.id)
    found: dict[int, list[int]] = {}
    for ticket, picture in connection.execute(query):
        found.setdefault(ticket, []).append(picture)
    return found


def _messages(connection: Connection, ids: Sequence[int]) -> dict[int, Sms]:
    """The newest SMS with the code of each."""
    table = delivery
    query = select(table.c.coat, table.c.state, table.c.said)
    query = query.where(table.c.coat.in_(ids), table.c.text == CODE).order_by(table.c.id)
    return {row.coat: Sms(row.state, row.said) for row in connection.execute(query)}
