"""Lamps and a buzzer at a lane. Every tone has a rhythm or sound of its own, so that nobody needs
to see colours or to hear; nothing flashes more often than three times a second (WCAG 2.3.1)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from itertools import cycle
from typing import Self

from hal.drivers.parts import Table, build_lines
from hal.ports import DeviceFault, Notice, OutputLine, Tone
from hal.registry import Devices


@dataclass(frozen=True)
class Rhythm:
    """`on` at first, then changing after each of `seconds`; from the start if `again`, else as it
    is then. `words`: as the handbook says it."""

    words: str
    on: bool = True
    seconds: tuple[float, ...] = ()
    again: bool = False


OFF = Rhythm("off", on=False)
STEADY = Rhythm("steady")
WINKING = Rhythm("steady, out for a wink every 3 s", seconds=(2.7, 0.3), again=True)
SLOW = Rhythm("blinking slowly, 1 s on, 1 s off", seconds=(1.0, 1.0), again=True)
BLINKING = Rhythm("blinking, ½ s on, ½ s off", seconds=(0.5, 0.5), again=True)
TWICE = Rhythm("two short flashes every second", seconds=(0.15, 0.15, 0.15, 0.55), again=True)
FAST = Rhythm("blinking fast, 2½ times a second", seconds=(0.2, 0.2), again=True)
ONE_SHORT = Rhythm("one short beep", seconds=(0.15,))
TWO_LONG = Rhythm("two long beeps", seconds=(0.6, 0.3, 0.6))
BEEPING = Rhythm("short beeps without end", seconds=(0.2, 0.2), again=True)


@dataclass(frozen=True)
class Pattern:
    green: Rhythm = OFF
    amber: Rhythm = OFF
    red: Rhythm = OFF
    buzzer: Rhythm = OFF


PATTERNS = {
    Tone.IDLE: Pattern(),
    Tone.WAIT: Pattern(amber=SLOW),
    Tone.WELCOME: Pattern(green=STEADY, buzzer=ONE_SHORT),
    Tone.REFUSE: Pattern(red=BLINKING, buzzer=TWO_LONG),
    Tone.FREE: Pattern(green=WINKING),
    Tone.CLOSED: Pattern(red=STEADY),
    Tone.ALARM: Pattern(red=FAST, buzzer=BEEPING),
    Tone.EMERGENCY: Pattern(green=TWICE),
}
"""What each tone looks and sounds like; printed in docs/handbook.md."""

PARTS = tuple(part.name for part in fields(Pattern))


class LightsDisplay:
    """`show` returns when the first step of the pattern is set; the rhythm goes on by itself. A
    line lost meanwhile is told by the next `show`."""

    @dataclass(frozen=True)
    class Options:
        """Each is an OutputLine, on while the lamp burns or the buzzer sounds."""

        green: Table | None = None
        amber: Table | None = None
        red: Table | None = None
        buzzer: Table | None = None

        def __post_init__(self) -> None:
            if all(getattr(self, part) is None for part in PARTS):
                raise ValueError("say at least one of green, amber, red and buzzer")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        tables = {part: getattr(options, part) for part in PARTS}
        self._lines, _ = build_lines(name, devices, tables, {})
        self._playing: set[asyncio.Task[None]] = set()
        self._fault: DeviceFault | None = None
        self._group = asyncio.TaskGroup()
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._fault = None
        async with AsyncExitStack() as stack:
            for line in self._lines.values():
                await stack.enter_async_context(line)
            self._group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._stop)
            self._opened = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._opened.aclose()

    async def show(self, notice: Notice) -> None:
        if stopped := self._stop():
            await asyncio.wait(stopped)
        if self._fault:
            raise self._fault
        pattern = PATTERNS[notice.tone]
        rhythms = {part: getattr(pattern, part) for part in self._lines}
        for part, line in self._lines.items():
            await line.set(rhythms[part].on)
        for part, line in self._lines.items():
            task = self._group.create_task(self._play(line, rhythms[part]))
            self._playing.add(task)
            task.add_done_callback(self._playing.discard)

    async def _play(self, line: OutputLine, rhythm: Rhythm) -> None:
        """The line has its first level already."""
        on = rhythm.on
        try:
            for seconds in cycle(rhythm.seconds) if rhythm.again else rhythm.seconds:
                await asyncio.sleep(seconds)
                on = not on
                await line.set(on)
        except DeviceFault as fault:
            self._fault = fault

    def _stop(self) -> set[asyncio.Task[None]]:
        for task in self._playing:
            task.cancel()
        return set(self._playing)
