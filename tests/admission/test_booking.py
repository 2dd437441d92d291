"""Capacity and sale times."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import NOON

from admission.booking import NoRoom, Occupancy, SaleBlocked, book, sale_blocked
from admission.values import TimeSlot, Window

HOUR = timedelta(hours=1)
SLOT = TimeSlot(
    "tour-1",
    "tour",
    NOON,
    NOON + HOUR,
    Window(NOON - HOUR, NOON + HOUR / 2),
    Window(NOON - 24 * HOUR, NOON),
    12,
)


@given(st.integers(0, 50), st.lists(st.integers(1, 20)), st.integers(0, 20))
def test_never_oversold(capacity: int, wishes: list[int], leased: int) -> None:
    occupancy = Occupancy(capacity, leased=min(leased, capacity))
    for wish in wishes:
        answer = book(occupancy, wish)
        if isinstance(answer, NoRoom):
            assert answer.left == occupancy.left and answer.left < wish
        else:
            occupancy = answer
    assert occupancy.sold + occupancy.reserved + occupancy.leased <= capacity


def test_without_a_limit_there_is_always_room() -> None:
    assert book(Occupancy(None, sold=10**9), 10**9) == Occupancy(None, 10**9, 10**9)
    assert Occupancy(None).left is None


@pytest.mark.parametrize("quantity", [0, -1])
def test_nobody_books_nothing(quantity: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        book(Occupancy(5), quantity)


@pytest.mark.parametrize(
    ("hours", "left", "blocked"),
    [
        (-25, 12, SaleBlocked.NOT_STARTED),
        (-24, 12, None),
        (-1, None, None),
        (-1, 0, SaleBlocked.SOLD_OUT),
        (0, 0, SaleBlocked.ENDED),
        (1, 12, SaleBlocked.EVENT_OVER),
    ],
)
def test_why_a_slot_cannot_be_bought(
    hours: int, left: int | None, blocked: SaleBlocked | None
) -> None:
    assert sale_blocked(SLOT, left, NOON + hours * HOUR) is blocked
