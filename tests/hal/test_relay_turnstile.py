"""A turnstile of relays and a sensor, on simulated lines and on gpiozero's mock pins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from support.listening import listening, settle

from admission.values import Direction
from hal.drivers.gpiozero_lines import pin_factory
from hal.ports import DeviceFault, Passage, Turnstile
from hal.registry import BadDevice, Devices
from hal.sim.stage import Stage

IN, OUT = Direction.IN, Direction.OUT


@dataclass
class Rig:
    turnstile: Turnstile
    latches: Callable[[], tuple[bool, bool]]
    """Inwards, outwards: is it on?"""
    turn: Callable[[], object]


def sim_rig(devices: Devices, stage: Stage) -> Rig:
    sim = {"driver": "sim"}
    table = {"driver": "relay", "latch_in": sim, "latch_out": sim, "sensor": sim}

    def on(part: str) -> bool:
        return bool(stage.prop(f"north.{part}").state["on"])

    return Rig(
        devices.build(Turnstile, "north", table),
        lambda: (on("latch_in"), on("latch_out")),
        lambda: stage.cue("north.sensor", pulse=True),
    )


def mock_rig(devices: Devices) -> Rig:
    def gpio(pin: int, **options: Any) -> dict[str, Any]:
        return {"driver": "gpiozero", "pin": pin, "factory": "mock", **options}

    pin = pin_factory("mock").pin
    table = {
        "driver": "relay",
        "latch_in": gpio(5),
        "latch_out": gpio(6, active_high=False),
        "sensor": gpio(13),
    }

    def turn() -> None:
        pin(13).drive_low()
        pin(13).drive_high()

    return Rig(
        devices.build(Turnstile, "north", table),
        lambda: (bool(pin(5).state), not pin(6).state),
        turn,
    )


@pytest.fixture(params=["sim", "gpiozero"])
def rig(request: pytest.FixtureRequest, devices: Devices, stage: Stage) -> Rig:
    return sim_rig(devices, stage) if request.param == "sim" else mock_rig(devices)


async def test_it_is_locked_when_opened_and_when_closed(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        assert rig.latches() == (False, False)
        await turnstile.release(IN)
        assert rig.latches() == (True, False)
    assert rig.latches() == (False, False)


async def test_lock_ends_a_release(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        await turnstile.release(OUT)
        assert rig.latches() == (False, True)
        await turnstile.lock()
        assert rig.latches() == (False, False)


async def test_a_release_the_other_way_ends_the_first(rig: Rig) -> None:
    async with rig.turnstile as turnstile:
        await turnstile.release(IN)
        await turnstile.release(OUT)
        assert rig.latches() == (False, True)


@pytest.mark.parametrize("direction", [IN, OUT])
async def test_each_rotation_is_a_passage_in_the_released_direction(
    rig: Rig, direction: Direction
) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.passages()) as heard:
        await turnstile.release(direction)
        for _ in range(3):
            rig.turn()
        assert [await heard.next() for _ in range(3)] == [Passage(direction)] * 3
        assert rig.latches() == (direction is IN, direction is OUT)


async def test_a_forced_rotation_is_no_passage_and_is_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async with rig.turnstile as turnstile, listening(turnstile.passages()) as heard:
        rig.turn()
        await settle()
        assert heard.nothing_more()
        await turnstile.release(IN)
        rig.turn()
        assert await heard.next() == Passage(IN)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "north: forced" in caplog.text


async def test_a_lost_sensor_locks_the_turnstile(devices: Devices, stage: Stage) -> None:
    rig = sim_rig(devices, stage)
    with pytest.raises(DeviceFault, match=r"north\.sensor"):
        async with rig.turnstile as turnstile, listening(turnstile.passages()) as heard:
            await turnstile.release(IN)
            stage.cue("north.sensor", unplug=True)
            await heard.next()
    assert rig.latches() == (False, False)


async def test_a_turnstile_without_a_latch_outwards_cannot_be_released_there(
    devices: Devices,
) -> None:
    sim = {"driver": "sim"}
    table = {"driver": "relay", "latch_in": sim, "sensor": sim}
    async with devices.build(Turnstile, "north", table) as turnstile:
        with pytest.raises(DeviceFault, match="latch_out"):
            await turnstile.release(OUT)


async def test_a_part_that_cannot_be_opened_closes_the_others(
    devices: Devices, stage: Stage
) -> None:
    bad = {"driver": "gpiozero", "pin": 999, "factory": "mock"}
    table = {"driver": "relay", "latch_in": {"driver": "gpiozero", "pin": 5, "factory": "mock"}}
    turnstile = devices.build(Turnstile, "north", table | {"sensor": bad})
    for _ in range(2):
        with pytest.raises(DeviceFault, match=r"north\.sensor"):
            async with turnstile:
                pass


def test_what_is_wrong_with_any_part_is_said_at_once(devices: Devices) -> None:
    table = {
        "driver": "relay",
        "latch_in": {"driver": "gpiozero", "pin": "17"},
        "sensor": {"driver": "simm"},
    }
    with pytest.raises(BadDevice) as bad:
        devices.build(Turnstile, "lanes.north.turnstile", table)
    assert [problem.partition(":")[0] for problem in bad.value.problems] == [
        "lanes.north.turnstile.latch_in.pin",
        "lanes.north.turnstile.sensor.driver",
    ]
