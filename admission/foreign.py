"""Tickets of others: codes that we did not make, known by their text alone.

A foreign code is told by a list that was imported, or carries the signature of a web shop that the
venue knows. Its ticket's id comes from its text, so that gates and central mean the same ticket
without a table between them, and no gate keeps a code that it could leak.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from admission.values import Entitlement, Product, Ticket, Window

SHORTEST, LONGEST = 4, 256
"""Characters of a code that a list may tell."""
FOREIGN_IDS = 1 << 62
"""Ids of our own tickets are below it, those of foreign ones are not."""
NO_PRODUCT = 0
"""Of a ticket that is revoked, or that nobody listed, so that only a gate has seen what it is."""
_CONTEXT = b"wicket foreign ticket 1"


def foreign_ticket_id(text: str) -> int:
    """The id of the ticket with this foreign code: bit 62, and 62 bits of SHA-256 over
    b"wicket foreign ticket 1" and the text in UTF-8. With a million codes, the odds that any two
    have the same id are 1 to 10 million."""
    digest = hashlib.sha256(_CONTEXT + text.encode(errors="replace")).digest()
    return FOREIGN_IDS | int.from_bytes(digest[:8]) >> 2


EVER = Window(datetime(1970, 1, 2, tzinfo=UTC), datetime(2106, 1, 1, tzinfo=UTC))
"""All times that a gate can keep."""


def is_foreign(ticket: Ticket | None) -> bool:
    return ticket is not None and ticket.id >= FOREIGN_IDS


def hint(code: str) -> str:
    """Enough of a foreign code to find it in a list, and too little to use it."""
    return f"{code[:2]}…" if len(code) > SHORTEST else "…"


@dataclass(frozen=True, slots=True)
class OpaqueCode:
    """A text that means something to whoever has a list of such."""

    text: str

    @property
    def ticket(self) -> int:
        return foreign_ticket_id(self.text)


@dataclass(frozen=True, slots=True)
class ForeignItem:
    """What the shop sells as `item`, in this `variation` (0: in any that no other row names), is
    our `product`."""

    item: int
    product: int
    variation: int = 0


@dataclass(frozen=True, slots=True)
class ForeignShop:
    """A pretix event whose signed codes are tickets here. Any of its `keys` (Ed25519 public keys of
    32 bytes) may have signed; with none it is trusted no more.

    A ticket is good in the window of its date, by the `dates` (id of the subevent, window), in
    `window` if it has none; the times that the code itself tells win.
    """

    id: int
    name: str
    keys: tuple[bytes, ...]
    items: tuple[ForeignItem, ...] = ()
    window: Window | None = None
    dates: tuple[tuple[int, Window], ...] = ()

    def __post_init__(self) -> None:
        if any(len(key) != 32 for key in self.keys):
            raise ValueError("an Ed25519 public key has 32 bytes")

    def product_of(self, item: int, variation: int) -> int | None:
        """Our product; None if there is none for it."""
        known = {(row.item, row.variation): row.product for row in self.items}
        return known.get((item, variation)) or known.get((item, 0))

    def window_of(self, subevent: int) -> Window | None:
        return dict(self.dates).get(subevent) if subevent and self.dates else self.window


def common(products: Iterable[Product]) -> Product:
    """The lines that are the same in all of those that open an attraction: what is known of a
    ticket that is one of them."""
    lines: dict[str, set[Entitlement]] = defaultdict(set)
    for product in products:
        for line in product.entitlements:
            lines[line.attraction].add(line)
    alike = (line for same in lines.values() if len(same) == 1 for line in same)
    return Product(NO_PRODUCT, "", tuple(alike))
