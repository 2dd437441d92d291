"""What central ought to know after all that was asked of it: no database, no locks, one thing after
the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from support.sales_values import Lease, Promo, Request, Slot, Till, Voucher
from support.sales_venue import OFFER, PLANS, SHARES

ZONE = ZoneInfo("Europe/Berlin")


@dataclass
class Model:
    now: datetime
    slots: dict[str, Slot] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    leases: dict[int, Lease] = field(default_factory=dict)
    lease_of: dict[int, int] = field(default_factory=dict)
    vouchers: dict[str, Voucher] = field(default_factory=dict)
    promos: dict[str, Promo] = field(default_factory=dict)
    tills: dict[str, Till] = field(default_factory=dict)
    inside: Counter[str] = field(default_factory=Counter)
    excused: dict[str, int] = field(default_factory=dict)
    """Slot → so many more places may be taken than there are: staff wanted it, or told late."""

    @property
    def today(self) -> date:
        return self.now.astimezone(ZONE).date()

    def shown(self, request: Request) -> str:
        runs_out = request.status in ("reserved", "waiting")
        return "expired" if runs_out and request.expires <= self.now else request.status

    def holding(self, but_for: str = "") -> Iterator[Request]:
        """Requests whose places nobody else can have."""
        for request in self.requests.values():
            if self.shown(request) in ("reserved", "confirmed") and request.token != but_for:
                yield request

    def taken(self, slot: str, channel: str | None = None, but_for: str = "") -> int:
        asked = sum(r.places[slot] for r in self.holding(but_for) if channel in (None, r.channel))
        if channel not in (None, "kiosk"):
            return asked
        here = [lease for lease in self.leases.values() if lease.slot == slot]
        free = sum(lease.unused for lease in here if lease.expires > self.now)
        return asked + free + sum(lease.used for lease in here)

    def most(self, slot: str, channel: str) -> int | None:
        """Places that the channel could have of an empty slot."""
        capacity = self.slots[slot].capacity
        if capacity is None or channel not in SHARES or not slot.startswith("tour"):
            return capacity
        return capacity * SHARES[channel] // 100

    def left(self, slot: str, channel: str, but_for: str = "") -> int | None:
        capacity = self.slots[slot].capacity
        if capacity is None:
            return None
        lefts = [capacity - self.taken(slot, but_for=but_for)]
        if channel in SHARES and slot.startswith("tour"):
            most = capacity * SHARES[channel] // 100
            lefts.append(most - self.taken(slot, channel, but_for))
        return max(0, min(lefts))

    def over(self, slot: str) -> int:
        capacity = self.slots[slot].capacity
        return 0 if capacity is None else max(0, self.taken(slot) - capacity)

    def fits(self, places: Counter[str], channel: str, but_for: str = "") -> bool:
        lefts = ((self.left(slot, channel, but_for), n) for slot, n in places.items())
        return all(left is None or n <= left for left, n in lefts)

    def off_sale(self, slot: str) -> bool:
        return self.shut(slot) or self.now >= self.slots[slot].was.sales_end

    def shut(self, slot: str) -> bool:
        """What was reserved and ran out is not sold in it any more."""
        here = self.slots[slot]
        return here.shut or self.now >= max(here.was.end, here.was.arrival_end)

    def used_up(self, code: str, uses: int, but_for: str = "") -> bool:
        used = sum(request.promos.get(code, 0) for request in self.holding(but_for))
        return used + uses > self.promos[code].max_uses

    def serve(self, freed: Collection[str] | None = None) -> None:
        """Who waits gets what is free, first come, first served."""
        for request in self.requests.values():
            waits = self.shown(request) == "waiting"
            if waits and (freed is None or not request.places.keys().isdisjoint(freed)):
                self._offer(request)

    def _offer(self, request: Request) -> None:
        """Whose promo code others have used up meanwhile is told so."""
        places = request.places
        if any(self.off_sale(slot) for slot in places) or not self.fits(places, request.channel):
            return
        if any(self.used_up(code, uses) for code, uses in request.promos.items()):
            request.status = "cancelled"
        else:
            request.status, request.expires = "reserved", self.now + OFFER

    def tidy(self) -> None:
        for request in self.requests.values():
            request.status = self.shown(request)
        self.serve()

    def plan(self, number: int) -> None:
        """The time slots made anew by one of the plans."""
        wanted, recent = PLANS[number], self.today - timedelta(days=1)
        used = {slot for request in self.requests.values() for slot in request.places}
        used |= {lease.slot for lease in self.leases.values()}
        for id_, slot in list(self.slots.items()):
            if slot.was.start.astimezone(ZONE).date() < recent:
                continue
            if id_ in wanted:
                slot.planned = slot.was = wanted[id_]
            elif slot.was.start > self.now and (id_ in used or slot.touched):
                slot.planned = None
            elif slot.was.start > self.now:
                del self.slots[id_]
        for id_, planned in wanted.items():
            if planned.start.astimezone(ZONE).date() >= recent and id_ not in self.slots:
                self.slots[id_] = Slot(planned, planned)

    def excuse(self, *slots: str) -> None:
        for slot in slots or self.slots:
            self.excused[slot] = self.over(slot)

    def cancel(self, request: Request, device: str) -> None:
        if request.status == "confirmed" and request.total:
            self.book(request, device)
        request.status, request.charge = "cancelled", 0
        request.states = dict.fromkeys(request.states, "cancelled")
        for code in request.vouchers:
            self.vouchers[code].blocked = True
        self.serve(request.places)

    def book(self, request: Request, device: str) -> None:
        """An entry in the ledger, without a receipt."""
        request.booked_by.append(device)
        request.booked_on = request.booked_on or self.today
        self.tills.setdefault(device, Till())

    def take(self, request: Request, device: str, method: str, reference: str, amount: int) -> None:
        """A payment."""
        self._receipt(request, device).took[method] += amount
        request.paid += amount
        request.kept[method] += amount
        request.payments.append((method, reference, amount))
        if method == "voucher":
            self.vouchers[reference].balance -= amount
            request.spent[reference] += amount

    def give(self, request: Request, device: str, method: str, reference: str, amount: int) -> None:
        """Money back. What was not owed to the visitor is an allowance."""
        self._receipt(request, device).gave[method] += amount
        request.charge -= amount - min(amount, request.credit)
        request.paid -= amount
        request.kept[method] -= amount
        if method == "voucher":
            self.vouchers[reference].balance += amount
            request.spent[reference] -= amount

    def _receipt(self, request: Request, device: str) -> Till:
        self.book(request, device)
        till = self.tills[device]
        till.receipt += 1
        return till

    def make_good(self) -> None:
        """No ticket waits for money that is not due."""
        for request in self.requests.values():
            if request.status == "confirmed" and (request.option != "not_paid" or not request.due):
                for ticket, state in request.states.items():
                    request.states[ticket] = "valid" if state == "unpaid" else state

    def conflicts(self) -> Iterator[tuple[tuple[str, str], int]]:
        """((kind, slot), places) of what staff must look at."""
        for id_, slot in self.slots.items():
            taken, ended = self.taken(id_), max(slot.was.end, slot.was.arrival_end)
            if slot.shut and taken and self.now < ended:
                yield ("slot_closed", id_), taken
            if self.over(id_):
                yield ("oversold", id_), self.over(id_)
