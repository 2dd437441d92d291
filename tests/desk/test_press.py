"""Printing at least once, whatever happens in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from support.clock import on_virtual_time

from desk.centre import Refused
from desk.jobs import Job, Unreadable, read_jobs
from desk.journal import Journal, Progress
from desk.press import Press
from hal.ports import DeviceFault, Slip, SlipCode, SlipText
from runtime.centre import CentreFault
from runtime.convert import Invalid

AGAIN = "There may be another one"


class PowerCut(BaseException):
    pass


@dataclass
class Printer:
    """Takes slips; `trouble` may raise before one is on the paper, or after it."""

    before: Callable[[int], None] = lambda number: None
    after: Callable[[int], None] = lambda number: None
    papers: list[str] = field(default_factory=list)
    name: str = "printer"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def print(self, slip: Slip) -> None:
        self.before(len(self.papers))
        texts = [part.text for part in slip.parts if isinstance(part, SlipText)]
        self.papers.append(" ".join(texts))
        self.after(len(self.papers))


class Central:
    """Has some jobs, and answers every other time only."""

    def __init__(self, *jobs: Job | Unreadable, away: bool = False) -> None:
        self.waiting = list(jobs)
        self.faults: dict[int, str] = {}
        self._away = away
        self.idle = asyncio.Event()

    async def jobs(self) -> tuple[Job | Unreadable, ...]:
        self._answers()
        if not self.waiting:
            self.idle.set()
            await asyncio.Event().wait()
        return tuple(self.waiting[:1])

    async def ended(self, job: int, fault: str = "") -> None:
        self._answers()
        if job not in [one.id for one in self.waiting]:
            raise Refused("no such job")
        self.faults[job] = fault
        self.waiting = [one for one in self.waiting if one.id != job]

    def _answers(self) -> None:
        self._away = not self._away
        if not self._away:
            raise CentreFault("away", "is it on?")


def job(id_: int, *texts: str) -> Job:
    return Job(id_, tuple(Slip((SlipText(text),)) for text in texts), AGAIN)


def cut(at: int) -> Callable[[int], None]:
    def power(number: int) -> None:
        if number == at:
            raise PowerCut

    return power


async def lives(central: Central, printer: Printer, folder: Path) -> None:
    """One start of the daemon, until central has nothing more to print."""
    press = Press(central, Journal(folder / "printing.json"))
    running = asyncio.create_task(press.run(printer))
    waiting = asyncio.create_task(central.idle.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (running, waiting):
        task.cancel()
    await asyncio.wait({running, waiting})
    if not running.cancelled() and (error := running.exception()):
        raise error


@on_virtual_time
async def test_all_slips_of_all_jobs_are_printed_once(tmp_path: Path) -> None:
    central, printer = Central(job(1, "a", "b"), job(2, "c")), Printer()
    await lives(central, printer, tmp_path)
    assert printer.papers == ["a", "b", "c"]
    assert central.faults == {1: "", 2: ""}


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_power_cut_only_the_slip_in_question_is_printed_again(
    tmp_path: Path, at: int, when: str
) -> None:
    @on_virtual_time
    async def play() -> None:
        central = Central(job(1, "a", "b", "c"))
        first, second = Printer(**{when: cut(at + (when == "after"))}), Printer()
        with pytest.raises(PowerCut):
            await lives(central, first, tmp_path)
        await lives(central, second, tmp_path)
        rest = ["a", "b", "c"][at:]
        assert first.papers == ["a", "b", "c"][: at + (when == "after")]
        assert second.papers == [f"{AGAIN} {rest[0]}", *rest[1:]]

    play()


@on_virtual_time
async def test_a_slip_that_the_printer_did_not_take_is_not_marked(tmp_path: Path) -> None:
    def no_paper(number: int) -> None:
        if number == 1:
            raise DeviceFault("printer", "paper out", "put in a roll")

    central, first, second = Central(job(1, "a", "b")), Printer(no_paper), Printer()
    with pytest.raises(DeviceFault):
        await lives(central, first, tmp_path)
    await lives(central, second, tmp_path)
    assert (first.papers, second.papers) == (["a"], ["b"])


@on_virtual_time
async def test_a_job_that_cannot_be_read_is_told_and_holds_nothing_up(tmp_path: Path) -> None:
    central, printer = Central(Unreadable(1, "odd"), job(2, "a")), Printer()
    await lives(central, printer, tmp_path)
    assert central.faults == {1: "the desk cannot print that: odd", 2: ""}
    assert printer.papers == ["a"]


@on_virtual_time
async def test_a_disk_that_cannot_be_written_keeps_nobody_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    central, printer = Central(job(1, "a", "b")), Printer()
    await lives(central, printer, tmp_path / "state")
    assert printer.papers == ["a", "b"]
    assert "is the disk full or read-only?" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"job": "x"}', "\0", '{"job": 1, "more": 2}'])
async def test_a_journal_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "printing.json").write_text(text)
    assert await Journal(tmp_path / "printing.json").read() == Progress()


def test_jobs_are_read() -> None:
    parts = [{"text": "a", "bold": True}, {"rule": True}, {"code": "W1", "caption": "TK-1"}]
    body = {"jobs": [{"id": 7, "slips": [{"parts": parts}], "again": AGAIN, "new": 1}], "more": 2}
    [read] = read_jobs(body)
    assert isinstance(read, Job)
    assert (read.id, read.again) == (7, AGAIN)
    assert read.slips[0].parts[2] == SlipCode("W1", "TK-1")


@pytest.mark.parametrize(
    "slips",
    [
        [],
        [{"parts": [{"text": 7}]}],
        [{"parts": [{"sound": "beep"}]}],
        [{"parts": [{}]}],
        [{"parts": [{"rule": True}] * 101}],
        [{"parts": []}] * 501,
        "x",
        [7],
    ],
)
def test_one_odd_job_does_not_hide_the_others(slips: object) -> None:
    good = {"id": 8, "slips": [{"parts": [{"text": "a"}]}]}
    odd, fine = read_jobs({"jobs": [{"id": 7, "slips": slips}, good]})
    assert isinstance(odd, Unreadable)
    assert isinstance(fine, Job)


@pytest.mark.parametrize(
    "body", [None, [], {}, {"jobs": [{}]}, {"jobs": [{"id": "x"}]}, {"jobs": 7}]
)
def test_what_is_no_list_of_jobs_is_a_fault(body: object) -> None:
    with pytest.raises(Invalid):
        read_jobs(body)
