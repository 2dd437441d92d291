"""The one set of admission rules. The gate and central call the same function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from admission.codes import HumanCode, SignedCode, TagCode, genuine, read_code
from admission.reasons import Reason
from admission.request import (
    AdmissionRequest,
    Answer,
    Check,
    Denied,
    Doubt,
    Granted,
    LedgerView,
)
from admission.values import (
    AntiPassback,
    Direction,
    Entitlement,
    History,
    LaneMode,
    Ticket,
    TicketState,
    Use,
    Validation,
    Window,
)


def decide(view: LedgerView, request: AdmissionRequest, now: datetime) -> Answer:
    """Answer the request. The first rule that fails gives the reason; nothing is changed."""
    answer: Answer | None = None
    for check in checks(view, request, now):
        answer = check.answer
    assert answer is not None
    return answer


def checks(view: LedgerView, request: AdmissionRequest, now: datetime) -> Iterator[Check]:
    """Every rule in order, up to the one that answers: the trace of `decide`."""
    case = _Case(view, request, now)
    for rule, judge in _WAY_OUT if request.direction is Direction.OUT else _WAY_IN:
        answer = judge(case)
        yield Check(rule, answer)
        if answer is not None:
            return


@dataclass(slots=True)
class _Case:
    """What the rules have found out so far."""

    view: LedgerView
    request: AdmissionRequest
    now: datetime
    ticket: Ticket = field(init=False)
    listed: bool = field(init=False)
    line: Entitlement = field(init=False)
    window: Window = field(init=False)
    grant: Granted = field(init=False)
    _history: History | None = None

    @property
    def history(self) -> History:
        if self._history is None:
            self._history = self.view.history(self.ticket.id)
        return self._history

    @property
    def persons(self) -> int:
        """How many of the ticket's persons the line admits."""
        most = self.line.persons
        return self.ticket.persons if most is None else min(most, self.ticket.persons)


_STATES = {
    TicketState.CANCELLED: Reason.CANCELLED,
    TicketState.BLOCKED: Reason.BLOCKED,
    TicketState.UNPAID: Reason.UNPAID,
}


def _find(case: _Case) -> Denied | None:
    """The ticket as the ledger knows it (`listed`), else as its own signature vouches for it."""
    case.listed = True
    found: Ticket | Denied
    match read_code(case.request.code):
        case SignedCode() as code:
            found = _signed(case, code)
        case HumanCode(bits):
            found = case.view.ticket_by_low_bits(bits) or Denied(Reason.UNKNOWN)
        case TagCode(tag):
            found = case.view.ticket_by_tag(tag) or Denied(Reason.UNKNOWN)
        case None:
            found = Denied(Reason.UNREADABLE)
    if isinstance(found, Denied):
        return found
    case.ticket = found
    return None


def _signed(case: _Case, code: SignedCode) -> Ticket | Denied:
    issuer = case.view.issuer(code.key)
    if issuer is None:
        return Denied(Reason.UNKNOWN_KEY)
    if not genuine(code, issuer) or code.ticket.window.end <= issuer.valid_from:
        return Denied(Reason.NOT_GENUINE)
    known = case.view.ticket(code.ticket.id)
    if known is None:
        case.listed = False
        return code.ticket
    if known.language or not code.ticket.language:
        return known
    return replace(known, language=code.ticket.language)


def _valid(case: _Case) -> Denied | None:
    reason = _STATES.get(case.ticket.state)
    return Denied(reason, case.ticket) if reason else None


def _lane_open(case: _Case) -> Denied | None:
    closed = case.request.mode is LaneMode.CLOSED
    return Denied(Reason.LANE_CLOSED, case.ticket) if closed else None


def _list_fresh(case: _Case) -> Denied | None:
    request, policy = case.request, case.request.policy
    if request.staffed:
        return None
    if not case.listed and policy.unlisted is Doubt.STAFF_LANE:
        return Denied(Reason.NOT_LISTED, case.ticket)
    stale = policy.stale_after is not None and request.heard_ago > policy.stale_after
    if stale and policy.stale is Doubt.STAFF_LANE:
        return Denied(Reason.LIST_TOO_OLD, case.ticket)
    return None


def _right_entrance(case: _Case) -> Denied | None:
    ticket = case.ticket
    product = case.view.product(ticket.product)
    if product is None:
        return Denied(Reason.UNKNOWN_PRODUCT, ticket)
    opening = product.opening(case.request.attractions)
    lines = [(line, window) for line in opening if (window := ticket.window_at(line.attraction))]
    if not lines:
        return Denied(Reason.WRONG_ATTRACTION, ticket)
    case.line, case.window = min(lines, key=lambda line: _how_far(line[1], case.now))
    return None


def _how_far(window: Window, now: datetime) -> tuple[int, timedelta]:
    """Less for what is open now, then for what opens soonest, then for what closed last."""
    if now < window.start:
        return 1, window.start - now
    return (0, timedelta(0)) if now in window else (2, now - window.end)


def _in_window(case: _Case) -> Denied | None:
    request, ticket, window = case.request, case.ticket, case.window
    if not request.clock_trusted:
        unsure = request.policy.untrusted_clock is Doubt.STAFF_LANE and not request.staffed
        return Denied(Reason.TIME_UNKNOWN, ticket) if unsure else None
    if case.now < window.start:
        return Denied(Reason.TOO_EARLY, ticket, at=window.start)
    if case.now >= window.end:
        return Denied(Reason.TOO_LATE, ticket, at=window.end)
    return None


