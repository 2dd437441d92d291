"""Why a ticket was refused: the rules asked again with what central knows, and what lanes told.

Central knows neither the attractions that a lane opens, nor the capacity and anti-passback of its
zone: the rules are asked for an attraction, as at a gate that is in touch with all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from admission.codes import Code, HumanCode, SignedCode, TagCode, human_code, read_code
from admission.decide import checks
from admission.facts import (
    Admitted,
    Conflicted,
    Fact,
    Forgiven,
    Lapsed,
    OfflineSold,
    Passed,
    Refused,
    TicketIssued,
    TicketPrinted,
)
from admission.foreign import OpaqueCode
from admission.ledger import Ledger
from admission.pretix import PretixCode
from admission.reasons import SENTENCES, Reason
from admission.request import AdmissionRequest, Answer, Check, Denied
from admission.telling import sentence, verdict
from admission.values import Direction, LaneMode, Ticket
from central.catalogue.venue import Venue
from central.office import lanes, lookup
from central.office.lanes import Lane
from central.store.schema import feed as table
from central.store.schema import ticket
from central.sync import feed
from central.watch.clash_words import words as clash_words
from runtime.wire import fact_from_data

OF_TICKET = (*feed.HISTORY, "ticket_issued", "offline_sold", "tag_bound")
"""What the rules want to know of a ticket."""
SHOWN = (*OF_TICKET, "refused", "ticket_printed", "conflicted")
_ANY = Lane("", "", LaneMode.CONTROLLED)
_EN = SENTENCES["en"]
_SHORT = {
    Reason.TOO_EARLY: "too early",
    Reason.TOO_LATE: "too late",
    Reason.ALREADY_USED: "already used",
    Reason.ALREADY_INSIDE: "already inside",
    Reason.HOME_GATE: "only its home gate may admit it while gates are cut off",
}


@dataclass(frozen=True)
class Known:
    """What central knows of a code: the ticket, if there is one, and the ledger of its facts.
    `codes` are the texts under which its refusals may stand, `shared` the names of lanes of
    several gates."""

    code: str
    ticket: Ticket | None
    ledger: Ledger
    codes: tuple[str, ...]
    shared: frozenset[str]


@dataclass(frozen=True)
class Trial:
    """What the rules say; nothing is used. `said` is the answer in a sentence, `rules` the trace:
    (rule, "ok" | "refused" | "granted", sentence)."""

    at: datetime
    answer: Answer
    said: str
    rules: tuple[tuple[str, str, str], ...]

    @property
    def enters(self) -> bool:
        return not isinstance(self.answer, Denied)

    @property
    def elsewhere(self) -> bool:
        """The ticket is for other attractions."""
        return isinstance(self.answer, Denied) and self.answer.reason is Reason.WRONG_ATTRACTION


@dataclass(frozen=True)
class Attempt:
    """Something that a device, or central, told of the ticket. `tone` is "good", "bad" or ""."""

    n: int
    at: datetime
    device: str
    lane: str
    what: str
    tone: str


@dataclass(frozen=True)
class Where:
    """At which attractions it is tried, at which lane, in its mode (None: at any)."""

    attractions: frozenset[str]
    lane: Lane | None = None


def anywhere(venue: Venue) -> Where:
    """At whatever attraction of the venue the ticket opens now, or soonest."""
    return Where(frozenset(one.id for one in venue.attractions))


def know(connection: Connection, text: str) -> Known:
    """All that matters of what was scanned or typed, which may be anything."""
    code, ledger = read_code(text), Ledger()
    for fact in feed.standing_facts(connection, *feed.CATALOGUE):
        ledger.fold(fact)
    ids = _ids(connection, code)
    for fact in _facts(connection, ids):
        ledger.fold(fact)
    found = next((one for id_ in ids if (one := ledger.ticket(id_))), None)
    shared = lanes.shared(lanes.lanes(connection))
    return Known(text, found, ledger, tuple(_codes(connection, text, ids)), shared)


def try_at(known: Known, where: Where, at: datetime, zone: ZoneInfo) -> Trial:
    """Would it enter there then, with all that is known now?"""
    lane = where.lane or _ANY
    request = AdmissionRequest(
        known.code, where.attractions, zone, lane.mode, lane.name, device=lane.device
    )
    trace = tuple(_placed(known, one) for one in checks(known.ledger, request, at))
    answer = trace[-1].answer
    assert answer is not None
    rules = tuple((one.rule, *verdict(one, Direction.IN, at, zone)) for one in trace)
    return Trial(at, answer, sentence(answer, Direction.IN, at, zone), rules)


def attempts(
    connection: Connection, known: Known, before: int | None, limit: int, zone: ZoneInfo
) -> list[Attempt]:
    """What was told of the ticket and of its codes, of numbers before `before`: newest first."""
    refusals = [feed.shown(code) for code in known.codes if code]
    of_code = and_(table.c.kind == "refused", table.c.subject.in_(refusals))
    told = or_(of_code, _of(known.ticket.id)) if known.ticket else of_code
    query = select(table.c.n, table.c.body).where(told)
    if before is not None:
        query = query.where(table.c.n < before)
    rows = connection.execute(query.order_by(table.c.n.desc()).limit(limit))
    return [_attempt(n, fact_from_data(body), zone, known.shared) for n, body in rows]


def reason_in_words(reason: str) -> str:
    """For staff, of any gate; one that is not known here as the gate wrote it."""
    try:
        known = Reason(reason)
    except ValueError:
        return reason
    return _SHORT.get(known) or _EN[known]


def _of(ticket_id: int) -> ColumnElement[bool]:
    return and_(table.c.kind.in_(SHOWN), table.c.subject == ticket_id)


def _ids(connection: Connection, code: Code | None) -> Sequence[int]:
    """The ids of the tickets that the code may mean."""
    match code:
        case SignedCode():
            return [code.ticket.id]
        case HumanCode(bits):
            found = lookup.id_of(connection, human_code(bits))
            return [] if found is None else [found]
        case PretixCode() | OpaqueCode():
            return [code.ticket]
        case TagCode(tag):
            bound = feed.standing_facts(connection, "tag_bound")
            return [f.ticket for f in bound if f.ticket and getattr(f.event, "tag", "") == tag]
        case None:
            return []


def _facts(connection: Connection, ids: Sequence[int]) -> Iterable[Fact]:
    of_them = (table.c.kind.in_(OF_TICKET), table.c.subject.in_(ids))
    query = select(table.c.body).where(*of_them).order_by(table.c.n)
    return [fact_from_data(body) for body in connection.scalars(query)] if ids else []


def _codes(connection: Connection, text: str, ids: Sequence[int]) -> Iterable[str]:
    """What may have been scanned: the text, and the other codes of the same ticket."""
    query = select(ticket.c.code, ticket.c.human_code).where(ticket.c.id.in_(ids))
    rows = connection.execute(query).all() if ids else []
    return dict.fromkeys([text.strip(), *(code for row in rows for code in row)])


def _placed(known: Known, check: Check) -> Check:
    """The check; an earlier use that it names was at a lane of which one knows the gate."""
    denied = check.answer
    if not isinstance(denied, Denied) or denied.ticket is None or denied.where not in known.shared:
        return check
    uses = known.ledger.history(denied.ticket.id).uses
    used = next((u for u in uses if (u.at, u.lane) == (denied.at, denied.where)), None)
    if used is None:
        return check
    where = lanes.called(used.lane, used.device, known.shared)
    return replace(check, answer=replace(denied, where=where))


def _attempt(n: int, fact: Fact, zone: ZoneInfo, shared: frozenset[str]) -> Attempt:
    what, tone = _what(fact, zone)
    lane = lanes.called(getattr(fact.event, "lane", ""), fact.device, shared)
    return Attempt(n, fact.at, fact.device, lane, what, tone)


def _what(fact: Fact, zone: ZoneInfo) -> tuple[str, str]:
    match fact.event:
        case Admitted() as told:
            return f"let in {_persons(told.persons)} ({told.attraction}){_but(told)}", "good"
        case Refused(reason=reason, direction=way):
            out = " on the way out" if way is Direction.OUT else ""
            return f"refused{out}: {reason_in_words(reason)}", "bad"
        case Passed(persons=persons, direction=way):
            return f"{_persons(persons)} walked {way.value}", ""
        case Lapsed(persons=persons):
            return f"{_persons(persons)} did not walk; the entry is given back", ""
        case Forgiven(zone=name, by=by, why=why):
            return f"may enter {name} again, by {by}: {why}", ""
        case TicketPrinted():
            return "printed", ""
        case TicketIssued(issued):
            return f"gates were told: {issued.state.value}", ""
        case OfflineSold():
            return "sold while central could not be reached", ""
        case Conflicted() as told:
            return clash_words(told, zone), "bad"
        case _:
            return type(fact.event).__name__, ""


def _but(told: Admitted) -> str:
    """What was special about it."""
    parts = ["once more, on re-scan grace"] if told.again else []
    parts += [f"although {reason_in_words(told.remark)}"] if told.remark else []
    parts += ["while the gate was cut off"] if told.cut_off else []
    return "".join(f", {part}" for part in parts)


def _persons(count: int) -> str:
    return "1 person" if count == 1 else f"{count} persons"
