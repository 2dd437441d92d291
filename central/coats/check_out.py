"""Check out: whose coat it is, by what the visitor shows, and handing it out.

Staff compare tag, picture and last digits with the person before they redeem.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from central.catalogue.texts import hidden
from central.coats import coats, codes, messages, paying, tries
from central.coats.check_in import already_fetched
from central.coats.values import Coat, CoatState, House, Pay, Piece, Proof
from central.delivery import phones
from central.sale.states import By, Refused
from central.store.schema import coat_piece, coat_ticket
from central.store.whole import whole

MAX_REASON = 200


@dataclass(frozen=True)
class LostTicket:
    """Why a coat is handed out without code, link or number, and to whom: a name, what he told of
    the coat, which paper he showed."""

    reason: str
    taken_by: str


def proof_of(shown: str) -> Proof:
    """What it is that was scanned or typed into the one field for all."""
    if coats.secret_in(shown):
        return Proof.LINK
    return Proof.CODE if codes.is_code(shown.strip()) else Proof.PHONE


def look_up(
    connection: Connection, house: House, room: int, shown: str, by: By
) -> list[Coat] | Refused:
    """Whose it is: one coat ticket by link or code, maybe several by phone number. What was fetched
    before is refused, and who guesses codes or numbers too often has to wait; nobody guesses links,
    so those are found meanwhile."""
    who, may_guess = _guesser(room, by), proof_of(shown) is not Proof.LINK
    if may_guess and (wait := tries.may_try(connection, who, tries.WRONG_CODES, by.at)):
        return wait
    found = _found(connection, house, room, shown, by.at)
    if isinstance(found, Refused):
        if may_guess and found.code in _GUESSES:
            tries.count(connection, who)
        return found
    if over := next((coat for coat in found if coat.fetched_at), None):
        return already_fetched(house, over)
    return found


def redeem(
    connection: Connection,
    house: House,
    id_: int,
    shown: str,
    by: By,
    *,
    pieces: Collection[int] = (),
    pay: Pay | None = None,
) -> Coat | Refused:
    """Hand out these pieces (ids; all if there are none) to who showed the link, code or number of
    this coat ticket; what is due is paid first, all of it. Of two who hand out at once one does."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    if coat.fetched_at:
        return already_fetched(house, coat)
    found = look_up(connection, house, coat.cloakroom, shown, by)
    if isinstance(found, Refused):
        return found
    if id_ not in [one.id for one in found]:
        if proof_of(shown) is not Proof.LINK:
            tries.count(connection, _guesser(coat.cloakroom, by))
        return Refused("wrong_proof", "That belongs to another coat ticket.")
    how = f"by {proof_of(shown).value}"
    return whole(
        connection, lambda: _hand(connection, house, coat, how, by, pieces=pieces, pay=pay)
    )


def hand_out(
    connection: Connection,
    house: House,
    id_: int,
    lost: LostTicket,
    by: By,
    *,
    pieces: Collection[int] = (),
    pay: Pay | None = None,
) -> Coat | Refused:
    """The same to who has lost it all. For supervisors."""
    texts = (lost.reason, lost.taken_by)
    if any(not 1 <= len(text.strip()) <= MAX_REASON or hidden(text) for text in texts):
        return Refused("no_reason", f"Write why, and who took it: 1 to {MAX_REASON} characters.")
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    if coat.fetched_at:
        return already_fetched(house, coat)
    how = f"without a ticket ({lost.reason.strip()}) to {lost.taken_by.strip()}"
    return whole(
        connection, lambda: _hand(connection, house, coat, how, by, pieces=pieces, pay=pay)
    )


_GUESSES = frozenset({"unknown_code", "unknown_phone", "already_fetched"})
"""What a wrong code or number leads to; a barcode of something else was scanned by mistake."""


def _found(
    connection: Connection, house: House, room: int, shown: str, now: datetime
) -> list[Coat] | Refused:
    match proof_of(shown):
        case Proof.LINK:
            coat = coats.by_secret(connection, shown)
        case Proof.CODE:
            coat = coats.by_code(connection, room, shown.strip())
            if isinstance(coat, Refused):
                return _over(connection, house, room, shown.strip(), now)
        case Proof.PHONE:
            return _by_phone(connection, house, room, shown)
    return coat if isinstance(coat, Refused) else [coat]


def _guesser(room: int, by: By) -> str:
    return f"codes:{room}:{by.who}"


def _over(connection: Connection, house: House, room: int, code: str, now: datetime) -> Refused:
    """Nothing hangs for the code, but somebody may just have fetched it."""
    coat = coats.fetched_by_code(connection, room, code, now - codes.RECENT)
    if isinstance(coat, Coat):
        return already_fetched(house, coat)
    return Refused("unknown_code", "Nothing hangs here for that code.")


def _by_phone(connection: Connection, house: House, room: int, shown: str) -> list[Coat] | Refused:
    number = phones.parse(shown, house.country)
    if isinstance(number, Refused):
        return Refused("unreadable", "Scan the QR code, or type the code or the phone number.")
    found = coats.by_phone(connection, number)
    found.sort(key=lambda coat: coat.cloakroom != room)
    return found or Refused("unknown_phone", "Nothing hangs for that number.")


def _hand(
    connection: Connection,
    house: House,
    coat: Coat,
    how: str,
    by: By,
    *,
    pieces: Collection[int],
    pay: Pay | None,
) -> Coat | Refused:
    chosen = _chosen(house, coat, pieces)
    if isinstance(chosen, Refused):
        return chosen
    paid = paying.settle(connection, coat, pay, by, now=True)
    if isinstance(paid, Refused):
        return paid
    ids = [piece.id for piece in chosen]
    fetched = {"fetched_at": by.at, "fetched_by": by.who}
    connection.execute(update(coat_piece).where(coat_piece.c.id.in_(ids)).values(fetched))
    hangs = (coat_piece.c.id.in_(ids), coat_piece.c.off_at.is_(None))
    connection.execute(update(coat_piece).where(*hangs).values(off_at=by.at))
    if len(chosen) == len(coat.waiting):
        here = coat_ticket.c.id == coat.id
        state = {"state": CoatState.FETCHED.value}
        connection.execute(update(coat_ticket).where(here).values(fetched | state))
        messages.drop(connection, coat.id, messages.CODE, messages.LEFT)
    told = ", ".join(piece.tag for piece in chosen)
    coats.note(connection, coat.id, f"fetched {told} {how}", by)
    messages.send(connection, house, coat, messages.FETCHED, by, tags=told)
    return coats.find(connection, coat.id)


def _chosen(house: House, coat: Coat, pieces: Collection[int]) -> list[Piece] | Refused:
    if not pieces:
        return list(coat.waiting)
    chosen = [piece for piece in coat.pieces if piece.id in pieces]
    if len(chosen) < len(set(pieces)):
        return Refused("unknown_piece", "That piece is of another coat ticket.")
    for piece in chosen:
        if piece.fetched_at:
            at = house.moment(piece.fetched_at)
            detail = f"{piece.tag} was already fetched on {at} by {piece.fetched_by}."
            return Refused("already_fetched", detail)
    return chosen