def _entries_left(case: _Case) -> Answer | None:
    """Whom the line still admits. On re-scan grace it answers at once: they are inside, if
    anywhere, by this very lane."""
    ours = [use for use in case.history.uses if use.attraction == case.line.attraction]
    uses = [use for use in ours if use.entered and not use.again]
    persons = _persons_left(case, uses)
    if persons:
        case.grant = Granted(case.ticket, case.line, persons)
        return None
    if not uses:
        return Denied(Reason.ALREADY_USED, case.ticket)
    last = max(uses, key=lambda use: use.at)
    grace = timedelta(seconds=case.line.grace_s)
    fresh = last.lane == case.request.lane and timedelta(0) <= case.now - last.at < grace
    if fresh and not any(use.again and use.at >= last.at for use in ours):
        return Granted(case.ticket, case.line, last.entered, again=True)
    return Denied(Reason.ALREADY_USED, case.ticket, at=last.at, where=last.lane)


def _not_inside(case: _Case) -> Denied | None:
    """Anti-passback: those of the ticket who are in the zone cannot enter it."""
    zone, ticket = case.request.zone, case.ticket
    if zone.anti_passback is AntiPassback.OFF:
        return None
    persons = min(case.grant.persons, case.persons - _inside(case))
    if persons > 0:
        case.grant = replace(case.grant, persons=persons)
        return None
    if zone.anti_passback is AntiPassback.SOFT:
        case.grant = replace(case.grant, remark=Reason.ALREADY_INSIDE)
        return None
    last = max((u for u in case.history.uses if u.zone == zone.name), key=lambda use: use.at)
    return Denied(Reason.ALREADY_INSIDE, ticket, at=last.at, where=last.lane)


def _room(case: _Case) -> Answer:
    zone = case.request.zone
    full = (
        zone.capacity is not None
        and case.view.present(zone.name) + case.grant.persons > zone.capacity
    )
    return Denied(Reason.ZONE_FULL, case.ticket) if full else case.grant


def _came_in(case: _Case) -> Answer:
    """Nobody is kept in for what the ticket is; only hard anti-passback asks for the entry, and
    what it has forgotten or staff forgave keeps nobody in either."""
    zone = case.request.zone.name
    inside = min(_balance(_movements(case.history, zone)), case.ticket.persons)
    if inside == 0 and case.request.zone.anti_passback is AntiPassback.HARD:
        return Denied(Reason.NOT_INSIDE, case.ticket)
    return Granted(case.ticket, None, inside or case.ticket.persons)


_Rule = Callable[[_Case], Answer | None]

_WAY_IN: tuple[tuple[str, _Rule], ...] = (
    ("genuine", _find),
    ("valid", _valid),
    ("lane open", _lane_open),
    ("list fresh", _list_fresh),
    ("attraction", _right_entrance),
    ("arrival window", _in_window),
    ("entries left", _entries_left),
    ("anti-passback", _not_inside),
    ("room in the zone", _room),
)
_WAY_OUT: tuple[tuple[str, _Rule], ...] = (
    ("genuine", _find),
    ("lane open", _lane_open),
    ("came in", _came_in),
)


def _persons_left(case: _Case, uses: Sequence[Use]) -> int:
    """How many persons may still enter on the line; `uses` are those of this line."""
    line, persons = case.line, case.persons
    entered = sum(use.entered for use in uses)
    if line.reentry:
        zones = {use.zone for use in uses if use.zone}
        came = [(use.at, use.entered) for use in uses]
        went = [(e.at, -e.persons) for e in case.history.exits if e.zone in zones]
        entered = _balance([*came, *went])
    match line.validation:
        case Validation.SINGLE:
            return max(0, persons - entered)
        case Validation.MULTIPLE:
            return min(persons, max(0, line.uses * persons - entered))
        case Validation.SAME_DAY:
            local = case.request.timezone
            days = {use.at.astimezone(local).date() for use in uses}
            return persons if days <= {case.now.astimezone(local).date()} else 0
        case Validation.PERIOD:
            return persons


def _inside(case: _Case) -> int:
    """How many persons of the ticket are in the zone, as far as anti-passback remembers."""
    zone, history = case.request.zone, case.history
    since = [at for name, at in history.forgiven if name == zone.name]
    if zone.reset_after is not None:
        since.append(case.now - zone.reset_after)
    after = max(since, default=_EVER)
    return _balance([move for move in _movements(history, zone.name) if move[0] > after])


def _movements(history: History, zone: str) -> list[tuple[datetime, int]]:
    """When how many came into the zone, or (less than 0) left it."""
    came = [(u.at, u.entered) for u in history.uses if u.zone == zone and not u.again]
    return [*came, *((e.at, -e.persons) for e in history.exits if e.zone == zone)]


def _balance(movements: list[tuple[datetime, int]]) -> int:
    """Who is left in the end. Somebody who goes without having come leaves nobody less."""
    inside = 0
    for _, change in sorted(movements, key=lambda move: move[0]):
        inside = max(0, inside + change)
    return inside


_EVER = datetime.min.replace(tzinfo=UTC)
