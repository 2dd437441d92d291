"""What a leased time slot sells offline, and the request line that such a sale becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from admission.facts import OfflineSold
from admission.values import Money
from central.capacity import leases, slots
from central.capacity.leases import Lease
from central.capacity.slots import Listed
from central.catalogue.offers import Names, Offer, ProductKind, SlotPolicy
from central.catalogue.prices import unit_price, visit
from central.catalogue.schedule import describe
from central.catalogue.venue import Attraction, Venue
from central.sale.cart import describe_days
from central.sale.states import By, Entitled, Line
from central.settings import Channel


@dataclass(frozen=True)
class Sellable:
    """A product that may be sold on a lease, at the price of this moment."""

    offer: Offer
    price: Money


@dataclass(frozen=True)
class Goods:
    """All that a kiosk must know to sell a slot by itself."""

    listed: Listed
    attraction: Attraction
    description: str
    products: tuple[Sellable, ...]


def goods(venue: Venue, listed: Listed, channel: Channel, by: By) -> Goods | None:
    """None for an attraction that the venue does not have any more. A product that opens several
    attractions at times of their own is not sold offline: one lease is not enough for it."""
    attraction = venue.attraction(listed.slot.attraction)
    if attraction is None:
        return None
    when = visit(listed.slot.start, venue.zone, by.at, channel)
    sold = tuple(
        Sellable(offer, unit_price(offer, venue.currency, when).price)
        for offer in attraction.products
        if channel in offer.channels and _simple(offer)
    )
    return Goods(listed, attraction, describe(listed.slot, venue.zone), sold)


def on_leases(connection: Connection, venue: Venue, by: By) -> list[tuple[Lease, Goods]]:
    """What the client that asks may sell on its leases, those that have not run out."""
    found = leases.current(connection, by)
    listed = slots.find(connection, {one.slot for one in found}, by.at)
    told = [(one, goods(venue, listed[one.slot], Channel(one.channel), by)) for one in found]
    return [(one, its) for one, its in told if its]


def line_of(sold: OfflineSold, venue: Venue | None, listed: Listed | None) -> Line:
    """As it would be, had the sale been made at central; without a slot where none is known."""
    issued, found = sold.issued, venue.offer(sold.issued.product) if venue else None
    attraction, offer = found or (None, None)
    unknown: Names = {"en": f"product {issued.product}"}
    name = attraction.id if attraction else listed.slot.attraction if listed else ""
    slot = listed.slot.id if listed else ""
    same = sold.places == issued.persons
    zone = venue.zone if venue else issued.window.start.tzinfo
    first, last = (t.astimezone(zone) for t in (issued.window.start, issued.window.end))
    days = describe_days(first.date(), (last - timedelta(seconds=1)).date())
    return Line(
        number=1,
        slot=slot,
        description=describe(listed.slot, venue.zone) if listed and venue else days,
        attraction=name,
        attraction_name=attraction.name if attraction else {},
        product=issued.product,
        product_name=offer.name if offer else unknown,
        price=sold.price,
        persons=issued.persons,
        quantity=1,
        rule="",
        tax_percent=offer.tax_percent if offer else Line.tax_percent,
        valid_from=None if slot else issued.window.start,
        valid_until=None if slot else issued.window.end,
        entitled=() if same or not slot else (Entitled(name, slot, sold.places),),
        ticket_text=offer.ticket_text if offer else {},
    )


def _simple(offer: Offer) -> bool:
    chosen = offer.slot is SlotPolicy.CHOSEN and not offer.entitlements
    return offer.kind is ProductKind.TICKET and chosen
