"""The one set of admission rules. The gate and central call the same function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from admission import pretix
from admission.codes import HumanCode, SignedCode, TagCode, genuine, read_code
from admission.entries import balance, entries_of, inside, movements, persons_left, persons_of
from admission.foreign import OpaqueCode
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
    CutOff,
    Direction,
    Entitlement,
    History,
    LaneMode,
    Product,
    Ticket,
    TicketState,
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
    product: Product = field(init=False)
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
        return persons_of(self.line, self.ticket.persons)


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
        case pretix.PretixCode() as code:
            found = case.view.ticket(code.ticket) or _of_shop(case, code)
        case OpaqueCode() as code:
            found = case.view.ticket(code.ticket) or Denied(Reason.UNREADABLE)
        case None:
            found = Denied(Reason.UNREADABLE)
    if isinstance(found, Denied):
        return found
    case.ticket = found
    return None


def _signed(case: _Case, code: SignedCode) -> Ticket | Denied:
    """A code does not say when it was signed. So a key that has ended stays good for what it
    signed, and of a revoked key only tickets that somebody told of are good."""
    issuer = case.view.issuer(code.key)
    if issuer is None:
        return Denied(Reason.UNKNOWN_KEY)
    if not genuine(code, issuer) or code.ticket.window.end <= issuer.valid_from:
        return Denied(Reason.NOT_GENUINE)
    known = case.view.ticket(code.ticket.id)
    if known is None:
        if issuer.revoked_at is not None:  # whoever has the key can write any date
            return Denied(Reason.KEY_REVOKED, code.ticket)
        case.listed = False
        return code.ticket
    if known.language or not code.ticket.language:
        return known
    return replace(known, language=code.ticket.language)


def _of_shop(case: _Case, code: pretix.PretixCode) -> Ticket | Denied:
    """A code that is on no list, as its own signature vouches for it."""
    shops = case.view.foreign_shops()
    if not shops:
        return Denied(Reason.UNREADABLE)
    shop = next((shop for shop in shops if pretix.genuine(code, shop)), None)
    if shop is None:
        return Denied(Reason.UNKNOWN_KEY)
    case.listed = False
    return pretix.ticket_of(code, shop) or Denied(Reason.UNKNOWN_PRODUCT)


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
    case.product = product
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
    zone = case.request.timezone
    persons = persons_left(case.history, case.line, case.persons, case.now, zone)
    if persons:
        case.grant = Granted(case.ticket, case.line, persons)
        return None
    uses = entries_of(case.history, case.line)
    if not uses:
        return Denied(Reason.ALREADY_USED, case.ticket)
    last = max(uses, key=lambda use: use.at)
    grace = timedelta(seconds=case.line.grace_s)
    here = (last.device, last.lane) == (case.request.device, case.request.lane)
    fresh = here and timedelta(0) <= case.now - last.at < grace
    again = any(
        use.again and use.at >= last.at and use.attraction == last.attraction
        for use in case.history.uses
    )
    if fresh and not again:
        return Granted(case.ticket, case.line, last.entered, again=True)
    return Denied(Reason.ALREADY_USED, case.ticket, at=last.at, where=last.lane)


def _not_inside(case: _Case) -> Denied | None:
    """Anti-passback: those of the ticket who are in the zone cannot enter it."""
    zone, ticket = case.request.zone, case.ticket
    if zone.anti_passback is AntiPassback.OFF:
        return None
    persons = min(case.grant.persons, case.persons - inside(case.history, zone, case.now))
    if persons > 0:
        case.grant = replace(case.grant, persons=persons)
        return None
    if zone.anti_passback is AntiPassback.SOFT:
        case.grant = replace(case.grant, remark=Reason.ALREADY_INSIDE)
        return None
    last = max((u for u in case.history.uses if u.zone == zone.name), key=lambda use: use.at)
    return Denied(Reason.ALREADY_INSIDE, ticket, at=last.at, where=last.lane)


def _in_touch(case: _Case) -> Denied | None:
    """What the venue wants of gates that cannot hear each other. That only the home gate admits
    is a promise, which no staffed lane breaks."""
    request, product = case.request, case.product
    match product.cut_off:
        case CutOff.HOME_GATE:
            sure = request.in_touch is None or product.home in request.in_touch
            return None if sure else Denied(Reason.HOME_GATE, case.ticket, where=product.home)
        case CutOff.STAFF_LANE if request.cut_off and not request.staffed:
            return Denied(Reason.CUT_OFF, case.ticket)
    return None


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
    there = min(balance(movements(case.history, zone)), case.ticket.persons)
    if there == 0 and case.request.zone.anti_passback is AntiPassback.HARD:
        return Denied(Reason.NOT_INSIDE, case.ticket)
    return Granted(case.ticket, None, there or case.ticket.persons)


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
    ("in touch", _in_touch),
    ("room in the zone", _room),
)
_WAY_OUT: tuple[tuple[str, _Rule], ...] = (
    ("genuine", _find),
    ("lane open", _lane_open),
    ("came in", _came_in),
)
