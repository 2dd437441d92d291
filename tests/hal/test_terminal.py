"""The contract of a PaymentTerminal: money is taken once, and what became of it is never lost."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import clock
from support.listening import settle
from support.program import run_python

from admission.values import Money
from hal.ports import Charged, DeviceFault, NotCharged, PaymentTerminal
from hal.registry import BadDevice, Devices
from hal.sim.stage import Stage

TWELVE = Money(Decimal("12.00"), "EUR")
Build = Callable[..., PaymentTerminal]


@pytest.fixture
def build(devices: Devices, tmp_path: Path) -> Build:
    """A terminal, anew over the same memory each time."""

    def build(**options: Any) -> PaymentTerminal:
        table = {"driver": "sim", "journal": str(tmp_path / "terminal.jsonl"), "dawdle_s": 0}
        return devices.build(PaymentTerminal, "terminal", table | options)

    return build


async def test_a_charge_is_remembered_over_a_restart(build: Build) -> None:
    async with build() as terminal:
        charged = await terminal.charge("sale-1", TWELVE)
        assert isinstance(charged, Charged)
    async with build() as terminal:
        assert await terminal.outcome("sale-1") == charged
        assert await terminal.outcome("sale-2") == NotCharged("unknown")


async def test_a_known_charge_is_not_asked_for_again(build: Build, stage: Stage) -> None:
    async with build() as terminal:
        first = await terminal.charge("sale-1", TWELVE)
    async with build(answer="decline") as terminal:
        assert await terminal.charge("sale-1", TWELVE) == first
        assert stage.prop("terminal").state["phase"] == "idle"


async def test_receipt_numbers_are_not_used_twice(build: Build) -> None:
    async with build() as terminal:
        await terminal.charge("sale-1", TWELVE)
        await terminal.reverse("sale-1")
    async with build() as terminal:
        await terminal.charge("sale-2", TWELVE)
        assert await terminal.outcome("sale-2") == Charged("SIM-2")


async def test_a_declined_card_takes_nothing(build: Build) -> None:
    async with build(answer="decline") as terminal:
        assert await terminal.charge("sale-1", TWELVE) == NotCharged("declined")
        assert await terminal.outcome("sale-1") == NotCharged("declined")


async def test_a_reversal_gives_the_money_back_once(build: Build, stage: Stage) -> None:
    async with build() as terminal:
        await terminal.charge("sale-1", TWELVE)
        await terminal.reverse("sale-1")
        await terminal.reverse("sale-1")
        await terminal.reverse("never heard of")
        assert stage.prop("terminal").state["phase"] == "reversed"
    async with build() as terminal:
        assert await terminal.outcome("sale-1") == NotCharged("reversed")
        assert await terminal.outcome("never heard of") == NotCharged("unknown")


async def test_a_cancelled_charge_is_none_even_after_a_restart(build: Build) -> None:
    async with build(answer="dawdle") as terminal:
        asking = asyncio.create_task(terminal.charge("sale-1", TWELVE))
        await settle()
        asking.cancel()
        await asyncio.wait({asking})
        assert await terminal.outcome("sale-1") == NotCharged("cancelled")
    async with build() as terminal:
        assert await terminal.charge("sale-1", TWELVE) == NotCharged("cancelled")


async def test_a_terminal_lost_while_it_asks_takes_nothing(build: Build, stage: Stage) -> None:
    async with build(answer="dawdle") as terminal:
        asking = asyncio.create_task(terminal.charge("sale-1", TWELVE))
        await settle()
        stage.cue("terminal", unplug=True)
        with pytest.raises(DeviceFault, match="unplugged"):
            await asking
    async with build() as terminal:
        assert await terminal.outcome("sale-1") == NotCharged("cancelled")


@pytest.mark.parametrize(
    ("answer", "outcome", "phase"),
    [
        ("approve", Charged("SIM-1"), "approved"),
        ("decline", NotCharged("declined"), "declined"),
    ],
)
async def test_a_cue_answers_at_once(
    build: Build, stage: Stage, answer: str, outcome: Charged | NotCharged, phase: str
) -> None:
    state = stage.prop("terminal").state
    async with build(answer="dawdle") as terminal:
        asking = asyncio.create_task(terminal.charge("sale-1", TWELVE))
        await settle()
        assert state == {
            "phase": "asking",
            "charge": "sale-1",
            "amount": "12.00",
            "currency": "EUR",
            "mode": "dawdle",
        }
        stage.cue("terminal", answer="perhaps")
        stage.cue("terminal", answer=answer)
        assert await asking == outcome
        assert state["phase"] == phase


async def test_an_answer_before_the_question_does_not_count(build: Build, stage: Stage) -> None:
    async with build(answer="decline") as terminal:
        stage.cue("terminal", answer="approve")
        assert await terminal.charge("sale-1", TWELVE) == NotCharged("declined")


async def test_a_mode_holds_until_the_next(build: Build, stage: Stage) -> None:
    state = stage.prop("terminal").state
    async with build() as terminal:
        assert state["mode"] == "approve"
        stage.cue("terminal", mode="decline")
        for sale in ("sale-1", "sale-2"):
            assert await terminal.charge(sale, TWELVE) == NotCharged("declined")
            assert state["mode"] == "decline"
        stage.cue("terminal", mode="dawdle")
        asking = asyncio.create_task(terminal.charge("sale-3", TWELVE))
        await settle()
        assert not asking.done()
        stage.cue("terminal", mode="approve")
        assert await asking == Charged("SIM-1")


async def test_a_mode_set_while_it_was_closed_holds_when_it_opens(
    build: Build, stage: Stage
) -> None:
    stage.cue("terminal", mode="decline")
    async with build() as terminal:
        assert stage.prop("terminal").state["mode"] == "decline"
        assert await terminal.charge("sale-1", TWELVE) == NotCharged("declined")


def test_a_visitor_dawdles_as_long_as_configured(build: Build) -> None:
    async def charge() -> float:
        async with build(dawdle_s=2.0) as terminal:
            await terminal.charge("sale-1", TWELVE)
        return asyncio.get_running_loop().time()

    assert clock.run(charge()) == pytest.approx(2.0)


KILLED = """
import asyncio, os, signal, sys
from decimal import Decimal
from pathlib import Path
from admission.values import Money
from hal.ports import PaymentTerminal
from hal.sim.stage import Stage
from hal.registry import Devices

