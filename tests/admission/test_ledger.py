"""Folding facts: order and repetition change nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.samples import NOON, issued, ticket

from admission.facts import Admitted, Event, Fact, Forgiven, Lapsed, Passed, Refused, TicketPrinted
from admission.ledger import Ledger
from admission.values import Direction, TicketState, Use

ABOUT_TICKET = st.one_of(
    st.builds(Admitted, st.just(4711), st.just("museum"), st.just("n"), st.integers(1, 5)),
    st.builds(Lapsed, st.just(4711), st.integers(1, 9), st.just("n"), st.integers(1, 5)),
    st.builds(Passed, st.just(4711), st.integers(1, 9), st.just("n"), st.integers(1, 5)),
    st.builds(
        Passed,
        st.just(4711),
        st.none(),
        st.just("n"),
        st.integers(1, 5),
        st.just(Direction.OUT),
        st.just(""),
        st.just("hall"),
    ),
    st.builds(Forgiven, st.just(4711), st.just("hall"), st.just("Kim"), st.just("lost")),
    st.builds(Refused, st.just(4711), st.just("n"), st.just("too_late"), st.just("W")),
)


@given(st.lists(ABOUT_TICKET, max_size=9), st.randoms())
def test_any_order_and_any_repetition_fold_to_the_same(events: list[Event], random: object) -> None:
    facts = [Fact("gate-1", n, NOON, event) for n, event in enumerate(events, start=1)]
    shuffled = facts * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    straight, crooked = Ledger(), Ledger()
    for fact in facts:
        straight.fold(fact)
    for fact in shuffled:
        crooked.fold(fact)
    for told in ("uses", "exits", "forgiven"):
        one, other = (getattr(book.history(4711), told) for book in (straight, crooked))
        assert Counter(one) == Counter(other)
    assert straight.present("hall") == crooked.present("hall")


def test_the_same_number_of_two_gates_are_two_entries() -> None:
    book = Ledger()
    for gate in ("gate-1", "gate-2"):
        book.fold(Fact(gate, 1, NOON, Admitted(4711, "museum", "n", 1)))
    assert [use.device for use in book.history(4711).uses] == ["gate-1", "gate-2"]


def test_a_lapse_counts_only_against_its_own_entry() -> None:
    book = Ledger()
    book.fold(Fact("gate-1", 1, NOON, Admitted(4711, "museum", "n", 3)))
    book.fold(Fact("gate-2", 2, NOON, Lapsed(4711, 1, "n", 2)))
    assert book.history(4711).uses == (Use("museum", NOON, "gate-1", "n", 3, 0),)


def test_the_latest_word_on_a_ticket_stands() -> None:
    book = Ledger()
    cancelled = replace(ticket(), state=TicketState.CANCELLED)
    for fact in issued(ticket(), cancelled):
        book.fold(fact)
    assert book.ticket(4711) == cancelled


def test_paper_is_no_use() -> None:
    book = Ledger()
    book.fold(Fact("kiosk-1", 1, NOON, TicketPrinted(4711)))
    assert not book.history(4711).uses
