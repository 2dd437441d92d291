"""The ledger: what all facts together say. Folding a fact twice, or late, changes nothing more."""

from __future__ import annotations

from collections import defaultdict

from admission.codes import low_bits
from admission.facts import (
    Fact,
    KeyPublished,
    OfflineSold,
    ProductPublished,
    TagBound,
    TicketIssued,
)
from admission.presence import history_of, moves
from admission.values import History, IssuerKey, Product, Ticket


class Ledger:
    """A LedgerView in memory: the model the gate's mirror is tested against."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()
        self._tickets: dict[int, Ticket] = {}
        self._by_low_bits: dict[int, int] = {}
        self._by_tag: dict[str, int] = {}
        self._products: dict[int, Product] = {}
        self._issuers: dict[int, IssuerKey] = {}
        self._told: dict[int, list[Fact]] = defaultdict(list)
        self._present: dict[str, int] = defaultdict(int)

    def fold(self, fact: Fact) -> None:
        if (fact.device, fact.number) in self._seen:
            return
        self._seen.add((fact.device, fact.number))
        match fact.event:
            case TicketIssued(ticket):
                self._tickets[ticket.id] = ticket
                self._by_low_bits[low_bits(ticket.id)] = ticket.id
            case OfflineSold(issued=ticket):  # what central says of it counts more
                self._tickets.setdefault(ticket.id, ticket)
                self._by_low_bits[low_bits(ticket.id)] = ticket.id
            case ProductPublished(product):
                self._products[product.id] = product
            case KeyPublished(key):
                self._issuers[key.id] = key
            case TagBound(tag, ticket_id):
                self._by_tag[tag] = ticket_id
            case _:
                if fact.ticket is not None:
                    self._told[fact.ticket].append(fact)
                for zone, persons in moves(fact.event):
                    self._present[zone] += persons

    def ticket(self, ticket_id: int) -> Ticket | None:
        return self._tickets.get(ticket_id)

    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None:
        ticket_id = self._by_low_bits.get(low_bits)
        return None if ticket_id is None else self._tickets.get(ticket_id)

    def ticket_by_tag(self, tag: str) -> Ticket | None:
        return self._tickets.get(self._by_tag.get(tag, 0))

    def product(self, product_id: int) -> Product | None:
        return self._products.get(product_id)

    def issuer(self, key_id: int) -> IssuerKey | None:
        return self._issuers.get(key_id)

    def history(self, ticket_id: int) -> History:
        return history_of(self._told.get(ticket_id, ()))

    def present(self, zone: str) -> int:
        return self._present[zone]
