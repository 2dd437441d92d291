"""What one thing costs: price rules in wall time, rounding, taxes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.central import NOW

from central.catalogue.offers import Offer, PriceRule, Weekday
from central.catalogue.prices import (
    Visit,
    minor_unit,
    rounded,
    spread,
    tax_included,
    unit_price,
    visit,
)
from central.settings import Channel

BERLIN = ZoneInfo("Europe/Berlin")
SATURDAY, SUNDAY = date(2026, 11, 21), date(2026, 11, 22)
KIOSK = Channel.KIOSK


def offer(*rules: PriceRule, price: str = "10.00") -> Offer:
    return Offer(1, {"en": "Adult"}, Decimal(price), prices=rules)


def rule(name: str, **conditions: Any) -> PriceRule:
    return PriceRule(name, Decimal(5), **conditions)


def on(day: date, hour: int = 12, minute: int = 0, booked: date = SATURDAY) -> Visit:
    return Visit(day, timedelta(hours=hour, minutes=minute), booked, KIOSK)


def won(visit: Visit, *rules: PriceRule) -> str:
    return unit_price(offer(*rules), "EUR", visit).rule


@pytest.mark.parametrize(
    ("conditions", "holding", "other"),
    [
        ({"weekdays": (Weekday.SA, Weekday.MO)}, on(SATURDAY), on(SUNDAY)),
        ({"from_day": SUNDAY}, on(SUNDAY), on(SATURDAY)),
        ({"until_day": SATURDAY}, on(SATURDAY), on(SUNDAY)),
        ({"slots": ("10:00-12:00",)}, on(SATURDAY, 10), on(SATURDAY, 12)),
        ({"slots": ("22:00-02:00",)}, on(SATURDAY, 1, 59), on(SATURDAY, 2)),
        ({"slots": ("22:00-26:00",)}, on(SATURDAY, 1, 59), on(SATURDAY, 21, 59)),
        ({"slots": ("09:00-10:00", "18:00-24:00")}, on(SATURDAY, 23, 59), on(SATURDAY, 0)),
        ({"early_days": 1}, on(SUNDAY), on(SATURDAY)),
        ({"channel": KIOSK}, on(SATURDAY), Visit(SATURDAY, None, SATURDAY, Channel.WEB)),
    ],
)
def test_a_condition_holds_or_not(conditions: dict[str, Any], holding: Visit, other: Visit) -> None:
    assert won(holding, rule("special", **conditions)) == "special"
    assert won(other, rule("special", **conditions)) == ""


def test_what_has_no_time_slot_is_never_in_a_span_of_times() -> None:
    seen = Visit(SATURDAY, None, SATURDAY, KIOSK)
    assert won(seen, rule("always", slots=("00:00-24:00",))) == ""


def test_the_rule_with_most_conditions_wins_and_of_equals_the_later_one() -> None:
    early, late = rule("early", early_days=0), rule("late", channel=KIOSK)
    precise = rule("precise", channel=KIOSK, weekdays=(Weekday.SA,))
    dated = rule("dated", from_day=SATURDAY, until_day=SUNDAY)
    assert won(on(SATURDAY), precise, early, late) == "precise"
    assert won(on(SATURDAY), early, late) == "late"
    assert won(on(SATURDAY), late, early) == "early"
    assert won(on(SATURDAY), precise, dated) == "precise"
    assert won(on(SATURDAY), dated, late) == "late"


def test_a_percentage_is_of_the_base_price_and_rounded_half_up() -> None:
    def cost(price: str, percent: str, currency: str) -> Decimal:
        cheaper = PriceRule("x", percent=Decimal(percent), channel=KIOSK)
        return unit_price(offer(cheaper, price=price), currency, on(SATURDAY)).price.amount

    assert cost("12.50", "-20", "EUR") == Decimal("10.00")
    assert cost("0.25", "-50", "EUR") == Decimal("0.13")
    assert cost("25", "-50", "JPY") == 13
    assert cost("1.000", "0.05", "KWD") == Decimal("1.001")
    assert cost("12.00", "-100", "EUR") == 0


@pytest.mark.parametrize(
    ("start", "seen"),
    [
        ("2026-11-20T23:30", Visit(SATURDAY, timedelta(minutes=30), SATURDAY, KIOSK)),
        ("2026-11-21T22:59", Visit(SATURDAY, timedelta(hours=23, minutes=59), SATURDAY, KIOSK)),
        ("2027-03-28T00:59", Visit(date(2027, 3, 28), timedelta(minutes=119), SATURDAY, KIOSK)),
        ("2027-03-28T01:00", Visit(date(2027, 3, 28), timedelta(hours=3), SATURDAY, KIOSK)),
        ("2027-10-31T00:30", Visit(date(2027, 10, 31), timedelta(minutes=150), SATURDAY, KIOSK)),
        ("2027-10-31T01:30", Visit(date(2027, 10, 31), timedelta(minutes=150), SATURDAY, KIOSK)),
    ],
)
def test_a_visit_is_seen_in_wall_time(start: str, seen: Visit) -> None:
    at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert visit(at, BERLIN, NOW, KIOSK) == seen


def test_a_booking_counts_on_its_local_day() -> None:
    before, after = (datetime(2026, 11, 21, 22, 59 + n // 60, tzinfo=UTC) for n in (0, 0))
    after += timedelta(minutes=1)
    start = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert visit(start, BERLIN, before, KIOSK).booked == SATURDAY
    assert visit(start, BERLIN, after, KIOSK).booked == SUNDAY


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": Decimal(1)},
        {"channel": KIOSK},
        {"price": Decimal(1), "percent": Decimal(1), "channel": KIOSK},
        {"price": Decimal(-1), "channel": KIOSK},
        {"percent": Decimal(-101), "channel": KIOSK},
        {"price": Decimal(1), "slots": ("10-12",)},
        {"price": Decimal(1), "early_days": -1},
        {"price": Decimal(1), "from_day": SUNDAY, "until_day": SATURDAY},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"price rule|wall time"):
        PriceRule("x", **wrong)


CENTS = st.integers(0, 5000).map(lambda cents: Decimal(cents).scaleb(-2))


@given(st.lists(CENTS, max_size=8), st.data())
def test_an_amount_is_spread_to_the_cent_and_no_part_is_too_large(
    over: list[Decimal], data: st.DataObject
) -> None:
    whole = sum(over, Decimal(0))
    amount = data.draw(st.integers(0, int(whole * 100))) * minor_unit("EUR")
    parts = spread(amount, over, minor_unit("EUR"))
    assert sum(parts) == amount
    assert all(0 <= part <= share for part, share in zip(parts, over, strict=True))


@given(CENTS, st.sampled_from(["0", "7", "19", "5.5", "100"]))
def test_tax_is_within_the_price_and_right_to_half_a_cent(total: Decimal, percent: str) -> None:
    tax = tax_included(total, Decimal(percent), "EUR")
    assert 0 <= tax <= total
    assert abs(tax - (total - tax) * Decimal(percent) / 100) <= Decimal("0.01")
    assert rounded(tax, "EUR").amount == tax
