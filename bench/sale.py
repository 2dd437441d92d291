"""A sale at central over HTTP: reserve, confirm, issue."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from bench.figure import Figure, Plan, compare
from bench.processes import central, mosquitto
from wicket.demo.central import Central
from wicket.demo.venue import lay_out

NAME = "sale over HTTP"
AGAINST = "three times GET /ready of the same process"
ATTRACTION, ADULT = "museum", 1


async def measure(plan: Plan) -> list[Figure]:
    demo = lay_out(plan.folder, plan.folder)
    async with (
        mosquitto(plan.folder, demo.broker_port),
        central(demo),
        Central(demo.central_url, demo.token) as http,
    ):
        slot = await _last_slot(http)

        async def sell() -> float:
            begun = perf_counter()
            await _sell(http, slot)
            return perf_counter() - begun

        async def look() -> float:
            begun = perf_counter()
            for _ in range(3):
                await http.get("/ready")
            return perf_counter() - begun

        samples = 5 if plan.quick else 20
        figure = await compare(
            NAME, sell, look, against=AGAINST, rounds=plan.rounds, samples=samples
        )
    return [figure]


async def _last_slot(http: Central) -> str:
    """One that does not end while we measure."""
    dates = (await http.get(f"/v1/attractions/{ATTRACTION}/dates"))["dates"]
    day = max(date["date"] for date in dates if date["open"])
    page = await http.get(f"/v1/attractions/{ATTRACTION}/slots?date={day}")
    slot: str = page["slots"][-1]["id"]
    return slot


async def _sell(http: Central, slot: str) -> None:
    line = {"product": ADULT, "slot": slot, "quantity": 1}
    wish = {"lines": [line], "channel": "office", "language": "en"}
    request: dict[str, Any] = await http.post("/v1/requests", wish)
    path = f"/v1/requests/{request['token']}"
    payment = {"method": "cash", "reference": "bench", "amount": request["total"]}
    await http.post(f"{path}/confirm", {"payment": payment, "holder": None})
    issued = await http.post(f"{path}/issue", {})
    assert len(issued["tickets"]) == 1
