"""Designs as they are kept: saved as often as wanted, looked at, then taken into use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from central.catalogue.venue import Venue
from central.papers.design import DEFAULT, Design, Shown
from central.sale.states import By, Refused
from central.store.schema import ticket_design

ALL = 0
"""The product of the design that counts for products without their own."""


@dataclass(frozen=True)
class Revision:
    """A design as it was saved; `id` 0 is the one that comes with central. `used_at`: since when it
    is on tickets, or was."""

    id: int
    product: int
    design: Design
    at: datetime | None = None
    who: str = ""
    used_at: datetime | None = None


BEGUN = Revision(0, ALL, DEFAULT)


def in_use(connection: Connection, products: Collection[int]) -> dict[int, Revision]:
    """The design of each product."""
    table = ticket_design
    wanted = {ALL, *products}
    query = (
        select(table.c.product, table.c.id)
        .where(table.c.product.in_(wanted), table.c.used_at.is_not(None))
        .order_by(table.c.used_at, table.c.id)
    )
    newest = {row.product: row.id for row in connection.execute(query)}
    rows = connection.execute(select(table).where(table.c.id.in_(newest.values())))
    own = {row.product: _revision(row) for row in rows}
    otherwise = own.get(ALL, BEGUN)
    return {product: own.get(product, otherwise) for product in products}


def find(connection: Connection, id_: int) -> Revision | None:
    row = connection.execute(select(ticket_design).where(ticket_design.c.id == id_)).first()
    return _revision(row) if row else None


def saved(connection: Connection, product: int, limit: int = 20) -> list[Revision]:
    """The newest designs of just this product, the newest first."""
    table = ticket_design
    query = select(table).where(table.c.product == product).order_by(table.c.id.desc()).limit(limit)
    return [_revision(row) for row in connection.execute(query)]


def save(
    connection: Connection, venue: Venue, product: int, design: Design, by: By
) -> Revision | Refused:
    """A new design, not in use yet."""
    if product != ALL and venue.offer(product) is None:
        return Refused("unknown_product", f"there is no product {product}")
    row = {
        "product": product,
        "body": _body(design),
        "logo": design.logo,
        "created_at": by.at,
        "who": by.who,
    }
    made = connection.execute(insert(ticket_design).values(row)).inserted_primary_key
    assert made
    return Revision(int(made[0]), product, design, by.at, by.who)


def use(connection: Connection, product: int, id_: int, by: By) -> Revision | Refused:
    """Tickets of the product look like this from now on, also those that are sold already."""
    found = find(connection, id_)
    if found is None or found.product != product:
        return Refused("unknown_design", "this design is not there")
    table = ticket_design
    connection.execute(update(table).where(table.c.id == id_).values(used_at=by.at))
    return found


def use_common(connection: Connection, product: int) -> None:
    """Tickets of the product look like all others from now on."""
    table = ticket_design
    connection.execute(update(table).where(table.c.product == product).values(used_at=None))


def _body(design: Design) -> dict[str, Any]:
    return {
        "band": design.band,
        "ink": design.ink,
        "shown": [one.value for one in Shown if one in design.shown],
        "text": dict(design.text),
        "small_print": dict(design.small_print),
        "qr_mm": design.qr_mm,
    }


def _revision(row: Row[Any]) -> Revision:
    shown = frozenset(Shown(one) for one in row.body["shown"])
    design = Design(**{**row.body, "shown": shown}, logo=bytes(row.logo))
    return Revision(row.id, row.product, design, row.created_at, row.who, row.used_at)
