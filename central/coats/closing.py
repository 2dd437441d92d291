"""After hours: what is still there goes to lost property, and what is over is forgotten."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import Connection, case, delete, func, or_, select, update

from central.catalogue.texts import hidden
from central.coats import coats, entries, messages, tries
from central.coats.check_in import already_fetched
from central.coats.values import UNFETCHED_DAYS, Cloakroom, Coat, CoatState, House
from central.delivery.outbox import State
from central.sale.states import By, Refused
from central.store.schema import (
    cloakroom,
    coat_history,
    coat_picture,
    coat_piece,
    coat_ticket,
    delivery,
)

MAX_PLACE = 200
AT_ONCE = 500
A_DAY = timedelta(days=1)


def closed_at(room: Cloakroom, house: House, now: datetime) -> datetime | None:
    """When it closed last, maybe the night before; None if its time is not told."""
    if not room.closes:
        return None
    today = now.astimezone(house.zone).date()
    at = time.fromisoformat(room.closes)
    closed = datetime.combine(today, at, house.zone)
    return closed if closed <= now else datetime.combine(today - A_DAY, at, house.zone)


def overdue(connection: Connection, room: Cloakroom, house: House, now: datetime) -> int:
    """How many coat tickets are open since before it closed last."""
    here = (coat_ticket.c.cloakroom == room.id, coat_ticket.c.state == CoatState.OPEN.value)
    closed = closed_at(room, house, now)
    if closed is None:
        return 0
    query = select(func.count()).select_from(coat_ticket)
    query = query.where(*here, coat_ticket.c.fetched_at.is_(None), coat_ticket.c.made_at < closed)
    return connection.scalar(query) or 0


def leave_behind(
    connection: Connection, house: House, id_: int, place: str, by: By
) -> Coat | Refused:
    """What still hangs is brought to lost property, where `place` tells; its tags are free, its
    visitor is asked to come. It is handed out as ever (check_out)."""
    place = place.strip()
    if not 1 <= len(place) <= MAX_PLACE or hidden(place):
        return Refused("no_place", f"Write where it lies, in 1 to {MAX_PLACE} characters.")
    coat = _not_fetched(connection, house, id_)
    if isinstance(coat, Refused):
        return coat
    hanging = (coat_piece.c.ticket == id_, coat_piece.c.off_at.is_(None))
    connection.execute(update(coat_piece).where(*hanging).values(off_at=by.at))
    here = coat_ticket.c.id == id_
    state = CoatState.LEFT.value
    connection.execute(update(coat_ticket).where(here).values(state=state, place=place))
    coats.note(connection, id_, f"left behind ({coat.tags}), lies at: {place}", by)
    if coat.state is CoatState.OPEN:
        messages.send(connection, house, coat, messages.LEFT, by)
    return coats.find(connection, id_)


def dispose(connection: Connection, house: House, id_: int, what: str, by: By) -> Coat | Refused:
    """What nobody fetches is here no more, neither hanging nor in lost property: `what` became of
    it. Nothing is due any more, and neither link nor code fetches anything. For supervisors."""
    what = what.strip()
    if not 1 <= len(what) <= MAX_PLACE or hidden(what):
        told = f"Write what became of it, in 1 to {MAX_PLACE} characters."
        return Refused("no_place", told)
    coat = _not_fetched(connection, house, id_)
    if isinstance(coat, Refused):
        return coat
    here = (coat_piece.c.ticket == id_, coat_piece.c.fetched_at.is_(None))
    hanging = (*here, coat_piece.c.off_at.is_(None))
    over = {"fetched_at": by.at, "fetched_by": by.who}
    connection.execute(update(coat_piece).where(*hanging).values(off_at=by.at))
    connection.execute(update(coat_piece).where(*here).values(over))
    end = {"state": CoatState.DISPOSED.value, "place": what, "price": coat.paid.amount}
    connection.execute(update(coat_ticket).where(coat_ticket.c.id == id_).values(over | end))
    messages.drop(connection, id_, messages.CODE, messages.LEFT)
    due = f"; {coat.due.amount:f} {coat.due.currency} never paid" if coat.due.amount else ""
    coats.note(connection, id_, f"disposed of {coat.tags}: {what}{due}", by)
    return coats.find(connection, id_)


def _not_fetched(connection: Connection, house: House, id_: int) -> Coat | Refused:
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Coat) and coat.fetched_at:
        return already_fetched(house, coat)
    return coat


def tidy(connection: Connection, now: datetime) -> None:
    """Delete what tells of visitors: so many days after their things were fetched as the cloakroom
    says, and of what nobody fetched after UNFETCHED_DAYS; so long histories are kept, where a
    supervisor wrote who took what without a ticket."""
    entries.forget(connection, now)
    tries.forget(connection, now)
    old = coat_history.c.at <= now - timedelta(days=UNFETCHED_DAYS)
    connection.execute(delete(coat_history).where(old))
    for room in connection.execute(select(cloakroom.c.id, cloakroom.c.kept_days)).all():
        fetched = coat_ticket.c.fetched_at <= now - timedelta(days=room.kept_days)
        long_ago = coat_ticket.c.made_at <= now - timedelta(days=UNFETCHED_DAYS)
        over = (
            coat_ticket.c.cloakroom == room.id,
            coat_ticket.c.forgotten_at.is_(None),
            or_(fetched, long_ago),
        )
        ids = connection.scalars(select(coat_ticket.c.id).where(*over).limit(AT_ONCE)).all()
        if ids:
            _forget(connection, list(ids), now)


def _forget(connection: Connection, ids: list[int], now: datetime) -> None:
    connection.execute(delete(coat_picture).where(coat_picture.c.ticket.in_(ids)))
    nobody = {"phone": "", "name": "", "forgotten_at": now}
    connection.execute(update(coat_ticket).where(coat_ticket.c.id.in_(ids)).values(nobody))
    waits = delivery.c.state.in_([State.WAITING.value, State.DEAD.value])
    state = case((waits, State.DROPPED.value), else_=delivery.c.state)
    blank = {"to": "", "values": {}, "said": "", "state": state}
    connection.execute(update(delivery).where(delivery.c.coat.in_(ids)).values(blank))
