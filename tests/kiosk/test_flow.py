"""The flow, walked without a shell: a visitor, central's answers, a clock that the test moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.kiosk_sample import ALL_DAY, CATALOGUE, NOW, SLOTS, TODAY, tour_slot
from support.kiosk_walk import Walk

from admission.booking import SaleBlocked
from kiosk.goods import Refusal
from kiosk.sale import (
    Abandoned,
    ChargeNotTaken,
    ChargeReversed,
    ChargeTaken,
    ReservationRefused,
    Sale,
)
from kiosk.state import (
    Abandon,
    At,
    Begin,
    CatalogueLoaded,
    Fault,
    Faulted,
    Healed,
    LoadCatalogue,
    LoadFailed,
    LoadSlots,
    Owing,
    Pay,
    SaleStuck,
    SlotsLoaded,
    Tick,
)
from kiosk.widgets import Cards, Codes, Hero

NO_PAPER = Fault("printer", "no paper", "put in a new roll")
AWAY = Fault("central", "no answer within 5 s", "is central running?")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_a_whole_sale_in_every_language(language: str) -> None:
    walk = Walk()
    walk.press(f"lang:{language}")
    assert walk.state.language == language
    walk.to_quantity()
    walk.press("plus:1", "plus:1", "plus:2", "minus:2", "next")
    walk.press("key:Z", "key:o", "field:phone", "key:+", "key:4", "key:9", "next", "pay")
    assert walk.screen.name == "payment"
    walk.pay()
    assert walk.screen.name == "printing"
    walk.print()
    assert walk.screen.name == "thanks"
    walk.press("done")
    assert walk.screen.name == "start"
    begin = next(effect for effect in walk.effects if isinstance(effect, Begin))
    pay = next(effect for effect in walk.effects if isinstance(effect, Pay))
    assert begin.order.language == language
    assert [(line.product, line.quantity) for line in begin.order.lines] == [(1, 2)]
    assert pay.holder is not None
    assert (pay.holder.name, pay.holder.phone) == ("Zo", "+49")
    assert walk.state.language == "en"


def test_a_location_with_one_slot_a_day_asks_no_time() -> None:
    walk = Walk()
    walk.press("start", "attraction:museum", "date:2026-11-21")
    assert walk.screen.name == "quantity"
    assert walk.state.choice.slot == ALL_DAY
    walk.press("back")
    assert walk.screen.name == "date"


def test_a_location_whose_only_slot_is_blocked_says_why() -> None:
    walk = Walk(answering=True)
    walk.press("start")
    walk.answering = False
    walk.press("attraction:museum")
    walk.answer(walk.effects[-1])
    walk.press("date:2026-11-22")
    walk.tell(
        SlotsLoaded(
            LoadSlots("museum", TODAY + timedelta(days=1)),
            (replace(ALL_DAY, blocked=SaleBlocked.SOLD_OUT),),
        )
    )
    body = walk.screen.body
    assert isinstance(body, Cards)
    assert [choice.disabled for choice in body.choices] == ["Sold out"]


def test_back_leads_from_every_step_to_the_one_before() -> None:
    walk = Walk()
    walk.to_review()
    for name in ("holder", "quantity", "slot", "date", "attraction", "start"):
        walk.press("back")
        assert walk.screen.name == name


def test_back_from_the_review_gives_the_places_back_and_next_takes_new_ones() -> None:
    walk = Walk()
    walk.to_review()
    first = walk.sale.id
    walk.press("back")
    assert Abandon(first, "visitor") in walk.effects
    walk.press("skip")
    assert walk.screen.name == "review"
    assert walk.sale.id != first


def test_going_back_keeps_what_was_chosen() -> None:
    walk = Walk()
    walk.to_quantity()
    walk.press("plus:1", "back", f"slot:{SLOTS[12].id}")
    assert walk.state.choice.quantities == {1: 1}


def test_start_over_forgets_everything() -> None:
    walk = Walk()
    walk.to_review()
    walk.press("over")
    assert walk.screen.name == "start"
    assert walk.state.choice.attraction is None
    assert isinstance(walk.effects[-1], Abandon)


def test_no_more_tickets_than_places_are_left() -> None:
    walk = Walk(slots=(tour_slot(12, left=2),))
    walk.to_quantity()
    walk.press("plus:1", "plus:2")
    assert "plus:1" not in walk.screen.focus
    assert "plus:2" not in walk.screen.focus
    walk.press("minus:2")
    assert "plus:1" in walk.screen.focus


def test_a_family_ticket_needs_room_for_the_whole_family() -> None:
    walk = Walk(slots=(tour_slot(12, left=4),))
    walk.press("start", "attraction:boat", "date:2026-11-21", f"slot:{SLOTS[12].id}")
    assert "plus:3" not in walk.screen.focus
    assert "plus:1" in walk.screen.focus


def test_nobody_goes_on_without_a_ticket() -> None:
    walk = Walk()
    walk.to_quantity()
    assert "next" not in walk.screen.focus


def test_slots_show_places_left_and_why_they_are_blocked_with_upcoming_ones_first() -> None:
    walk = Walk()
    walk.press("start", "attraction:tour", "date:2026-11-21")
    body = walk.screen.body
    assert isinstance(body, Cards)
    assert len(body.choices) == len(SLOTS)
    assert body.choices[0].enabled
    assert [choice.disabled for choice in body.choices[-4:]] == [
        "Already over",
        "Already over",
        "Already over",
        "Sale has ended",
    ]
    assert {"Sold out", "Not on sale yet"} <= {choice.disabled for choice in body.choices}
    assert body.choices[0].subtitle == "Sat 21 Nov - 09:00"
    assert body.choices[0].note == "10 places left"


def test_an_idle_visitor_is_warned_and_any_touch_goes_on() -> None:
    walk = Walk()
    walk.to_quantity()
    walk.wait(60)
    assert walk.screen.name == "idle"
    walk.press("stay")
    assert walk.screen.name == "quantity"
    walk.wait(59)
    assert walk.screen.name == "quantity"


def test_a_visitor_who_left_is_forgotten_and_the_places_are_given_back() -> None:
    walk = Walk()
    walk.to_review()
    walk.wait(75)
    assert walk.screen.name == "start"
    assert isinstance(walk.effects[-1], Abandon)


def test_nobody_is_sent_away_while_paying() -> None:
    walk = Walk()
    walk.to_payment()
    walk.wait(300)
    assert walk.screen.name == "payment"


@pytest.mark.parametrize(
    ("sms", "phone", "token", "told"),
    [
        (True, "+49 151 23456789", "request-1", True),
        (True, "", "request-1", False),
        (False, "+49 151 23456789", "request-1", False),
        (True, "+49 151 23456789", "offline-1", False),
    ],
)
def test_thanks_tell_of_an_sms_that_comes(sms: bool, phone: str, token: str, told: bool) -> None:
    walk = Walk()
    walk.tell(CatalogueLoaded(replace(CATALOGUE, sms=sms)))
    walk.to_payment()
    walk.state = replace(walk.state, choice=replace(walk.state.choice, phone=phone))
    sale = walk.sale
    assert sale.reservation
    walk.sales[sale.id] = replace(sale, reservation=replace(sale.reservation, token=token))
    walk.pay()
    walk.print()
    assert walk.screen.name == "thanks"
    assert ("ending in 6789" in str(walk.screen)) is told


def test_thanks_disappear_by_themselves() -> None:
    walk = Walk()
    walk.to_payment()
    walk.pay()
    walk.print()
    walk.wait(20)
    assert walk.screen.name == "start"


def test_after_a_declined_card_one_can_try_again() -> None:
    walk = Walk()
    walk.to_payment()
    walk.record(walk.sale.id, ChargeNotTaken("declined"))
    assert walk.screen.name == "declined"
    walk.press("again")
    assert walk.screen.name == "payment"
    assert walk.sale.attempt == 2


def test_after_a_declined_card_one_can_cancel() -> None:
    walk = Walk()
    walk.to_payment()
    walk.record(walk.sale.id, ChargeNotTaken("declined"))
    walk.press("cancel")
    assert walk.screen.name == "quantity"
    assert "Nothing has been charged" in walk.screen.notice


def test_cancelling_at_the_terminal_waits_for_what_the_terminal_says() -> None:
    walk = Walk()
    walk.to_payment()
    sale_id = walk.sale.id
    walk.press("cancel")
    assert walk.screen.focus == ()
    walk.record(sale_id, ChargeNotTaken("cancelled"))
    assert walk.screen.name == "quantity"


def test_a_declined_visitor_who_walks_away_is_forgotten() -> None:
    walk = Walk()
    walk.to_payment()
    walk.record(walk.sale.id, ChargeNotTaken("declined"))
    walk.wait(75)
    assert walk.screen.name == "start"
    assert isinstance(walk.effects[-1], Abandon)


def test_sold_out_meanwhile_leads_back_to_fresh_times_with_a_message() -> None:
    walk = Walk()
    walk.to_quantity()
    walk.answering = False
    walk.press("plus:1", "next", "skip")
    begin = walk.effects[-1]
    assert isinstance(begin, Begin)
    walk.sales[begin.sale] = Sale(begin.sale, begin.order)
    walk.record(begin.sale, ReservationRefused(Refusal("no_room", left=0)))
    assert walk.effects[-1] == LoadSlots("tour", TODAY)
    walk.answer(walk.effects[-1])
    assert walk.screen.name == "slot"
    assert "Somebody was faster" in walk.screen.notice
    assert walk.state.choice.quantities == {1: 1}


def test_an_unknown_refusal_begins_anew_with_a_fresh_catalogue() -> None:
    walk = Walk()
    walk.to_quantity()
    walk.answering = False
    walk.press("plus:1", "next", "skip")
    begin = walk.effects[-1]
    assert isinstance(begin, Begin)
    walk.sales[begin.sale] = Sale(begin.sale, begin.order)
    walk.record(begin.sale, ReservationRefused(Refusal("unknown_product")))
    assert walk.screen.name == "attraction"
    assert walk.effects[-1] == LoadCatalogue()


def test_places_held_for_long_are_looked_at_again_before_paying() -> None:
    walk = Walk()
    walk.to_review()
    for _ in range(3):
        walk.wait(50)
        walk.tell(Tick())
        walk.state = replace(walk.state, touched_at=walk.now)
    first = walk.sale.id
    walk.press("pay")
    assert walk.screen.name == "quantity"
    assert Abandon(first, "held too long") in walk.effects


def test_a_load_that_failed_can_be_tried_again() -> None:
    walk = Walk()
    walk.press("start")
    walk.answering = False
    walk.press("attraction:tour")
    load = walk.effects[-1]
    walk.tell(LoadFailed(load, AWAY))  # type: ignore[arg-type]
    assert walk.screen.name == "failed"
    walk.press("again")
    assert walk.screen.name == "busy"
    assert walk.effects[-1] == load
    walk.answer(load)
    assert walk.screen.name == "date"


def test_central_away_while_reserving_leads_back_and_abandons() -> None:
    walk = Walk()
    walk.to_quantity()
    walk.answering = False
    walk.press("plus:1", "next", "skip")
    begin = walk.effects[-1]
    assert isinstance(begin, Begin)
    walk.tell(SaleStuck(begin.sale, AWAY))
    assert walk.screen.name == "holder"
    assert walk.effects[-1] == Abandon(begin.sale, "central unreachable")


def test_without_central_the_kiosk_is_out_of_order_and_heals_by_itself() -> None:
    walk = Walk()
    walk.answering = False
    walk.wait(60)
    assert walk.effects[-1] == LoadCatalogue()
    walk.tell(LoadFailed(LoadCatalogue(), AWAY))
    assert walk.screen.name == "out_of_order"
    assert "start" not in walk.screen.focus
    walk.answering = True
    walk.wait(5)
    assert walk.screen.name == "start"


def test_a_fault_while_choosing_ends_the_visit_before_money_moves() -> None:
    walk = Walk()
    walk.to_review()
    walk.tell(Faulted(NO_PAPER))
    assert walk.screen.name == "out_of_order"
    assert isinstance(walk.effects[-1], Abandon)
    walk.tell(Healed("printer"))
    assert walk.screen.name == "start"


def test_the_out_of_order_screen_says_what_is_wrong_what_to_do_and_which_kiosk_it_is() -> None:
    walk = Walk()
    walk.tell(Faulted(NO_PAPER))
    body = walk.screen.body
    assert isinstance(body, Hero)
    told = " ".join(text.text for text in body.texts)
    assert "cannot print" in told
    assert "ticket desk" in told
    assert body.small is not None
    assert body.small.text == "kiosk-1 · printer: no paper, put in a new roll"


def test_without_paper_the_codes_are_on_the_screen_until_the_visitor_has_them() -> None:
    walk = Walk()
    walk.to_payment()
    walk.pay()
    walk.tell(SaleStuck(walk.sale.id, NO_PAPER))
    body = walk.screen.body
    assert isinstance(body, Codes)
    assert [code.caption for code in body.codes] == [t.human_code for t in walk.sale.tickets]
    assert [code.data for code in body.codes] == [t.code for t in walk.sale.tickets]
    walk.tell(Owing(True))
    walk.press("done")
    assert walk.screen.name == "out_of_order"
    assert not any(isinstance(effect, Abandon) for effect in walk.effects)
    walk.tell(Owing(False))
    assert walk.screen.name == "start"


def test_when_paper_is_back_in_time_the_visit_goes_on() -> None:
    walk = Walk()
    walk.to_payment()
    walk.pay()
    walk.tell(SaleStuck(walk.sale.id, NO_PAPER))
    walk.print()
    assert walk.screen.name == "thanks"


def test_a_reversed_charge_is_told_clearly() -> None:
    walk = Walk()
    walk.to_payment()
    sale_id = walk.sale.id
    walk.record(sale_id, ChargeTaken("SIM-1", NOW))
    walk.tell(SaleStuck(sale_id, AWAY))
    assert "money back" in walk.screen.spoken
    walk.record(sale_id, Abandoned("patience"))
    assert "Giving your money back" in walk.screen.spoken
    walk.record(sale_id, ChargeReversed())
    assert walk.screen.name == "sorry"
    assert "€24.00" in walk.screen.spoken


def test_a_terminal_that_falls_silent_ends_in_a_call_for_staff() -> None:
    walk = Walk()
    walk.to_payment()
    walk.tell(SaleStuck(walk.sale.id, Fault("terminal", "gone", "check its cable")))
    walk.wait(75)
    assert walk.screen.name == "help"
    assert walk.sale.id in walk.screen.spoken
    walk.press("done")
    assert isinstance(walk.effects[-1], Abandon)
    assert walk.state.at is At.START


def test_answers_that_nobody_waits_for_change_nothing() -> None:
    walk = Walk()
    walk.press("start")
    before = walk.state
    walk.answering = False
    walk.answer(LoadSlots("tour", TODAY))
    assert walk.state == before


def test_an_earlier_sale_in_the_background_does_not_touch_the_screen() -> None:
    walk = Walk()
    walk.to_review()
    old = walk.sale.id
    walk.press("over", "start")
    walk.cancelled_at_central(old)
    assert walk.screen.name == "attraction"


def test_a_clock_that_jumps_back_does_not_freeze_the_kiosk() -> None:
    walk = Walk()
    walk.to_quantity()
    walk.now -= timedelta(days=400)
    walk.wait(80)
    assert walk.screen.name == "start"
