"""The admission rules, one by one and together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import (
    BERLIN,
    DAY_PASS,
    KEY,
    MUSEUM,
    NOON,
    THREE_TIMES,
    TODAY,
    TOUR,
    issued,
    ticket,
)

from admission.codes import SigningKey, human_code, sign_ticket
from admission.decide import decide
from admission.facts import CENTRAL, Admitted, Event, Fact, Lapsed, ProductPublished
from admission.ledger import Ledger
from admission.reasons import Reason, explain
from admission.request import AdmissionRequest, Denied, Granted
from admission.values import Entitlement, LaneMode, Product, Ticket, TicketState, Window

STRANGER = SigningKey(1, bytes(32), KEY.valid_from)


def ledger(*tickets: Ticket) -> Ledger:
    book = Ledger()
    for fact in issued(*tickets):
        book.fold(fact)
    return book


def tell(book: Ledger, number: int, event: Event, at: datetime = NOON) -> None:
    book.fold(Fact("gate-1", number, at, event))


def ask(
    book: Ledger,
    code: str,
    now: datetime = NOON,
    attraction: str = "museum",
    mode: LaneMode = LaneMode.CONTROLLED,
) -> Granted | Denied:
    return decide(book, AdmissionRequest(code, frozenset({attraction}), BERLIN, mode), now)


def reason(answer: Granted | Denied) -> Reason | None:
    return answer.reason if isinstance(answer, Denied) else None


def test_a_known_ticket_is_granted() -> None:
    book = ledger(ticket())
    answer = ask(book, sign_ticket(KEY, ticket()))
    assert answer == Granted(ticket(), MUSEUM.entitlements[0], 1)


def test_a_signed_ticket_never_heard_of_is_granted() -> None:
    assert isinstance(ask(ledger(), sign_ticket(KEY, ticket())), Granted)


def test_a_human_code_needs_a_known_ticket() -> None:
    code = human_code(ticket().id)
    assert isinstance(ask(ledger(ticket()), code), Granted)
    assert reason(ask(ledger(), code)) is Reason.UNKNOWN


@pytest.mark.parametrize("code", ["", "hello", "W" * 141, "�", "TK-0000-0000X"])
def test_what_is_no_code_of_ours_is_unreadable(code: str) -> None:
    assert reason(ask(ledger(), code)) is Reason.UNREADABLE


def test_a_foreign_signature_is_not_genuine_even_on_a_known_ticket() -> None:
    assert reason(ask(ledger(ticket()), sign_ticket(STRANGER, ticket()))) is Reason.NOT_GENUINE


def test_a_key_not_published_here_is_said_to_be_unknown() -> None:
    unknown = replace(KEY, id=9)
    assert reason(ask(ledger(), sign_ticket(unknown, ticket()))) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize("state", [s for s in TicketState if s is not TicketState.VALID])
def test_the_ledger_knows_better_than_the_paper(state: TicketState) -> None:
    book = ledger(replace(ticket(), state=state))
    assert reason(ask(book, sign_ticket(KEY, ticket()))) is Reason(state.value)


def test_a_closed_lane_and_the_wrong_entrance_refuse() -> None:
    code = sign_ticket(KEY, ticket())
    assert reason(ask(ledger(), code, mode=LaneMode.CLOSED)) is Reason.LANE_CLOSED
    assert reason(ask(ledger(), code, attraction="tour")) is Reason.WRONG_ATTRACTION


def test_a_product_not_published_here_is_said_to_be_unknown() -> None:
    code = sign_ticket(KEY, replace(ticket(), product=999))
    assert reason(ask(ledger(), code)) is Reason.UNKNOWN_PRODUCT


def test_the_window_is_half_open() -> None:
    code = sign_ticket(KEY, ticket())
    second = timedelta(seconds=1)
    assert reason(ask(ledger(), code, TODAY.start - second)) is Reason.TOO_EARLY
    assert reason(ask(ledger(), code, TODAY.start)) is None
    assert reason(ask(ledger(), code, TODAY.end - second)) is None
    assert reason(ask(ledger(), code, TODAY.end)) is Reason.TOO_LATE


def test_a_single_ticket_is_used_once_and_the_refusal_says_when_and_where() -> None:
    book = ledger(ticket())
    tell(book, 1, Admitted(ticket().id, "museum", "North 2", 1))
    later = NOON + timedelta(minutes=5)
    answer = ask(book, sign_ticket(KEY, ticket()), later)
    assert isinstance(answer, Denied)
    assert explain(answer, later, BERLIN) == "already used at 12:00 at North 2"


def test_an_entry_that_lapsed_costs_nothing() -> None:
    book = ledger(ticket())
    tell(book, 1, Admitted(ticket().id, "museum", "North 2", 1))
    tell(book, 2, Lapsed(ticket().id, 1, "North 2", 1))
    assert reason(ask(book, sign_ticket(KEY, ticket()))) is None


def test_a_group_goes_on_where_it_stopped() -> None:
    family = ticket(persons=5)
    book = ledger(family)
    tell(book, 1, Admitted(family.id, "museum", "North 1", 5))
    tell(book, 2, Lapsed(family.id, 1, "North 1", 2))
    answer = ask(book, sign_ticket(KEY, family))
    assert isinstance(answer, Granted) and answer.persons == 2


def test_same_day_means_the_local_day_of_the_first_entry() -> None:
    late = TODAY.end + timedelta(days=2)
    pass_ = replace(ticket(product=DAY_PASS), window=replace(TODAY, end=late))
    book = ledger(pass_)
    tell(book, 1, Admitted(pass_.id, "museum", "North 1", 1))
    code = sign_ticket(KEY, pass_)
    before_midnight = NOON.astimezone(BERLIN).replace(hour=23, minute=59)
    assert reason(ask(book, code, before_midnight)) is None
    assert reason(ask(book, code, before_midnight + timedelta(minutes=1))) is Reason.ALREADY_USED


def test_three_visits_are_three() -> None:
    visits = ticket(product=THREE_TIMES)
    book, code = ledger(visits), sign_ticket(KEY, visits)
    for number in (1, 2, 3):
        assert reason(ask(book, code)) is None
        tell(book, number, Admitted(visits.id, "museum", "North 1", 1))
    assert reason(ask(book, code)) is Reason.ALREADY_USED


def test_use_of_one_attraction_leaves_another_alone() -> None:
    both = replace(ticket(), product=50)
    product = replace(MUSEUM, id=50, entitlements=MUSEUM.entitlements + TOUR.entitlements)
    book = ledger(both)
    book.fold(Fact(CENTRAL, 99, NOON, ProductPublished(product)))
    tell(book, 1, Admitted(both.id, "museum", "North 1", 1))
    code = sign_ticket(KEY, both)
    assert reason(ask(book, code)) is Reason.ALREADY_USED
    assert reason(ask(book, code, attraction="tour")) is None


LUNCH = Window(NOON + timedelta(minutes=15), NOON + timedelta(minutes=40))
DAY_AND_TOUR = Product(
    51, "Day and tour", (DAY_PASS.entitlements[0], Entitlement("tour", persons=2))
)


def day_and_tour(*windows: tuple[str, Window]) -> tuple[Ledger, str]:
    """A ticket for five with windows of its own, and its code."""
    own = replace(ticket(product=DAY_AND_TOUR, persons=5), windows=windows)
    book = ledger(own)
    book.fold(Fact(CENTRAL, 99, NOON, ProductPublished(DAY_AND_TOUR)))
    return book, sign_ticket(KEY, own)


def test_each_attraction_has_its_own_window() -> None:
    book, code = day_and_tour(("museum", TODAY), ("tour", LUNCH))
    assert reason(ask(book, code)) is None
    early = ask(book, code, attraction="tour")
    assert isinstance(early, Denied)
    assert explain(early, NOON, BERLIN) == "opens at 12:15"
    assert reason(ask(book, code, LUNCH.start, "tour")) is None
    late = ask(book, code, LUNCH.end, "tour")
    assert isinstance(late, Denied)
    assert explain(late, NOON, BERLIN) == "closed at 12:40"


def test_an_attraction_that_was_left_out_is_not_opened() -> None:
    book, code = day_and_tour(("museum", TODAY))
    assert reason(ask(book, code)) is None
    assert reason(ask(book, code, attraction="tour")) is Reason.WRONG_ATTRACTION


def test_a_gate_that_never_heard_of_the_ticket_goes_by_its_whole_window() -> None:
    _, code = day_and_tour(("museum", TODAY), ("tour", LUNCH))
    book = ledger()
    book.fold(Fact(CENTRAL, 99, NOON, ProductPublished(DAY_AND_TOUR)))
    assert reason(ask(book, code, attraction="tour")) is None


def test_at_an_entrance_to_both_the_one_that_is_open_or_opens_next_counts() -> None:
    morning = Window(TODAY.start, NOON)
    book, code = day_and_tour(("museum", morning), ("tour", LUNCH))

    def at(now: datetime) -> Granted | Denied:
        both = frozenset({"museum", "tour"})
        return decide(book, AdmissionRequest(code, both, BERLIN), now)

    inside = [at(now) for now in (morning.start, LUNCH.start)]
    opened = [a.entitlement for a in inside if isinstance(a, Granted)]
    assert opened == list(DAY_AND_TOUR.entitlements)
    between, after = at(NOON), at(LUNCH.end + timedelta(hours=1))
    assert isinstance(between, Denied) and between.at == LUNCH.start
    assert isinstance(after, Denied) and after.at == LUNCH.end


def test_a_line_for_fewer_persons_admits_no_more_of_the_ticket() -> None:
    book, code = day_and_tour(("museum", TODAY), ("tour", TODAY))
    whole, part = ask(book, code), ask(book, code, attraction="tour")
    assert isinstance(whole, Granted) and whole.persons == 5
    assert isinstance(part, Granted) and part.persons == 2
    tell(book, 1, Admitted(part.ticket.id, "tour", "n", 2))
    assert reason(ask(book, code, attraction="tour")) is Reason.ALREADY_USED


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (TODAY.start - timedelta(hours=1), "opens at 09:00"),
        (TODAY.start - timedelta(days=1), "opens at 2026-11-21 09:00"),
        (TODAY.end, "closed at 18:00"),
    ],
)
def test_a_refusal_by_time_says_when(now: datetime, said: str) -> None:
    answer = ask(ledger(), sign_ticket(KEY, ticket()), now)
    assert isinstance(answer, Denied) and explain(answer, now, BERLIN) == said


@pytest.mark.parametrize("denial", Reason)
def test_every_reason_can_be_said(denial: Reason) -> None:
    assert explain(Denied(denial, at=NOON, where="North 1"), NOON, BERLIN)


def test_re_scan_grace_is_of_one_lane_of_one_gate() -> None:
    """Two gates may both call a lane North."""
    hasty = replace(MUSEUM, entitlements=(Entitlement("museum", grace_s=60),))
    book, code = ledger(ticket()), sign_ticket(KEY, ticket())
    book.fold(Fact(CENTRAL, 99, NOON, ProductPublished(hasty)))
    tell(book, 1, Admitted(4711, "museum", "North", 1))

    def at(gate: str, lane: str) -> Granted | Denied:
        here = AdmissionRequest(code, frozenset({"museum"}), BERLIN, lane=lane, device=gate)
        return decide(book, here, NOON + timedelta(seconds=5))

    assert reason(at("gate-1", "North")) is None
    assert reason(at("gate-1", "South")) is Reason.ALREADY_USED
    assert reason(at("gate-2", "North")) is Reason.ALREADY_USED


steps = st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30)


@given(persons=st.integers(1, 6), steps=steps)
def test_never_more_bodies_than_persons(persons: int, steps: list[tuple[int, bool]]) -> None:
    """However often a single group ticket is scanned and whoever walks, no more get in."""
    group = ticket(persons=persons)
    book, code, inside, number = ledger(group), sign_ticket(KEY, group), 0, 0
    for walk, twice in steps:
        answer = ask(book, code)
        if isinstance(answer, Denied):
            assert inside == persons
            continue
        passed = min(walk, answer.persons)
        told = [Fact("g", number + 1, NOON, Admitted(group.id, "museum", "n", answer.persons))]
        if lapsed := answer.persons - passed:
            told.append(Fact("g", number + 2, NOON, Lapsed(group.id, number + 1, "n", lapsed)))
        for fact in told * (2 if twice else 1):
            book.fold(fact)
        inside, number = inside + passed, number + 2
        assert inside <= persons
