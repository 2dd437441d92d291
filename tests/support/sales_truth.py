"""What stands in central's database, read with SQL of our own."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import make_url
from support.sales_values import half_up
from support.sales_venue import VOUCHER

Query = Callable[[str], list[tuple[Any, ...]]]
REQUESTS = "SELECT id, token, channel, status, expires_at FROM ticket_request ORDER BY id"
LINES = "SELECT request, quantity, price, discount, tax_percent, product FROM request_line"
PLACES = "SELECT request, slot, places FROM line_slot ORDER BY request, line, slot"
ENTRIES = """\
SELECT e.id, e.request, e.kind, e.device, e.receipt, e.amount, p.account, p.amount
FROM money_entry e LEFT JOIN posting p ON p.entry = e.id ORDER BY e.id"""
PAYMENTS = "SELECT request, amount FROM payment"
TICKETS = "SELECT request, id, state FROM ticket ORDER BY request, line, id"
HISTORY = "SELECT request, what FROM history ORDER BY request, id"
USES = """\
SELECT c.code, c.max_uses, u.request, u.uses
FROM promo_use u JOIN promo_code c ON c.id = u.promo_code"""
LEASES = """\
SELECT id, slot, channel, expires_at, places, used, returned,
       (SELECT coalesce(sum(u.places), 0) FROM lease_use u WHERE u.lease = lease.id)
FROM lease ORDER BY id"""
SLOTS = "SELECT id, coalesce(own_capacity, capacity), coalesce(closed, NOT planned) FROM time_slot"
VOUCHERS = """\
SELECT v.code, v.value, v.blocked, e.amount
FROM voucher v LEFT JOIN voucher_entry e ON e.voucher = v.id"""
TILLS = "SELECT device, receipt, day_end FROM till"
FEED = "SELECT n, kind, subject, body FROM feed WHERE n > {} ORDER BY n"


def reader(url: str) -> tuple[Query, Callable[[], None]]:
    """(rows of a SELECT on what is committed, how to close it)."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        lite = sqlite3.connect(str(where.database), isolation_level=None, check_same_thread=False)
        return lambda sql: lite.execute(sql).fetchall(), lite.close
    dsn = where.set(drivername="postgresql").render_as_string(hide_password=False)
    post = psycopg.connect(dsn, autocommit=True)
    return lambda sql: post.execute(sql.encode()).fetchall(), post.close


def cents(text: str | None) -> int:
    return round(float(text or "0") * 100)


