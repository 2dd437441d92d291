"""What happens to places, vouchers and promo codes besides the sale, and how central ought to
answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from support.sales_deeds import Call, Json
from support.sales_model import Model
from support.sales_returns import OFFICE
from support.sales_values import Answer, Lease, Voucher, agree, cents, euro, expect


@dataclass(frozen=True)
class TakeLease:
    device: str
    slot: str
    places: int
    minutes: int

    def call(self, _: Model) -> Call:
        body = {"slot": self.slot, "places": self.places, "minutes": self.minutes}
        return Call(self.device, "/v1/leases", body, self._judge)

    def _judge(self, model: Model, answer: Answer) -> None:
        model.serve({self.slot})
        if expect(answer, self._reasons(model)):
            until = model.now + timedelta(minutes=self.minutes)
            agree(answer.body["expires_at"], until.isoformat(), "lease")
            made = Lease(self.slot, self.device, until, self.places)
            model.leases[answer.body["id"]] = made

    def _reasons(self, model: Model) -> set[str]:
        if self.slot not in model.slots:
            return {"unknown_slot"}
        reasons = {"sale_blocked"} if model.off_sale(self.slot) else set()
        left = model.left(self.slot, "kiosk")
        return reasons | ({"no_room"} if left is not None and left < self.places else set())


@dataclass(frozen=True)
class UseLease:
    """These tickets (number, places) were sold offline on it, or are told once more."""

    lease: int
    device: str
    tickets: tuple[tuple[int, int], ...]

    def call(self, model: Model) -> Call | None:
        if not model.leases:
            return None
        number = list(model.leases)[-1 - self.lease % len(model.leases)]
        told = [{"id": str(id_), "places": places} for id_, places in self.tickets]

        def judge(model: Model, answer: Answer) -> None:
            lease = model.leases[number]
            if lease.device != self.device:
                expect(answer, {"unknown_lease"})
                return
            known = {id_: model.lease_of[id_] for id_, _ in self.tickets if id_ in model.lease_of}
            places = sum(n for id_, n in self.tickets if id_ not in known)
            reasons = {"told_before"} if set(known.values()) - {number} else set()
            reasons |= {"more_than_leased"} if places > lease.unused else set()
            if expect(answer, reasons):
                lease.used += places
                model.lease_of |= {id_: number for id_, _ in self.tickets}
                if lease.expires <= model.now:
                    model.excuse(lease.slot)

        return Call(self.device, f"/v1/leases/{number}/use", {"tickets": told}, judge)


@dataclass(frozen=True)
class ReturnLease:
    lease: int
    device: str

    def call(self, model: Model) -> Call | None:
        if not model.leases:
            return None
        number = list(model.leases)[-1 - self.lease % len(model.leases)]

        def judge(model: Model, answer: Answer) -> None:
            lease = model.leases[number]
            if expect(answer, {"unknown_lease"} if lease.device != self.device else set()):
                lease.returned += lease.unused
                model.serve({lease.slot})

        return Call(self.device, f"/v1/leases/{number}/return", {}, judge)


@dataclass(frozen=True)
class ShutOrOpen:
    slot: str
    closed: bool

    def call(self, _: Model) -> Call:
        what = "close" if self.closed else "reopen"
        return Call(OFFICE, f"/v1/slots/{self.slot}/{what}", {"reason": "storm"}, self._judge)

    def _judge(self, model: Model, answer: Answer) -> None:
        if expect(answer, set() if self.slot in model.slots else {"unknown_slot"}):
            slot = model.slots[self.slot]
            slot.closed, slot.touched = self.closed, True
            model.serve({self.slot})


@dataclass(frozen=True)
class Resize:
    slot: str
    capacity: int | None
    force: bool = False

    def call(self, _: Model) -> Call:
        body: Json = {"capacity": self.capacity, "reason": "another room", "force": self.force}
        return Call(OFFICE, f"/v1/slots/{self.slot}/capacity", body, self._judge)

    def _judge(self, model: Model, answer: Answer) -> None:
        if expect(answer, self._reasons(model)):
            slot = model.slots[self.slot]
            slot.own, slot.touched = self.capacity, True
            model.serve({self.slot})
            model.excuse(self.slot)

    def _reasons(self, model: Model) -> set[str]:
        if self.slot not in model.slots:
            return {"unknown_slot"}
        slot = replace(model.slots[self.slot], own=self.capacity)
        too_few = slot.capacity is not None and model.taken(self.slot) > slot.capacity
        return {"below_taken"} if too_few and not self.force else set()


@dataclass(frozen=True)
class MakeVoucher:
    value: int

    def call(self, _: Model) -> Call:
        return Call(OFFICE, "/v1/vouchers", {"value": euro(self.value)}, self._judge)

    def _judge(self, model: Model, answer: Answer) -> None:
        expect(answer, set())
        agree(cents(answer.body["balance"]), self.value, "balance")
        model.vouchers[answer.body["code"]] = Voucher(self.value, self.value)


@dataclass(frozen=True)
class BlockVoucher:
    choice: int

    def call(self, model: Model) -> Call | None:
        if not model.vouchers:
            return None
        code = list(model.vouchers)[-1 - self.choice % len(model.vouchers)]

        def judge(model: Model, answer: Answer) -> None:
            expect(answer, set())
            model.vouchers[code].blocked = True
            agree(cents(answer.body["balance"]), model.vouchers[code].balance, "balance")

        return Call(OFFICE, f"/v1/vouchers/{code}/block", {}, judge)


@dataclass(frozen=True)
class BlockPromo:
    code: str

    def call(self, _: Model) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            expect(answer, set())
            model.promos[self.code].blocked = True

        return Call(OFFICE, f"/v1/promo-codes/{self.code}/block", {}, judge)
