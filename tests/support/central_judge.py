"""What a database of central says, by SQL of its own, against what buyers were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, create_engine
from support.central_buyers import Paid, Sale, Told

REQUESTS = "SELECT token, status FROM ticket_request"
PAYMENTS = """\
SELECT r.token, p.method, p.reference, p.amount
FROM payment p JOIN ticket_request r ON r.id = p.request"""
MONEY = """\
SELECT r.token, e.method, e.reference, e.amount
FROM money_entry e JOIN ticket_request r ON r.id = e.request
WHERE e.kind IN ('payment', 'refund', 'void')"""
TICKETS = """\
SELECT r.token, t.id, t.state FROM ticket t JOIN ticket_request r ON r.id = t.request"""
FEED = "SELECT n, kind, subject, CAST(body AS TEXT) FROM feed ORDER BY n"
HEAD = "SELECT last FROM sequence WHERE device = 'central'"
POSTINGS = """\
SELECT e.id, e.kind, r.token, p.account, p.amount
FROM money_entry e JOIN posting p ON p.entry = e.id LEFT JOIN ticket_request r ON r.id = e.request
"""
RECEIPTS = "SELECT device, receipt FROM money_entry WHERE receipt IS NOT NULL ORDER BY id"
TILLS = "SELECT device, receipt FROM till"
TAKEN = """\
SELECT s.id, coalesce(s.own_capacity, s.capacity), r.status, r.expires_at, l.places
FROM time_slot s JOIN line_slot l ON l.slot = s.id JOIN ticket_request r ON r.id = l.request
WHERE r.status IN ('confirmed', 'reserved')"""
VOUCHERS = """\
SELECT v.code, v.value, e.amount, r.token FROM voucher v
LEFT JOIN voucher_entry e ON e.voucher = v.id LEFT JOIN ticket_request r ON r.id = e.request"""
HALF_DONE = "SELECT count(*) FROM idempotency WHERE status = 0"


@dataclass
class Verdict:
    """`lost`: told, and not there. `double`: there, and told to nobody, or twice there. `wrong`:
    what must never be."""

    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[str]:
        named = {"lost": self.lost, "double": self.double, "wrong": self.wrong}
        return [f"{name}: {one}" for name, found in named.items() for one in found]

    def compare(self, what: str, told: Iterable[Hashable], stored: Iterable[Hashable]) -> None:
        """Both are to have the same things, each as often."""
        mine, theirs = Counter(told), Counter(stored)
        self.lost += [f"{what} {one}" for one in (mine - theirs).elements()]
        self.double += [f"{what} {one}" for one in (theirs - mine).elements()]

    def demand(self, right: object, otherwise: str) -> None:
        if not right:
            self.wrong.append(otherwise)


def judge(url: str, told: Told, now: datetime) -> Verdict:
    """What is wrong in the database, when every buyer has got all answers."""
    verdict = Verdict(wrong=list(told.unexpected))
    engine = create_engine(url)
    with closing(engine.connect()) as connection:
        if engine.dialect.name == "sqlite":
            sound = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
            verdict.demand(sound == "ok", f"the file is corrupt: {sound}")
        verdict.demand(connection.exec_driver_sql(HALF_DONE).scalar() == 0, "half-done calls")
        _judge_sales(connection, told.sales, verdict)
        _judge_money(connection, told.sales, verdict)
        _judge_places(connection, now, verdict)
        _judge_feed(connection, verdict)
        _judge_vouchers(connection, told, verdict)
    engine.dispose()
    return verdict


def _rows(connection: Connection, statement: str) -> list[Any]:
    return list(connection.exec_driver_sql(statement))


def _judge_sales(connection: Connection, sales: list[Sale], verdict: Verdict) -> None:
    rows = _rows(connection, REQUESTS)
    verdict.compare("request", [sale.token for sale in sales], [token for token, _ in rows])
    stored = dict(rows)
    for sale in sales:
        status = "cancelled" if sale.cancelled else "confirmed"
        if sale.cancelled or sale.confirmed:
            is_ = stored.get(sale.token)
            verdict.demand(is_ == status, f"{sale.token} was told {status}, is {is_}")
        if sale.tickets:
            verdict.demand(len(sale.tickets) == sale.quantity, f"{sale.token}: other quantity")
    tickets = [
        (sale.token, id_, "cancelled" if id_ in sale.tickets_cancelled else "valid")
        for sale in sales
        for id_ in sale.tickets
    ]
    verdict.compare("ticket", tickets, [tuple(row) for row in _rows(connection, TICKETS)])


def _judge_money(connection: Connection, sales: list[Sale], verdict: Verdict) -> None:
    told = [(sale.token, *paid) for sale in sales for paid in sale.money]
    verdict.compare("money", told, _amounts(connection, MONEY))
    taken = [one for one in told if one[3] > 0]
    verdict.compare("payment", taken, _amounts(connection, PAYMENTS))

    entries: Counter[int] = Counter()
    paid: Counter[str] = Counter()
    earned: Counter[str] = Counter()
    for entry, _, token, account, amount in _rows(connection, POSTINGS):
        cents = int(Decimal(amount) * 100)
        entries[entry] += cents
        if account.startswith("paid:"):
            paid[token] += cents
        elif account != "receivable":
            earned[token] -= cents
    verdict.demand(not any(entries.values()), "the ledger does not balance")
    for sale in sales:
        got = int(sum(one.amount for one in sale.money) * 100)
        verdict.demand(paid[sale.token] == got, f"{sale.token}: another sum is in the ledger")
        back = -sum(one.amount for one in sale.money if one.amount < 0)
        owed = int((sale.total - back) * 100) if sale.confirmed and not sale.cancelled else 0
        verdict.demand(earned[sale.token] == owed, f"{sale.token} earned {earned[sale.token]}")
    receipts: dict[str, list[int]] = {}
    for device, number in _rows(connection, RECEIPTS):
        receipts.setdefault(device, []).append(number)
    last = dict(_rows(connection, TILLS))
    for device, numbers in receipts.items():
        whole = numbers == list(range(1, last[device] + 1))
        verdict.demand(whole, f"the receipts of {device} have gaps")


def _amounts(connection: Connection, statement: str) -> list[Hashable]:
    return [
        (token, *Paid(method, reference, Decimal(amount)))
        for token, method, reference, amount in _rows(connection, statement)
    ]


def _judge_places(connection: Connection, now: datetime, verdict: Verdict) -> None:
    taken: Counter[tuple[str, int]] = Counter()
    for slot, capacity, status, expires_at, places in _rows(connection, TAKEN):
        until = datetime.fromisoformat(f"{expires_at}")
        until = until if until.tzinfo else until.replace(tzinfo=now.tzinfo)
        if capacity is not None and (status == "confirmed" or until > now):
            taken[slot, capacity] += places
    for (slot, capacity), places in taken.items():
        verdict.demand(places <= capacity, f"{slot} has {capacity} places, {places} are taken")


def _judge_feed(connection: Connection, verdict: Verdict) -> None:
    rows = _rows(connection, FEED)
    numbers = [n for n, *_ in rows]
    verdict.demand(numbers == list(range(1, len(numbers) + 1)), "the feed has gaps")
    head = connection.exec_driver_sql(HEAD).scalar()
    verdict.demand(head == len(numbers), f"the head of the feed is {head}")
    told = [(id_, '"cancelled"' in b) for _, kind, id_, b in rows if kind == "ticket_issued"]
    tickets = [(id_, state) for _, id_, state in _rows(connection, TICKETS)]
    wanted = [(id_, False) for id_, _ in tickets]
    wanted += [(id_, True) for id_, state in tickets if state == "cancelled"]
    verdict.compare("in the feed: ticket", wanted, told)


def _judge_vouchers(connection: Connection, told: Told, verdict: Verdict) -> None:
    rows = _rows(connection, VOUCHERS)
    worth = {(code, Decimal(value)) for code, value, *_ in rows}
    verdict.compare("voucher", told.vouchers.items(), worth)
    stored = [(token, code, Decimal(amount)) for code, _, amount, token in rows if amount]
    spent = [
        (sale.token, one.reference, -one.amount)
        for sale in told.sales
        for one in sale.money
        if one.method == "voucher"
    ]
    verdict.compare("spent of a voucher", spent, stored)
