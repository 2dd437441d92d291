"""What a visitor wants, and which time slots that comes to. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from central.capacity.slots import Listed
from central.catalogue.offers import Included, SlotPolicy


@dataclass(frozen=True)
class Wanted:
    """`quantity` of a product for a slot; of an open one from `day` on, or from today on.

    `slots`: attraction → slot, of each for which the visitor chooses one; `slot` is that of the
    attraction under which the product stands. `without`: optional attractions that are left out;
    so are those for which a slot could be chosen, and is not. `text` is printed on the tickets.
    `seats` are those of a seated attraction, for every place one; if they are left out, the best
    that are free, `wheelchair` of them wheelchair places.
    """

    product: int
    slot: str = ""
    quantity: int = 1
    day: date | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    text: str = ""
    seats: tuple[str, ...] = ()
    wheelchair: int = 0

    def chosen(self, attraction: str) -> dict[str, str]:
        """Attraction → slot, of a product that stands under `attraction`."""
        return {attraction: self.slot, **self.slots} if self.slot else dict(self.slots)

    def leaves_out(self, included: Included, chosen: Mapping[str, str]) -> bool:
        unchosen = included.slot is SlotPolicy.CHOSEN and included.attraction not in chosen
        return included.optional and (unchosen or included.attraction in self.without)


@dataclass(frozen=True)
class Wish:
    """What a visitor wants, through which channel, in which language; held for `hold`.

    `offer_min`: who finds no room waits, and free places will be held so many minutes for them;
    0 for who does not wait.
    """

    lines: tuple[Wanted, ...]
    channel: str
    language: str
    hold: timedelta
    promo_codes: tuple[str, ...] = ()
    offer_min: int = 0

    @property
    def slots(self) -> set[str]:
        named = {slot for want in self.lines for slot in (want.slot, *want.slots.values())}
        return named - {""}


Picks = Mapping[tuple[str, SlotPolicy], str]
"""(Attraction, policy) → the slot that central picked for it, the same for all lines of a wish."""


@dataclass(frozen=True)
class Slots:
    """The time slots of a wish, as they stand, and which of them central picked."""

    listed: Mapping[str, Listed]
    picks: Picks
