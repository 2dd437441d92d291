"""A turnstile on simulated lines: its parts are moved and looked at by the name of their option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from support.listening import Heard, settle

from hal.ports import Turnstile, TurnstileEvent
from hal.registry import Devices
from hal.sim.stage import Stage

SIM = {"driver": "sim"}


@dataclass
class Lines:
    turnstile: Turnstile
    stage: Stage

    def lit(self, *parts: str) -> bool:
        """Whether all of these outputs are on."""
        return all(self.stage.prop(f"north.{part}").state["on"] for part in parts)

    def unplug(self, part: str) -> None:
        self.stage.cue(f"north.{part}", unplug=True)

    async def edges(self, *edges: tuple[str, bool]) -> None:
        for sensor, level in edges:
            self.stage.cue(f"north.{sensor}", level=level)
            await settle()

    async def turn(self, sensor: str) -> None:
        await self.edges((sensor, True), (sensor, False))


def on_lines(devices: Devices, driver: str, *parts: str, **options: Any) -> Lines:
    """A turnstile named north; each of `parts` is a simulated line."""
    table = {"driver": driver, **dict.fromkeys(parts, SIM), **options}
    return Lines(devices.build(Turnstile, "north", table), devices.stage)


def told(heard: Heard[TurnstileEvent]) -> list[TurnstileEvent]:
    """What was heard until now."""
    events = []
    while not heard.nothing_more():
        event = heard.queue.get_nowait()
        if isinstance(event, Exception):
            raise event
        events.append(event)
    return events
