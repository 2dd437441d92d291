"""A session that outlives its connections, on a real broker that comes and goes."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import pytest
from support.broker import free_port, mosquitto
from support.bus import SITE, ear_on, running
from support.listening import Heard, listening, settle, until
from support.program import ROOT

from runtime.mqtt import Bus, BusSettings, Connected, Message

TOPIC = f"{SITE}/test"
WILL = Message(f"{SITE}/status", b'"gone"', retain=True)


async def test_down_at_the_start_it_connects_when_the_broker_comes(tmp_path: Path) -> None:
    settings = BusSettings(port=free_port())
    bus = Bus(settings, "test", (TOPIC,))
    async with running(bus.run()), listening(bus.messages()) as heard:
        assert not await bus.publish(TOPIC, b"too early")
        assert not bus.online
        async with mosquitto(tmp_path, settings.port):
            assert await heard.next() == Connected()
            assert bus.online
            assert await bus.publish(TOPIC, b"now")
            assert await heard.next() == Message(TOPIC, b"now")


async def test_each_new_connection_is_told_and_one_warning_for_each_loss(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "wicket.mqtt")
    settings = BusSettings(port=free_port())
    bus = Bus(settings, "test", (TOPIC,))
    heard: Heard[Connected | Message]
    async with listening(bus.messages()) as heard, running(bus.run()):
        for _ in range(2):
            async with mosquitto(tmp_path, settings.port):
                assert await heard.next() == Connected()
                assert await bus.publish(TOPIC, b"here")
                assert await heard.next() == Message(TOPIC, b"here")
            await until(lambda: not bus.online)
            assert not await bus.publish(TOPIC, b"nobody there")
        assert heard.nothing_more()
    kinds = [
        (r.levelname, r.getMessage().partition(" at ")[0])
        for r in caplog.records
        if r.name == "wicket.mqtt"
    ]
    said = [kind for kind in kinds if kind[0] != "DEBUG"]
    assert ("INFO", "broker is back") in said
    assert all(level in ("WARNING", "INFO") for level, _ in said)
    assert said.count(("INFO", "broker is back")) <= 2


async def test_what_is_said_meanwhile_waits_until_somebody_listens(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings:
        bus = Bus(settings, "test", (TOPIC,))
        payloads = [b"", b"\xff\x00", "ünï".encode(), b"x" * 1_000_000]
        async with running(bus.run()):
            await until(lambda: bus.online)
            for payload in payloads:
                assert await bus.publish(TOPIC, payload)
            async with listening(bus.messages()) as heard:
                assert await heard.next() == Connected()
                assert [await heard.next() for _ in payloads] == [
                    Message(TOPIC, payload) for payload in payloads
                ]


async def test_a_topic_that_cannot_be_is_not_published_and_harms_nothing(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings:
        bus = Bus(settings, "test", (TOPIC,))
        async with running(bus.run()), listening(bus.messages()) as heard:
            assert await heard.next() == Connected()
            for topic in ("", "a/#", "+"):
                assert not await bus.publish(topic, b"")
            assert await bus.publish(TOPIC, b"fine")
            assert await heard.next() == Message(TOPIC, b"fine")


async def test_who_leaves_says_goodbye_itself(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings:
        async with ear_on(settings) as ear:
            bus = Bus(settings, "test", will=WILL)
            async with running(bus.run()):
                await until(lambda: bus.online)
                assert await bus.publish(WILL.topic, b'"here"', retain=True)
                assert await ear.hears("status") == "here"
            assert await ear.hears("status") == "gone"
        async with ear_on(settings) as newcomer:
            assert await newcomer.hears("status") == "gone"


VANISHING = f"""
import asyncio, sys
from runtime.mqtt import Bus, BusSettings, Connected, Message

async def main():
    bus = Bus(BusSettings(port=int(sys.argv[1])), "test", will={WILL!r})
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.run())
        async for item in bus.messages():
            await bus.publish({WILL.topic!r}, b'"here"', retain=True)

asyncio.run(main())
"""


async def test_the_broker_says_goodbye_for_who_vanishes(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings, ear_on(settings) as ear:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", VANISHING, str(settings.port), cwd=ROOT
        )
        try:
            assert await ear.hears("status") == "here"
        finally:
            process.kill()
            await process.wait()
        assert await ear.hears("status") == "gone"


async def test_it_ends_at_once_whenever_it_is_cancelled(tmp_path: Path) -> None:
    """Cancelled after 1, 2, 3 … turns of the loop: while it connects, subscribes, listens."""
    async with mosquitto(tmp_path) as settings:
        for turns in range(100):
            bus = Bus(settings, f"test-{turns}", (TOPIC,), WILL)
            async with asyncio.timeout(30), running(bus.run()):
                for _ in range(turns):
                    await asyncio.sleep(0)
            assert not bus.online


@pytest.mark.parametrize(("closed", "told"), [(True, False), (False, True)])
async def test_a_writer_of_a_closed_socket_is_no_error_but_others_are(
    caplog: pytest.LogCaptureFixture, closed: bool, told: bool
) -> None:
    """aiomqtt registers a writer a moment after the connection may have been lost."""
    loop, gone = asyncio.get_running_loop(), socket.socket()
    number = gone.fileno()
    gone.close()
    if closed:
        loop.call_soon_threadsafe(loop.add_writer, number, print)
    else:
        loop.call_soon_threadsafe(os.fstat, number)
    await settle()
    assert ("Exception in callback" in caplog.text) is told
