"""What the tests of money do at central, as a kiosk or as the office."""

from __future__ import annotations

from typing import Any

from support.central import Client

from admission.facts import Admitted, Fact, Lapsed
from central.sync import feed

LATER = "tour-20261121T1600Z"


def euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def pay(
    client: Client, request: Any, amount: str, status: int | None = 200, method: str = "cash"
) -> Any:
    payment = {"method": method, "reference": "R-1", "amount": euro(amount)}
    return await client.post(
        f"/v1/requests/{request['token']}/payments", {"payment": payment}, status
    )


async def act(client: Client, request: Any, what: str, body: Any, status: int | None = 200) -> Any:
    return await client.post(f"/v1/requests/{request['token']}/{what}", body, status)


async def refund(client: Client, request: Any, status: int | None = 200, **body: Any) -> Any:
    told = {"method": "cash", "reference": "B-1", "reason": "rain"} | body
    return await act(client, request, "refund", told, status)


async def shown(client: Client, request: Any) -> Any:
    return await client.get(f"/v1/requests/{request['token']}")


async def let_in(client: Client, ticket: Any, *, lapsed: bool = False) -> None:
    """A gate tells that somebody went in with the ticket, or was let in and never walked."""
    id_ = int(ticket["id"])
    facts = [Fact("gate-1", 1, client.clock(), Admitted(id_, ticket["attraction"], "1", 1))]
    if lapsed:
        facts.append(Fact("gate-1", 2, client.clock(), Lapsed(id_, 1, "1", 1)))
    await client.api.database.write(lambda c: feed.accept(c, facts, client.clock()))


async def balances(office: Client) -> dict[str, float]:
    """What is on each account, from the whole ledger; every entry balances."""
    told: dict[str, float] = {}
    for entry in (await office.get("/v1/ledger"))["entries"]:
        cents = {a: round(float(b) * 100) for a, b in entry["postings"].items()}
        assert sum(cents.values()) == 0
        for account, amount in cents.items():
            told[account] = told.get(account, 0) + amount
    return {account: amount / 100 for account, amount in told.items() if amount}


async def sold(client: Client, product: int, slot: str, quantity: int = 1) -> Any:
    request = await client.reserve(product, slot, quantity)
    await client.confirm(request)
    return request | await client.issue(request)
