"""SMS to who gave something. Without a number there is none; without Internet they wait."""

from __future__ import annotations

from sqlalchemy import Connection, select

from central.coats.coats import CODE
from central.coats.values import Coat, House
from central.delivery import outbox
from central.delivery.outbox import Draft, Kind, State
from central.sale.states import By
from central.store.schema import delivery

__all__ = ["CODE", "FETCHED", "LEFT", "drop", "send"]

FETCHED, LEFT = "sms.coat_fetched", "sms.coat_left"


def send(
    connection: Connection, house: House, coat: Coat, text: str, by: By, *, tags: str = ""
) -> None:
    """`tags` are those that it is about; all that were not fetched if there are none."""
    if not coat.phone:
        return
    values = {
        "cloakroom": coat.cloakroom_name,
        "tag": tags or coat.tags,
        "code": coat.code,
        "link": coat.path,
        "time": house.clock(by.at),
    }
    draft = Draft(Kind.SMS, coat.phone, text, coat.language, values, coat=coat.id)
    outbox.put(connection, draft, by)


def drop(connection: Connection, id_: int, *texts: str) -> None:
    """What did not go out yet would only confuse now."""
    waits = delivery.c.state.in_([State.WAITING.value, State.DEAD.value])
    here = (delivery.c.coat == id_, delivery.c.text.in_(texts), waits)
    for late in connection.scalars(select(delivery.c.id).where(*here)).all():
        outbox.drop(connection, late)
