"""What turnstiles made of lines have in common: latches that are released and locked again."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

from admission.values import Direction
from hal.composed import Felt
from hal.drivers.actuator import Actuator
from hal.drivers.body_sensors import Overstay
from hal.drivers.mailbox import Mailbox
from hal.ports import (
    DeviceFault,
    InputLine,
    Passage,
    Passing,
    Troubled,
    TurnstileEvent,
)

log = logging.getLogger("wicket.hal.turnstile")

_EDGES = 64
"""Edges that wait at most; then the sensors' lines wait themselves."""


@dataclass
class Way:
    """One direction. Two may share a latch."""

    latch: Actuator
    owed: int = 0
    """Bodies that were released and have not gone through."""
    held: bool = False
    """Open until it is locked."""
    pulses: int = 0
    """Still to come, with the one under way."""
    pulsed: bool = False
    pulsing: asyncio.Task[None] | None = None

    @property
    def free(self) -> bool:
        return self.held or self.owed > 0

    def end(self) -> None:
        self.owed, self.held, self.pulses, self.pulsed = 0, False, 0, False
        if self.pulsing:
            self.pulsing.cancel()


class LineTurnstile(ABC):
    """A latch is active (released) from `release` until as many bodies went through, or for
    `pulse_s` seconds for each; from `open` and `evacuate` until `lock`.

    `arm` is active after `evacuate` until every direction was locked. The sensors are listened to
    from opening on. What latches and sensors report when they fail comes out of `events` or of
    the method that used them; what fails after `evacuate`, only when every direction was locked.
    """

    _overstay: Overstay

    def __init__(
        self,
        name: str,
        latches: Mapping[Direction, Actuator],
        sensors: Mapping[str, InputLine],
        *,
        pulse_s: float | None = None,
        arm: Actuator | None = None,
    ) -> None:
        self.name = name
        self.directions = frozenset(latches)
        self._ways = {direction: Way(latch) for direction, latch in latches.items()}
        self._latches = list(dict.fromkeys(latches.values()))
        self._sensors = dict(sensors)
        self.felt: dict[str, Felt] = {}
        self._pulse_s = pulse_s
        self._arm = arm
        self._fled: set[Direction] = set()
        """Those that `evacuate` opened and nobody has locked since."""
        self._fault: DeviceFault | None = None
        self._told = Mailbox[TurnstileEvent](name)
        self._lasting: dict[object, TurnstileEvent] = {}
        self._edges: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()
        self._opened = AsyncExitStack()

    @abstractmethod
    def _feel(self, sensor: str, active: bool, now: float) -> Iterable[TurnstileEvent]:
        """What this edge means. The direction of a Passage may still be unknown."""

    @abstractmethod
    def _fresh(self) -> None:
        """Make `_overstay`, and all that remembers what the sensors saw, anew."""

    def _actuators(self) -> list[Actuator]:
        return [*self._latches, *([self._arm] if self._arm else [])]

    async def __aenter__(self) -> Self:
        for way in self._ways.values():
            way.end()
        self._fled, self._lasting, self._edges = set(), {}, asyncio.Queue(_EDGES)
        self._told, self._fault = Mailbox(self.name), None
        self.felt = dict.fromkeys(self._sensors, Felt())
        self._fresh()
        async with AsyncExitStack() as stack:
            for actuator in self._actuators():
                await stack.enter_async_context(actuator.line)
                await actuator.set(False)
            for line in self._sensors.values():
                await stack.enter_async_context(line)
            self._group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._stop)
            self._start(self._attend)
            for sensor, line in self._sensors.items():
                self._start(self._listen, sensor, line)
            await asyncio.sleep(0)
            self._opened = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._opened.aclose()

    async def release(self, direction: Direction) -> None:
        way = self._way(direction)
        if way.held:
            return
        way.owed += 1
        if self._pulse_s is None:
            await self._settle(way.latch)
            return
        way.pulses += 1
        if way.pulses == 1:
            way.pulsed = True
            try:
                await self._settle(way.latch)
            finally:
                way.pulsing = self._start(self._pulse, way, self._pulse_s)

    async def open(self, direction: Direction) -> None:
        way = self._way(direction)
        way.held = True
        await self._settle(way.latch)

    async def lock(self, direction: Direction) -> None:
        way = self._way(direction)
        way.end()
        self._fled.discard(direction)
        await self._settle(way.latch)
        if self._fled:
            return
        if self._arm and self._arm.active is not False:
            await self._arm.set(False)
        self._tell_fault()

    async def evacuate(self) -> None:
        for way in self._ways.values():
            way.held = True
        self._fled = set(self.directions)
        results = await asyncio.gather(*self._flee(), return_exceptions=True)
        for result in results:
            if result is not None:
                raise result

    def _flee(self) -> list[Coroutine[Any, Any, None]]:
        return [actuator.set(True) for actuator in self._actuators()]

    async def events(self) -> AsyncGenerator[TurnstileEvent, None]:
        """First what lasts: a body in the passage, a trouble."""
        async for event in self._told.items(first=list(self._lasting.values())):
            yield event

    @property
    def outputs(self) -> dict[str, Actuator]:
        return {one.line.name.removeprefix(f"{self.name}."): one for one in self._actuators()}

    async def pulse(self, output: str, seconds: float) -> None:
        trying = self._start(self._try, self.outputs[output], seconds)
        await asyncio.wait([trying])
        if trying.cancelled():
            raise DeviceFault(self.name, "was closed meanwhile", "try again")
        if self._fault:
            raise self._fault

    async def _try(self, actuator: Actuator, seconds: float) -> None:
        try:
            await actuator.set(True)
            await asyncio.sleep(seconds)
        finally:
            fled = actuator is self._arm and bool(self._fled)
            await actuator.set(fled or (actuator in self._latches and self._released(actuator)))

    def _way(self, direction: Direction) -> Way:
        if direction not in self._ways:
            raise DeviceFault(
                self.name,
                f"cannot be released {direction.value}",
                f"it has no line for the way {direction.value} in the configuration",
            )
        return self._ways[direction]

    def _released(self, latch: Actuator) -> bool:
        """Whether that latch shall be active now."""
        ways = [way for way in self._ways.values() if way.latch is latch]
        if self._pulse_s is None:
            return any(way.free for way in ways)
        return any(way.held or way.pulsed for way in ways)

    async def _settle(self, again: Actuator | None = None) -> None:
        """Switch each latch that is not as it shall be, and `again` anyway."""
        for latch in self._latches:
            released = self._released(latch)
            if latch is again or latch.active is not released:
                await latch.set(released)

    async def _pulse(self, way: Way, pulse_s: float) -> None:
        """End the pulse that began; the further ones follow, each after a gap of its length."""
        while True:
            await asyncio.sleep(pulse_s)
            way.pulsed = False
            await self._settle()
            way.pulses -= 1
            if not way.pulses:
                return
            await asyncio.sleep(pulse_s)
            way.pulsed = True
            await self._settle()

    async def _listen(self, sensor: str, line: InputLine) -> None:
        async for active in line.changes():
            felt = self.felt[sensor]
            if active is not felt.active:
                self.felt[sensor] = Felt(active, felt.changes + 1)
                await self._edges.put((sensor, active))

    async def _attend(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            try:
                async with asyncio.timeout_at(self._overstay.due):
                    sensor, active = await self._edges.get()
            except TimeoutError:
                self._tell(self._overstay.look(now()))
            else:
                self._tell(self._feel(sensor, active, now()))
                await self._settle()

    def _tell(self, events: Iterable[TurnstileEvent]) -> None:
        for event in events:
            match event:
                case Passing(began):
                    self._lasts(Passing, event if began else None)
                case Troubled(trouble, on):
                    self._lasts(trouble, event if on else None)
            self._told.put(self._passed(event) if isinstance(event, Passage) else event)

    def _lasts(self, what: object, event: TurnstileEvent | None) -> None:
        self._lasting.pop(what, None)
        if event is not None:
            self._lasting[what] = event

    def _passed(self, passage: Passage) -> Passage:
        direction = passage.direction
        free = [known for known, way in self._ways.items() if way.free]
        if direction is None and len(free) == 1:
            direction = free[0]
        if direction in self._ways and self._ways[direction].owed:
            self._ways[direction].owed -= 1
        return Passage(direction)

    def _start(self, work: Callable[..., Awaitable[None]], *args: Any) -> asyncio.Task[None]:
        task = self._group.create_task(self._guard(work, *args))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        try:
            await work(*args)
        except DeviceFault as fault:
            self._fault = fault
            self._tell_fault()

    def _tell_fault(self) -> None:
        """Not in a fire: whoever hears of it would close the turnstile, and that locks it."""
        if self._fault and self._fled:
            log.warning("%s; kept open for the fire all the same", self._fault)
        elif self._fault:
            self._told.fail(self._fault)

    def _stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
