"""What pressing a widget does, screen by screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from kiosk import keyboard
from kiosk.goods import MAX_QUANTITY, Offer, Slot
from kiosk.sale import Paying
from kiosk.state import (
    Abandon,
    At,
    Begin,
    Choice,
    Effect,
    Load,
    LoadDays,
    LoadSlots,
    Pay,
    State,
    Typing,
    order_of,
)

Step = tuple[State, tuple[Effect, ...]]

LONGEST = {"name": 60, "phone": 20}
"""Characters that fit into a field."""


def turn_to(state: State, at: At) -> State:
    """Another screen, from its first page and without the notice of the one before."""
    return replace(state, at=at, page=0, notice=None, waiting=None, failed=False, warned=False)


def reset(state: State, now: datetime) -> State:
    """The start screen, for the next visitor."""
    return State(
        state.rules,
        touched_at=now,
        language=state.rules.languages[0],
        catalogue=state.catalogue,
        asked_at=state.asked_at,
        serial=state.serial,
        owing=state.owing,
        faults=state.faults,
    )


def leave(state: State, now: datetime, reason: str) -> Step:
    """Back to the start; whatever was held is given back."""
    return reset(state, now), _abandon(state, reason)


def _abandon(state: State, reason: str) -> tuple[Effect, ...]:
    sale = state.sale
    settled = sale is not None and (sale.tickets or sale.closed or sale.abandoned is not None)
    return () if state.sale_id is None or settled else (Abandon(state.sale_id, reason),)


def press(state: State, widget: str, now: datetime) -> Step:
    """One press. What is not on the screen, or not allowed there, only counts as a sign of life."""
    awake = replace(state, touched_at=now, warned=False)
    if state.warned:
        return awake, ()
    kind, _, value = widget.partition(":")
    if state.waiting is not None:
        return _while_waiting(awake, state.waiting, kind, now)
    if state.reserving:
        return awake, ()
    match kind:
        case "over" if state.at in _BACK:
            return leave(awake, now, "visitor")
        case "back" if state.at in _BACK:
            return _back(awake, now)
        case "more":
            return replace(awake, page=state.page + 1), ()
        case "previous":
            return replace(awake, page=max(0, state.page - 1)), ()
    return _on_screen(awake, kind, value, now)


def _while_waiting(state: State, load: Load, kind: str, now: datetime) -> Step:
    match kind:
        case "again" if state.failed:
            return replace(state, failed=False), (load,)
        case "back" if state.failed:
            return replace(state, waiting=None, failed=False), ()
        case "over":
            return leave(state, now, "visitor")
    return state, ()


_BACK = {
    At.ATTRACTION: At.START,
    At.DATE: At.ATTRACTION,
    At.SLOT: At.DATE,
    At.QUANTITY: At.SLOT,
    At.HOLDER: At.QUANTITY,
    At.REVIEW: At.HOLDER,
}


def _back(state: State, now: datetime) -> Step:
    if state.at is At.ATTRACTION:
        return leave(state, now, "visitor")
    if state.at is At.QUANTITY and state.one_slot:
        return turn_to(state, At.DATE), ()
    kept = replace(state, sale_id=None, sale=None, reserved_at=None)
    return turn_to(kept, _BACK[state.at]), _abandon(state, "visitor")


def _on_screen(state: State, kind: str, value: str, now: datetime) -> Step:
    match state.at:
        case At.START:
            return _on_start(state, kind, value), ()
        case At.ATTRACTION if kind == "attraction":
            return _choose_attraction(state, value)
        case At.DATE if kind == "date":
            return _choose_day(state, value)
        case At.SLOT if kind == "slot":
            slot = next((s for s in state.slots if s.id == value and s.blocked is None), None)
            return (choose_slot(state, slot) if slot else state), ()
        case At.QUANTITY:
            return _on_quantity(state, kind, value), ()
        case At.HOLDER:
            return _on_holder(state, kind, value)
        case At.REVIEW if kind == "pay":
            return _pay(state, now)
        case At.PAYMENT:
            return _on_payment(state, kind, now)
        case At.PRINTING if kind == "done" and state.stuck is not None:
            return leave(state, now, "visitor")
        case At.THANKS | At.SORRY | At.HELP if kind == "done":
            return leave(state, now, "visitor")
    return state, ()


def _on_start(state: State, kind: str, value: str) -> State:
    if kind == "lang" and value in state.rules.languages:
        return replace(state, language=value)
    if kind == "start" and not state.out_of_order:
        return turn_to(state, At.ATTRACTION)
    return state


def _choose_attraction(state: State, chosen: str) -> Step:
    attractions = state.catalogue.attractions if state.catalogue else ()
    attraction = next((a for a in attractions if a.id == chosen), None)
    if attraction is None:
        return state, ()
    load = LoadDays(attraction.id)
    same = state.choice.attraction == attraction
    choice = state.choice if same else replace(Choice(), attraction=attraction)
    return replace(state, choice=choice, waiting=load, notice=None), (load,)


def _choose_day(state: State, chosen: str) -> Step:
    day = next((d for d in state.days if d.date.isoformat() == chosen and d.open), None)
    attraction = state.choice.attraction
    if day is None or attraction is None:
        return state, ()
    load = LoadSlots(attraction.id, day.date)
    choice = replace(state.choice, day=day.date)
    return replace(state, choice=choice, waiting=load, notice=None), (load,)


def choose_slot(state: State, slot: Slot) -> State:
    """On to the quantities, as far as they still fit."""
    choice = replace(state.choice, slot=slot)
    if slot.left is not None and choice.persons > slot.left:
        choice = replace(choice, quantities={})
    return turn_to(replace(state, choice=choice), At.QUANTITY)


def may_add(choice: Choice, offer: Offer) -> bool:
    """Not more than central takes in one request, not more than there are places."""
    left = choice.slot.left if choice.slot else 0
    fits = left is None or choice.persons + offer.persons <= left
    return fits and choice.quantities.get(offer.id, 0) < MAX_QUANTITY


def _on_quantity(state: State, kind: str, value: str) -> State:
    choice = state.choice
    if kind == "next":
        return turn_to(state, At.HOLDER) if choice.offers else state
    products = choice.attraction.products if choice.attraction else ()
    offer = next((p for p in products if str(p.id) == value), None)
    if offer is None:
        return state
    count = choice.quantities.get(offer.id, 0)
    if kind == "plus" and may_add(choice, offer):
        count += 1
    elif kind == "minus" and count:
        count -= 1
    others = {product: n for product, n in choice.quantities.items() if product != offer.id}
    quantities = others | ({offer.id: count} if count else {})
    return replace(state, choice=replace(choice, quantities=quantities), notice=None)


def _on_holder(state: State, kind: str, value: str) -> Step:
    choice = state.choice
    match kind:
        case "next":
            return _reserve(state)
        case "skip":
            return _reserve(replace(state, choice=replace(choice, name="", phone="")))
        case "field" if value in LONGEST:
            return replace(state, typing=Typing(value, caps=value == "name")), ()
        case "key":
            before = choice.name if state.typing.field == "name" else choice.phone
            text, typing = keyboard.type_key(before, state.typing, value)
            text = text[: LONGEST[typing.field]]
            named = typing.field == "name"
            choice = replace(choice, name=text) if named else replace(choice, phone=text)
            return replace(state, choice=choice, typing=typing, notice=None), ()
    return state, ()


def _reserve(state: State) -> Step:
    """To the review, while central holds the places under a sale of its own."""
    serial = state.serial + 1
    sale_id = f"{state.rules.boot}-{serial}"
    ready = replace(state, serial=serial, sale_id=sale_id, sale=None, reserved_at=None)
    return turn_to(ready, At.REVIEW), (Begin(sale_id, order_of(state)),)


def _pay(state: State, now: datetime) -> Step:
    """Places held for too long may be gone by the end of a payment: look at them again."""
    assert state.sale_id is not None
    age = now - state.reserved_at if state.reserved_at else timedelta(0)
    if not timedelta(0) <= age < state.rules.hold:
        kept = replace(state, sale_id=None, sale=None, reserved_at=None)
        back = replace(turn_to(kept, At.QUANTITY), notice="notice.expired")
        return back, _abandon(state, "held too long")
    return turn_to(state, At.PAYMENT), (Pay(state.sale_id, state.choice.holder),)


def _on_payment(state: State, kind: str, now: datetime) -> Step:
    sale = state.sale
    if sale is None or sale.abandoned is not None:
        return state, ()
    if kind == "again" and sale.paying is Paying.NOT_TAKEN:
        return _pay(state, now)
    if kind == "cancel" and sale.paying in (Paying.WANTED, Paying.ASKED, Paying.NOT_TAKEN):
        return state, _abandon(state, "visitor")
    return state, ()
