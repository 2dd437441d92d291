"""Whatever happens in whatever order: nothing raises, and money keeps its rules."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.kiosk_sample import NO_ROOM, NOW, euro, gallery, issued, reservation, told
from support.kiosk_walk import Walk

from hal.screen.geometry import Panel
from kiosk.goods import Refusal
from kiosk.journal import KINDS
from kiosk.layout import lay_out
from kiosk.recovery import recover
from kiosk.sale import (
    Abandoned,
    AskOutcome,
    Cancel,
    Cancelled,
    Charge,
    ChargeNotTaken,
    ChargeReversed,
    ChargeTaken,
    Confirm,
    Confirmed,
    Doing,
    Issue,
    Issued,
    Paying,
    PaymentWanted,
    Print,
    Printed,
    Record,
    ReservationRefused,
    Reserve,
    Reserved,
    Reverse,
    Sale,
    SaleRefused,
    Todo,
    fold,
    todo,
)
from kiosk.screens import screen
from kiosk.state import (
    Abandon,
    Begin,
    Event,
    Fault,
    Faulted,
    Healed,
    LoadCatalogue,
    LoadFailed,
    Owing,
    Pay,
    Pressed,
    SaleStuck,
)

PATIENCE = timedelta(seconds=60)
ORDER = gallery("en")["review"].sale.order  # type: ignore[union-attr]
FAULT = Fault("printer", "no paper", "put in a new roll")
RECORDS: tuple[Record, ...] = (
    PaymentWanted(None),
    Abandoned("visitor"),
    ChargeNotTaken("declined"),
    ChargeTaken("SIM-1", NOW),
    ChargeReversed(),
    Confirmed(),
    Issued((issued(0), issued(1))),
    Printed(issued(0).id),
    Printed(issued(1).id),
    SaleRefused(NO_ROOM),
    Cancelled(),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_sequence_of_events_can_be_shown_and_money_moves_only_after_pay(
    data: st.DataObject,
) -> None:
    walk = Walk(answering=False)
    paid: set[str] = set()
    for _ in range(data.draw(st.integers(1, 40))):
        _anything(walk, data)
        for effect in walk.effects:
            if isinstance(effect, Begin):
                walk.sales.setdefault(effect.sale, Sale(effect.sale, effect.order))
            if isinstance(effect, Pay):
                assert walk.sales[effect.sale].reservation is not None
                paid.add(effect.sale)
            if isinstance(effect, Abandon):
                assert effect.sale in walk.sales
        laid = lay_out(screen(walk.state), Panel(800, 480))
        assert {target.id for target, _ in laid.targets} <= set(laid.screen.focus) | {
            "more",
            "previous",
        }
    begun = [effect.sale for effect in walk.effects if isinstance(effect, Begin)]
    assert len(begun) == len(set(begun))
    assert paid <= set(begun)


def _anything(walk: Walk, data: st.DataObject) -> None:
    """One random thing: mostly what could happen, sometimes what could not."""
    kinds = ["press", "press", "press", "any press", "wait", "answer", "record", "fault", "refuse"]
    match data.draw(st.sampled_from(kinds)):
        case "press":
            ids = [*walk.screen.focus, walk.screen.anywhere or ""]
            walk.tell(Pressed(data.draw(st.sampled_from(ids))))
        case "any press":
            known = ["pay", "again", "cancel", "slot:x", "key:é", "plus:1", "plus:99", "", "done"]
            walk.tell(Pressed(data.draw(st.sampled_from(known))))
        case "wait":
            walk.wait(data.draw(st.sampled_from([1, 10, 61, 80])))
        case "answer" if walk.effects:
            walk.answer(walk.effects[-1])
        case "record" if walk.sales:
            sale_id = data.draw(st.sampled_from(sorted(walk.sales)))
            walk.record(sale_id, data.draw(st.sampled_from(RECORDS)))
        case "fault":
            source = data.draw(st.sampled_from(["printer", "terminal", "central", "x"]))
            faults: list[Event] = [
                Faulted(Fault(source, "gone", "look")),
                Healed(source),
                Owing(data.draw(st.booleans())),
                LoadFailed(LoadCatalogue(), FAULT),
                SaleStuck(walk.state.sale_id or "", FAULT),
            ]
            walk.tell(data.draw(st.sampled_from(faults)))
        case "refuse" if walk.sales:
            sale_id = sorted(walk.sales)[-1]
            if walk.sales[sale_id].reservation is None:
                walk.record(sale_id, ReservationRefused(NO_ROOM))


def _result(step: Todo, sale: Sale, now: timedelta, luck: str) -> Record:
    """What came of a step, as good or bad luck will have it."""
    good = luck == "good"
    match step:
        case Reserve():
            made = Reserved(reservation(euro("12.00")))
            return made if good else ReservationRefused(NO_ROOM)
        case Charge() | AskOutcome():
            taken = ChargeTaken("SIM-1", NOW + now)
            return taken if good else ChargeNotTaken("declined")
        case Confirm():
            return Confirmed() if good else SaleRefused(Refusal("no_room"))
        case Issue():
            return Issued((issued(0), issued(1))) if good else SaleRefused(Refusal("x"))
        case Print(_, ticket):
            return Printed(ticket.id)
        case Reverse():
            return ChargeReversed()
        case Cancel():
            return Cancelled()
    raise AssertionError(step)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_sale_never_charges_twice_and_always_comes_to_one_clean_end(data: st.DataObject) -> None:
    sale, now = Sale("s", ORDER), timedelta(0)
    taken = reversed_ = 0
    for _ in range(60):
        luck = data.draw(
            st.sampled_from(["good", "good", "good", "bad", "fault", "restart", "pay", "leave"])
        )
        now += timedelta(seconds=data.draw(st.sampled_from([0, 1, 30])))
        if luck == "pay":
            sale = fold(sale, PaymentWanted(None))
        elif luck == "leave":
            sale = fold(sale, Abandoned("visitor"))
        elif luck == "restart":
            for record in recover(sale):
                sale = fold(sale, record)
        else:
            step = todo(sale, NOW + now, PATIENCE)
            if step is None:
                continue
            if isinstance(step, Charge):
                assert taken == reversed_, "charged while a charge is out"
            if not isinstance(step, AskOutcome):
                sale = fold(sale, Doing(step.id))
            if luck != "fault":
                record = _result(step, sale, now, luck)
                taken += isinstance(record, ChargeTaken)
                reversed_ += isinstance(record, ChargeReversed)
                sale = fold(sale, record)
    sale = fold(sale, Abandoned("the test is over"))
    while (step := todo(sale, NOW + now, PATIENCE)) is not None:
        if not isinstance(step, AskOutcome):
            sale = fold(sale, Doing(step.id))
        record = _result(step, sale, now, "bad" if isinstance(step, AskOutcome) else "good")
        reversed_ += isinstance(record, ChargeReversed)
        sale = fold(sale, record)
    assert sale.closed
    assert not sale.owes
    kept = taken - reversed_
    assert kept == (1 if sale.tickets else 0)
    assert not sale.tickets or not sale.unprinted
    assert sale.tickets or sale.cancelled or sale.refusal is not None


def test_what_is_recovered_depends_on_how_far_the_sale_got() -> None:
    reserved = Reserved(reservation(euro("12.00")))
    asked = (reserved, PaymentWanted(None), Doing("b00t-1-1-charge"))
    paid = (*asked, ChargeTaken("SIM-1", NOW))
    done = (*paid, Confirmed(), Issued((issued(0),)))
    assert recover(told(ORDER)) == (Abandoned("restart"),)
    assert recover(told(ORDER, *asked)) == (Abandoned("restart"),)
    assert recover(told(ORDER, *paid)) == ()
    assert recover(told(ORDER, *done)) == ()


def test_what_follows_a_restart() -> None:
    reserved = Reserved(reservation(euro("12.00")))
    asked = told(ORDER, reserved, PaymentWanted(None), Doing("b00t-1-1-charge"))
    assert asked.paying is Paying.ASKED
    gone = fold(asked, Abandoned("restart"))
    soon, late = NOW + timedelta(seconds=10), NOW + timedelta(seconds=100)
    assert isinstance(todo(gone, soon, PATIENCE), AskOutcome)
    assert isinstance(todo(fold(gone, ChargeTaken("S", NOW)), soon, PATIENCE), Reverse)
    assert isinstance(todo(fold(gone, ChargeNotTaken("unknown")), soon, PATIENCE), Cancel)
    paid = fold(asked, ChargeTaken("S", NOW))
    assert isinstance(todo(paid, soon, PATIENCE), Confirm)
    assert isinstance(todo(paid, late, PATIENCE), Reverse)
    issued_ = fold(paid, Issued((issued(0),)))
    assert isinstance(todo(issued_, late, PATIENCE), Print)


def test_the_journal_knows_every_record() -> None:
    assert set(KINDS.values()) == set(Record.__args__)
