"""What every turnstile made of lines does: the contract, on simulated lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from support.clock import on_virtual_time
from support.listening import Heard, listening, settle
from support.turnstile_lines import SIM, Lines, told

from admission.values import Direction
from hal.ports import DeviceFault, Passage, Passing, Turnstile, TurnstileEvent
from hal.registry import DRIVERS, BadDevice, Devices
from hal.sim.stage import Stage

IN, OUT = Direction.IN, Direction.OUT


@dataclass
class Kind:
    """A row of the registry with its lines, and how a body walks through."""

    table: dict[str, Any]
    latches: dict[Direction, str]
    walk: Callable[[Direction], list[tuple[str, bool]]]
    sensors: tuple[str, ...]


def rotation(direction: Direction) -> list[tuple[str, bool]]:
    return [("sensor", True), ("sensor", False)]


def beams(direction: Direction) -> list[tuple[str, bool]]:
    near, far = ("outer", "inner") if direction is IN else ("inner", "outer")
    return [(near, True), (far, True), (near, False), (far, False)]


def opening(direction: Direction) -> list[tuple[str, bool]]:
    return [("contact", True), ("contact", False)]


LATCHES = {IN: "latch_in", OUT: "latch_out"}
GATE = {"open_in": SIM, "open_out": SIM, "outer": SIM, "inner": SIM}
KINDS = {
    "tripod": Kind(
        {"latch_in": SIM, "latch_out": SIM, "sensor": SIM}, LATCHES, rotation, ("sensor",)
    ),
    "swing_gate": Kind(
        GATE | {"command": "hold"}, {IN: "open_in", OUT: "open_out"}, beams, ("outer", "inner")
    ),
    "door": Kind(
        {"strike": SIM, "contact": SIM, "exit_button": SIM, "directions": ["in", "out"]},
        {IN: "strike", OUT: "strike"},
        opening,
        ("contact", "exit_button"),
    ),
}


@dataclass
class Rig(Lines):
    kind: Kind
    on_power_loss: str

    def released(self, direction: Direction) -> bool:
        return self.lit(self.kind.latches[direction]) is (self.on_power_loss == "locked")

    def others(self, direction: Direction) -> bool:
        """Whether a latch that has nothing to do with this direction is released."""
        mine = self.kind.latches[direction]
        return any(self.released(d) for d, part in self.kind.latches.items() if part != mine)

    def dark(self) -> bool:
        return not any(self.lit(part) for part in self.kind.latches.values())

    async def walk(self, direction: Direction) -> None:
        await self.edges(*self.kind.walk(direction))


@pytest.fixture(params=["locked", "released"])
def on_power_loss(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(KINDS))
def rig(request: pytest.FixtureRequest, devices: Devices, stage: Stage, on_power_loss: str) -> Rig:
    kind = KINDS[request.param]
    table = {"driver": request.param, "on_power_loss": on_power_loss, **kind.table}
    return Rig(devices.build(Turnstile, "north", table), stage, kind, on_power_loss)


def passages(heard: Heard[TurnstileEvent]) -> list[TurnstileEvent]:
    return [event for event in told(heard) if not isinstance(event, Passing)]


@on_virtual_time
async def test_sensors_at_rest_tell_nothing_when_it_is_opened(rig: Rig) -> None:
    for _ in range(2):
        async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
            await settle()
            assert told(heard) == []
            assert not any(felt.changes for felt in turnstile.felt.values())  # type: ignore[attr-defined]


both = pytest.mark.parametrize("direction", [IN, OUT])


def test_every_turnstile_keeps_this_contract() -> None:
    assert set(KINDS) == set(DRIVERS[Turnstile])


@on_virtual_time
async def test_it_is_locked_when_opened_and_without_power_when_closed(rig: Rig) -> None:
    for _ in range(2):
        async with rig.turnstile as turnstile:
            assert turnstile.directions == {IN, OUT}
            assert not rig.released(IN)
            assert not rig.released(OUT)
            await turnstile.release(IN)
        assert rig.dark()


@both
@on_virtual_time
async def test_a_release_lasts_until_the_body_is_through(rig: Rig, direction: Direction) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.release(direction)
        await asyncio.sleep(60)
        assert rig.released(direction)
        assert not rig.others(direction)
        await rig.walk(direction)
        assert not rig.released(direction)
        assert passages(heard) == [Passage(direction)]


@both
@on_virtual_time
async def test_three_releases_are_for_three_bodies(rig: Rig, direction: Direction) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
        for _ in range(3):
            await turnstile.release(direction)
        for still in (True, True, False):
            await rig.walk(direction)
            assert rig.released(direction) is still
        assert passages(heard) == [Passage(direction)] * 3


@both
@on_virtual_time
async def test_lock_ends_a_release(rig: Rig, direction: Direction) -> None:
    async with rig.turnstile as turnstile:
        await turnstile.release(direction)
        await turnstile.release(direction)
        await turnstile.lock(direction)
        assert not rig.released(direction)
        await turnstile.lock(direction)
        assert not rig.released(direction)


@both
@on_virtual_time
async def test_open_lets_everybody_through_until_lock(rig: Rig, direction: Direction) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.open(direction)
        await turnstile.release(direction)
        for _ in range(5):
            await rig.walk(direction)
            assert rig.released(direction)
        assert passages(heard) == [Passage(direction)] * 5
        await turnstile.lock(direction)
        assert not rig.released(direction)


@on_virtual_time
async def test_the_directions_are_locked_one_by_one(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        await turnstile.open(IN)
        await turnstile.open(OUT)
        await turnstile.lock(IN)
        assert rig.released(OUT)
        await turnstile.lock(OUT)
        assert not rig.released(OUT)


@on_virtual_time
async def test_who_walks_while_it_is_locked_is_told_too(rig: Rig) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
        await rig.walk(IN)
        (passage,) = passages(heard)
        assert isinstance(passage, Passage)
        assert passage.direction in (None, IN)


@on_virtual_time
async def test_evacuate_opens_every_way_until_each_is_locked(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        await turnstile.release(OUT)
        await turnstile.evacuate()
        for _ in range(3):
            await rig.walk(OUT)
            await asyncio.sleep(60)
            assert rig.released(IN)
            assert rig.released(OUT)
        await turnstile.lock(IN)
        assert rig.released(OUT)
        await turnstile.lock(OUT)
        assert not rig.released(IN)
        assert not rig.released(OUT)


@on_virtual_time
async def test_evacuate_tries_every_line_and_then_tells_the_first_fault(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        rig.unplug(rig.kind.latches[IN])
        with pytest.raises(DeviceFault, match=rf"^north\.{rig.kind.latches[IN]}: "):
            await turnstile.evacuate()
        assert rig.released(OUT) is (rig.kind.latches[OUT] != rig.kind.latches[IN])


@on_virtual_time
async def test_a_sensor_lost_in_a_fire_is_told_when_the_fire_is_over(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.evacuate()
        rig.unplug(rig.kind.sensors[0])
        await asyncio.sleep(60)
        assert heard.nothing_more()
        assert "unplugged on the stage" in caplog.text
        await turnstile.lock(IN)
        assert rig.released(OUT)
        await turnstile.lock(OUT)
        with pytest.raises(DeviceFault, match=rf"^north\.{rig.kind.sensors[0]}: "):
            await heard.next()


@on_virtual_time
async def test_a_lost_latch_is_told_by_the_method(rig: Rig) -> None:
    with pytest.raises(DeviceFault, match=rf"^north\.{rig.kind.latches[OUT]}: "):
        async with rig.turnstile as turnstile:
            rig.unplug(rig.kind.latches[OUT])
            await turnstile.release(OUT)
    assert rig.dark()


@on_virtual_time
async def test_a_latch_lost_when_the_body_is_through_is_told_by_the_events(rig: Rig) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.release(IN)
        rig.unplug(rig.kind.latches[IN])
        await rig.walk(IN)
        assert Passage(IN) in [await heard.next() for _ in range(heard.queue.qsize() - 1)]
        with pytest.raises(DeviceFault, match=rf"^north\.{rig.kind.latches[IN]}: "):
            await heard.next()


@on_virtual_time
async def test_every_lost_sensor_is_told_by_the_events(rig: Rig) -> None:
    for sensor in rig.kind.sensors:
        async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
            await turnstile.release(IN)
            rig.unplug(sensor)
            with pytest.raises(DeviceFault, match=rf"^north\.{sensor}: "):
                await heard.next()
        assert rig.dark()


@on_virtual_time
async def test_a_sensor_lost_before_anybody_listens_is_told_too(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        rig.unplug(rig.kind.sensors[0])
        await settle()
        async with listening(turnstile.events()) as heard:
            with pytest.raises(DeviceFault, match="unplugged"):
                await heard.next()


@on_virtual_time
async def test_what_happened_before_anybody_listens_is_not_told(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        await rig.walk(IN)
        async with listening(turnstile.events()) as heard:
            await rig.walk(IN)
            assert len(passages(heard)) == 1


@on_virtual_time
async def test_a_new_opening_knows_nothing_of_the_last(rig: Rig) -> None:
    first = rig.kind.walk(IN)[0][0]
    async with rig.turnstile as turnstile:
        await turnstile.release(OUT)
        await rig.edges((first, True))
    async with rig.turnstile as turnstile, listening(turnstile.events()) as heard:
        await turnstile.release(IN)
        await rig.walk(IN)
        assert not rig.released(IN)
        assert passages(heard) == [Passage(IN)]


@on_virtual_time
async def test_a_line_that_cannot_be_opened_closes_the_others(rig: Rig, devices: Devices) -> None:
    bad = {"driver": "gpiozero", "pin": 999, "factory": "mock"}
    *_, last = rig.kind.sensors
    driver = next(name for name, kind in KINDS.items() if kind is rig.kind)
    table = {"driver": driver, "on_power_loss": rig.on_power_loss, **rig.kind.table, last: bad}
    turnstile = devices.build(Turnstile, "north", table)
    for _ in range(2):
        with pytest.raises(DeviceFault, match=rf"north\.{last}"):
            async with turnstile:
                pass
        assert rig.dark()


@pytest.mark.parametrize("driver", KINDS)
def test_what_is_wrong_with_any_line_is_said_at_once(devices: Devices, driver: str) -> None:
    kind = KINDS[driver]
    latch, sensor = kind.latches[IN], kind.sensors[0]
    table = {"driver": driver, **kind.table, latch: {"driver": "simm"}, sensor: {"driver": "no"}}
    with pytest.raises(BadDevice) as bad:
        devices.build(Turnstile, "lanes.north", table)
    assert [problem.partition(":")[0] for problem in bad.value.problems] == [
        f"lanes.north.{latch}.driver",
        f"lanes.north.{sensor}.driver",
    ]
