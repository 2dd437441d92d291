"""Nagle's algorithm stays off at both ends: it makes a QoS 1 round trip a hundred times slower."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter

import aiomqtt
import pytest
from support.access import Broker, authority, running_broker
from support.broker import CONFIG, mosquitto

from runtime.mqtt import NODELAY, Bus, BusSettings, Connected
from runtime.tls import client_context

SHIPPED = Path(__file__).parents[2] / "config" / "mosquitto.conf"
OURS, BARE = "wicket/1/test/ours", "wicket/1/test/bare"
STALLED = 8
"""The fastest round trip at QoS 1 takes 1.5 to 2 times one at QoS 0, with Nagle over 150 times."""
SPARED = 5
"""The kernel acknowledges the first ones of a connection at once, so that nothing stalls."""


@asynccontextmanager
async def connected(settings: BusSettings) -> AsyncIterator[Bus]:
    """A bus that hears what it says about OURS; Connected() is taken off already."""
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        bus = Bus(settings, "test", (OURS,))
        session = group.create_task(bus.run())
        assert await anext(bus.messages()) == Connected()
        yield bus
        session.cancel()


def bare(settings: BusSettings) -> aiomqtt.Client:
    return aiomqtt.Client(
        settings.host,
        settings.port,
        tls_context=client_context(settings.tls) if settings.tls else None,
        socket_options=[NODELAY],
    )


def nodelay_of_connections_to(port: int) -> Iterator[int]:
    """TCP_NODELAY of each socket of this process that is connected there."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as same:
                if same.family == socket.AF_INET and same.getpeername()[1] == port:
                    yield same.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


Two = tuple[BusSettings, BusSettings]
"""For two clients: with TLS each has its own certificate, for that is its client id too."""


@pytest.fixture(params=["plain", "TLS"])
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Two]:
    if request.param == "plain":
        async with mosquitto(tmp_path) as plain:
            yield plain, plain
        return
    broker = Broker(tmp_path / "etc", authority(tmp_path / "ca", "gate-1", "gate-2"))
    (broker.folder / "wicket.acl").write_text("pattern readwrite wicket/1/test/#\n")
    async with running_broker(broker):
        yield broker.of("gate-1"), broker.of("gate-2")


async def test_our_socket_does_not_wait_for_more(two: Two) -> None:
    async with connected(two[0]):
        (nodelay,) = nodelay_of_connections_to(two[0].port)
    assert nodelay


def test_neither_do_the_sockets_of_the_broker_that_we_ship() -> None:
    assert "set_tcp_nodelay true" in SHIPPED.read_text().splitlines()
    assert "set_tcp_nodelay true" in CONFIG.splitlines()


async def test_a_receipt_does_not_cost_a_stall(two: Two) -> None:
    async with bare(two[1]) as client, connected(two[0]) as bus:
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
    fastest = min(with_receipt[SPARED:])  # a busy machine delays most of them, a stall all
    assert fastest < STALLED * min(without)


async def test_many_messages_at_once_arrive_without_waiting_for_the_next(two: Two) -> None:
    """With TLS several may wait in the session when the socket has nothing more to read."""
    async with bare(two[1]) as client, connected(two[0]) as bus:
        payloads = [str(n).encode() * (n % 7 * 3000) for n in range(200)]
        for payload in payloads:
            await client.publish(OURS, payload, qos=0)
        arrived = bus.messages()
        assert [(await anext(arrived)).payload for _ in payloads] == payloads