async def main():
    devices = Devices(lambda data, kind: kind(**data), Stage())
    table = {"driver": "sim", "journal": Path(sys.argv[1]), "dawdle_s": 0.0}
    async with devices.build(PaymentTerminal, "terminal", table) as terminal:
        await terminal.charge("sale-1", Money(Decimal("12.00"), "EUR"))
        terminal._mode = "dawdle"
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGKILL)
        await terminal.charge("sale-2", Money(Decimal("12.00"), "EUR"))

asyncio.run(main())
"""


async def test_what_it_took_survives_a_killed_kiosk(build: Build, tmp_path: Path) -> None:
    journal = tmp_path / "terminal.jsonl"
    ended = await asyncio.to_thread(run_python, KILLED, str(journal))
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    async with build() as terminal:
        assert await terminal.outcome("sale-1") == Charged("SIM-1")
        assert await terminal.outcome("sale-2") == NotCharged("unknown")


@pytest.mark.parametrize("torn", [b'{"charge": "sale-2", "cha', b'{"charge": "sale-2"}', b"\xff\0"])
async def test_a_line_torn_by_a_power_cut_is_dropped(
    build: Build, tmp_path: Path, torn: bytes
) -> None:
    journal = tmp_path / "terminal.jsonl"
    async with build() as terminal:
        await terminal.charge("sale-1", TWELVE)
    journal.write_bytes(journal.read_bytes() + torn)
    async with build() as terminal:
        assert await terminal.outcome("sale-2") == NotCharged("unknown")
        await terminal.charge("sale-3", TWELVE)
    async with build() as terminal:
        assert await terminal.outcome("sale-1") == Charged("SIM-1")
        assert await terminal.outcome("sale-3") == Charged("SIM-2")


async def test_a_spoilt_line_in_the_middle_is_set_aside_and_said(
    build: Build, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = tmp_path / "terminal.jsonl"
    journal.write_bytes(b'[1]\n\x00\xff\n{"charge": "sale-1", "charged": "SIM-1"}\n')
    async with build() as terminal:
        assert await terminal.outcome("sale-1") == Charged("SIM-1")
    assert len(caplog.records) == 2


async def test_without_a_journal_it_remembers_while_it_runs(devices: Devices) -> None:
    table = {"driver": "sim", "dawdle_s": 0}
    terminal = devices.build(PaymentTerminal, "terminal", table)
    async with terminal:
        await terminal.charge("sale-1", TWELVE)
    async with terminal:
        assert await terminal.outcome("sale-1") == Charged("SIM-1")


def test_an_unknown_answer_is_a_configuration_error(build: Build) -> None:
    with pytest.raises(BadDevice, match=r"terminal\.answer"):
        build(answer="perhaps")
