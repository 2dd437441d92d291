"""A message through the broker and back, with a receipt (QoS 1) and without one (QoS 0)."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter

import aiomqtt

from bench.figure import Figure, Plan, compare
from bench.processes import mosquitto, mosquitto_with_tls
from runtime.mqtt import NODELAY, Bus, BusSettings, Connected
from runtime.tls import client_context

NAME, AIM = "MQTT QoS 1 round trip", 2.0
AGAINST = "the same at QoS 0 with bare aiomqtt"
OURS, BARE = "wicket/1/bench/ours", "wicket/1/bench/bare"
PAYLOAD = bytes(64)


async def measure(plan: Plan) -> list[Figure]:
    async with mosquitto(plan.folder) as settings:
        plain = await _measure(NAME, plan, settings, settings)
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        async with mosquitto_with_tls(Path(folder), "ours", "bare") as (ours, bare):
            return [plain, await _measure(f"{NAME}, TLS", plan, ours, bare)]


async def _measure(name: str, plan: Plan, ours: BusSettings, bare: BusSettings) -> Figure:
    async with (
        aiomqtt.Client(
            bare.host,
            bare.port,
            tls_context=client_context(bare.tls) if bare.tls else None,
            socket_options=[NODELAY],
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        await client.subscribe(BARE, qos=0)
        echoes = aiter(client.messages)
        bus = Bus(ours, "bench", (OURS,))
        session = group.create_task(bus.run())
        arrived = bus.messages()
        assert await anext(arrived) == Connected()

        async def with_receipt() -> float:
            begun = perf_counter()
            assert await bus.publish(OURS, PAYLOAD)
            await anext(arrived)
            return perf_counter() - begun

        async def without() -> float:
            begun = perf_counter()
            await client.publish(BARE, PAYLOAD, qos=0)
            await anext(echoes)
            return perf_counter() - begun

        figure = await compare(
            name,
            with_receipt,
            without,
            against=AGAINST,
            aim=AIM,
            rounds=plan.rounds,
            samples=30 if plan.quick else 100,
        )
        session.cancel()
    return figure
