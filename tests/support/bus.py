"""One who listens to the whole bus of a site and may say anything on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from support.listening import PATIENCE_S

from runtime.mqtt import Bus, BusSettings, Connected, Message
from runtime.outbox import RESEND_S
from runtime.wire import decode, encode

SITE = "wicket/1/sample"


@asynccontextmanager
async def running(*tasks: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Tasks that never end by themselves, while the block runs."""
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(task) for task in tasks]
        yield
        for task in started:
            task.cancel()


class Ear:
    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._items = bus.messages()

    async def hears(self, topic: str) -> Any:
        """The data of the next message on the topic; what comes meanwhile on others is lost."""
        async with asyncio.timeout(PATIENCE_S):
            async for item in self._items:
                if isinstance(item, Message) and item.topic == f"{SITE}/{topic}":
                    return decode(item.payload)
        raise AssertionError("a bus never ends")

    async def connected(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(await anext(self._items), Connected):
                pass

    async def says(self, topic: str, data: Any) -> None:
        """`data` as JSON; bytes as they are."""
        payload = data if isinstance(data, bytes) else encode(data)
        assert await self.bus.publish(f"{SITE}/{topic}", payload)

    async def tells(self, device: str, facts: list[Any]) -> None:
        """Facts in a device's name, again and again as a device does, for who is to hear them may
        not listen yet. Return once the last one is acknowledged."""
        number: int = facts[-1]["number"]
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            telling = group.create_task(self._say_again(f"device/{device}/facts", {"facts": facts}))
            while (await self.hears(f"device/{device}/ack"))["number"] != number:
                pass
            telling.cancel()

    async def _say_again(self, topic: str, data: Any) -> None:
        while True:
            await self.says(topic, data)
            await asyncio.sleep(RESEND_S)


@asynccontextmanager
async def ear_on(settings: BusSettings) -> AsyncIterator[Ear]:
    ear = Ear(Bus(settings, "ear", (f"{SITE}/#",)))
    async with running(ear.bus.run()):
        await ear.connected()
        yield ear
