"""To hear what an async iterator says while the test does something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
"""For what must happen, on a machine that may be busy."""


@dataclass
class Heard(Generic[T]):
    """What came, in order; the fault that ended it comes out of `next` as an exception."""

    queue: asyncio.Queue[T | Exception] = field(default_factory=asyncio.Queue)

    async def next(self) -> T:
        async with asyncio.timeout(PATIENCE_S):
            item = await self.queue.get()
        if isinstance(item, Exception):
            raise item
        return item

    def nothing_more(self) -> bool:
        return self.queue.empty()


async def settle() -> None:
    """Let every task go as far as it can without news from the world."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(wanted: Callable[[], bool]) -> None:
    """Return when it is so. For what tells nobody that it has changed, as a file."""
    async with asyncio.timeout(PATIENCE_S):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0)


@asynccontextmanager
async def listening(items: AsyncIterator[T]) -> AsyncIterator[Heard[T]]:
    """The block runs once the iterator waits for its first item."""
    heard = Heard[T]()

    async def listen() -> None:
        try:
            async for item in items:
                heard.queue.put_nowait(item)
        except Exception as error:
            heard.queue.put_nowait(error)

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})


async def answering(port: int) -> None:
    """Return when somebody listens on this port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0)
        else:
            writer.close()
            return
