"""What central offers and what it answers, as the kiosk sees it. Times are aware and UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from admission.booking import SaleBlocked
from admission.values import Money

Names = Mapping[str, str]
"""Language → text."""

MAX_QUANTITY = 20
"""The most of one product in a request, as central sees it."""


def in_language(names: Names, language: str) -> str:
    """The text in `language`, else in English, else in whatever there is, else ""."""
    return names.get(language) or names.get("en") or next(iter(names.values()), "")


class Kind(Enum):
    """A location is open for a period, an event takes place at a time."""

    LOCATION = "location"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Offer:
    """A product on sale: one costs `price` and lets `persons` in."""

    id: int
    name: Names
    text: Names
    price: Money
    persons: int = 1


@dataclass(frozen=True, slots=True)
class Attraction:
    id: str
    kind: Kind
    name: Names
    text: Names
    products: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """With `sms` central sends tickets by SMS to who tells a phone number."""

    site: str
    venue: str
    timezone: str
    currency: str
    attractions: tuple[Attraction, ...]
    sms: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A local day that has slots; `open` while something on it can be bought."""

    date: date
    open: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """`left` in persons, None means no limit. `blocked` None means on sale."""

    id: str
    start: datetime
    end: datetime
    description: str
    left: int | None = None
    blocked: SaleBlocked | None = None


@dataclass(frozen=True, slots=True)
class Line:
    product: int
    slot: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a visitor wants, and all that a slip printed days later must still know."""

    lines: tuple[Line, ...]
    language: str
    venue: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Holder:
    name: str
    phone: str


HERE = "offline-"
"""How tokens of sales begin that central knows nothing of."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Places held at central under `token`; `total` is central's price."""

    token: str
    authorisation: str
    expires_at: datetime
    total: Money

    @property
    def at_central(self) -> bool:
        """False for what the kiosk sold alone."""
        return not self.token.startswith(HERE)


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """`code` is the signed code, `human_code` the same right for a keyboard; `seats` as they are
    printed, if it has any; `text` and `product_text` are what visitor and venue add on paper."""

    id: int
    code: str
    human_code: str
    product: int
    product_name: Names
    attraction: str
    attraction_name: Names
    description: str
    valid_from: datetime
    valid_until: datetime
    persons: int
    price: Money
    seats: tuple[str, ...] = ()
    text: str = ""
    product_text: Names = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Central says no. `code` as in the contract ("no_room", "sale_blocked", "cancelled" …)."""

    code: str
    left: int | None = None
    blocked: SaleBlocked | None = None
