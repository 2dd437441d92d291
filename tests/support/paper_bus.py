"""A bus that takes everything, writes it down, and says what the test puts on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from runtime.bus import Connected, Message
from runtime.wire import decode, encode


class PaperBus:
    """A runtime.bus.Bus."""

    online = True

    def __init__(self) -> None:
        self.sent: list[tuple[float, str, Any]] = []
        """When what was published where."""
        self._arrived: asyncio.Queue[Connected | Message] = asyncio.Queue()

    async def run(self) -> None:
        self._arrived.put_nowait(Connected())
        await asyncio.Event().wait()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        self.sent.append((asyncio.get_running_loop().time(), topic, decode(payload)))
        return True

    async def messages(self) -> AsyncIterator[Connected | Message]:
        while True:
            yield await self._arrived.get()

    def says(self, topic: str, data: Any) -> None:
        self.arrives(Message(topic, encode(data)))

    def arrives(self, item: Connected | Message) -> None:
        self._arrived.put_nowait(item)

    @property
    def numbers(self) -> list[tuple[float, list[int]]]:
        """When facts of which numbers were sent."""
        return [
            (at, [fact["number"] for fact in data["facts"]])
            for at, _, data in self.sent
            if "facts" in data
        ]
