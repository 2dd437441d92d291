"""A device that is lost comes back by itself and does not fill the log meanwhile."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import Self

import pytest
from support.clock import on_virtual_time
from support.listening import settle
from support.pty_scanner import PtyScanner

from hal.keeper import HEALED_S, KINDS, keep
from hal.ports import CodeReader, DeviceFault, Scan
from hal.registry import Devices
from hal.sim.stage import Stage

PAUSE_S = 2.0

Said = list[tuple[str, str]]


def said(caplog: pytest.LogCaptureFixture) -> Said:
    return [(r.levelname, r.getMessage()) for r in caplog.records if r.name == "wicket.hal"]


@pytest.fixture
def sim(devices: Devices) -> CodeReader:
    return devices.build(CodeReader, "reader", {"driver": "sim"})


class Flaky:
    """A use of a device that faults as it is told, `lasts` seconds after it began; then it ends."""

    def __init__(self, *problems: str, lasts: float = 0.0) -> None:
        self._problems = list(problems)
        self._lasts = lasts
        self.began: list[float] = []

    async def __call__(self, reader: CodeReader) -> None:
        self.began.append(asyncio.get_running_loop().time())
        if self._problems:
            await asyncio.sleep(self._lasts)
            raise DeviceFault(reader.name, self._problems.pop(0), "look at it")


def fault(problem: str) -> str:
    return f"reader: {problem}; look at it"


@on_virtual_time
async def test_it_ends_when_the_use_does_and_closes_the_device(
    sim: CodeReader, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    async def use(reader: CodeReader) -> None:
        seen.append(stage.prop(reader.name).state["open"])

    await keep(sim, use)
    assert seen == [True]
    assert stage.prop("reader").state == {"open": False}
    assert said(caplog) == []


@on_virtual_time
async def test_a_device_lost_in_use_is_closed_and_opened_again_after_the_pause(
    sim: CodeReader, stage: Stage
) -> None:
    heard: list[Scan] = []

    async def use(reader: CodeReader) -> None:
        async for scan in reader.scans():
            heard.append(scan)  # noqa: PERF401 - it never ends

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        keeping = group.create_task(keep(sim, use, PAUSE_S))
        await settle()
        stage.cue("reader", scan="before")
        stage.cue("reader", unplug=True)
        await settle()
        assert stage.prop("reader").state == {"open": False}
        await asyncio.sleep(PAUSE_S * 0.9)
        assert stage.prop("reader").state == {"open": False}
        await asyncio.sleep(PAUSE_S * 0.2)
        assert stage.prop("reader").state == {"open": True}
        stage.cue("reader", scan="after")
        await settle()
        keeping.cancel()
    assert heard == [Scan("before"), Scan("after")]
    assert stage.prop("reader").state == {"open": False}


class Plug:
    """A device that cannot be opened, and tells after `after_s` that it may be there again."""

    name = "reader"

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self.tried: list[float] = []

    async def __aenter__(self) -> Self:
        self.tried.append(asyncio.get_running_loop().time())
        raise DeviceFault(self.name, "away", "look at it")

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def plugged(self) -> None:
        await asyncio.sleep(self._after_s)


@pytest.mark.parametrize(("after_s", "pause_s"), [(0.5, 0.5), (99.0, PAUSE_S)])
@on_virtual_time
async def test_the_pause_ends_early_when_the_device_is_plugged_in(
    after_s: float, pause_s: float
) -> None:
    plug = Plug(after_s)

    async def use(device: Plug) -> None:
        raise AssertionError("it never opened")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(pause_s * 3.5):
            await keep(plug, use, PAUSE_S)
    assert plug.tried == [0, pause_s, pause_s * 2, pause_s * 3]


@on_virtual_time
async def test_a_device_that_cannot_be_opened_is_tried_for_ever_and_said_once(
    devices: Devices, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "wicket")
    scanner = PtyScanner(tmp_path / "scanner")
    scanner.unplug()
    table = {"driver": "serial", "port": str(scanner.link)}
    use = Flaky()
    async with asyncio.timeout(600), asyncio.TaskGroup() as group:
        group.create_task(keep(devices.build(CodeReader, "reader", table), use, PAUSE_S))
        await asyncio.sleep(PAUSE_S * 100.5)
        scanner.plug()
    scanner.away()
    assert len(use.began) == 1
    first, *repeats, last = said(caplog)
    assert first[0] == "WARNING"
    assert f"is the scanner plugged in at {scanner.link}" in first[1]
    assert {level for level, _ in repeats} == {"DEBUG"}
    assert last == ("INFO", f"reader is back; faults meanwhile: {len(repeats) + 1}")


@on_virtual_time
async def test_a_device_that_opens_but_faults_at_once_is_said_once(
    sim: CodeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "wicket")
    await keep(sim, Flaky(*["no answer"] * 50, lasts=HEALED_S * 0.9), PAUSE_S)
    assert said(caplog) == [
        ("WARNING", fault("no answer")),
        *[("DEBUG", fault("no answer"))] * 49,
        ("INFO", "reader is back; faults meanwhile: 50"),
    ]


@on_virtual_time
async def test_it_is_back_when_it_has_worked_for_a_while(
    sim: CodeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "wicket")
    began = asyncio.get_running_loop().time()
    told: list[float] = []

    async def use(reader: CodeReader) -> None:
        if not told:
            told.append(0)
            raise DeviceFault(reader.name, "no answer", "look at it")
        await asyncio.sleep(HEALED_S * 0.9)
        assert len(said(caplog)) == 1
        await asyncio.sleep(HEALED_S * 0.2)
        assert said(caplog)[1:] == [("INFO", "reader is back; faults meanwhile: 1")]

    await keep(sim, use, PAUSE_S)
    assert asyncio.get_running_loop().time() - began == PAUSE_S + HEALED_S * 1.1
    assert len(said(caplog)) == 2


@on_virtual_time
async def test_two_faults_by_turns_are_said_once_each(
    sim: CodeReader, caplog: pytest.LogCaptureFixture
) -> None:
    await keep(sim, Flaky(*["no answer", "on fire"] * 20), PAUSE_S)
    warnings = [text for level, text in said(caplog) if level == "WARNING"]
    assert warnings == [fault("no answer"), fault("on fire")]


@on_virtual_time
async def test_a_device_with_ever_new_faults_does_not_fill_the_log(
    sim: CodeReader, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = count()
    await keep(sim, Flaky(*[f"answers {next(numbers)}" for _ in range(KINDS * 5)]), PAUSE_S)
    assert [level for level, _ in said(caplog)].count("WARNING") == KINDS


@on_virtual_time
async def test_the_same_fault_after_it_had_healed_is_news(
    sim: CodeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "wicket")
    await keep(sim, Flaky("no answer", "no answer", lasts=HEALED_S * 2), PAUSE_S)
    back = ("INFO", "reader is back; faults meanwhile: 1")
    assert said(caplog) == [("WARNING", fault("no answer")), back] * 2


@on_virtual_time
async def test_a_bug_in_the_use_is_no_fault(sim: CodeReader, stage: Stage) -> None:
    async def use(reader: CodeReader) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await keep(sim, use)
    assert stage.prop("reader").state == {"open": False}


@on_virtual_time
async def test_whoever_wants_to_know_is_told_each_fault_and_that_it_is_back(
    sim: CodeReader,
) -> None:
    told: list[str | None] = []
    use = Flaky("no paper", "no paper")
    await keep(sim, use, PAUSE_S, tell=lambda fault: told.append(fault and fault.problem))
    assert told == ["no paper", "no paper", None]
    told.clear()
    await keep(sim, Flaky(), PAUSE_S, tell=lambda fault: told.append("well"))
    assert told == []