def _time(value: Any) -> datetime:
    """SQLite keeps texts, in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    told: datetime = value
    return told.astimezone(UTC)


@dataclass
class Stands:
    """One ticket request. `paid`, `owed` and `taxed` are what the ledger says, `taken` is what was
    paid in all, `tax` what ought to be in the total, `quantity` how many tickets it is for; `kinds`
    are the entries that there are."""

    token: str
    channel: str
    status: str
    expires: datetime
    paid: int = 0
    owed: int = 0
    taken: int = 0
    total: int = 0
    tax: int = 0
    taxed: int = 0
    quantity: int = 0
    places: list[tuple[str, int]] = field(default_factory=list)
    tickets: dict[str, str] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    history: list[str] = field(default_factory=list)

    @property
    def seen(self) -> tuple[object, ...]:
        """What does not change without an entry in the history."""
        return self.status, self.expires, self.paid, self.owed, self.places, self.tickets

    def holds(self, now: datetime) -> bool:
        return self.status == "confirmed" or (self.status == "reserved" and self.expires > now)


@dataclass
class Entry:
    """One of the ledger, with its postings."""

    request: int | None
    kind: str
    device: str
    receipt: int | None
    amount: int
    postings: dict[str, int] = field(default_factory=dict)

    def on(self, accounts: str) -> int:
        """What is posted on accounts that begin so."""
        return sum(n for account, n in self.postings.items() if account.startswith(accounts))


@dataclass
class Lease:
    slot: str
    channel: str
    expires: datetime
    places: int
    used: int
    returned: int
    told: int


@dataclass
class Truth:
    """`slots`: (capacity, closed). `vouchers`: (value, blocked, what moved the balance). `tills`:
    the last numbers of receipt and day-end."""

    now: datetime
    requests: dict[int, Stands]
    entries: dict[int, Entry]
    leases: dict[int, Lease]
    slots: dict[str, tuple[int | None, bool]]
    vouchers: dict[str, tuple[int, bool, list[int]]]
    tills: dict[str, tuple[int, int]]
    uses: list[tuple[str, int | None, int, int]]

    def taken(self, slot: str, channel: str = "") -> int:
        """sold + reserved + leased, of a channel or of all."""
        asked = (r for r in self.requests.values() if r.holds(self.now))
        here = [r.places for r in asked if channel in ("", r.channel)]
        places = sum(n for one in here for where, n in one if where == slot)
        for lease in self.leases.values():
            if lease.slot == slot and channel in ("", lease.channel):
                unused = lease.places - lease.used - lease.returned
                places += lease.used + (unused if lease.expires > self.now else 0)
        return places

    def over(self, slot: str) -> int:
        capacity, _ = self.slots[slot]
        return 0 if capacity is None else max(0, self.taken(slot) - capacity)


def look(query: Query, now: datetime) -> Truth:
    asked = query(REQUESTS)
    requests = {id_: Stands(*row, _time(at)) for id_, *row, at in asked}
    entries = _entries(query)
    for id_, slot, places in query(PLACES):
        requests[id_].places.append((slot, places))
    for id_, quantity, price, discount, percent, product in query(LINES):
        request = requests[id_]
        total = quantity * cents(price) - cents(discount)
        request.total += total
        request.tax += half_up(total * int(percent), 100 + int(percent))
        request.quantity += quantity if product != VOUCHER else 0
    for entry in entries.values():
        if entry.request is None:  # a voucher that the office made
            continue
        request = requests[entry.request]
        request.kinds[entry.kind] += 1
        request.owed += entry.postings.get("receivable", 0)
        request.paid += entry.on("paid:")
        request.taxed -= entry.on("tax:")
    for id_, amount in query(PAYMENTS):
        requests[id_].taken += cents(amount)
    for id_, ticket, state in query(TICKETS):
        requests[id_].tickets[str(ticket)] = state
    for id_, what in query(HISTORY):
        requests[id_].history.append(what)
    return Truth(
        now,
        requests,
        entries,
        {id_: Lease(s, c, _time(at), *rest) for id_, s, c, at, *rest in query(LEASES)},
        {id_: (capacity, bool(closed)) for id_, capacity, closed in query(SLOTS)},
        _vouchers(query),
        {device: (receipt, day_end) for device, receipt, day_end in query(TILLS)},
        [(code, most, request, uses) for code, most, request, uses in query(USES)],
    )


def _entries(query: Query) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    for id_, request, kind, device, receipt, amount, account, posted in query(ENTRIES):
        entry = entries.setdefault(id_, Entry(request, kind, device, receipt, cents(amount)))
        if account:
            entry.postings[account] = cents(posted)
    return entries


def _vouchers(query: Query) -> dict[str, tuple[int, bool, list[int]]]:
    found: dict[str, tuple[int, bool, list[int]]] = {}
    for code, value, blocked, amount in query(VOUCHERS):
        moves = found.setdefault(code, (cents(value), bool(blocked), []))[2]
        moves += [cents(amount)] if amount else []
    return found


class Feed:
    """What gates have heard so far of tickets."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self.head = 0
        self.states: dict[str, str] = {}

    def hear(self) -> None:
        for n, kind, subject, body in self._query(FEED.format(self.head)):
            assert n == self.head + 1, f"the feed goes from {self.head} to {n}"
            self.head = n
            if kind == "ticket_issued":
                told = json.loads(body) if isinstance(body, str) else body
                self.states[str(subject)] = told["issued"].get("state", "valid")
