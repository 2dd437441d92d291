"""What the flow knows, what it is told (events) and what it asks for (effects)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from admission.values import Money
from kiosk.goods import Attraction, Catalogue, Day, Holder, Kind, Line, Offer, Order, Slot
from kiosk.sale import Sale


class At(Enum):
    """Where the visitor is. The value names the screen."""

    START = "start"
    ATTRACTION = "attraction"
    DATE = "date"
    SLOT = "slot"
    QUANTITY = "quantity"
    HOLDER = "holder"
    REVIEW = "review"
    PAYMENT = "payment"
    PRINTING = "printing"
    THANKS = "thanks"
    SORRY = "sorry"
    """It ended without tickets, and without the visitor's money."""
    HELP = "help"
    """The terminal has gone silent in the middle of a payment: staff must help."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`source` is "central", "printer", "terminal" or "screen"; the rest is for the operator."""

    source: str
    problem: str
    hint: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says about the flow. `boot` makes sale ids unique between starts."""

    device: str
    boot: str
    languages: tuple[str, ...] = ("en", "de", "fr")
    idle: timedelta = timedelta(seconds=60)
    warning: timedelta = timedelta(seconds=15)
    thanks: timedelta = timedelta(seconds=20)
    patience: timedelta = timedelta(seconds=60)
    refresh: timedelta = timedelta(seconds=60)
    """How old the catalogue on the start screen may be."""
    retry: timedelta = timedelta(seconds=5)
    """How soon an unreachable central is asked again."""
    hold: timedelta = timedelta(seconds=120)
    """How old a reservation may be to begin paying: central holds it for 4 minutes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the visitor has chosen so far. `quantities` by product id, none of them 0."""

    attraction: Attraction | None = None
    day: date | None = None
    slot: Slot | None = None
    quantities: Mapping[int, int] = field(default_factory=dict)
    name: str = ""
    phone: str = ""

    @property
    def offers(self) -> tuple[tuple[Offer, int], ...]:
        products = self.attraction.products if self.attraction else ()
        return tuple((p, n) for p in products if (n := self.quantities.get(p.id, 0)))

    @property
    def persons(self) -> int:
        return sum(offer.persons * n for offer, n in self.offers)

    @property
    def total(self) -> Money | None:
        prices = [offer.price * n for offer, n in self.offers]
        return sum(prices[1:], prices[0]) if prices else None

    @property
    def holder(self) -> Holder | None:
        name, phone = self.name.strip(), self.phone.strip()
        return Holder(name, phone) if name or phone else None


@dataclass(frozen=True, slots=True)
class Typing:
    """The on-screen keyboard: which field it fills, and its capital and accent layers."""

    field: str = "name"
    caps: bool = True
    accents: bool = False


# Effects.
@dataclass(frozen=True, slots=True)
class LoadCatalogue:
    pass


@dataclass(frozen=True, slots=True)
class LoadDays:
    attraction: str


@dataclass(frozen=True, slots=True)
class LoadSlots:
    attraction: str
    day: date


@dataclass(frozen=True, slots=True)
class Begin:
    """Reserve the order as the sale `sale`."""

    sale: str
    order: Order


@dataclass(frozen=True, slots=True)
class Pay:
    """Let the visitor pay; confirm, issue and print follow by themselves."""

    sale: str
    holder: Holder | None


@dataclass(frozen=True, slots=True)
class Abandon:
    """Give the places back, and the money if any was taken."""

    sale: str
    reason: str


Load = LoadDays | LoadSlots
Effect = LoadCatalogue | Load | Begin | Pay | Abandon


# Events.
@dataclass(frozen=True, slots=True)
class Pressed:
    """A widget was pressed; ids that are not on the screen do nothing."""

    widget: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class CatalogueLoaded:
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class DaysLoaded:
    effect: LoadDays
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class SlotsLoaded:
    effect: LoadSlots
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class LoadFailed:
    effect: LoadCatalogue | Load
    fault: Fault


@dataclass(frozen=True, slots=True)
class SaleIs:
    """How a sale stands now; it is so in the journal already."""

    sale: Sale


@dataclass(frozen=True, slots=True)
class SaleStuck:
    """An effect of a sale failed and is tried again by itself."""

    sale: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Owing:
    """Whether money or paper of any sale is outstanding."""

    owing: bool


@dataclass(frozen=True, slots=True)
class Faulted:
    fault: Fault


@dataclass(frozen=True, slots=True)
class Healed:
    source: str


Event = (
    Pressed
    | Tick
    | CatalogueLoaded
    | DaysLoaded
    | SlotsLoaded
    | LoadFailed
    | SaleIs
    | SaleStuck
    | Owing
    | Faulted
    | Healed
)


@dataclass(frozen=True, slots=True)
class State:
    """`waiting` is the load that the busy screen waits for; `failed` says that it did not work.

    `sale_id` is the sale on the screen, `sale` what is known of it. `notice` is a text id shown
    above the screen's body. `serial` counts the sales since the start of the kiosk.
    """

    rules: Rules
    touched_at: datetime
    language: str
    at: At = At.START
    catalogue: Catalogue | None = None
    asked_at: datetime | None = None
    choice: Choice = field(default_factory=Choice)
    days: tuple[Day, ...] = ()
    slots: tuple[Slot, ...] = ()
    page: int = 0
    typing: Typing = field(default_factory=Typing)
    waiting: Load | None = None
    failed: bool = False
    notice: str | None = None
    serial: int = 0
    sale_id: str | None = None
    sale: Sale | None = None
    reserved_at: datetime | None = None
    stuck: Fault | None = None
    stuck_at: datetime | None = None
    owing: bool = True
    faults: tuple[Fault, ...] = ()
    warned: bool = False

    @property
    def comes_by_sms(self) -> bool:
        """Whether the tickets that were sold come to a phone too."""
        sends = self.catalogue is not None and self.catalogue.sms
        reservation = self.sale.reservation if self.sale else None
        told = bool(self.choice.phone.strip())
        return sends and told and reservation is not None and reservation.at_central

    @property
    def out_of_order(self) -> bool:
        return bool(self.faults) or self.owing or self.catalogue is None

    @property
    def reserving(self) -> bool:
        """The review waits for central to hold the places."""
        return self.at is At.REVIEW and (self.sale is None or self.sale.reservation is None)

    @property
    def one_slot(self) -> bool:
        """A location with one slot a day needs no choice of time."""
        attraction = self.choice.attraction
        location = attraction is not None and attraction.kind is Kind.LOCATION
        return location and len(self.slots) == 1


def start(rules: Rules, now: datetime) -> State:
    """A kiosk just switched on: out of order until central has answered and old sales settled."""
    return State(rules, touched_at=now, language=rules.languages[0])


def order_of(state: State) -> Order:
    """What the choice comes to; only when it has a slot and a quantity."""
    catalogue, slot = state.catalogue, state.choice.slot
    assert catalogue is not None
    assert slot is not None
    lines = tuple(Line(offer.id, slot.id, n) for offer, n in state.choice.offers)
    return Order(lines, state.language, catalogue.venue, catalogue.timezone)
