"""A stolen device is cut off: revoked, and the broker restarted as mosquitto-crl.service does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.access import SITE, Broker, authority, now, running_broker
from support.bus import running
from support.listening import PATIENCE_S, listening, until

from runtime.mqtt import Bus, BusSettings, Connected, Message, try_broker

FEED = f"wicket/1/{SITE}/feed"
CUT_WITHIN_S = 60


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    made = authority(tmp_path / "ca", "gate-1", "gate-2", "central")
    async with running_broker(Broker(tmp_path / "etc", made)) as broker:
        yield broker


async def test_a_revoked_device_is_cut_and_the_others_come_back(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """A reload is not enough, which is why there is that unit."""
    stolen, other, central = (
        Bus(broker.of(name), name, (FEED,)) for name in ("gate-1", "gate-2", "central")
    )
    async with (
        running(stolen.run(), other.run(), central.run()),
        listening(stolen.messages()) as thief,
        listening(other.messages()) as gate,
    ):
        assert await thief.next() == await gate.next() == Connected()
        await until(lambda: central.online)
        broker.authority.revoke("gate-1", now())
        broker.take_crl()
        broker.reload()
        assert "certificate revoked" in await refusal(broker.of("gate-1"))
        assert await central.publish(FEED, b"still heard")
        assert await thief.next() == await gate.next() == Message(FEED, b"still heard")

        async with asyncio.timeout(CUT_WITHIN_S):
            await broker.restart()
            assert await gate.next() == Connected()
            await until(lambda: central.online)
            assert await central.publish(FEED, b"secret")
            assert await gate.next() == Message(FEED, b"secret")
            await until(lambda: any("certificate revoked" in said for said in warnings(caplog)))
        assert not stolen.online
        assert thief.nothing_more()


async def refusal(settings: BusSettings) -> str:
    """What the broker says when it begins to refuse us."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await try_broker(settings, PATIENCE_S)
            except ConnectionError as refused:
                return str(refused)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


async def test_a_revoked_name_can_be_issued_again(broker: Broker) -> None:
    broker.authority.revoke("gate-1", now())
    broker.authority.issue("gate-1", [], 30, now())
    broker.take_crl()
    await broker.restart()
    await try_broker(broker.of("gate-1"), PATIENCE_S)
