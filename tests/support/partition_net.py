"""The network of the partition simulator: lines that are cut one way or both, a broker that keeps
nothing, HTTP. All of it on the loop's time, every delay drawn from the history's own chance.

A line that is cut loses nothing by itself: TCP sends again. A connection that sees no sign of life
for its keepalive is broken by both ends, and what was on its way is lost.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from runtime.bus import Message

T = TypeVar("T")

BROKER, CENTRAL = "broker", "central"
HTTP_S = 5.0
DISTURBED_S = 6.0
"""Longer than a message takes, with those before it, however disturbed the network is."""


@dataclass
class Noise:
    """How often a message is disturbed, in parts of one."""

    twice: float = 0.0
    late: float = 0.0
    overtaken: float = 0.0


@dataclass
class Line:
    """One direction between two places; up since `since`."""

    up: bool = True
    since: float = 0.0
    cuts: int = 0
    watchers: list[Callable[[], None]] = field(default_factory=list)


class Net:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.noise = Noise()
        self._quiet_at = 0.0
        self._lines: dict[tuple[str, str], Line] = defaultdict(Line)

    def line(self, from_: str, to: str) -> Line:
        return self._lines[from_, to]

    def set(self, from_: str, to: str, *, up: bool) -> None:
        line = self.line(from_, to)
        if line.up != up:
            line.up, line.since = up, asyncio.get_running_loop().time()
            line.cuts += not up
            for watcher in tuple(line.watchers):
                watcher()

    def disturb(self, noise: Noise) -> None:
        self.noise, self._quiet_at = noise, asyncio.get_running_loop().time() + DISTURBED_S

    @property
    def late_s(self) -> float:
        """Longer than any message takes now between two who are connected."""
        quiet = self.noise == Noise() and asyncio.get_running_loop().time() >= self._quiet_at
        return 1.0 if quiet else DISTURBED_S

    def heal(self) -> None:
        for from_, to in tuple(self._lines):
            self.set(from_, to, up=True)

    def both_up(self, one: str, other: str) -> bool:
        return self.line(one, other).up and self.line(other, one).up

    def up_since(self, one: str, other: str) -> float:
        """Since when both directions are up; never, if one is not."""
        lines = (self.line(one, other), self.line(other, one))
        return max(line.since if line.up else float("inf") for line in lines)

    def delay(self) -> float:
        usual = self.chance.uniform(0.001, 0.02)
        late = self.chance.random() < self.noise.late
        return usual + (self.chance.uniform(0.1, 1.0) if late else 0.0)

    async def ask(self, device: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """An HTTP request to central; None for no answer. What was asked may be done all the
        same."""
        if not self.line(device, CENTRAL).up:
            await asyncio.sleep(HTTP_S)
            return None
        await asyncio.sleep(self.delay())
        answer = await work()
        if not self.line(CENTRAL, device).up:
            await asyncio.sleep(HTTP_S)
            return None
        await asyncio.sleep(self.delay())
        return answer


class Pipe:
    """What one end of a connection sends to the other: in order, unless noise says otherwise."""

    def __init__(self, net: Net, line: Line, take: Callable[[Message | int], None]) -> None:
        self._net = net
        self._line = line
        self._take = take
        self._last = 0.0
        self._stuck: list[Message | int] = []
        self.open = True
        line.watchers.append(self._flush)

    def send(self, item: Message | int) -> None:
        net, chance = self._net, self._net.chance
        self._schedule(item, overtaking=chance.random() < net.noise.overtaken)
        if isinstance(item, Message) and chance.random() < net.noise.twice:
            self._schedule(item, overtaking=True)

    def close(self) -> None:
        self.open = False
        self._stuck.clear()
        self._line.watchers.remove(self._flush)

    def _schedule(self, item: Message | int, *, overtaking: bool = False) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + self._net.delay()
        if not overtaking:
            at = self._last = max(at, self._last)
        loop.call_at(at, self._arrive, item)

    def _arrive(self, item: Message | int) -> None:
        if not self.open:
            return
        if self._line.up:
            self._take(item)
        else:
            self._stuck.append(item)

    def _flush(self) -> None:
        if self._line.up:
            stuck, self._stuck = self._stuck, []
            for item in stuck:
                self._schedule(item)
