"""What every lane display that needs no screen does with a notice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.clock import on_virtual_time
from support.pty_scanner import PtyScanner
from support.turnstile_lines import SIM

from hal.ports import DeviceFault, LaneDisplay, Notice, Tone
from hal.registry import Devices
from hal.sim.stage import Stage

WORDS = ("Willkommen", "2 Personen")


@pytest.mark.parametrize("driver", ["sim", "log"])
async def test_a_display_shows_a_notice(
    devices: Devices, stage: Stage, caplog: pytest.LogCaptureFixture, driver: str
) -> None:
    caplog.set_level("INFO", "wicket")
    async with devices.build(LaneDisplay, "display", {"driver": driver}) as display:
        await display.show(Notice(Tone.WELCOME, *WORDS, language="de"))
    shown = caplog.text + str(stage.prop("display").state)
    assert all(word in shown for word in ("welcome", *WORDS))


async def test_the_stage_is_told_the_language(devices: Devices, stage: Stage) -> None:
    async with devices.build(LaneDisplay, "display", {"driver": "sim"}) as display:
        await display.show(Notice(Tone.WELCOME, *WORDS, language="de"))
        assert stage.prop("display").state["language"] == "de"


@pytest.mark.parametrize("tone", Tone)
@on_virtual_time
async def test_every_display_takes_every_tone_again_and_again(
    devices: Devices, tmp_path: Path, tone: Tone
) -> None:
    line = PtyScanner(tmp_path / "display")
    tables = [
        {"driver": "sim"},
        {"driver": "log"},
        {"driver": "lights", "green": SIM, "red": SIM},
        {"driver": "text", "port": str(line.link)},
    ]
    for table in tables:
        async with devices.build(LaneDisplay, "display", table) as display:
            for _ in range(3):
                await display.show(Notice(tone, *WORDS))
                await asyncio.sleep(1)
    line.away()


@pytest.mark.parametrize(
    ("driver", "part"), [("sim", "display"), ("lights", "display.green"), ("lights", "display.red")]
)
async def test_a_lost_display_is_a_fault(
    devices: Devices, stage: Stage, driver: str, part: str
) -> None:
    table = {"driver": driver} | ({"green": SIM, "red": SIM} if driver == "lights" else {})
    async with devices.build(LaneDisplay, "display", table) as display:
        stage.cue(part, unplug=True)
        with pytest.raises(DeviceFault, match=rf"^{part}: "):
            await display.show(Notice(Tone.WELCOME, *WORDS))
