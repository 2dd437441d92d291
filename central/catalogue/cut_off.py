"""What gates that cannot hear each other do with a product: as it says itself, or by its price."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from admission.values import CutOff, Product
from runtime.topics import check_name

if TYPE_CHECKING:
    from central.catalogue.offers import Offer

MAX_AMOUNT = Decimal(1_000_000)


@dataclass(frozen=True)
class CutOffRule:
    """A product of which one may cost more than `staff_lane_above` goes to a staff lane, unless it
    says otherwise."""

    staff_lane_above: Decimal | None = None

    def __post_init__(self) -> None:
        limit = self.staff_lane_above
        if limit is not None and not (limit.is_finite() and 0 <= limit <= MAX_AMOUNT):
            raise ValueError(f'staff_lane_above: write it like "50.00", at most {MAX_AMOUNT}')


def check_cut_off(offer: Offer) -> None:
    """Raise ValueError if its `cut_off` and `home` do not fit together."""
    if (offer.cut_off is CutOff.HOME_GATE) != bool(offer.home):
        raise ValueError(
            f'product {offer.id}: cut_off = "home_gate" needs home, the gate that admits then,'
            " and nothing else has one"
        )
    if offer.home:
        try:
            check_name(offer.home)
        except ValueError as error:
            raise ValueError(f"product {offer.id}: home: {error}") from error


def policy(offer: Offer, rule: CutOffRule) -> CutOff:
    """What counts."""
    if offer.cut_off is not None:
        return offer.cut_off
    above = rule.staff_lane_above
    dear = above is not None and highest_price(offer) > above
    return CutOff.STAFF_LANE if dear else CutOff.ALONE


def highest_price(offer: Offer) -> Decimal:
    """The most that one may cost by any of its price rules."""
    prices = [offer.price]
    for rule in offer.prices:
        changed = offer.price * (100 + (rule.percent or 0)) / 100
        prices.append(changed if rule.price is None else rule.price)
    return max(prices)


def wrong_homes(products: Iterable[Product], gates: Collection[str]) -> Iterator[str]:
    """Homes that are none of the gates: such a product would be admitted nowhere."""
    for one in products:
        if one.home and one.home not in gates:
            yield f"product {one.id}: home: {one.home!r} is no gate of central.toml"
