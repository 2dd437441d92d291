"""A venue with a small concert hall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.central import Client, Clock, central_in

CONCERT = "concert-20261121T1900Z"
TOUR = "tour-20261121T1900Z"
HALL = """
name = "Town Hall"
timezone = "Europe/Berlin"
currency = "EUR"
languages = ["en"]

[[attractions]]
id = "concert"
name = { en = "Evening concert" }
[[attractions.schedules]]
rrule = "FREQ=DAILY"
first = "2026-11-21T20:00"
duration_min = 120
arrival_before_min = 60
arrival_after_min = 60
[[attractions.seating]]
zone = "Stalls"
rows = "A-C"
seats = "1-6"
skip = { A = "1, 6" }
wheelchair = { C = "1" }
companion = { C = "2" }
[[attractions.seating]]
zone = "Balcony"
rows = "1"
seats = "1-4"
[[attractions.products]]
id = 1
name = { en = "Adult" }
price = "25.00"
zones = ["Stalls"]
[[attractions.products]]
id = 2
name = { en = "Balcony" }
price = "10.00"
zones = ["Balcony"]
[[attractions.products]]
id = 3
name = { en = "Two anywhere" }
price = "40.00"
persons = 2

[[attractions]]
id = "tour"
name = { en = "Tour" }
capacity = 10
[[attractions.schedules]]
rrule = "FREQ=DAILY"
first = "2026-11-21T20:00"
duration_min = 120
arrival_before_min = 60
arrival_after_min = 60
[[attractions.products]]
id = 4
name = { en = "Tour" }
price = "5.00"
"""
SEATS = 20
"""In the hall: 16 in the stalls, 4 on the balcony."""


@asynccontextmanager
async def hall_in(
    folder: Path, clock: Clock, text: str = HALL, **changes: Any
) -> AsyncIterator[Client]:
    """Central of the town hall, as a kiosk sees it."""
    (folder / "hall.toml").write_text(text, encoding="utf-8")
    async with central_in(folder, clock, venue=folder / "hall.toml", **changes) as client:
        yield client


async def states(client: Client, slot: str = CONCERT) -> dict[str, str]:
    """Seat → state."""
    plan = await client.get(f"/v1/slots/{slot}/seats")
    return {seat["id"]: seat["state"] for seat in plan["seats"]}


async def taken(client: Client, slot: str = CONCERT) -> dict[str, str]:
    """Seat → state, of those that are not free."""
    return {seat: state for seat, state in (await states(client, slot)).items() if state != "free"}


async def book(
    client: Client, product: int, quantity: int = 1, status: int | None = 201, **want: Any
) -> Any:
    """Reserve `quantity` of a product for the concert; `want` are other fields of the line."""
    extras = {name: want.pop(name) for name in ("waiting", "channel") if name in want}
    line = {"product": product, "slot": CONCERT, "quantity": quantity} | want
    return await client.post("/v1/requests", {"lines": [line], "channel": "kiosk"} | extras, status)
