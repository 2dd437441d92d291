"""Why refused? A code is scanned or typed; the page says in one sentence what is the matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from admission.telling import moment
from central.catalogue.venue import Venue
from central.foreign import lookup as foreign
from central.foreign.lookup import Foreign
from central.office import lanes, likeness, lookup, why
from central.office.lanes import Lane
from central.office.why import Attempt, Known, Trial, Where
from central.pages.forms import asked
from central.pages.site import Site
from central.sale.states import IssuedTicket, Refused, TicketRequest
from central.staff.roles import Right

WHY = "/office/why"
MAX_CODE = 400
MAX_LANE = 1100
SHOWN = 50
MAX_N = 2**63 - 1


@dataclass(frozen=True)
class Question:
    """What is asked: `at` as it was typed, `attraction` "" for any, `lane` its key, "" for any."""

    code: str
    at: str
    attraction: str
    lane: str
    before: int | None


@dataclass(frozen=True)
class Told:
    """All that the page says. `unlike` tells what an unknown code looks like."""

    known: Known
    trial: Trial
    each: Mapping[str, Trial]
    attempts: list[Attempt]
    ticket: tuple[TicketRequest, IssuedTicket] | None
    foreign: Foreign | None
    unlike: str
    meant: list[str]


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(request: web.Request) -> web.Response:
        form, venue, now = asked(request), api.venue, api.clock()
        before = form.number("before", 0, MAX_N) or None
        texts = (form.text("at", 40), form.text("attraction", 40), form.text("lane", MAX_LANE))
        question = Question(form.text("code", MAX_CODE), *texts, before)
        form.check()
        wrong, at = None, now
        try:
            at = moment(question.at, now, venue.zone)
        except ValueError as error:
            wrong = str(error)
        told_of = await api.database.read(lanes.lanes)
        known = {one.key: one for one in told_of if one.device in api.settings.gates}
        lane = known.get(question.lane)
        if question.lane and lane is None:
            wrong = "No gate has that lane; it is tried at any."
        told = await api.database.read(lambda c: _told(c, venue, question, lane, at))
        shared = lanes.shared(told_of)
        more = told.attempts[SHOWN - 1].n if told and len(told.attempts) > SHOWN else None
        return site.page(
            request,
            "why.html",
            asked=question,
            told=told,
            attempts=told.attempts[:SHOWN] if told else [],
            at=at,
            more=more,
            lanes={key: lanes.called(one.name, one.device, shared) for key, one in known.items()},
            refused=wrong,
        )

    return [web.get(WHY, site.staff(Right.REQUESTS, show))]


def _told(
    connection: Connection,
    venue: Venue,
    question: Question,
    lane: Lane | None,
    at: datetime,
) -> Told | None:
    code, zone = question.code, venue.zone
    if not code:
        return None
    known = why.know(connection, code)
    places = [one.id for one in venue.attractions]
    each = {one: why.try_at(known, Where(frozenset({one}), lane), at, zone) for one in places}
    anywhere = Where(frozenset(places), lane)
    found = lookup.find(connection, code)
    listed = foreign.find(connection, code)
    lost = known.ticket is None and listed is None
    return Told(
        known,
        each.get(question.attraction) or why.try_at(known, anywhere, at, zone),
        each if known.ticket else {},
        why.attempts(connection, known, question.before, SHOWN + 1, zone),
        None if isinstance(found, Refused) else found,
        listed,
        likeness.looks_like(known, at, zone) if lost else "",
        likeness.meant(connection, code) if lost else [],
    )
