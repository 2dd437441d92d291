"""What must hold in central's database whatever was done in whatever order; and that it is what the
model expects."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from support.sales_model import Model
from support.sales_truth import Feed, Query, Stands, Truth, look
from support.sales_values import agree
from support.sales_venue import SHARES

NEXT = {
    "waiting": {"reserved", "expired", "cancelled"},
    "reserved": {"confirmed", "expired", "cancelled"},
    "expired": {"confirmed", "cancelled"},
    "confirmed": {"cancelled"},
    "cancelled": set[str](),
}
"""What may become of a request."""
PLAIN = {"sale", "payment"}
"""Entries of a request of which nothing was given back or given up."""


class Auditor:
    def __init__(self, query: Query, now: datetime) -> None:
        self._query = query
        self._feed = Feed(query)
        self.truth = look(query, now)

    def look(self, now: datetime) -> Truth:
        return look(self._query, now)

    def audit(self, now: datetime, excused: dict[str, int]) -> Truth:
        """`excused`: slot → so many places more may be taken than there are."""
        before, self.truth = self.truth, look(self._query, now)
        self._feed.hear()
        _capacity(self.truth, excused)
        _ledger(self.truth)
        _vouchers(self.truth)
        _promos(self.truth)
        for id_, request in self.truth.requests.items():
            _money(request)
            _tickets(request)
            if id_ in before.requests:
                _history(before.requests[id_], request)
        assert before.requests.keys() <= self.truth.requests.keys(), "a request has vanished"
        tickets = {t: state for r in self.truth.requests.values() for t, state in r.tickets.items()}
        assert self._feed.states == tickets, "gates were told otherwise"
        return self.truth


def _capacity(truth: Truth, excused: dict[str, int]) -> None:
    for slot, (capacity, _) in truth.slots.items():
        over = truth.over(slot)
        assert over <= excused.get(slot, 0), f"{slot}: {over} more places are taken than there are"
        if capacity is None or not slot.startswith("tour") or slot in excused:
            continue
        for channel, percent in SHARES.items():
            most, taken = capacity * percent // 100, truth.taken(slot, channel)
            assert taken <= most, f"{slot}: {channel} has {taken} places of its {most}"
    for lease in truth.leases.values():
        assert lease.used == lease.told, "what was sold offline is counted otherwise"
        assert 0 <= lease.used + lease.returned <= lease.places


def _ledger(truth: Truth) -> None:
    numbers: dict[str, list[int]] = {}
    for id_, entry in truth.entries.items():
        assert sum(entry.postings.values()) == 0, f"entry {id_} does not balance: {entry}"
        assert entry.on("paid:") == entry.amount, f"entry {id_} tells another amount: {entry}"
        if entry.receipt is not None:
            numbers.setdefault(entry.device, []).append(entry.receipt)
    for device, told in numbers.items():
        assert told == list(range(1, len(told) + 1)), f"receipts of {device}: {told}"
        assert truth.tills[device][0] == len(told)


def _vouchers(truth: Truth) -> None:
    moved = 0
    for code, (value, _, moves) in truth.vouchers.items():
        assert 0 <= value + sum(moves) <= value, f"voucher {code}: {value} {moves}"
        moved += sum(moves)
    spent = sum(entry.on("paid:voucher:") for entry in truth.entries.values())
    assert spent == -moved, "the ledger tells of vouchers otherwise than they do"


def _promos(truth: Truth) -> None:
    used: Counter[str] = Counter()
    most: dict[str, int | None] = {}
    for code, limit, request, uses in truth.uses:
        most[code] = limit
        used[code] += uses if truth.requests[request].holds(truth.now) else 0
    for code, limit in most.items():
        assert limit is None or used[code] <= limit, f"{code} is used {used[code]} times of {limit}"


def _money(request: Stands) -> None:
    assert request.paid >= 0, f"more was given back than paid: {request}"
    if request.status == "confirmed":
        assert request.kinds["sale"] == 1, f"sold {request.kinds['sale']} times: {request}"
        if set(request.kinds) <= PLAIN:
            assert request.paid == request.taken
            assert request.paid + request.owed == request.total, f"paid + due is not {request}"
            assert request.taxed == request.tax, f"not all the tax is posted: {request}"
    else:
        assert request.owed == -request.paid, f"is not sold, and owes: {request}"


def _tickets(request: Stands) -> None:
    states = set(request.tickets.values())
    assert len(request.tickets) in (0, request.quantity)
    if request.status == "cancelled":
        assert states <= {"cancelled"}, f"cancelled, and its tickets are {states}"
    elif request.status != "confirmed":
        assert not request.tickets, f"tickets of what is {request.status}"


def _history(before: Stands, now: Stands) -> None:
    assert now.status in {before.status, *_reachable(before.status)}, f"{before} became {now}"
    assert now.history[: len(before.history)] == before.history, "history was changed"
    if before.seen != now.seen:
        assert len(now.history) > len(before.history), f"not told why: {before} became {now}"
    assert before.tickets.keys() <= now.tickets.keys(), "tickets have vanished"
    for ticket, state in before.tickets.items():
        assert state != "cancelled" or now.tickets[ticket] == "cancelled", "a ticket came back"


def _reachable(status: str) -> set[str]:
    found, new = set[str](), {status}
    while new := {after for one in new for after in NEXT[one]} - found:
        found |= new
    return found


def compare(model: Model, truth: Truth) -> None:
    """Raises Wrong when central is not as it ought to be."""
    stands = {r.token: r for r in truth.requests.values()}
    agree(set(stands), set(model.requests), "requests")
    for token, ought in model.requests.items():
        one = stands[token]
        agree((one.status, one.expires), (ought.status, ought.expires), token)
        agree((one.paid, one.owed), (ought.paid, ought.charge - ought.paid), f"money of {token}")
        agree(one.places, [(x.slot, x.places) for x in ought.lines if x.slot], "places")
        agree(one.tickets, ought.states, "tickets")
    agree(truth.slots, {s: (o.capacity, o.shut) for s, o in model.slots.items()}, "slots")
    leases = {id_: (lease.used, lease.returned) for id_, lease in truth.leases.items()}
    agree(leases, {id_: (one.used, one.returned) for id_, one in model.leases.items()}, "leases")
    vouchers = {c: (value + sum(moves), b) for c, (value, b, moves) in truth.vouchers.items()}
    agree(vouchers, {c: (v.balance, v.blocked) for c, v in model.vouchers.items()}, "vouchers")
    tills = {device: numbers for device, numbers in truth.tills.items() if any(numbers)}
    ought_ = {d: (t.receipt, t.day_end) for d, t in model.tills.items() if t.receipt or t.day_end}
    agree(tills, ought_, "tills")
