"""What gates do that cannot hear each other, by the policy of the product."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import BERLIN, KEY, MUSEUM, NOON, TODAY, central_facts

from admission.codes import sign_ticket
from admission.decide import checks, decide
from admission.facts import Admitted, Fact, ProductPublished, TicketIssued
from admission.ledger import Ledger
from admission.reasons import Reason, explain
from admission.request import AdmissionRequest, Denied, Granted
from admission.values import CutOff, Direction, Product, Ticket

HOME = "gate-1"
ALONE = replace(MUSEUM, id=21, cut_off=CutOff.ALONE)
HOMED = replace(MUSEUM, id=22, cut_off=CutOff.HOME_GATE, home=HOME)
STAFFED = replace(MUSEUM, id=23, cut_off=CutOff.STAFF_LANE)
ALL = None
A, B, BOTH = frozenset({HOME}), frozenset({"gate-2"}), frozenset({HOME, "gate-2"})


def ledger(*told: Admitted) -> Ledger:
    tickets = [Ticket(product.id, product.id, TODAY) for product in (ALONE, HOMED, STAFFED)]
    events = [ProductPublished(product) for product in (ALONE, HOMED, STAFFED)]
    book = Ledger()
    for fact in central_facts(*events, *map(TicketIssued, tickets)):
        book.fold(fact)
    for number, event in enumerate(told, 1):
        book.fold(Fact("gate-2", number, NOON, event))
    return book


def request(product: Product, **how: Any) -> AdmissionRequest:
    code = sign_ticket(KEY, Ticket(product.id, product.id, TODAY))
    return replace(AdmissionRequest(code, frozenset({"museum"}), BERLIN), **how)


def reason(product: Product, book: Ledger | None = None, **how: Any) -> Reason | None:
    answer = decide(book or ledger(), request(product, **how), NOON)
    return answer.reason if isinstance(answer, Denied) else None


@pytest.mark.parametrize(
    ("product", "in_touch", "cut_off", "staffed", "refused"),
    [
        (ALONE, ALL, False, False, None),
        (ALONE, B, True, False, None),
        (HOMED, ALL, False, False, None),
        (HOMED, BOTH, False, False, None),
        (HOMED, A, True, False, None),  # the home gate itself
        (HOMED, B, True, False, Reason.HOME_GATE),
        (HOMED, B, False, False, Reason.HOME_GATE),  # the home gate is away
        (HOMED, B, True, True, Reason.HOME_GATE),
        (STAFFED, BOTH, False, False, None),
        (STAFFED, B, False, False, None),
        (STAFFED, B, True, False, Reason.CUT_OFF),
        (STAFFED, B, True, True, None),
    ],
)
def test_each_policy_in_each_condition(
    product: Product,
    in_touch: frozenset[str] | None,
    cut_off: bool,
    staffed: bool,
    refused: Reason | None,
) -> None:
    how = {"in_touch": in_touch, "cut_off": cut_off, "staffed": staffed}
    assert reason(product, **how) is refused


def test_the_home_gate_is_named() -> None:
    denied = decide(ledger(), request(HOMED, in_touch=B), NOON)
    assert isinstance(denied, Denied)
    assert explain(denied, NOON, BERLIN) == "please use gate-1: this gate cannot reach it"
    assert (
        explain(denied, NOON, BERLIN, "de") == "bitte zu gate-1: hier fehlt die Verbindung dorthin"
    )


def test_what_is_wrong_with_the_ticket_itself_is_said_first() -> None:
    used = ledger(Admitted(STAFFED.id, "museum", "South", 1))
    assert reason(STAFFED, used, cut_off=True) is Reason.ALREADY_USED
    code = request(STAFFED, cut_off=True)
    late = decide(ledger(), code, TODAY.end + timedelta(hours=1))
    assert isinstance(late, Denied) and late.reason is Reason.TOO_LATE


def test_nobody_is_kept_in() -> None:
    way_out = {"direction": Direction.OUT, "cut_off": True, "in_touch": B}
    assert reason(STAFFED, **way_out) is None
    assert reason(HOMED, **way_out) is None


def test_the_trace_names_the_rule() -> None:
    trace = list(checks(ledger(), request(STAFFED, cut_off=True), NOON))
    assert trace[-1].rule == "in touch"
    assert isinstance(trace[-1].answer, Denied)


gates = ("gate-1", "gate-2", "gate-3", "gate-4")


@given(
    parts=st.lists(st.sampled_from("ab"), min_size=4, max_size=4),
    broker=st.sampled_from("ab-"),
    order=st.permutations(gates),
)
def test_known_partitions_admit_once_what_is_not_left_to_each_gate_alone(
    parts: list[str], broker: str, order: list[str]
) -> None:
    """Gates in the part of the broker hear each other; the others hear nobody. All know it."""
    part = dict(zip(gates, parts, strict=True))
    whole = frozenset(gate for gate in gates if part[gate] == broker)
    for product, most in ((HOMED, 1), (STAFFED, 1), (ALONE, len(gates))):
        books = {gate: ledger() for gate in gates}
        admitted = 0
        for number, gate in enumerate(order, 100):
            in_touch = whole if gate in whole else frozenset({gate})
            asked = request(product, cut_off=gate not in whole, in_touch=in_touch)
            if isinstance(decide(books[gate], asked, NOON), Granted):
                admitted += 1
                fact = Fact(gate, number, NOON, Admitted(product.id, "museum", gate, 1))
                for hearer in in_touch:
                    books[hearer].fold(fact)
        assert admitted <= most
        if product is HOMED:
            assert admitted == 1, "the home gate admits it in any case"
