"""Central as the kiosk uses it: the HTTP contract (docs/openapi.yaml) behind a Protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from admission.booking import SaleBlocked
from admission.values import IssuerKey, Money
from hal.ports import Slip
from hal.slips import read_slip
from kiosk.goods import (
    Attraction,
    Catalogue,
    Day,
    Holder,
    IssuedTicket,
    Offer,
    Order,
    Refusal,
    Reservation,
    Slot,
)
from kiosk.leased import Lease, Product
from runtime.centre import TIMEOUT_S, CentreFault, CentreSettings, HttpClient, No
from runtime.convert import Invalid, structure, structure_known, unstructure
from runtime.outbox import Standing

T = TypeVar("T")


class Centre(Protocol):
    """Every method may raise CentreFault. `key` makes repeating harmless."""

    async def catalogue(self) -> Catalogue: ...

    async def days(self, attraction: str) -> tuple[Day, ...]: ...

    async def slots(self, attraction: str, day: date) -> tuple[Slot, ...]: ...

    async def reserve(self, order: Order, key: str) -> Reservation | Refusal: ...

    async def confirm(
        self, token: str, reference: str, amount: Money, holder: Holder | None, key: str
    ) -> Refusal | None: ...

    async def issue(self, token: str, key: str) -> tuple[IssuedTicket, ...] | Refusal: ...

    async def slip(self, token: str, ticket: int) -> Slip | None:
        """The ticket as central wants it on paper; None where it does not say."""
        ...

    async def cancel(self, token: str, reason: str, key: str) -> Refusal | None: ...


class HttpCentre(HttpClient):
    """`timeout_s` bounds each request as a whole."""

    def __init__(self, settings: CentreSettings, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(settings, "kiosk", timeout_s)

    async def catalogue(self) -> Catalogue:
        return _parse(_catalogue, await self._get("/catalogue"))

    async def days(self, attraction: str) -> tuple[Day, ...]:
        return _parse(_days, await self._get(f"/attractions/{quote(attraction, safe='')}/dates"))

    async def slots(self, attraction: str, day: date) -> tuple[Slot, ...]:
        path = f"/attractions/{quote(attraction, safe='')}/slots?date={day.isoformat()}"
        return _parse(lambda body: _each(body["slots"], Slot), await self._get(path))

    async def reserve(self, order: Order, key: str) -> Reservation | Refusal:
        wish = {
            "lines": unstructure(order.lines),
            "channel": "kiosk",
            "language": order.language,
        }
        answer = await self._post("/requests", wish, key)
        if isinstance(answer, Refusal):
            return answer
        return _parse(lambda body: structure(_known(body, Reservation), Reservation), answer)

    async def confirm(
        self, token: str, reference: str, amount: Money, holder: Holder | None, key: str
    ) -> Refusal | None:
        payment = {"method": "card", "reference": reference, "amount": unstructure(amount)}
        told = holder and {"name": holder.name, "email": "", "phone": holder.phone}
        body = {"payment": payment, "holder": told}
        return _refusal(await self._post(f"/requests/{quote(token, safe='')}/confirm", body, key))

    async def issue(self, token: str, key: str) -> tuple[IssuedTicket, ...] | Refusal:
        answer = await self._post(f"/requests/{quote(token, safe='')}/issue", {}, key)
        return answer if isinstance(answer, Refusal) else _parse(_tickets, answer)

    async def slip(self, token: str, ticket: int) -> Slip | None:
        answer = await self.get(f"/requests/{quote(token, safe='')}/slips/{ticket}")
        return None if isinstance(answer, No) else _parse(read_slip, answer)

    async def cancel(self, token: str, reason: str, key: str) -> Refusal | None:
        path = f"/requests/{quote(token, safe='')}/cancel"
        return _refusal(await self._post(path, {"reason": reason}, key))

    async def standing(self) -> Standing:
        """What central has of this kiosk's facts."""
        body = await self._get("/device")
        return _parse(lambda body: structure_known(body, Standing), body)

    async def keys(self) -> tuple[IssuerKey, ...]:
        """Every key that makes a ticket, as it stands."""
        return _parse(lambda body: tuple(map(_key, body["keys"])), await self._get("/keys"))

    async def register(self, public: bytes) -> IssuerKey | Refusal:
        """Have central tell the gates of this kiosk's key. Repeated, it is a new question about the
        same key, for a refusal may have lost its reason."""
        answer = await self._post("/keys", {"public": public.hex()})
        return answer if isinstance(answer, Refusal) else _parse(_key, answer)

    async def leased(self) -> tuple[Lease, ...]:
        """This kiosk's leases that have not run out, with what may be sold on them."""
        body = await self._get("/leases/goods")
        return _parse(lambda body: tuple(map(_lease, body["leases"])), body)

    async def lease(self, slot: str, places: int, minutes: int, key: str) -> int | Refusal:
        """The number of a new lease."""
        wish = {"slot": slot, "places": places, "minutes": minutes}
        answer = await self._post("/leases", wish, key)
        if isinstance(answer, Refusal):
            return answer
        return _parse(lambda body: int(body["id"]), answer)

    async def give_back(self, lease: int, key: str) -> Refusal | None:
        """All places of the lease that central does not know to be sold."""
        return _refusal(await self._post(f"/leases/{lease}/return", {}, key))

    async def _get(self, path: str) -> Any:
        answer = await self.get(path)
        if isinstance(answer, No):
            code = _read_refusal(answer).code
            raise CentreFault(
                f"{path}: refused ({code})", "does central know this device and attraction?"
            )
        return answer

    async def _post(self, path: str, body: Any, key: str = "") -> Any | Refusal:
        answer = await self.post(path, body, key)
        return _read_refusal(answer) if isinstance(answer, No) else answer


