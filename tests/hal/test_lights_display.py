"""Lamps and buzzer: each tone has its own look and sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from support.clock import on_virtual_time
from support.turnstile_lines import SIM

from hal.drivers.lights_display import OFF, PARTS, PATTERNS, Pattern, Rhythm
from hal.ports import DeviceFault, LaneDisplay, Notice, Tone
from hal.registry import BadDevice, Devices
from hal.sim.stage import Stage

HANDBOOK = Path(__file__).parents[2] / "docs" / "handbook.md"
LAMPS = PARTS[:-1]
REFUSED = [*["rb"] * 5, "b", *[""] * 3, "b", *["rb"] * 5]


@asynccontextmanager
async def lights(devices: Devices, *parts: str) -> AsyncIterator[LaneDisplay]:
    table = {"driver": "lights", **dict.fromkeys(parts or PARTS, SIM)}
    async with devices.build(LaneDisplay, "north", table) as display:
        yield display


def on(stage: Stage) -> str:
    """The initials of what is on."""
    props = {part: stage.prop(f"north.{part}") for part in PARTS}
    return "".join(part[0] for part, prop in props.items() if prop.state.get("on"))


async def film(stage: Stage, seconds: float, every_s: float = 0.1) -> list[str]:
    """What is on, half a step after now and then at each step."""
    await asyncio.sleep(every_s / 2)
    seen = []
    for _ in range(round(seconds / every_s)):
        seen.append(on(stage))
        await asyncio.sleep(every_s)
    return seen


def lamp(pattern: Pattern) -> tuple[str, Rhythm]:
    return next(
        ((part, r) for part in LAMPS if (r := getattr(pattern, part)) is not OFF), ("", OFF)
    )


@pytest.mark.parametrize(
    ("tone", "seconds", "expected"),
    [
        (Tone.IDLE, 3, [""] * 30),
        (Tone.WAIT, 4, ["a"] * 10 + [""] * 10 + ["a"] * 10 + [""] * 10),
        (Tone.WELCOME, 1, ["gb", *["g"] * 9]),
        (
            Tone.REFUSE,
            2.5,
            ["rb"] * 5 + ["b"] + [""] * 3 + ["b"] + ["rb"] * 5 + [""] * 5 + ["r"] * 5,
        ),
        (Tone.FREE, 6, ["g"] * 27 + [""] * 3 + ["g"] * 27 + [""] * 3),
        (Tone.CLOSED, 9, ["r"] * 90),
        (Tone.ALARM, 2, (["rb"] * 2 + [""] * 2) * 5),
    ],
)
@on_virtual_time
async def test_a_tone_looks_and_sounds_as_it_should(
    devices: Devices, stage: Stage, tone: Tone, seconds: float, expected: list[str]
) -> None:
    async with lights(devices) as display:
        await display.show(Notice(tone, ""))
        assert await film(stage, seconds) == expected


@on_virtual_time
async def test_an_emergency_flashes_twice_a_second_without_a_sound(
    devices: Devices, stage: Stage
) -> None:
    async with lights(devices) as display:
        await display.show(Notice(Tone.EMERGENCY, ""))
        second = ["g"] * 3 + [""] * 3 + ["g"] * 3 + [""] * 11
        assert await film(stage, 2, every_s=0.05) == second * 2


@on_virtual_time
async def test_the_next_notice_ends_the_last_one(devices: Devices, stage: Stage) -> None:
    async with lights(devices) as display:
        await display.show(Notice(Tone.ALARM, ""))
        await asyncio.sleep(10.1)
        await display.show(Notice(Tone.CLOSED, ""))
        assert await film(stage, 3) == ["r"] * 30
    assert on(stage) == ""


@on_virtual_time
async def test_all_is_off_when_it_is_opened_and_closed(devices: Devices, stage: Stage) -> None:
    for _ in range(2):
        async with lights(devices) as display:
            assert on(stage) == ""
            await display.show(Notice(Tone.ALARM, ""))
            assert on(stage) == "rb"
        assert on(stage) == ""
        await asyncio.sleep(5)
        assert on(stage) == ""


@on_virtual_time
async def test_a_lane_without_a_buzzer_has_its_lamps(devices: Devices, stage: Stage) -> None:
    async with lights(devices, "green", "red") as display:
        await display.show(Notice(Tone.REFUSE, ""))
        assert on(stage) == "r"
        await display.show(Notice(Tone.WAIT, ""))
        assert on(stage) == ""


@on_virtual_time
async def test_a_lamp_lost_while_it_blinks_is_told_by_the_next_notice(
    devices: Devices, stage: Stage
) -> None:
    async with lights(devices) as display:
        await display.show(Notice(Tone.ALARM, ""))
        stage.cue("north.red", unplug=True)
        await asyncio.sleep(5)
        with pytest.raises(DeviceFault, match=r"^north\.red: "):
            await display.show(Notice(Tone.IDLE, ""))
    async with lights(devices) as display:
        await display.show(Notice(Tone.CLOSED, ""))


def test_no_tone_is_told_by_its_colour_alone() -> None:
    assert set(PATTERNS) == set(Tone)
    looks = [(lamp(pattern)[1], pattern.buzzer) for pattern in PATTERNS.values()]
    assert len(set(looks)) == len(Tone)


def test_nothing_flashes_more_often_than_three_times_a_second() -> None:
    for pattern in PATTERNS.values():
        _, rhythm = lamp(pattern)
        edges = [0.0, *accumulate(rhythm.seconds * 8 if rhythm.again else ())]
        flashes = edges[::2]
        assert all(later - first > 1 for first, later in zip(flashes, flashes[3:], strict=False))
        assert all(later > first for first, later in pairwise(edges))


def test_the_handbook_says_what_each_tone_looks_and_sounds_like() -> None:
    told = HANDBOOK.read_text()
    for tone, pattern in PATTERNS.items():
        colour, rhythm = lamp(pattern)
        look = f"{colour}, {rhythm.words}" if colour else "all off"
        sound = "none" if pattern.buzzer is OFF else pattern.buzzer.words
        assert f"\n| `{tone.value}` | {look} | {sound} |\n" in told


def test_lights_without_any_line_are_refused(devices: Devices) -> None:
    with pytest.raises(BadDevice, match="at least one of green, amber, red and buzzer"):
        devices.build(LaneDisplay, "north", {"driver": "lights"})
