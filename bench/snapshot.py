"""A snapshot of many tickets: made by central, sent, put into use by a gate while lanes look up."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from sqlalchemy import Connection

from admission.codes import SigningKey, low_bits, new_ticket_id
from admission.facts import (
    CENTRAL,
    Admitted,
    Event,
    Fact,
    KeyPublished,
    ProductPublished,
    TicketIssued,
)
from admission.values import Entitlement, Product, Ticket, Window
from bench.figure import Figure, Plan, figure
from central.settings import CentralSettings
from central.store.database import Database as Central
from central.sync import epochs, feed
from central.sync.snapshots import Offer as Made
from central.sync.snapshots import Snapshots
from gate.hearing import Hearing
from gate.images import Images, Offer
from gate.ledger import SCHEMA, GateLedger, fold_told
from runtime.database import Database
from runtime.image import Scope
from runtime.outbox import Outbox
from runtime.service import utc_now
from runtime.wire import fact_to_data

NOW = utc_now().replace(microsecond=0)
KEY = SigningKey(1, bytes(range(32)), NOW)
DAYS, SLOTS, PRODUCTS, PERSONS, LANGUAGES = 30, 10, 8, 2, ("", "de", "en")
"""A venue with 30 days on sale: 14,400 ways in which a ticket can differ from another."""
SCOPE, SITE = Scope(("museum",), DAYS), "bench"
USES = 1_000
MOST_BYTES = 11
MOST_S = 0.5
PACE_S = 0.001
ROW = "SELECT id, product, start, end, persons, state, language FROM ticket WHERE id = ?"
_FEED = "INSERT INTO feed (n, device, number, kind, subject, at, received_at, body)"
_TICKET = (
    "INSERT INTO ticket (id, human_code, request, line, code, product, persons, valid_from,"
    " valid_until, state) VALUES (?, ?, 1, 1, ?, ?, ?, ?, ?, 'valid')"
)


async def measure(plan: Plan) -> list[Figure]:
    ids = [new_ticket_id() for _ in range(plan.many)]
    async with Central(CentralSettings(plan.folder, {}).database_url) as central:
        _fill(plan.folder / "central.sqlite", ids)
        await central.write(lambda c: _begin(c, plan.many))
        made, building = await _build(plan, central)
    (plan.folder / "gate").mkdir()
    async with _gate(plan.folder / "gate") as gate:
        shelf = _Shelf(made)
        images = Images(gate.ledger, gate.hearing, shelf, SITE, SCOPE)
        await images.refresh("bench")
        swapping = await _swap(plan, images, made.path)
        scans = await _scans(plan, images, gate.ledger, ids)
        cold = _look_ups(plan, gate.ledger, ids)
    return [_weight(plan, made), building, swapping, scans, cold]


def _weight(plan: Plan, made: Made) -> Figure:
    pairs = [(made.bytes / plan.many, float(MOST_BYTES))]
    return figure(
        "a ticket in a snapshot",
        pairs,
        against=f"{MOST_BYTES} bytes on the wire",
        unit="B",
        aim=1.0,
    )


async def _build(plan: Plan, central: Central) -> tuple[Made, Figure]:
    """Whoever asks waits for it; sales go on."""
    pairs = []
    rounds = 2 if plan.quick else 3
    for n in range(rounds):
        snapshots = Snapshots(plan.folder / f"snapshots-{n}", central, SITE)
        begun = perf_counter()
        made = await snapshots.offer(SCOPE, 0, KEY, NOW)
        ours = perf_counter() - begun
        pairs.append((ours, _bare_select(plan.folder / "central.sqlite")))
    against = "the same rows fetched by SQLite alone"
    return made, figure("making a snapshot", pairs, against=against, unit="s")


def _bare_select(path: Path) -> float:
    begun = perf_counter()
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT subject, body FROM feed WHERE kind = 'ticket_issued'")
        while rows.fetchmany(512):
            pass
    return perf_counter() - begun


async def _swap(plan: Plan, images: Images, path: Path) -> Figure:
    """Written, checked, flushed, in use: and the facts beside it folded in."""
    content, pairs, bare = path.read_bytes(), [], []
    for _ in range(plan.rounds):
        begun = perf_counter()
        await images.refresh("bench")
        pairs.append((perf_counter() - begun, MOST_S))
        bare.append(_bare_write(plan.folder / "bare", content))
    return figure(
        "a snapshot put into use",
        pairs,
        against=f"half a second; {USES} facts beside the image are folded in too",
        aim=1.0,
        besides=f"its bytes alone, written and flushed: {median(bare) * 1e3:.1f} ms",
    )


def _bare_write(path: Path, content: bytes) -> float:
    begun = perf_counter()
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    taken = perf_counter() - begun
    path.unlink()
    return taken


async def _scans(plan: Plan, images: Images, ledger: GateLedger, ids: list[int]) -> Figure:
    """A look-up each millisecond: from when it is due until it is answered."""
    pairs = []
    for _ in range(plan.rounds):
        swapping = await _late(ledger, ids, _again(images))
        quiet = await _late(ledger, ids, asyncio.sleep(0.5))
        pairs.append((_p99(swapping), _p99(quiet)))
    against = "the same while no snapshot comes; p99 of each round of both"
    return figure("look-up while it is swapped, p99", pairs, against=against, aim=2.0)


async def _again(images: Images) -> None:
    for _ in range(4):
        await images.refresh("bench")


async def _late(ledger: GateLedger, ids: list[int], meanwhile: Awaitable[object]) -> list[float]:
    work = asyncio.ensure_future(meanwhile)
    taken: list[float] = []
    while not work.done():
        due = perf_counter() + PACE_S
        await asyncio.sleep(PACE_S)
        assert ledger.ticket(random.choice(ids)) is not None
        taken.append(perf_counter() - due)
    await work
    return taken


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]


def _look_ups(plan: Plan, ledger: GateLedger, ids: list[int]) -> Figure:
    """Of a ticket that nobody looked up lately."""
    pairs = []
    with closing(_rows(plan.folder / "rows.db", ids)) as rows:

        def row(id_: int) -> object:
            return rows.execute(ROW, (id_,)).fetchall()

        for _ in range(plan.rounds):
            some = random.sample(ids, 500)
            pairs.append((_each(some, ledger.ticket), _each(some, row)))
    against = "one row of SQLite, of as many"
    return figure("a cold look-up", pairs, against=against, unit="us")


def _each(ids: list[int], look: Callable[[int], object]) -> float:
    taken = []
    for id_ in ids:
        begun = perf_counter()
        found = look(id_)
        taken.append(perf_counter() - begun)
        assert found
    return median(taken)


def _rows(path: Path, ids: list[int]) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    sql = (
        "INSERT INTO ticket (id, low_bits, product, start, end, persons, state, language)"
        " VALUES (?, ?, 1, 1, 2, 1, 'valid', '')"
    )
    with connection:
        connection.executemany(sql, ((id_, low_bits(id_)) for id_ in sorted(ids)))
    return connection


@dataclass
class _Gate:
    ledger: GateLedger
    hearing: Hearing


@asynccontextmanager
async def _gate(folder: Path) -> AsyncIterator[_Gate]:
    async with Database(folder / "gate.db", SCHEMA) as database:
        outbox = Outbox(database, "gate-1", fold=fold_told)
        ledger = GateLedger(database, outbox)
        await database.grow_log()
        yield _Gate(ledger, Hearing(ledger, outbox))


class _Shelf:
    """Central next door: the network costs nothing."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self._content = made.path.read_bytes()

    async def offer(self, scope: Scope, after: int) -> Offer:
        made = self._made
        return Offer(made.id, made.epoch, made.as_of, made.bytes, 0, (KEY.issuer,))

    async def content(self, id_: str, start: int) -> AsyncIterator[bytes]:
        for at in range(start, len(self._content), 1 << 17):
            yield self._content[at : at + (1 << 17)]


