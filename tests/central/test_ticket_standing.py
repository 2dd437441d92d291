"""How a ticket stands for its holder: as gates see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.central import NOW

from admission.values import (
    Entitlement,
    History,
    Product,
    Ticket,
    TicketState,
    Use,
    Validation,
    Window,
)
from central.papers.standing import Left, Stand, standing

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = Window(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
ENTRY = Use("museum", NOW, "gate-1", "North", 1)


@pytest.mark.parametrize(
    ("validation", "persons", "uses", "after_h", "state", "stand", "left"),
    [
        (Validation.SINGLE, 1, 0, 0, TicketState.VALID, Stand.VALID, 1),
        (Validation.SINGLE, 1, 0, -2, TicketState.VALID, Stand.EARLY, 1),
        (Validation.SINGLE, 1, 0, 1, TicketState.VALID, Stand.EXPIRED, 0),
        (Validation.SINGLE, 5, 2, 1, TicketState.VALID, Stand.EXPIRED, 0),
        (Validation.SINGLE, 1, 1, 0, TicketState.VALID, Stand.USED, 0),
        (Validation.SINGLE, 1, 1, 48, TicketState.VALID, Stand.USED, 0),
        (Validation.SINGLE, 5, 2, 0, TicketState.VALID, Stand.VALID, 3),
        (Validation.MULTIPLE, 2, 3, 0, TicketState.VALID, Stand.VALID, 17),
        (Validation.MULTIPLE, 1, 10, 0, TicketState.VALID, Stand.USED, 0),
        (Validation.SAME_DAY, 1, 1, 0, TicketState.VALID, Stand.VALID, None),
        (Validation.PERIOD, 1, 3, 0, TicketState.VALID, Stand.VALID, None),
        (Validation.SINGLE, 1, 0, 0, TicketState.UNPAID, Stand.UNPAID, 1),
        (Validation.SINGLE, 1, 1, 0, TicketState.CANCELLED, Stand.CANCELLED, 0),
        (Validation.SINGLE, 1, 0, 0, TicketState.BLOCKED, Stand.BLOCKED, 1),
    ],
)
def test_a_ticket_stands_as_gates_see_it(
    *,
    validation: Validation,
    persons: int,
    uses: int,
    after_h: int,
    state: TicketState,
    stand: Stand,
    left: int | None,
) -> None:
    product = Product(1, "Adult", (Entitlement("museum", validation, 10),))
    found = standing(
        Ticket(7, 1, TODAY, persons, state),
        product,
        History((ENTRY,) * uses),
        NOW + timedelta(hours=after_h),
        BERLIN,
    )
    assert (found.stand, found.left) == (stand, (Left("museum", left),))


def test_a_ticket_of_which_only_what_is_over_was_not_used_has_expired() -> None:
    tour = Window(NOW - timedelta(hours=1), NOW)
    windows = (("museum", TODAY), ("tour", tour))
    ticket = Ticket(7, 1, TODAY, 1, TicketState.VALID, "", windows)
    product = Product(1, "Both", (Entitlement("museum"), Entitlement("tour")))

    def told(uses: int, now: datetime) -> tuple[Stand, list[int | None]]:
        found = standing(ticket, product, History((ENTRY,) * uses), now, BERLIN)
        return found.stand, [one.entries for one in found.left]

    before = NOW - timedelta(seconds=1)
    assert told(1, before) == (Stand.VALID, [0, 1])
    assert told(1, NOW) == (Stand.EXPIRED, [0, 0])
    assert told(0, NOW) == (Stand.VALID, [1, 0])
