"""Keys of a central under test, and what a gate that hears of everything knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from support.central import NOW, Client

from admission.codes import SigningKey
from admission.ledger import Ledger
from central.sale import offline
from central.sale.states import By
from runtime.wire import fact_from_data

SEED = bytes(range(32))
PUBLIC = SigningKey(0, SEED, NOW).issuer.public


def folded(facts: Iterable[Any]) -> Ledger:
    ledger = Ledger()
    for data in facts:
        ledger.fold(fact_from_data(data))
    return ledger


async def heard(client: Client) -> Ledger:
    """What a gate knows that heard everything."""
    return folded(entry["fact"] for entry in (await client.get("/v1/feed"))["entries"])


async def register(client: Client, public: bytes = PUBLIC, status: int = 201) -> Any:
    return await client.post("/v1/keys", {"public": public.hex()}, status)


async def revoke(kiosk: Client, which: str, **ago: float) -> Any:
    by = By("user anna", kiosk.clock())
    since = by.at - timedelta(**ago)
    return await kiosk.api.database.write(lambda c: offline.revoke(c, which, since, "stolen", by))