def _begin(connection: Connection, many: int) -> None:
    feed.take_up_to(connection, CENTRAL, 1 + PRODUCTS + many + USES)
    epochs.begin(connection, "bench", NOW)


def _fill(path: Path, ids: list[int]) -> None:
    """As if every ticket had been sold, and some were used."""
    with closing(sqlite3.connect(path)) as connection, connection:
        tickets = (_ticket(n, id_) for n, id_ in enumerate(ids))
        connection.executemany(_TICKET, (_ticket_row(n, t) for n, t in enumerate(tickets)))
        connection.executemany(
            f"{_FEED} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(_feed_row, _facts(ids))
        )


def _facts(ids: list[int]) -> Iterator[Fact]:
    products = [
        Product(n, f"Product {n}", (Entitlement("museum"),)) for n in range(1, PRODUCTS + 1)
    ]
    events: list[Event] = [KeyPublished(KEY.issuer), *map(ProductPublished, products)]
    for n, event in enumerate(events, 1):
        yield Fact(CENTRAL, n, NOW, event)
    for n, id_ in enumerate(ids):
        yield Fact(CENTRAL, len(events) + 1 + n, NOW, TicketIssued(_ticket(n, id_)))
    for n, id_ in enumerate(islice(ids, USES), 1):
        yield Fact("gate-2", len(events) + len(ids) + n, NOW, Admitted(id_, "museum", "North", 1))


def _ticket(n: int, id_: int) -> Ticket:
    n, slot = divmod(n, SLOTS)
    n, day = divmod(n, DAYS)
    n, product = divmod(n, PRODUCTS)
    n, persons = divmod(n, PERSONS)
    start = NOW + timedelta(days=day, hours=slot - 1, minutes=1)
    window = Window(start, start + timedelta(hours=2))
    return Ticket(id_, product + 1, window, persons + 1, language=LANGUAGES[n % len(LANGUAGES)])


def _ticket_row(n: int, ticket: Ticket) -> tuple[object, ...]:
    start, end = (f"{t:%Y-%m-%d %H:%M:%S}.000000" for t in (ticket.window.start, ticket.window.end))
    return ticket.id, f"TK-{n}", "W" * 141, ticket.product, ticket.persons, start, end


def _feed_row(fact: Fact) -> tuple[object, ...]:
    data = fact_to_data(fact)
    at = f"{fact.at:%Y-%m-%d %H:%M:%S}.000000"
    subject = fact.ticket or fact.number
    return (fact.number, fact.device, fact.number, data["kind"], subject, at, at, json.dumps(data))
