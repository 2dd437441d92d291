"""Web shops whose signed codes are tickets here: `[[pretix]]` in venue.toml."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from admission import pretix
from admission.facts import ForeignShopPublished
from admission.foreign import ForeignItem, ForeignShop
from admission.pretix import read_pretix
from admission.signature import public_key_of
from admission.values import Ticket, Window
from central.foreign.times import read_window
from central.sync import feed

MAX_ID = 65535
MOST_KEYS = 5
"""A gate may try all of them at each scan."""
MOST_ROWS = 1000


@dataclass(frozen=True)
class PretixDate:
    """One date of an event series, by its number in pretix."""

    subevent: int
    valid_from: str
    valid_until: str


@dataclass(frozen=True)
class PretixShop:
    """One event of pretix. `keys` as its API tells them (`valid_keys`, `pretix_sig1`): base64 over
    PEM. `items` says which of our products each of its items, and variations, is. Times are those
    of the venue, unless they tell their zone; without any, only codes that say when are good."""

    id: int
    name: str
    keys: tuple[str, ...]
    items: tuple[ForeignItem, ...]
    valid_from: str = ""
    valid_until: str = ""
    dates: tuple[PretixDate, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.id <= MAX_ID:
            raise ValueError(f"pretix id {self.id}: 1 to {MAX_ID}")
        if not 1 <= len(self.keys) <= MOST_KEYS:
            raise ValueError(f"pretix {self.id}: keys: 1 to {MOST_KEYS} of them")
        if max(len(self.items), len(self.dates)) > MOST_ROWS or not self.items:
            raise ValueError(f"pretix {self.id}: 1 to {MOST_ROWS} items, at most as many dates")
        for what, times in self._twice():
            if times > 1:
                raise ValueError(f"pretix {self.id}: {what} is there {times} times")
        try:
            self.shop(ZoneInfo("UTC"))
        except ValueError as error:
            raise ValueError(f"pretix {self.id}: {error}") from error

    def shop(self, zone: ZoneInfo) -> ForeignShop:
        """As far as a gate must know it."""
        window = None
        if self.valid_from or self.valid_until:
            window = read_window(self.valid_from, self.valid_until, zone)
        return ForeignShop(
            self.id,
            self.name,
            tuple(map(public_key, self.keys)),
            self.items,
            window,
            tuple(self._dates(zone)),
        )

    def _dates(self, zone: ZoneInfo) -> Iterator[tuple[int, Window]]:
        for one in self.dates:
            yield one.subevent, read_window(one.valid_from, one.valid_until, zone)

    def _twice(self) -> Iterator[tuple[str, int]]:
        items = Counter((row.item, row.variation) for row in self.items)
        dates = Counter(one.subevent for one in self.dates)
        yield from ((f"item {i}, variation {v},", times) for (i, v), times in items.items())
        yield from ((f"date {id_}", times) for id_, times in dates.items())


def public_key(text: str) -> bytes:
    """The 32 bytes of an Ed25519 public key, told as PEM or as base64 over PEM. Raises
    ValueError."""
    try:
        told = text.encode("ascii")
        pem = told if b"BEGIN" in told else base64.b64decode(told, validate=True)
        return public_key_of(pem)
    except ValueError as error:
        raise ValueError(f"{text[:20]!r}… is no Ed25519 key as pretix tells it") from error


def publish(connection: Connection, shops: Iterable[ForeignShop], now: datetime) -> None:
    """Tell the gates of what changed; a shop that is there no more is trusted no more."""
    told, wanted = known(connection), {shop.id: shop for shop in shops}
    gone = {id_: replace(shop, keys=()) for id_, shop in told.items() if id_ not in wanted}
    changed = [s for s in (wanted | gone).values() if s != told.get(s.id)]
    if changed:
        feed.tell(connection, [ForeignShopPublished(shop) for shop in changed], now)


def known(connection: Connection) -> dict[int, ForeignShop]:
    """Every shop as it was told last, by its id."""
    events = feed.standing(connection, "foreign_shop_published")
    return {e.shop.id: e.shop for e in events if isinstance(e, ForeignShopPublished)}


def products_sold(connection: Connection) -> set[int]:
    """Our products as which any shop sells."""
    return {row.product for shop in known(connection).values() for row in shop.items}


def signed_for(connection: Connection, text: str) -> tuple[ForeignShop, Ticket] | None:
    """The shop that signed this code, and the ticket that it is; None if there is none."""
    code = read_pretix(text)
    for shop in known(connection).values() if code else ():
        if code and pretix.genuine(code, shop) and (ticket := pretix.ticket_of(code, shop)):
            return shop, ticket
    return None
