"""The broker that the demo brings along for machines without mosquitto."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from runtime.mqtt import Bus, BusSettings, Connected, Message
from wicket.demo import broker
from wicket.demo.processes import Kept
from wicket.demo.venue import PORTS, free_port


async def test_it_carries_messages_and_comes_back_after_kill_9(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "wicket.demo.broker", str(port)]
    kept = Kept("broker", command, tmp_path / "broker.log")
    bus = Bus(BusSettings(port=port), "tester", ("wicket/#",))
    async with asyncio.timeout(180), asyncio.TaskGroup() as group:
        tasks = [group.create_task(kept.run()), group.create_task(bus.run())]
        messages = bus.messages()
        for round_ in (b"first", b"second"):
            assert isinstance(await anext(messages), Connected)
            assert await bus.publish("wicket/1/x/feed", round_)
            assert await anext(messages) == Message("wicket/1/x/feed", round_)
            kept.kill()
        for task in tasks:
            task.cancel()


def test_the_machines_mosquitto_is_preferred(tmp_path: Path) -> None:
    assert broker.command(1883, tmp_path / "c.conf")[1:] == ["-c", str(tmp_path / "c.conf")]


def test_a_browser_goes_to_every_port_that_the_demo_may_take() -> None:
    assert free_port() in PORTS
    assert 10_080 not in PORTS, "of Amanda: Chromium and Firefox refuse it"
