"""The ledger: what all facts together say, in whatever order and however often they are folded."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeVar

from admission.codes import low_bits
from admission.facts import (
    CENTRAL,
    Fact,
    ForeignShopPublished,
    KeyPublished,
    OfflineSold,
    ProductPublished,
    TagBound,
    TicketIssued,
)
from admission.foreign import ForeignShop
from admission.offline import sold_offline
from admission.presence import history_of, moves
from admission.values import History, IssuerKey, Product, Ticket

K = TypeVar("K")
V = TypeVar("V")


class Ledger:
    """A LedgerView in memory: the model the gate's mirror is tested against."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()
        self._standing: dict[object, int] = {}
        self._tickets: dict[int, Ticket] = {}
        self._sold_offline: dict[int, Fact] = {}
        self._by_low_bits: dict[int, int] = {}
        self._by_tag: dict[str, int] = {}
        self._products: dict[int, Product] = {}
        self._issuers: dict[int, IssuerKey] = {}
        self._shops: dict[int, ForeignShop] = {}
        self._told: dict[int, list[Fact]] = defaultdict(list)
        self._present: dict[str, int] = defaultdict(int)

    def fold(self, fact: Fact) -> None:
        if (fact.device, fact.number) in self._seen:
            return
        self._seen.add((fact.device, fact.number))
        match fact.event:
            case TicketIssued(ticket):
                self._stands(fact, self._tickets, ticket.id, ticket)
                self._note_low_bits(ticket.id)
            case OfflineSold(issued=ticket):
                first = self._sold_offline.get(ticket.id, fact)
                either = (first, fact)
                self._sold_offline[ticket.id] = min(either, key=lambda f: (f.device, f.number))
                self._note_low_bits(ticket.id)
            case ProductPublished(product):
                self._stands(fact, self._products, product.id, product)
            case KeyPublished(key):
                self._stands(fact, self._issuers, key.id, key)
            case ForeignShopPublished(shop):
                self._stands(fact, self._shops, shop.id, shop)
            case TagBound(tag, ticket_id):
                self._stands(fact, self._by_tag, tag, ticket_id)
            case _:
                if fact.ticket is not None:
                    self._told[fact.ticket].append(fact)
                for zone, persons in moves(fact.event):
                    self._present[zone] += persons

    def _stands(self, fact: Fact, known: dict[K, V], key: K, value: V) -> None:
        """Unless a later fact has said otherwise. Central numbers its facts by its feed."""
        n = fact.number if fact.device == CENTRAL else 0
        of = (type(fact.event), key)
        if n >= self._standing.get(of, 0):
            self._standing[of] = n
            known[key] = value

    def ticket(self, ticket_id: int) -> Ticket | None:
        """As central says; else as a kiosk sold it, if its key signed that."""
        sold = self._sold_offline.get(ticket_id)
        if ticket_id in self._tickets or sold is None:
            return self._tickets.get(ticket_id)
        return sold_offline(sold, self._issuers)

    def _note_low_bits(self, ticket_id: int) -> None:
        """Our own tickets, whose ids are below the foreign ones, come first."""
        bits = low_bits(ticket_id)
        self._by_low_bits[bits] = min(ticket_id, self._by_low_bits.get(bits, ticket_id))

    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None:
        ticket_id = self._by_low_bits.get(low_bits)
        return None if ticket_id is None else self.ticket(ticket_id)

    def ticket_by_tag(self, tag: str) -> Ticket | None:
        return self.ticket(self._by_tag.get(tag, 0))

    def product(self, product_id: int) -> Product | None:
        return self._products.get(product_id)

    def issuer(self, key_id: int) -> IssuerKey | None:
        return self._issuers.get(key_id)

    def foreign_shops(self) -> list[ForeignShop]:
        return list(self._shops.values())

    def history(self, ticket_id: int) -> History:
        return history_of(self._told.get(ticket_id, ()))

    def present(self, zone: str) -> int:
        return self._present[zone]
