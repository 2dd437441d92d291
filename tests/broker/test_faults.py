"""What a session does on a broker that overflows, forgets, is replaced, freezes or drops."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from support.access import SITE, Broker, authority, client, running_broker
from support.broker import free_port, mosquitto
from support.bus import running
from support.cable import cable
from support.listening import listening, until

from runtime import mqtt
from runtime.mqtt import Bus, BusSettings, Connected, Message
from runtime.wire import MAX_PAYLOAD

FACTS = f"wicket/1/{SITE}/device/gate-1/facts"
STATUS = f"wicket/1/{SITE}/device/gate-1/status"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    made = authority(tmp_path / "ca", "gate-1", "gate-2")
    async with running_broker(Broker(tmp_path / "etc", made)) as broker:
        yield broker


async def test_the_largest_payload_passes_and_more_is_refused_aloud(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker would drop it and say that it took it; a still larger one ends the connection."""
    bus = Bus(broker.of("gate-1"), "gate-1", (FACTS,))
    async with listening(bus.messages()) as heard, running(bus.run()):
        assert await heard.next() == Connected()
        for size in (MAX_PAYLOAD + 1, 3 * MAX_PAYLOAD, MAX_PAYLOAD + 1):
            assert not await bus.publish(FACTS, bytes(size))
        largest = bytes(MAX_PAYLOAD)
        assert await bus.publish(FACTS, largest)
        assert await heard.next() == Message(FACTS, largest)
        assert bus.online
    said = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert [f"{MAX_PAYLOAD + 1} bytes" in r.getMessage() for r in said] == [True, False, True]


async def test_what_a_broker_drops_for_its_size_harms_nobody(broker: Broker) -> None:
    """Sent by somebody who does not mind: one is dropped, one ends that connection only."""
    bus = Bus(broker.of("gate-2"), "gate-2", (FACTS,))
    async with listening(bus.messages()) as heard, running(bus.run()):
        assert await heard.next() == Connected()
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker.of("gate-1")) as rude:
                await rude.publish(FACTS, bytes(MAX_PAYLOAD + 1), qos=1)
                await rude.publish(FACTS, bytes(3 * MAX_PAYLOAD), qos=1, timeout=1)
        async with client(broker.of("gate-1")) as polite:
            await polite.publish(FACTS, b"end", qos=1)
        assert await heard.next() == Message(FACTS, b"end")


@pytest.mark.parametrize(("most", "size"), [("MOST_WAITING", 1), ("MOST_BYTES", 5)])
async def test_a_listener_who_is_busy_for_long_is_told_to_ask_for_what_it_missed(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, most: str, size: int
) -> None:
    monkeypatch.setattr(mqtt, most, 50 * size)
    busy, speaker = (Bus(broker.of(name), name, (FACTS,)) for name in ("gate-2", "gate-1"))
    items = busy.messages()
    async with running(busy.run(), speaker.run()), listening(speaker.messages()):
        assert await anext(items) == Connected()
        await until(lambda: speaker.online)
        for number in range(1200):
            assert await speaker.publish(FACTS, b"%05d" % number)
        heard = [await anext(items)]
        async with asyncio.timeout(30):
            while heard[-1] != Connected():
                heard.append(await anext(items))
        told = [int(item.payload) for item in heard if isinstance(item, Message)]
        assert told == list(range(len(told)))


async def test_a_broker_with_another_authority_gets_nothing_said(
    tmp_path: Path, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody put another in its place: nobody signs in, and it is told why."""
    await broker.stop()
    false = Broker(tmp_path / "false", authority(tmp_path / "other-ca"))
    false.tls_port = broker.tls_port
    false.add("mosquitto-tls.conf")
    bus = Bus(broker.of("gate-1"), "gate-1")
    async with running_broker(false), running(bus.run()):
        await until(lambda: "certificate verify failed" in caplog.text)
        assert not bus.online


async def test_a_broker_that_forgot_everything_is_told_the_status_anew(tmp_path: Path) -> None:
    """Replaced, or its database wiped: subscriptions are made again with every connection."""
    port = free_port()
    bus = Bus(BusSettings(port=port), "gate-1", (STATUS,))
    async with listening(bus.messages()) as heard, running(bus.run()):
        for _ in range(2):
            async with mosquitto(tmp_path, port):
                assert await heard.next() == Connected()
                assert await bus.publish(STATUS, b"here", retain=True)
                assert await heard.next() == Message(STATUS, b"here")


async def test_a_frozen_broker_is_noticed_and_taken_again(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "KEEPALIVE_S", 1)
    bus = Bus(broker.of("gate-1"), "gate-1", (FACTS,))
    async with listening(bus.messages()) as heard, running(bus.run()):
        assert await heard.next() == Connected()
        broker.send(signal.SIGSTOP)
        await until(lambda: not bus.online)
        broker.send(signal.SIGCONT)
        assert await heard.next() == Connected()


async def test_a_half_open_connection_is_noticed_and_made_anew(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The far end is gone, and nothing says so."""
    monkeypatch.setattr(mqtt, "KEEPALIVE_S", 1)
    async with cable(broker.plain_port) as to_broker:
        settings = BusSettings(
            port=to_broker.port,
            username=broker.auditor.username,
            password=broker.auditor.password,
        )
        bus = Bus(settings, "gate-1", (FACTS,))
        async with listening(bus.messages()) as heard, running(bus.run()):
            assert await heard.next() == Connected()
            to_broker.swallow()
            await until(lambda: not bus.online)
            monkeypatch.undo()  # a busy machine would not keep the new connection alive
            assert await heard.next() == Connected()
            assert await bus.publish(FACTS, b"again")
            assert await heard.next() == Message(FACTS, b"again")


async def test_it_ends_at_once_whenever_it_is_cancelled(broker: Broker) -> None:
    """Cancelled after 1, 2, 3 … turns of the loop: during the handshake, let in, and refused."""
    known, stranger = broker.of("gate-1"), broker.of("broker")
    for turns in range(0, 100, 3):
        for settings in (known, stranger):
            bus = Bus(settings, "gate-1", (FACTS,))
            async with asyncio.timeout(30), running(bus.run()):
                for _ in range(turns):
                    await asyncio.sleep(0)
            assert not bus.online
