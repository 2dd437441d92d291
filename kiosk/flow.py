"""The flow: what each event makes of the state. Pure: `now` is an argument, nothing is drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from admission.booking import SaleBlocked
from kiosk.press import Step, choose_slot, leave, press, reset, turn_to
from kiosk.sale import Paying, Sale
from kiosk.state import (
    Abandon,
    At,
    CatalogueLoaded,
    Choice,
    DaysLoaded,
    Event,
    Fault,
    Faulted,
    Healed,
    LoadCatalogue,
    LoadFailed,
    LoadSlots,
    Owing,
    Pressed,
    SaleIs,
    SaleStuck,
    SlotsLoaded,
    State,
    Tick,
)

CHOOSING = (At.ATTRACTION, At.DATE, At.SLOT, At.QUANTITY, At.HOLDER, At.REVIEW)
"""Where nothing has been paid yet."""

HELP_AFTER = timedelta(seconds=15)
"""Beyond the patience that a paid sale has by itself."""


def step(state: State, event: Event, now: datetime) -> Step:
    """The state after `event`, and what is to be done about it."""
    match event:
        case Pressed(widget):
            return press(state, widget, now)
        case Tick():
            return _tick(state, now)
        case CatalogueLoaded(catalogue):
            return replace(_without(state, "central"), catalogue=catalogue), ()
        case DaysLoaded(effect, days) if effect == state.waiting:
            return turn_to(replace(state, days=days), At.DATE), ()
        case SlotsLoaded(effect, slots) if effect == state.waiting:
            return _slots(replace(state, slots=slots)), ()
        case LoadFailed(LoadCatalogue(), fault):
            return _with(state, fault), ()
        case LoadFailed(effect, _) if effect == state.waiting:
            return replace(state, failed=True), ()
        case SaleIs(sale) if sale.id == state.sale_id:
            return _sale(replace(state, sale=sale, stuck=None, stuck_at=None), sale, now)
        case SaleStuck(sale_id, fault) if sale_id == state.sale_id:
            return _stuck(state, fault, now)
        case Owing(owing):
            return replace(state, owing=owing), ()
        case Faulted(fault):
            faulted = _with(state, fault)
            return leave(faulted, now, "out of order") if state.at in CHOOSING else (faulted, ())
        case Healed(source):
            return _without(state, source), ()
    return state, ()


def _with(state: State, fault: Fault) -> State:
    others = _without(state, fault.source)
    return replace(others, faults=(*others.faults, fault))


def _without(state: State, source: str) -> State:
    return replace(state, faults=tuple(f for f in state.faults if f.source != source))


def _slots(state: State) -> State:
    """Ask for the time, unless there is but one and it can be bought."""
    if state.one_slot and state.slots[0].blocked is None:
        return replace(choose_slot(state, state.slots[0]), notice=state.notice)
    return replace(turn_to(state, At.SLOT), notice=state.notice)


def _sale(state: State, sale: Sale, now: datetime) -> Step:
    if sale.refusal is not None and sale.reservation is None:
        return _refused(state, sale)
    match state.at:
        case At.REVIEW if sale.reservation is not None and state.reserved_at is None:
            return replace(state, reserved_at=now, touched_at=now), ()
        case At.PAYMENT | At.HELP:
            return _payment(state, sale, now), ()
        case At.PRINTING if sale.closed:
            return replace(turn_to(state, At.THANKS), touched_at=now), ()
    return state, ()


def _refused(state: State, sale: Sale) -> Step:
    """Somebody else was faster: choose another time, with fresh figures."""
    assert sale.refusal is not None
    gone = replace(state, sale_id=None, sale=None, reserved_at=None)
    attraction, day = state.choice.attraction, state.choice.day
    known = sale.refusal.code in ("no_room", "sale_blocked")
    if not known or attraction is None or day is None:
        changed = replace(turn_to(gone, At.ATTRACTION), choice=Choice(), notice="notice.changed")
        return changed, (LoadCatalogue(),)
    over = sale.refusal.blocked in (SaleBlocked.ENDED, SaleBlocked.EVENT_OVER)
    load = LoadSlots(attraction.id, day)
    back = turn_to(replace(gone, choice=replace(gone.choice, slot=None)), At.SLOT)
    notice = "notice.sale_over" if over else "notice.no_room"
    return replace(back, waiting=load, notice=notice), (load,)


def _payment(state: State, sale: Sale, now: datetime) -> State:
    if sale.tickets:
        printing = turn_to(state, At.THANKS if sale.closed else At.PRINTING)
        return replace(printing, touched_at=now)
    if sale.paying is Paying.REVERSED:
        return replace(turn_to(state, At.SORRY), touched_at=now)
    if sale.abandoned is not None and sale.paying in (Paying.WANTED, Paying.NOT_TAKEN):
        gone = replace(state, sale_id=None, sale=None, reserved_at=None, touched_at=now)
        return replace(turn_to(gone, At.QUANTITY), notice="notice.payment_cancelled")
    if sale.paying is Paying.NOT_TAKEN:
        return replace(state, touched_at=now)
    return state


def _stuck(state: State, fault: Fault, now: datetime) -> Step:
    if state.reserving and state.sale_id is not None:
        gone = replace(state, sale_id=None, sale=None)
        back = replace(turn_to(gone, At.HOLDER), notice="notice.trouble")
        return back, (Abandon(state.sale_id, "central unreachable"),)
    return replace(state, stuck=fault, stuck_at=state.stuck_at or now), ()


def _tick(state: State, now: datetime) -> Step:
    if now < state.touched_at:
        return replace(state, touched_at=now), ()
    rules, still = state.rules, now - state.touched_at
    match state.at:
        case At.START:
            return _keep_fresh(state, now)
        case At.THANKS:
            return (reset(state, now), ()) if still >= rules.thanks else (state, ())
        case At.PAYMENT if state.stuck_at and now - state.stuck_at >= rules.patience + HELP_AFTER:
            return replace(turn_to(state, At.HELP), touched_at=now), ()
    if not _may_idle(state):
        return state, ()
    if still >= rules.idle + rules.warning:
        return leave(state, now, "idle")
    return replace(state, warned=still >= rules.idle), ()


def _keep_fresh(state: State, now: datetime) -> Step:
    ill = state.catalogue is None or any(f.source == "central" for f in state.faults)
    age = state.rules.retry if ill else state.rules.refresh
    if state.asked_at is not None and state.asked_at <= now < state.asked_at + age:
        return state, ()
    return replace(state, asked_at=now), (LoadCatalogue(),)


def _may_idle(state: State) -> bool:
    """Nobody is sent away while money or paper is moving."""
    match state.at:
        case At.PAYMENT:
            return declined(state)
        case At.PRINTING:
            return state.stuck is not None
    return True


def declined(state: State) -> bool:
    """The visitor is to choose: try another card, or cancel."""
    sale = state.sale
    return sale is not None and sale.paying is Paying.NOT_TAKEN and sale.abandoned is None
