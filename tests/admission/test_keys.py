"""Dated and revoked keys: which signed codes are good."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import BERLIN, KEY, NOON, TODAY, central_facts, ticket

from admission.codes import SigningKey, sign_ticket
from admission.decide import decide
from admission.facts import CENTRAL, Event, Fact, KeyPublished, OfflineSold, TicketIssued
from admission.ledger import Ledger
from admission.reasons import Reason
from admission.request import AdmissionRequest, Denied
from admission.values import Money, Ticket, TicketState, Window

HOUR = timedelta(hours=1)
KIOSK = SigningKey(2, bytes(range(1, 33)), NOON - timedelta(days=10))
SOLD = ticket(4712)
PRICE = Money(Decimal(12), "EUR")


def book(*facts: Fact) -> Ledger:
    ledger = Ledger()
    for fact in (*central_facts(), *facts):
        ledger.fold(fact)
    return ledger


def published(number: int = 101, **dates: datetime | None) -> Fact:
    """The kiosk's key, told by central with these dates."""
    return told(KeyPublished(replace(KIOSK.issuer, device="kiosk-1", **dates)), number)


def told(event: Event, number: int) -> Fact:
    return Fact(CENTRAL, number, NOON, event)


def sold(at: datetime, device: str = "kiosk-1") -> Fact:
    code = sign_ticket(KIOSK, SOLD)
    return Fact(device, 1, at, OfflineSold(SOLD, lease=1, places=1, price=PRICE, code=code))


def reason(ledger: Ledger, code: str | None = None) -> Reason | None:
    shown = code or sign_ticket(KIOSK, SOLD)
    answer = decide(ledger, AdmissionRequest(shown, frozenset({"museum"}), BERLIN), NOON)
    return answer.reason if isinstance(answer, Denied) else None


AGO, LATER = NOON - HOUR, NOON + HOUR


@pytest.mark.parametrize(
    ("valid_until", "revoked_at", "listed", "says"),
    [
        (None, None, False, None),
        (LATER, None, False, None),
        (AGO, None, False, None),  # ended: good for what it signed
        (AGO, None, True, None),
        (None, AGO, False, Reason.KEY_REVOKED),
        (None, AGO, True, None),
        (AGO, AGO, False, Reason.KEY_REVOKED),
        (AGO, NOON - 9 * HOUR, True, None),
        (None, LATER, False, Reason.KEY_REVOKED),  # whoever has it can write any date
    ],
)
def test_an_ended_key_stays_good_and_a_revoked_one_only_for_listed_tickets(
    valid_until: datetime | None, revoked_at: datetime | None, listed: bool, says: Reason | None
) -> None:
    facts = [published(valid_until=valid_until, revoked_at=revoked_at)]
    facts += [told(TicketIssued(SOLD), 102)] if listed else []
    assert reason(book(*facts)) is says


@pytest.mark.parametrize(
    ("from_end", "says"),
    [(timedelta(0), Reason.NOT_GENUINE), (-timedelta(seconds=1), None), (HOUR, Reason.NOT_GENUINE)],
)
def test_a_ticket_that_was_over_before_its_key_began_cannot_be(
    from_end: timedelta, says: Reason | None
) -> None:
    assert reason(book(published(valid_from=TODAY.end + from_end))) is says


def test_the_signature_counts_before_the_list() -> None:
    """Also for a listed ticket, and whatever became of the key."""
    forged = sign_ticket(SigningKey(2, bytes(32), KIOSK.valid_from), SOLD)
    ledger = book(published(revoked_at=AGO), told(TicketIssued(SOLD), 102))
    assert reason(ledger, forged) is Reason.NOT_GENUINE


def test_central_knows_better_of_a_listed_ticket_than_its_revoked_key() -> None:
    blocked = replace(SOLD, state=TicketState.BLOCKED)
    assert reason(book(published(revoked_at=AGO), told(TicketIssued(blocked), 102))) is (
        Reason.BLOCKED
    )


@pytest.mark.parametrize("key_first", [True, False])
@pytest.mark.parametrize(
    ("at", "says"),
    [(AGO - HOUR, None), (AGO, Reason.KEY_REVOKED), (NOON, Reason.KEY_REVOKED)],
)
def test_a_sale_that_the_kiosk_told_itself_is_listed_if_it_was_before_the_revocation(
    at: datetime, says: Reason | None, key_first: bool
) -> None:
    facts = [published(revoked_at=AGO), sold(at)]
    assert reason(book(*(facts if key_first else reversed(facts)))) is says


def test_the_revoked_key_of_one_kiosk_is_not_that_of_another() -> None:
    other = replace(KIOSK.issuer, device="kiosk-2", id=3)
    signed = sign_ticket(replace(KIOSK, id=3), SOLD)
    event = OfflineSold(SOLD, lease=1, places=1, price=PRICE, code=signed)
    facts = (published(revoked_at=AGO), told(KeyPublished(other), 102))
    assert book(*facts, Fact("kiosk-2", 1, NOON, event)).ticket(SOLD.id) == SOLD


@pytest.mark.parametrize(
    ("device", "code"),
    [
        ("kiosk-1", ""),
        ("kiosk-1", "W" + "0" * 140),
        ("kiosk-1", sign_ticket(KEY, SOLD)),  # central's key
        ("kiosk-1", sign_ticket(replace(KIOSK, seed=bytes(32)), SOLD)),
        ("kiosk-1", sign_ticket(replace(KIOSK, id=9), SOLD)),
        ("kiosk-1", sign_ticket(KIOSK, replace(SOLD, id=4713))),
        ("kiosk-1", sign_ticket(KIOSK, replace(SOLD, persons=2))),
        ("gate-1", sign_ticket(KIOSK, SOLD)),
    ],
)
def test_a_device_makes_no_ticket_by_telling_of_a_sale_that_its_key_did_not_sign(
    device: str, code: str
) -> None:
    event = OfflineSold(SOLD, lease=1, places=1, price=PRICE, code=code)
    ledger = book(published(), Fact(device, 1, NOON, event))
    assert ledger.ticket(SOLD.id) is None


TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(NOON.tzinfo))


@given(st.data())
def test_a_rotation_refuses_nothing_that_either_key_signed(data: st.DataObject) -> None:
    """The old key ends in the moment in which the new one begins, whenever that is."""
    turn = data.draw(TIMES)
    old = told(KeyPublished(replace(KEY.issuer, valid_until=turn)), 101)
    new = SigningKey(3, bytes(range(2, 34)), turn)
    ledger = book(old, told(KeyPublished(new.issuer), 102))
    early = Ticket(77, 1, TODAY)
    assert reason(ledger, sign_ticket(KEY, early)) is None
    late = Ticket(78, 1, Window(min(turn, TODAY.start), max(turn, NOON) + HOUR))
    assert reason(ledger, sign_ticket(new, late)) is None
