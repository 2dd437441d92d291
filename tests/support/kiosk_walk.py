"""Walks the pure flow without a shell: presses widgets, and answers effects as central would."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from support.kiosk_sample import (
    ALL_DAY,
    CATALOGUE,
    DAYS,
    NOW,
    RULES,
    SLOTS,
    euro,
    issued,
    reservation,
)

from kiosk.flow import step
from kiosk.goods import Catalogue, Slot
from kiosk.sale import (
    Abandoned,
    Begun,
    Cancelled,
    ChargeTaken,
    Confirmed,
    Doing,
    Issued,
    PaymentWanted,
    Printed,
    Record,
    Reserved,
    Sale,
    fold,
)
from kiosk.screens import screen
from kiosk.state import (
    Abandon,
    Begin,
    CatalogueLoaded,
    DaysLoaded,
    Effect,
    Event,
    LoadCatalogue,
    LoadDays,
    LoadSlots,
    Owing,
    Pay,
    Pressed,
    Rules,
    SaleIs,
    SlotsLoaded,
    State,
    Tick,
    start,
)
from kiosk.widgets import Screen


@dataclass
class Walk:
    """`answering` False leaves effects lie in `effects` for the test to answer."""

    language: str = "en"
    rules: Rules = RULES
    catalogue: Catalogue = CATALOGUE
    slots: tuple[Slot, ...] = SLOTS
    now: datetime = NOW
    answering: bool = True
    effects: list[Effect] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = start(self.rules, self.now)
        self.sales: dict[str, Sale] = {}
        self.tell(Tick())
        self.tell(Owing(False))

    @property
    def screen(self) -> Screen:
        return screen(self.state)

    def tell(self, event: Event) -> None:
        self.state, effects = step(self.state, event, self.now)
        name = self.screen.name
        if self.names[-1:] != [name]:
            self.names.append(name)
        self.effects += effects
        if self.answering:
            for effect in effects:
                self.answer(effect)

    def press(self, *widgets: str) -> None:
        """Only what is on the screen and enabled can be pressed."""
        for widget in widgets:
            known = {*self.screen.focus, self.screen.anywhere}
            assert widget in known, f"{widget} is not on {self.screen.name}: {known}"
            self.tell(Pressed(widget))

    def wait(self, seconds: float) -> None:
        """Time passes, second by second."""
        for _ in range(int(seconds)):
            self.now += timedelta(seconds=1)
            self.tell(Tick())

    def answer(self, effect: Effect) -> None:
        match effect:
            case LoadCatalogue():
                self.tell(CatalogueLoaded(self.catalogue))
            case LoadDays():
                self.tell(DaysLoaded(effect, DAYS))
            case LoadSlots(attraction):
                slots = (ALL_DAY,) if attraction == "museum" else self.slots
                self.tell(SlotsLoaded(effect, slots))
            case Begin(sale_id, order):
                self.sales[sale_id] = Sale(sale_id, order)
                self.record(sale_id, Begun(order), Reserved(reservation(euro("24.00"))))
            case Pay(sale_id, holder):
                self.record(sale_id, PaymentWanted(holder))
                self.record(sale_id, Doing(f"{self.sales[sale_id].charge_id}-charge"))
            case Abandon(sale_id, reason):
                self.record(sale_id, Abandoned(reason))

    def record(self, sale_id: str, *records: Record) -> None:
        """The journal says so of a sale."""
        for record in records:
            self.sales[sale_id] = fold(self.sales[sale_id], record)
            self.tell(SaleIs(self.sales[sale_id]))

    @property
    def sale(self) -> Sale:
        """The sale on the screen."""
        assert self.state.sale_id is not None
        return self.sales[self.state.sale_id]

    def to_quantity(self) -> None:
        self.press("start", "attraction:tour", "date:2026-11-21", f"slot:{SLOTS[12].id}")

    def to_review(self) -> None:
        self.to_quantity()
        self.press("plus:1", "plus:1", "next", "skip")

    def to_payment(self) -> None:
        self.to_review()
        self.press("pay")

    def pay(self) -> None:
        """The terminal takes the money; central confirms and issues two tickets."""
        taken = ChargeTaken("SIM-1", self.now)
        self.record(self.sale.id, taken, Confirmed(), Issued((issued(0), issued(1))))

    def print(self) -> None:
        self.record(self.sale.id, *(Printed(ticket.id) for ticket in self.sale.tickets))

    def cancelled_at_central(self, sale_id: str) -> None:
        self.record(sale_id, Cancelled())
