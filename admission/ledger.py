"""The ledger: what all facts together say. Folding a fact twice, or late, changes nothing more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from admission.codes import low_bits
from admission.facts import Admitted, Fact, KeyPublished, Lapsed, ProductPublished, TicketIssued
from admission.values import IssuerKey, Product, Ticket, Use


def uses_of(facts: Iterable[Fact]) -> list[Use]:
    """The entries told by the facts of one ticket, in whatever order the facts came."""
    admitted: dict[tuple[str, int], Fact] = {}
    returned: dict[tuple[str, int], int] = defaultdict(int)
    for fact in facts:
        match fact.event:
            case Admitted():
                admitted[fact.device, fact.number] = fact
            case Lapsed(admission=number, persons=persons):
                returned[fact.device, number] += persons
    return [_use(fact, returned[key]) for key, fact in admitted.items()]


def _use(fact: Fact, returned: int) -> Use:
    event = fact.event
    assert isinstance(event, Admitted)
    return Use(event.attraction, fact.at, fact.device, event.lane, event.persons, returned)


class Ledger:
    """A LedgerView in memory: the model the gate's mirror is tested against."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()
        self._tickets: dict[int, Ticket] = {}
        self._by_low_bits: dict[int, int] = {}
        self._products: dict[int, Product] = {}
        self._issuers: dict[int, IssuerKey] = {}
        self._told: dict[int, list[Fact]] = defaultdict(list)

    def fold(self, fact: Fact) -> None:
        if (fact.device, fact.number) in self._seen:
            return
        self._seen.add((fact.device, fact.number))
        match fact.event:
            case TicketIssued(ticket):
                self._tickets[ticket.id] = ticket
                self._by_low_bits[low_bits(ticket.id)] = ticket.id
            case ProductPublished(product):
                self._products[product.id] = product
            case KeyPublished(key):
                self._issuers[key.id] = key
            case _:
                if fact.ticket is not None:
                    self._told[fact.ticket].append(fact)

    def ticket(self, ticket_id: int) -> Ticket | None:
        return self._tickets.get(ticket_id)

    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None:
        ticket_id = self._by_low_bits.get(low_bits)
        return None if ticket_id is None else self._tickets.get(ticket_id)

    def product(self, product_id: int) -> Product | None:
        return self._products.get(product_id)

    def issuer(self, key_id: int) -> IssuerKey | None:
        return self._issuers.get(key_id)

    def uses(self, ticket_id: int) -> Sequence[Use]:
        return uses_of(self._told.get(ticket_id, ()))
