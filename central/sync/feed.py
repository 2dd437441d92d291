"""The feed: every fact central knows, numbered 1, 2, 3 … in the order it was taken.

Rows are written in the same transaction as what they tell of, and published afterwards, so the
table is also the outbox to MQTT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Text, bindparam, cast, func, insert, select

from admission.facts import (
    CENTRAL,
    Event,
    Fact,
    ForeignShopPublished,
    KeyPublished,
    ProductPublished,
    Refused,
)
from admission.foreign import foreign_ticket_id
from admission.presence import history_of
from admission.values import History, IssuerKey, Product
from central.store.engine import Json
from central.store.rows import keyed, setting
from central.store.schema import feed, sequence
from central.watch import head_counts
from runtime.wire import encode, fact_from_data, fact_to_data, kind_of

CATALOGUE = ("product_published", "key_published", "foreign_shop_published")
"""Kinds of which only the newest about each subject counts."""
HISTORY = ("admitted", "lapsed", "passed", "forgiven")
_LAST = select(sequence.c.last).where(*keyed(sequence.c.device))
_LAST_LOCKED = _LAST.with_for_update()
_NEW = insert(feed)
_TEXTS = (
    select(feed.c.n, cast(feed.c.body, Text))
    .where(feed.c.n > bindparam("after"))
    .order_by(feed.c.n)
    .limit(bindparam("limit"))
)
_MOVE = setting(sequence, "last", by="device")


@dataclass(frozen=True)
class Entry:
    """One row; `fact` is the fact's JSON data."""

    n: int
    received_at: datetime
    fact: dict[str, Any]


def head(connection: Connection) -> int:
    """The newest number, 0 when nothing happened yet."""
    return last_taken(connection, CENTRAL)


def after(connection: Connection, n: int, limit: int) -> list[Entry]:
    rows = connection.execute(
        select(feed.c.n, feed.c.received_at, feed.c.body)
        .where(feed.c.n > n)
        .order_by(feed.c.n)
        .limit(limit)
    )
    return [Entry(*row) for row in rows]


def texts_after(connection: Connection, n: int, limit: int) -> list[tuple[int, str]]:
    """The same for sending on: numbers, and facts as JSON."""
    rows = connection.execute(_TEXTS, {"after": n, "limit": limit})
    return [(row[0], row[1]) for row in rows]


def tell(connection: Connection, events: Sequence[Event], now: datetime) -> int:
    """Central's own facts: their number is their place in the feed. The first one's."""
    first = _take_places(connection, len(events))
    facts = [Fact(CENTRAL, n, now, event) for n, event in enumerate(events, first)]
    _insert(connection, first, facts, [fact_to_data(fact) for fact in facts], now)
    return first


def accept(
    connection: Connection,
    facts: Sequence[Fact],
    now: datetime,
    bodies: Sequence[Json] | None = None,
) -> None:
    """Facts that devices told, each device's in its order; `bodies` are their data as told."""
    bodies = bodies or [Json(encode(fact_to_data(fact)).decode()) for fact in facts]
    _insert(connection, _take_places(connection, len(facts)), facts, bodies, now)


def histories(
    connection: Connection, tickets: Collection[int] | Select[tuple[int]]
) -> dict[int, History]:
    """What devices told of each ticket; one of which nobody told anything is left out."""
    rows = connection.execute(
        select(feed.c.subject, feed.c.body).where(
            feed.c.kind.in_(HISTORY), feed.c.subject.in_(tickets)
        )
    )
    told: dict[int, list[Fact]] = defaultdict(list)
    for id_, body in rows:
        told[id_].append(fact_from_data(body))
    return {id_: history_of(facts) for id_, facts in told.items()}


def publish_products(connection: Connection, products: Iterable[Product], now: datetime) -> None:
    """Tell each product that is not yet told as it is."""
    _tell_changed(connection, [ProductPublished(product) for product in products], now)


def publish_key(connection: Connection, key: IssuerKey, now: datetime) -> None:
    _tell_changed(connection, [KeyPublished(key)], now)


def standing(connection: Connection, *kinds: str) -> list[Event]:
    """The newest of these kinds about each subject."""
    return [fact.event for fact in standing_facts(connection, *kinds)]


def standing_facts(connection: Connection, *kinds: str) -> list[Fact]:
    newest = (
        select(func.max(feed.c.n))
        .where(feed.c.kind.in_(kinds))
        .group_by(feed.c.kind, feed.c.subject)
    )
    bodies = select(feed.c.body).where(feed.c.n.in_(newest)).order_by(feed.c.n)
    return [fact_from_data(body) for body in connection.scalars(bodies)]


def newest_key(connection: Connection) -> int:
    """The highest id of a key ever told, 0 if none was."""
    keys = select(func.max(feed.c.subject)).where(feed.c.kind == "key_published")
    return connection.scalar(keys) or 0


def last_taken(connection: Connection, device: str, *, lock: bool = False) -> int:
    """The highest number taken of `device`; with `lock` nobody else moves it meanwhile."""
    this = {"of_device": device}
    if not lock:
        return connection.scalar(_LAST, this) or 0
    last = connection.scalar(_LAST_LOCKED, this)
    if last is None:  # a row that is not there cannot be locked; of two that make it one fails
        connection.execute(insert(sequence), {"device": device, "last": 0})
    return last or 0


def take_up_to(connection: Connection, device: str, number: int) -> None:
    """Numbers of `device` up to `number` are taken."""
    if not connection.execute(_MOVE, {"of_device": device, "last": number}).rowcount:
        connection.execute(insert(sequence), {"device": device, "last": number})


def _take_places(connection: Connection, count: int) -> int:
    first = last_taken(connection, CENTRAL, lock=True) + 1
    take_up_to(connection, CENTRAL, first + count - 1)
    return first


def _insert(
    connection: Connection, first: int, facts: Sequence[Fact], bodies: Sequence[Any], now: datetime
) -> None:
    if facts:
        told = zip(facts, bodies, strict=True)
        rows = [_columns(n, fact, body, now) for n, (fact, body) in enumerate(told, first)]
        connection.execute(_NEW, rows)
        head_counts.take(connection, facts, first + len(facts) - 1, now)


def _columns(n: int, fact: Fact, body: Any, now: datetime) -> dict[str, Any]:
    return {
        "n": n,
        "device": fact.device,
        "number": fact.number,
        "kind": kind_of(fact),
        "subject": _subject(fact),
        "at": fact.at,
        "received_at": now,
        "body": body,
    }


def shown(code: str) -> int:
    """Where refusals of a code stand that is no ticket's: a number below nothing, the same however
    its letters, blanks and dashes were typed. Gates tell its first 64 characters."""
    return -foreign_ticket_id("".join(code[:64].upper().replace("-", "").split()))


def _subject(fact: Fact) -> int | None:
    match fact.event:
        case ProductPublished(product):
            return product.id
        case KeyPublished(key):
            return key.id
        case ForeignShopPublished(shop):
            return shop.id
        case Refused(ticket=None, code=code) if code:
            return shown(code)
        case _:
            return fact.ticket


def _tell_changed(connection: Connection, events: Sequence[Event], now: datetime) -> None:
    told = standing(connection, *CATALOGUE)
    if changed := [event for event in events if event not in told]:
        tell(connection, changed, now)
