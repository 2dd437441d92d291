"""Nagle's algorithm stays off at both ends: it makes a QoS 1 round trip a hundred times slower."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from time import perf_counter

import aiomqtt
from support.broker import CONFIG, mosquitto

from runtime.mqtt import NODELAY, Bus, BusSettings, Connected

SHIPPED = Path(__file__).parents[2] / "config" / "mosquitto.conf"
OURS, BARE = "wicket/1/test/ours", "wicket/1/test/bare"
STALLED = 8
"""A healthy round trip at QoS 1 takes 1.3 to 2 times one at QoS 0, with Nagle 80 to 155 times."""


@asynccontextmanager
async def connected(settings: BusSettings) -> AsyncIterator[Bus]:
    """A bus that hears what it says about OURS; Connected() is taken off already."""
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        bus = Bus(settings, "test", (OURS,))
        session = group.create_task(bus.run())
        assert await anext(bus.messages()) == Connected()
        yield bus
        session.cancel()


def nodelay_of_connections_to(port: int) -> Iterator[int]:
    """TCP_NODELAY of each socket of this process that is connected there."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as same:
                if same.family == socket.AF_INET and same.getpeername()[1] == port:
                    yield same.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_our_socket_does_not_wait_for_more(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings, connected(settings):
        (nodelay,) = nodelay_of_connections_to(settings.port)
    assert nodelay


def test_neither_do_the_sockets_of_the_broker_that_we_ship() -> None:
    assert "set_tcp_nodelay true" in SHIPPED.read_text().splitlines()
    assert "set_tcp_nodelay true" in CONFIG.splitlines()


async def test_a_receipt_does_not_cost_a_stall(tmp_path: Path) -> None:
    async with (
        mosquitto(tmp_path) as settings,
        aiomqtt.Client(settings.host, settings.port, socket_options=[NODELAY]) as client,
        connected(settings) as bus,
    ):
        await client.subscribe(BARE, qos=0)
        arrived, echoes = bus.messages(), aiter(client.messages)
        with_receipt, without = [], []
        for _ in range(20):
            begun = perf_counter()
            assert await bus.publish(OURS, b"there and back")
            await anext(arrived)
            with_receipt.append(perf_counter() - begun)
            begun = perf_counter()
            await client.publish(BARE, b"there and back", qos=0)
            await anext(echoes)
            without.append(perf_counter() - begun)
    assert median(with_receipt) < STALLED * median(without)
