"""A venue to sell tickets for, and every screen of a visit to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from admission.booking import SaleBlocked
from admission.values import Money
from kiosk.goods import (
    Attraction,
    Catalogue,
    Day,
    IssuedTicket,
    Kind,
    Offer,
    Order,
    Refusal,
    Reservation,
    Slot,
)
from kiosk.sale import (
    Abandoned,
    Begun,
    ChargeNotTaken,
    ChargeTaken,
    Doing,
    Issued,
    PaymentWanted,
    Printed,
    Record,
    Reserved,
    Sale,
    fold,
)
from kiosk.state import At, Choice, Fault, LoadDays, Rules, State, Typing, order_of, start

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
SIZES = ((800, 480), (1280, 800), (1080, 1920))
CODE = "W1" + "7KQ4M2XD" * 16


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def named(en: str, de: str, fr: str) -> dict[str, str]:
    return {"en": en, "de": de, "fr": fr}


ADULT = Offer(1, named("Adult", "Erwachsene", "Adulte"), named("", "", ""), euro("12.00"))
CHILD = Offer(
    2,
    named("Child", "Kind", "Enfant"),
    named("6 to 17 years", "6 bis 17 Jahre", "de 6 à 17 ans"),
    euro("6.00"),
)
FAMILY = Offer(
    3,
    named("Family", "Familie", "Famille"),
    named(
        "2 adults and up to 3 children",
        "2 Erwachsene und bis zu 3 Kinder",
        "2 adultes et jusqu'à 3 enfants",
    ),
    euro("30.00"),
    persons=5,
)
INFANT = Offer(
    4,
    named("Infant", "Kleinkind", "Bébé"),
    named("under 6 years", "unter 6 Jahren", "moins de 6 ans"),
    euro("0.00"),
)
MUSEUM = Attraction(
    "museum",
    Kind.LOCATION,
    named("Museum", "Museum", "Musée"),
    named(
        "All exhibitions, all day long, with the historic harbour cranes.",
        "Alle Ausstellungen, den ganzen Tag, mit den historischen Hafenkränen.",
        "Toutes les expositions, toute la journée, avec les grues historiques.",
    ),
    (ADULT, CHILD, FAMILY, INFANT),
)
TOUR = Attraction(
    "tour",
    Kind.EVENT,
    named("Lighthouse tour", "Leuchtturmführung", "Visite guidée du phare"),
    named(
        "A guided climb of 45 minutes; sturdy shoes, please.",
        "Geführter Aufstieg, 45 Minuten; bitte festes Schuhwerk.",
        "Montée guidée de 45 minutes ; chaussures solides, s'il vous plaît.",
    ),
    (ADULT, CHILD),
)
HARBOUR = Attraction(
    "boat",
    Kind.EVENT,
    named("Harbour cruise", "Hafenrundfahrt", "Croisière dans le port"),
    named("One hour on the water.", "Eine Stunde auf dem Wasser.", "Une heure sur l'eau."),
    (ADULT, CHILD, FAMILY),
)
CATALOGUE = Catalogue("sample", "Harbour Museum", "Europe/Berlin", "EUR", (MUSEUM, TOUR, HARBOUR))
DAYS = tuple(Day(TODAY + timedelta(days=n), open=n not in (2, 9)) for n in range(14))
RULES = Rules(device="kiosk-1", boot="b00t")


def tour_slot(n: int, left: int | None = 12, blocked: SaleBlocked | None = None) -> Slot:
    begin = datetime(2026, 11, 21, 7, 0, tzinfo=UTC) + timedelta(minutes=15 * n)
    local = begin + timedelta(hours=1)
    return Slot(
        f"tour-{begin:%Y%m%dT%H%MZ}",
        begin,
        begin + timedelta(minutes=45),
        f"Sat 21 Nov - {local:%H:%M}",
        left,
        blocked,
    )


SLOTS = (
    *(tour_slot(n, 5, SaleBlocked.EVENT_OVER) for n in range(3)),
    tour_slot(3, 4, SaleBlocked.ENDED),
    *(tour_slot(n, (n * 7) % 19 + 1) for n in range(4, 45)),
    tour_slot(45, 0, SaleBlocked.SOLD_OUT),
    tour_slot(46, 12, SaleBlocked.NOT_STARTED),
    tour_slot(47, None),
)
ALL_DAY = Slot(
    "museum-20261121",
    datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
    datetime(2026, 11, 21, 17, 0, tzinfo=UTC),
    "Sat 21 Nov - 10:00",
)


def issued(n: int) -> IssuedTicket:
    return IssuedTicket(
        id=2**62 + n,
        code=f"{CODE}{n}",
        human_code=f"TK-7KQ4-M2X{n}",
        product=1,
        product_name=ADULT.name,
        attraction="tour",
        attraction_name=TOUR.name,
        description="Sat 21 Nov - 14:30",
        valid_from=NOW,
        valid_until=NOW + timedelta(hours=10),
        persons=1,
        price=ADULT.price,
    )


def reservation(total: Money) -> Reservation:
    return Reservation("tok-1", "7KQ4-M2XD", NOW + timedelta(minutes=4), total)


def told(order: Order, *records: Record, sale_id: str = "b00t-1") -> Sale:
    sale = Sale(sale_id, order)
    for record in records:
        sale = fold(sale, record)
    return sale


def gallery(language: str) -> dict[str, State]:
    """A state for each screen that there is."""
    base = start(replace(RULES), NOW)
    ready = replace(base, catalogue=CATALOGUE, owing=False, language=language)
    choice = Choice(
        TOUR, TODAY, tour_slot(26), {1: 2, 2: 1}, "Zoë Müller-Lüdenscheidt", "+491701234567"
    )
    choosing = replace(ready, choice=choice, days=DAYS, slots=SLOTS, sale_id="b00t-1")
    order = order_of(choosing)
    reserved = Reserved(reservation(euro("30.00")))
    asked = (reserved, PaymentWanted(None), Doing("b00t-1-1-charge"))
    taken = (*asked, ChargeTaken("SIM-17", NOW))
    tickets = (*taken, Issued(tuple(issued(n) for n in range(5))))
    printer = Fault("printer", "no paper", "put in a new roll")

    def at(place: At, *records: Record) -> State:
        return replace(choosing, at=place, sale=told(order, *records))

    return {
        "starting": replace(base, language=language),
        "start": ready,
        "order": replace(ready, faults=(printer,)),
        "owing": replace(ready, owing=True),
        "attraction": replace(ready, at=At.ATTRACTION),
        "date": replace(choosing, at=At.DATE),
        "busy": replace(choosing, at=At.DATE, waiting=LoadDays("tour")),
        "failed": replace(choosing, at=At.DATE, waiting=LoadDays("tour"), failed=True),
        "slot": replace(choosing, at=At.SLOT),
        "slot-more": replace(choosing, at=At.SLOT, page=1),
        "slot-last": replace(choosing, at=At.SLOT, page=99),
        "slot-notice": replace(choosing, at=At.SLOT, notice="notice.no_room"),
        "slot-none": replace(choosing, at=At.SLOT, slots=()),
        "quantity": replace(choosing, at=At.QUANTITY),
        "quantity-family": replace(
            choosing,
            at=At.QUANTITY,
            choice=Choice(MUSEUM, TODAY, ALL_DAY),
            notice="notice.payment_cancelled",
        ),
        "holder": replace(choosing, at=At.HOLDER, choice=replace(choice, name="Zoë", phone="")),
        "holder-accents": replace(choosing, at=At.HOLDER, typing=Typing(accents=True)),
        "holder-phone": replace(choosing, at=At.HOLDER, typing=Typing("phone", caps=False)),
        "reserving": replace(choosing, at=At.REVIEW),
        "review": at(At.REVIEW, reserved),
        "payment": at(At.PAYMENT, *asked),
        "payment-stuck": replace(at(At.PAYMENT, *asked), stuck=printer),
        "payment-stopping": at(At.PAYMENT, *asked, Abandoned("visitor")),
        "declined": at(At.PAYMENT, *asked, ChargeNotTaken("declined")),
        "paid": at(At.PAYMENT, *taken),
        "paid-stuck": replace(at(At.PAYMENT, *taken), stuck=printer),
        "reversing": at(At.PAYMENT, *taken, Abandoned("patience")),
        "printing": at(At.PRINTING, *tickets, Printed(2**62)),
        "paper": replace(at(At.PRINTING, *tickets, Printed(2**62)), stuck=printer),
        "thanks": at(At.THANKS, *tickets),
        "sorry": at(At.SORRY, *taken, Abandoned("patience")),
        "help": at(At.HELP, *asked),
        "idle": replace(choosing, at=At.SLOT, warned=True),
    }


BEGUN = Begun(Order((), "en", "Harbour Museum", "Europe/Berlin"))
NO_ROOM = Refusal("no_room", left=1)
