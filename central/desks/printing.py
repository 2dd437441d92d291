"""Prints of a desk: PRINT deliveries to it, as slips."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from central.catalogue.venue import Venue
from central.coats import coats
from central.delivery import outbox
from central.delivery.outbox import ONCE, Delivery, Draft, Kind
from central.papers import sheet, slip
from central.sale import request_rows
from central.sale.states import By, Refused
from central.texts import Texts, texts

Json = dict[str, Any]
TICKETS, COAT = "tickets", "coat"
"""What a delivery may attach."""
LATE = timedelta(minutes=10)
"""Whoever wanted the paper has left by then, and staff have helped themselves otherwise."""


@dataclass(frozen=True)
class Look:
    """Who asks, and what papers are made of: `url` is where visitors reach central."""

    desk: str
    now: datetime
    venue: Venue
    url: str


@dataclass(frozen=True)
class NoPaper:
    """A delivery that no paper can be made for, and why."""

    id: int
    why: str


def due(connection: Connection, look: Look) -> Json | NoPaper | None:
    """The oldest job that the desk is to print now: {"id", "slips", "again"}, where `again` is what
    a slip says that may be there twice (docs/openapi.yaml). What has waited for LATE is none."""
    for delivery in outbox.due_prints(connection, look.desk, look.now, 1):
        if look.now - delivery.due_at > LATE:
            return NoPaper(delivery.id, f"{look.desk} was away for too long; print it again")
        words = texts(delivery.draft.language, look.venue.timezone)
        slips = _slips(connection, look, delivery.draft, words)
        if isinstance(slips, Refused):
            return NoPaper(delivery.id, slips.detail)
        return {"id": delivery.id, "slips": slips, "again": words.say("slip.again")}
    return None


def give_up(connection: Connection, wrong: NoPaper, now: datetime) -> None:
    """Staff see it among what was not delivered."""
    outbox.failed(connection, wrong.id, wrong.why, now, most=ONCE)


def end(connection: Connection, id_: int, fault: str, by: By) -> Refused | None:
    """The desk `by.who` has printed it, or never can for a `fault`. Told again it is refused, as is
    what another desk prints."""
    delivery = outbox.find(connection, id_)
    if delivery is None or not _is_of(delivery, by.who):
        return Refused("unknown_job", f"{by.who} has no job {id_} to print")
    if fault:
        outbox.failed(connection, id_, fault, by.at, most=ONCE)
    else:
        outbox.done(connection, id_, f"printed at {by.who}", by.at)
    return None


def _is_of(delivery: Delivery, desk: str) -> bool:
    waits = delivery.state is outbox.State.WAITING
    return waits and (delivery.draft.kind, delivery.draft.to) == (Kind.PRINT, desk)


def _slips(connection: Connection, look: Look, draft: Draft, words: Texts) -> list[Json] | Refused:
    if draft.attach == COAT and draft.coat is not None:
        return _coat(connection, look, draft.coat, words)
    found = request_rows.find_by_id(connection, [draft.request or 0])
    if draft.attach != TICKETS or not found:
        return Refused("no_paper", f"there is no paper {draft.attach!r} to print")
    wanted = look.venue, found[0], draft.language, draft.tickets
    slips = slip.slips(sheet.of_request(connection, *wanted).good)
    if not slips:
        return Refused("no_tickets", "it has no tickets to print")
    if draft.values.get("copy", "0") != "0":
        copy = {"text": words.say("slip.copy"), "large": False, "bold": True}
        slips = [{"parts": [copy, *one["parts"]]} for one in slips]
    return slips


def _coat(connection: Connection, look: Look, id_: int, words: Texts) -> list[Json] | Refused:
    """What a visitor gets whom no SMS can reach."""
    coat = coats.find(connection, id_)
    if isinstance(coat, Refused):
        return coat
    parts = [
        _text(look.venue.name, bold=True),
        _text(words.say("coat.ticket.title"), bold=True),
        _text(coat.cloakroom_name),
        _text(coat.code, large=True),
        _text(coat.tags),
        {"code": look.url.rstrip("/") + coat.path, "caption": coat.code},
        _text(words.say("coat.ticket.show")),
    ]
    return [{"parts": parts}]


def _text(text: str, *, large: bool = False, bold: bool = False) -> Json:
    return {"text": text, "large": large, "bold": bold}
