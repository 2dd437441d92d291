"""How a device obeys: each command once, in order, before it expires; whatever is not obeyed is
refused with the reason. The same for gates and kiosks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from runtime.bus import Bus, Message
from runtime.commands import (
    LONGEST,
    MAX_SAID,
    Command,
    Refusal,
    Result,
    command_from_data,
    id_of,
    kind_of,
    result_to_data,
)
from runtime.convert import Invalid
from runtime.wire import decode, encode

log = logging.getLogger("wicket.commands")

MOST_WAITING = 100
REMEMBERED = 1000
"""Results that are told again when their command is; older ones have expired long since."""


class Obedience:
    """`time` is central's time, None while the device does not know it; `stamp` the time that a
    result tells. `obey` does what is ordered and says so in words; it raises Refusal."""

    def __init__(
        self,
        time: Callable[[], datetime | None],
        stamp: Callable[[], datetime],
        obey: Callable[[Command], Awaitable[str]],
    ) -> None:
        self._time = time
        self._stamp = stamp
        self._obey = obey
        self._waiting: asyncio.Queue[Message] = asyncio.Queue(MOST_WAITING)
        self._answered: dict[str, Result] = {}

    def hear(self, message: Message) -> None:
        """A message of this device's topic `command`; `run` takes it up."""
        if message.retain:
            log.warning("a retained command is ignored: %.200r; clear that topic", message.payload)
            return
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            log.warning("%d commands wait already; one more is ignored", MOST_WAITING)

    async def run(self, bus: Bus, topic: str) -> None:
        """Answer on `topic`, for ever."""
        while True:
            result = await self._answer((await self._waiting.get()).payload)
            if result is not None:
                await bus.publish(topic, encode(result_to_data(result)))

    async def _answer(self, payload: bytes) -> Result | None:
        """None if it does not even say which command it is."""
        data: Any = None
        try:
            data = decode(payload)
            command = command_from_data(data)
        except (Invalid, RecursionError) as error:
            log.warning("a command that cannot be read is refused: %s", error)
            id_ = id_of(data)
            said = f"not understood here: {error}; which version of wicket is installed there?"
            return self._told(id_, said, done=False) if id_ else None
        if known := self._answered.get(command.id):
            log.info("command %s came again: it is answered again, nothing is done", command.id)
            return known
        result = await self._do(command)
        self._answered[command.id] = result
        if len(self._answered) > REMEMBERED:
            self._answered.pop(next(iter(self._answered)))
        return result

    async def _do(self, command: Command) -> Result:
        what = f"{kind_of(command.deed)} of {command.by}"
        try:
            _check_time(command, self._time())
            said = await self._obey(command)
        except Refusal as refusal:
            log.warning("%s is refused: %s", what, refusal)
            return self._told(command.id, str(refusal), done=False)
        log.info("%s: %s", what, said)
        return self._told(command.id, said, done=True)

    def _told(self, id_: str, said: str, *, done: bool) -> Result:
        plain = "".join(one if one.isprintable() else " " for one in said).strip()
        return Result(id_, done, plain[:MAX_SAID] or "nothing is said", self._stamp())


def _check_time(command: Command, now: datetime | None) -> None:
    if now is None:
        raise Refusal("it does not know the time, so it cannot tell whether this came too late")
    late = (now - command.expires_at).total_seconds()
    if late > 0:
        raise Refusal(f"it came {late:.0f} s too late")
    if command.at - now > LONGEST:
        ahead = (command.at - now).total_seconds()
        raise Refusal(f"central's clock is {ahead:.0f} s ahead of the one here")