def _read_refusal(no: No) -> Refusal:
    """A problem document; what is odd about it is left out, for the answer is no either way."""
    told = no.body if isinstance(no.body, Mapping) else {}
    code, left, blocked = told.get("code"), told.get("left"), told.get("blocked")
    known = {reason.value: reason for reason in SaleBlocked}
    return Refusal(
        code if isinstance(code, str) else f"http_{no.status}",
        left if isinstance(left, int) else None,
        known.get(blocked) if isinstance(blocked, str) else None,
    )


def _refusal(answer: Any | Refusal) -> Refusal | None:
    return answer if isinstance(answer, Refusal) else None


def _parse(read: Callable[[Any], T], body: Any) -> T:
    try:
        return read(body)
    except (Invalid, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CentreFault(
            f"answer makes no sense ({error})", "are kiosk and central of the same version?"
        ) from error


def _known(data: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """Only the keys that `kind` has: a newer central may say more than this kiosk understands."""
    return {field.name: data[field.name] for field in fields(kind) if field.name in data}


def _key(body: Mapping[str, Any]) -> IssuerKey:
    return structure(_known(body, IssuerKey), IssuerKey)


def _lease(body: Mapping[str, Any]) -> Lease:
    products = [_known(product, Product) for product in body["products"]]
    return structure(_known(body, Lease) | {"products": products}, Lease)


def _each(items: list[Mapping[str, Any]], kind: type[T]) -> tuple[T, ...]:
    return tuple(structure(_known(item, kind), kind) for item in items)


def _catalogue(body: Mapping[str, Any]) -> Catalogue:
    attractions = [
        _known(a, Attraction)
        | {"products": [_known(p, Offer) for p in a["products"] if _asks_for_one_slot(p, a["id"])]}
        for a in body["attractions"]
    ]
    sold = [attraction for attraction in attractions if attraction["products"]]
    return structure(_known(body, Catalogue) | {"attractions": sold}, Catalogue)


def _asks_for_one_slot(product: Mapping[str, Any], attraction: str) -> bool:
    """Whether the visitor is to choose a time slot of that attraction, and no other: that is what
    this kiosk can ask. A central that tells no entitlements knows no others."""
    told = product.get("entitlements", [{"attraction": attraction, "slot": "chosen"}])
    wanted = [e["attraction"] for e in told if e["slot"] == "chosen" and e.get("required", True)]
    return wanted == [attraction]


def _days(body: Mapping[str, Any]) -> tuple[Day, ...]:
    return tuple(Day(date.fromisoformat(d["date"]), d["open"] is True) for d in body["dates"])


def _tickets(body: Mapping[str, Any]) -> tuple[IssuedTicket, ...]:
    tickets = _each([item | {"id": int(item["id"])} for item in body["tickets"]], IssuedTicket)
    if not tickets:
        raise ValueError("issued without tickets")
    return tickets
