"""Commands on their way to devices, and their results back: the part of the worker on duty."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from central.store.database import Database, DatabaseDown
from central.watch import commands
from central.watch.commands import Order
from runtime.bus import Bus, Message
from runtime.commands import Result, command_to_data, result_from_data
from runtime.convert import Invalid
from runtime.log import Repeats
from runtime.topics import Topics
from runtime.wire import decode, encode

log = logging.getLogger("wicket.central")

LOOK_S = 0.25
"""How often this worker looks for what another has written down."""
IDLE_S = 5.0
MOST_RESULTS = 1000


class Dispatch:
    """`ordered` is set when this worker has written a command down."""

    def __init__(
        self,
        bus: Bus,
        topics: Topics,
        database: Database,
        clock: Callable[[], datetime],
        ordered: asyncio.Event,
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._database = database
        self._clock = clock
        self._ordered = ordered
        self._results: asyncio.Queue[tuple[str, Message]] = asyncio.Queue(MOST_RESULTS)
        self._repeats = Repeats(log)

    def hear(self, device: str, message: Message) -> None:
        """A message of device/<device>/result."""
        if message.retain or self._results.full():
            log.warning("a result of %.40r is ignored: retained, or one too many", device)
        else:
            self._results.put_nowait((device, message))

    async def run(self) -> None:
        """Never returns."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(), name="send")
            group.create_task(self._store(), name="store")

    async def _send(self) -> None:
        pause_s = LOOK_S if self._database.shared else IDLE_S
        while True:
            self._ordered.clear()
            try:
                await self._send_waiting()
                self._repeats.healed("commands are sent again")
            except DatabaseDown as down:
                self._repeats.failed(f"commands are not sent: {down}")
            try:
                async with asyncio.timeout(pause_s):
                    await self._ordered.wait()
            except TimeoutError:
                pass

    async def _send_waiting(self) -> None:
        """What is taken is sent once or never: it is better not done than done late."""
        now = self._clock()
        if not await self._database.read(partial(commands.waiting, now=now)):
            return
        for order in await self._database.write(partial(commands.take, now=now)):
            if self._clock() > order.command.expires_at:
                continue
            topic, data = self._topics.command(order.device), command_to_data(order.command)
            away = not self._bus.online
            # A connection that is lost now may have carried it: then only the device knows.
            if not await self._bus.publish(topic, encode(data)) and away:
                await self._give_up(order)

    async def _give_up(self, order: Order) -> None:
        said = "nothing was done: central does not reach the broker; is mosquitto running?"
        result = Result(order.command.id, False, said, self._clock())
        await self._database.write(
            partial(commands.answer, device=order.device, result=result, now=result.at)
        )

    async def _store(self) -> None:
        while True:
            device, message = await self._results.get()
            try:
                result = result_from_data(decode(message.payload))
                storing = partial(commands.answer, device=device, result=result, now=self._clock())
                known = await self._database.write(storing)
            except (Invalid, RecursionError) as error:
                log.warning("a result of %.40r that cannot be read is ignored: %s", device, error)
            except DatabaseDown as down:
                log.error("a result of %.40r is lost: %s", device, down)
            else:
                if not known:
                    log.warning("%.40r answers %s, which it was not asked", device, result.id)
