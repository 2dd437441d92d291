"""Products as venue.toml tells them: what they admit to, what they cost, who sells them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

from admission.values import CutOff, Entitlement, Validation
from central.catalogue.cut_off import check_cut_off
from central.catalogue.texts import hidden
from central.catalogue.wall import parse_span
from central.settings import Channel

Names = Mapping[str, str]
"""Language → text."""

MAX_AMOUNT = Decimal(1_000_000)
MAX_DAYS = 3660
MAX_PIECES = 100
"""Of the product that one voucher pays for."""
MAX_LINE = 200
_CUT_OFF = re.compile(r"(-?\d{1,4})h")


class ProductKind(Enum):
    """A ticket admits once it is its time, a pass for days or for n entries, a voucher is money
    to spend at this venue."""

    TICKET = "ticket"
    PASS = "pass"  # noqa: S105 - no password
    VOUCHER = "voucher"


class SlotPolicy(Enum):
    """CHOSEN: the visitor chooses a time slot. TODAY: the location's slot of the local day on which
    it is bought. NEXT: the next slot that has room and is on sale then. OPEN: a first day at most;
    it is good from then on for `period_days`."""

    CHOSEN = "chosen"
    TODAY = "today"
    NEXT = "next"
    OPEN = "open"

    @property
    def picked(self) -> bool:
        """Central picks the slot."""
        return self in (SlotPolicy.TODAY, SlotPolicy.NEXT)


class Weekday(Enum):
    """As RFC 5545 writes them, Monday first."""

    MO = "MO"
    TU = "TU"
    WE = "WE"
    TH = "TH"
    FR = "FR"
    SA = "SA"
    SU = "SU"


@dataclass(frozen=True)
class PriceRule:
    """Another price where every condition that is written holds.

    `price` takes the place of the base price; `percent` changes it: "-20" is a fifth less.
    `weekdays`, `from_day` and `until_day` (both included) and `slots` ("10:00-12:00", its end not
    included) speak of the visit's start in wall time; `early_days` of how many days before the
    visit it is booked, at least; `channel` of who sells.
    """

    name: str
    price: Decimal | None = None
    percent: Decimal | None = None
    weekdays: tuple[Weekday, ...] = ()
    from_day: date | None = None
    until_day: date | None = None
    slots: tuple[str, ...] = ()
    early_days: int | None = None
    channel: Channel | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= 40:
            raise ValueError("a price rule needs a name of 1 to 40 characters")
        if (self.price is None) == (self.percent is None):
            raise ValueError(f"price rule {self.name!r}: write either price or percent")
        if self.price is not None:
            check_amount(self.price, f"price rule {self.name!r}: price")
        if self.percent is not None and not -100 <= self.percent <= 1000:
            raise ValueError(f"price rule {self.name!r}: percent is -100 to 1000")
        for span in self.slots:
            parse_span(span)
        if self.early_days is not None and not 0 <= self.early_days <= MAX_DAYS:
            raise ValueError(f"price rule {self.name!r}: early_days is 0 to {MAX_DAYS}")
        if self.from_day and self.until_day and self.until_day < self.from_day:
            raise ValueError(f"price rule {self.name!r}: until_day is before from_day")
        if not self.precision:
            raise ValueError(f"price rule {self.name!r}: write at least one condition")

    @property
    def precision(self) -> int:
        """How many conditions there are; a span of days is one."""
        days = self.from_day or self.until_day
        told = (self.weekdays, days, self.slots, self.early_days is not None, self.channel)
        return sum(map(bool, told))


@dataclass(frozen=True)
class Included:
    """An attraction that a product opens: at which time, for how many of its persons (all of them
    if left out), how often. The visitor may leave out what is `optional`."""

    attraction: str
    slot: SlotPolicy = SlotPolicy.CHOSEN
    optional: bool = False
    persons: int | None = None
    validation: Validation = Validation.SINGLE
    uses: int = 1
    grace_s: int = 0
    reentry: bool = False

    def __post_init__(self) -> None:
        if self.uses < 1 or not 0 <= self.grace_s <= 3600:
            raise ValueError(f"{self.attraction}: uses at least 1, grace_s 0 to 3600 seconds")

    @property
    def entitlement(self) -> Entitlement:
        """As gates must know it."""
        how = (self.validation, self.uses, self.grace_s, self.reentry)
        return Entitlement(self.attraction, *how, self.persons)


@dataclass(frozen=True)
class Offer:
    """A product on sale. One of it costs `price`, tax of `tax_percent` included, and is one ticket
    for `persons`, or one voucher worth `value` (its price if left out).

    `category` is whom it is for (adult, child …), for whoever lists products. `admits` names all
    the attractions it opens, if that is not just the one under which it stands; `entitlements`, in
    its place, those that differ in time or validation, each as it says itself. A pass has
    `entries`, or is good as often as wanted; it and whatever is open lasts `period_days`. Its
    tickets may be exchanged "never", "until_used", or, unused, until so many hours before the
    start: "24h", negative for after it. Of attractions with seats it is sold for those in `zones`,
    or all of them. `cut_off` and `home`: see admission.values.Product.
    """

    id: int
    name: Names
    price: Decimal
    text: Names = field(default_factory=dict)
    persons: int = 1
    validation: Validation = Validation.SINGLE
    uses: int = 1
    grace_s: int = 0
    reentry: bool = False
    category: str = ""
    tax_percent: Decimal = Decimal(0)
    channels: tuple[Channel, ...] = tuple(Channel)
    prices: tuple[PriceRule, ...] = ()
    kind: ProductKind = ProductKind.TICKET
    slot: SlotPolicy = SlotPolicy.CHOSEN
    period_days: int = 365
    entries: int | None = None
    value: Decimal | None = None
    admits: tuple[str, ...] = ()
    entitlements: tuple[Included, ...] = ()
    exchange: str = "until_used"
    zones: tuple[str, ...] = ()
    product: int | None = None
    quantity: int = 1
    ticket_text: Names = field(default_factory=dict)
    cut_off: CutOff | None = None
    home: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.id <= 65535:
            raise ValueError(f"id {self.id} is not within 1 and 65535")
        if not 1 <= self.persons <= 255 or self.uses < 1:
            raise ValueError(f"product {self.id}: persons is 1 to 255, uses at least 1")
        if not 0 <= self.grace_s <= 3600:
            raise ValueError(f"product {self.id}: grace_s is 0 to 3600 seconds")
        check_amount(self.price, f"product {self.id}: price")
        if not 0 <= self.tax_percent <= 100:
            raise ValueError(f"product {self.id}: tax_percent is 0 to 100")
        if not self.channels or len(set(self.channels)) < len(self.channels):
            raise ValueError(f"product {self.id}: channels: name at least one, each once")
        if len(self.category) > 40:
            raise ValueError(f"product {self.id}: category has at most 40 characters")
        if self.exchange not in ("never", "until_used") and not _CUT_OFF.fullmatch(self.exchange):
            raise ValueError(f'product {self.id}: exchange is "never", "until_used" or like "24h"')
        if len(set(self.zones)) < len(self.zones):
            raise ValueError(f"product {self.id}: zones: each once")
        check_cut_off(self)
        self._check_kind()
        self._check_entitlements()

    @property
    def latest_exchange(self) -> timedelta | None:
        """How long before the start an exchange is too late; None if it never is."""
        hours = _CUT_OFF.fullmatch(self.exchange)
        return timedelta(hours=int(hours[1])) if hours else None

    @property
    def open(self) -> bool:
        """It is sold without a time slot."""
        policies = {one.slot for one in self.entitlements} or {self.slot}
        return policies == {SlotPolicy.OPEN}

    @property
    def worth(self) -> Decimal | None:
        """The money that a voucher is worth; None for one of a product, and for other kinds."""
        if self.kind is not ProductKind.VOUCHER or self.product:
            return None
        return self.price if self.value is None else self.value

    def asks(self, attraction: str) -> tuple[Included, ...]:
        """What needs a time, of the product that stands under `attraction`: its `entitlements`, or
        it as a whole."""
        return self.entitlements or (Included(attraction, self.slot, persons=self.persons),)

    def opens(self, attraction: str) -> tuple[Entitlement, ...]:
        """What the product opens, standing under `attraction`. A voucher opens nothing."""
        if self.kind is ProductKind.VOUCHER:
            return ()
        if self.entitlements:
            return tuple(one.entitlement for one in self.entitlements)
        return tuple(self._entitlement(admitted) for admitted in self.admits or (attraction,))

    def _entitlement(self, attraction: str) -> Entitlement:
        validation, uses = self.validation, self.uses
        if self.kind is ProductKind.PASS:
            validation = Validation.MULTIPLE if self.entries else Validation.PERIOD
            uses = self.entries or 1
        return Entitlement(attraction, validation, uses, self.grace_s, self.reentry)

    def _check_kind(self) -> None:
        if self.kind is not ProductKind.TICKET and not self.open:
            raise ValueError(f'product {self.id}: a {self.kind.value} needs slot = "open"')
        if not 1 <= self.period_days <= MAX_DAYS:
            raise ValueError(f"product {self.id}: period_days is 1 to {MAX_DAYS}")
        if self.entries is not None:
            if self.kind is not ProductKind.PASS:
                raise ValueError(f"product {self.id}: only a pass has entries")
            if not 1 <= self.entries <= 10_000:
                raise ValueError(f"product {self.id}: entries is 1 to 10000")
        if self.value is not None:
            if self.kind is not ProductKind.VOUCHER:
                raise ValueError(f"product {self.id}: only a voucher has a value")
            check_amount(self.value, f"product {self.id}: value")
        if self.worth == 0:
            raise ValueError(f"product {self.id}: a voucher is worth more than nothing")
        if (self.product or self.quantity > 1) and (
            self.kind is not ProductKind.VOUCHER or self.value is not None or not self.product
        ):
            raise ValueError(f"product {self.id}: product and quantity: of a voucher without value")
        if not 1 <= self.quantity <= MAX_PIECES:
            raise ValueError(f"product {self.id}: quantity is 1 to {MAX_PIECES}")
        for language, text in self.ticket_text.items():
            check_line(text, f"product {self.id}: ticket_text.{language}")

    def _check_entitlements(self) -> None:
        if not self.entitlements:
            return
        if self.admits or self.entries or self.worth is not None:
            raise ValueError(f"product {self.id}: entitlements, admits, entries: write one of them")
        own = (self.slot, self.validation, self.uses, self.grace_s, self.reentry)
        if own != (SlotPolicy.CHOSEN, Validation.SINGLE, 1, 0, False):
            raise ValueError(f"product {self.id}: write slot, validation … in the entitlements")
        names = [one.attraction for one in self.entitlements]
        if len(set(names)) < len(names) or all(one.optional for one in self.entitlements):
            raise ValueError(f"product {self.id}: entitlements: each once, one of them required")
        for one in self.entitlements:
            if one.persons is not None and not 1 <= one.persons <= self.persons:
                raise ValueError(f"product {self.id}: {one.attraction}: persons is 1 to its own")


def check_line(text: str, what: str) -> None:
    """Raise ValueError for what is no one line of at most 200 characters that can be printed."""
    if len(text) > MAX_LINE or hidden(text):
        raise ValueError(f"{what}: one line of at most {MAX_LINE} characters")


def check_amount(amount: Decimal, what: str) -> None:
    """Raise ValueError for what no price is: negative, with an exponent, or far too much."""
    exponent = amount.as_tuple().exponent
    plain = isinstance(exponent, int) and -4 <= exponent <= 0
    if not plain or not 0 <= amount <= MAX_AMOUNT:
        raise ValueError(f'{what}: write it like "12.50"')
