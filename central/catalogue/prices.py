"""What a product costs: a pure function of the offer, the visit and the moment of booking.

Of the price rules that hold, the most precise wins: the one with most conditions, of equals the
one that stands later in venue.toml. Amounts are rounded half-up to the currency's minor unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from admission.values import Money
from central.catalogue.offers import Offer, PriceRule, Weekday
from central.catalogue.wall import parse_span
from central.settings import Channel

_UNUSUAL = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {currency: digits for digits, names in _UNUSUAL.items() for currency in names.split()}
_WEEKDAYS = tuple(Weekday)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Visit:
    """What price rules look at. `day` and `time` (since midnight; None without a time slot) are
    the wall time at which the visit starts, `booked` the local day on which it is bought."""

    day: date
    time: timedelta | None
    booked: date
    channel: Channel


@dataclass(frozen=True)
class Priced:
    """A price, and the name of the rule that made it ("" for the base price)."""

    price: Money
    rule: str = ""


def visit(start: datetime, zone: ZoneInfo, booked: datetime, channel: Channel) -> Visit:
    """The visit of a time slot that starts at `start`."""
    wall = start.astimezone(zone)
    time = timedelta(hours=wall.hour, minutes=wall.minute)
    return Visit(wall.date(), time, booked.astimezone(zone).date(), channel)


def unit_price(offer: Offer, currency: str, visit: Visit) -> Priced:
    rule = winner(offer.prices, visit)
    if rule is None:
        return Priced(rounded(offer.price, currency))
    if rule.price is not None:
        return Priced(rounded(rule.price, currency), rule.name)
    assert rule.percent is not None
    return Priced(rounded(offer.price * (100 + rule.percent) / 100, currency), rule.name)


def winner(rules: Sequence[PriceRule], visit: Visit) -> PriceRule | None:
    """The rule that makes the price; None when none holds."""
    holding = [rule for rule in rules if holds(rule, visit)]
    return max(reversed(holding), key=lambda rule: rule.precision, default=None)


def holds(rule: PriceRule, visit: Visit) -> bool:
    return (
        (not rule.weekdays or _WEEKDAYS[visit.day.weekday()] in rule.weekdays)
        and (rule.from_day is None or rule.from_day <= visit.day)
        and (rule.until_day is None or visit.day <= rule.until_day)
        and (not rule.slots or any(_within(span, visit.time) for span in rule.slots))
        and (rule.early_days is None or (visit.day - visit.booked).days >= rule.early_days)
        and rule.channel in (None, visit.channel)
    )


def tax_included(total: Decimal, percent: Decimal, currency: str) -> Decimal:
    """The tax that is part of `total`."""
    return rounded(total * percent / (100 + percent), currency).amount


def rounded(amount: Decimal, currency: str) -> Money:
    """To the currency's minor unit (ISO 4217, list one), half-up."""
    return Money(amount.quantize(minor_unit(currency), ROUND_HALF_UP), currency)


def minor_unit(currency: str) -> Decimal:
    """The smallest amount: 0.01 of EUR, 1 of JPY."""
    return Decimal(1).scaleb(-_DIGITS.get(currency, 2))


def spread(amount: Decimal, over: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """`amount` in parts that sum to it, as large as `over` is to its sum, each whole `unit`s.

    No part is larger than what it is spread over if `amount` is not larger than the sum.
    """
    total = sum(over)
    if not total:
        return [Decimal(0) for _ in over]
    parts, before, given = [], Decimal(0), Decimal(0)
    for share in over:
        before += share
        upto = (amount * before / total).quantize(unit, ROUND_HALF_UP)
        parts.append(upto - given)
        given = upto
    return parts


def _within(span: str, time: timedelta | None) -> bool:
    start, end = parse_span(span)
    return time is not None and (start <= time < end or start <= time + _DAY < end)
