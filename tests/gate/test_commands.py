"""Commands of the office at a gate: each obeyed once, in time, by the technician page's rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.bus import running
from support.clock import on_virtual_time
from support.gate import NORTH, Rig, gate_in, settings_in
from support.listening import until
from support.paper_bus import PaperBus
from support.samples import KEY, NOON, ticket

from admission.codes import sign_ticket
from admission.facts import Admitted, ModeChanged, Opened
from admission.values import Direction, LaneMode
from gate.commands import obedience
from gate.settings import Badge, Deed
from runtime.bus import Message
from runtime.commands import (
    AdmitCode,
    CloseSales,
    Command,
    OpenLane,
    OpenSales,
    SetMode,
    command_from_data,
    command_to_data,
    result_from_data,
)
from runtime.commands import Deed as Ordered
from runtime.convert import Invalid
from runtime.obey import MOST_WAITING
from runtime.wire import encode

TICKET = ticket()
CODE = sign_ticket(KEY, TICKET)
OPEN = OpenLane("North", Direction.IN)
ID = "5f0c1e0b9a3d4c7e8f6a2b1c0d9e8f70"


def command(deed: Ordered = OPEN, id_: str = ID, late_s: float = 0.0) -> Command:
    at = NOON - timedelta(seconds=late_s)
    return Command(id_, "anna", at, at + timedelta(seconds=10), deed)


@dataclass
class Post:
    """What stands between the office and the gate."""

    rig: Rig
    bus: PaperBus
    hear: Any

    async def order(self, data: Mapping[str, Any] | bytes, *, retain: bool = False) -> None:
        payload = data if isinstance(data, bytes) else encode(data)
        self.hear(Message("command", payload, retain))

    async def answer(self, asked: Command) -> tuple[bool, str]:
        before = len(self.bus.sent)
        await self.order(command_to_data(asked))
        await until(lambda: len(self.bus.sent) > before)
        return self.newest()

    def newest(self) -> tuple[bool, str]:
        result = result_from_data(self.bus.sent[-1][2])
        return result.done, result.said


@asynccontextmanager
async def office_of(folder: Path, **how: Any) -> AsyncIterator[Post]:
    badges = (Badge(code="STAFF-777", name="badge 7", does=Deed.OPEN),)
    async with gate_in(settings_in(folder, NORTH, badges=badges), tickets=[TICKET], **how) as rig:
        bus, obeying = PaperBus(), obedience(rig.gate)
        async with running(obeying.run(bus, "result")):
            if not how:
                await rig.idle()
            yield Post(rig, bus, obeying.hear)


@on_virtual_time
async def test_open_once_opens_the_latch_and_the_journal_tells_who(tmp_path: Path) -> None:
    async with office_of(tmp_path) as office:
        assert await office.answer(command()) == (True, "North is open once, in")
        await office.rig.opens()
        assert Opened("North", Direction.IN, "anna") in await office.rig.told(1)


@on_virtual_time
async def test_the_same_command_again_is_answered_again_and_nothing_is_done(tmp_path: Path) -> None:
    async with office_of(tmp_path) as office:
        first = await office.answer(command())
        await office.rig.opens()
        office.rig.walk()
        await office.rig.locks()
        assert await office.answer(command()) == first
        assert office.rig.latch() is False
        assert office.rig.gate.lanes[0].state.grants == 1


@on_virtual_time
async def test_two_of_staff_at_once_let_in_one_and_the_other_is_told(tmp_path: Path) -> None:
    async with office_of(tmp_path) as office:
        assert (await office.answer(command()))[0]
        done, said = await office.answer(command(id_=ID[::-1]))
        assert not done
        assert said == "North was not opened: somebody is being let through; try again"


@on_virtual_time
async def test_what_comes_too_late_or_from_another_time_is_refused(tmp_path: Path) -> None:
    async with office_of(tmp_path) as office:
        done, said = await office.answer(command(late_s=15))
        assert not done
        assert said.endswith("s too late")
        done, said = await office.answer(command(id_=ID[::-1], late_s=-3600))
        assert not done
        assert "ahead of the one here" in said
        assert office.rig.gate.lanes[0].state.grants == 0


@on_virtual_time
async def test_a_gate_that_does_not_know_the_time_obeys_nobody(tmp_path: Path) -> None:
    async with office_of(tmp_path, synchronised=lambda: False) as office:
        done, said = await office.answer(command())
        assert not done
        assert said.startswith("it does not know the time")


@on_virtual_time
async def test_central_time_counts_where_it_was_measured(tmp_path: Path) -> None:
    """This gate's own time server is an hour off."""
    async with office_of(tmp_path) as office:
        trust = office.rig.gate.trust
        await trust.heard(NOON + timedelta(hours=1), trust.uptime)
        assert (await office.answer(command(late_s=-3600)))[0]
        assert not (await office.answer(command(id_=ID[::-1])))[0]


@on_virtual_time
async def test_what_is_retained_or_no_command_is_not_obeyed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office_of(tmp_path) as office:
        good = command_to_data(command())
        await office.order(good, retain=True)
        for bad in (b"", b"{", b"[]", b"[" * 5000, b"\xff", encode({"kind": "open_once"})):
            await office.order(bad)
        await office.order(good | {"kind": "explode"})
        await office.order(good | {"lane": 7})
        await office.order(good | {"more": "than is known"})
        await until(lambda: len(office.bus.sent) == 3)
        assert office.newest()[0] is False
        assert office.newest()[1].startswith("not understood here")
        assert office.rig.gate.lanes[0].state.grants == 0
        assert caplog.text.count("cannot be read") == 9
        assert "a retained command is ignored" in caplog.text


@on_virtual_time
async def test_a_flood_is_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with office_of(tmp_path) as office:
        for _ in range(MOST_WAITING + 5):
            await office.order(b"{")
        assert caplog.text.count("one more is ignored") == 5


@on_virtual_time
async def test_a_mode_is_ordered_and_given_back_to_the_schedule(tmp_path: Path) -> None:
    async with office_of(tmp_path) as office:
        close = SetMode("North", Direction.IN, LaneMode.CLOSED)
        told = "North, in: closed, until the schedule's next"
        assert await office.answer(command(close)) == (True, told)
        await office.rig.shows("Closed")
        changed = ModeChanged("North", Direction.IN, LaneMode.CLOSED, "anna")
        assert changed in await office.rig.told(1)
        assert office.rig.ledger.order("North", Direction.IN) is not None
        back = command(replace(close, mode=None), ID[::-1])
        assert await office.answer(back) == (True, "North, in: as scheduled, controlled now")
        await office.rig.idle()
        await office.rig.told(2)
        assert office.rig.ledger.order("North", Direction.IN) is None


@on_virtual_time
async def test_a_ticket_is_admitted_by_hand_as_if_it_was_scanned(tmp_path: Path) -> None:
    admit = AdmitCode("North", Direction.IN, CODE)
    async with office_of(tmp_path) as office:
        assert await office.answer(command(admit)) == (True, "North: 1 person may enter")
        assert Admitted(TICKET.id, "museum", "North", 1) in await office.rig.told(1)
        await office.rig.opens()
        done, said = await office.answer(command(admit, ID[::-1]))
        assert not done
        assert said == "not admitted at North: somebody is being let through; try again"
        office.rig.walk()
        await office.rig.gate.lanes[0].until(lambda state: state.grant is None)
        done, said = await office.answer(command(admit, ID[1:] + "0"))
        assert not done
        assert said == "not admitted at North: already used at 12:00 at North"


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (OpenLane("Nowhere", Direction.IN), "there is no lane 'Nowhere'"),
        (OpenLane("North", Direction.OUT), "North was not opened: it has no way out"),
        (AdmitCode("North", Direction.OUT, CODE), "not admitted at North: it has no way out"),
        (AdmitCode("North", Direction.IN, "staff-777"), "this is a badge of staff"),
        (AdmitCode("North", Direction.IN, "nonsense"), "not admitted at North: not a ticket"),
        (CloseSales("no"), "this is a gate: it sells nothing"),
        (OpenSales(), "this is a gate: it sells nothing"),
    ],
)
@on_virtual_time
async def test_what_cannot_be_done_is_refused_in_words(
    tmp_path: Path, deed: Ordered, said: str
) -> None:
    async with office_of(tmp_path) as office:
        done, told = await office.answer(command(deed))
        assert not done
        assert told.startswith(said)


@on_virtual_time
async def test_a_free_lane_needs_no_ticket(tmp_path: Path) -> None:
    async with office_of(tmp_path) as office:
        free = SetMode("North", Direction.IN, LaneMode.FREE)
        assert (await office.answer(command(free)))[0]
        done, said = await office.answer(command(AdmitCode("North", Direction.IN, CODE), ID[::-1]))
        assert not done
        assert said == "North needs no ticket now: it is free"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists))
@settings(max_examples=50)
def test_no_data_is_a_fault_of_the_reader(value: Any) -> None:
    good = command_to_data(command(SetMode("North", Direction.IN, LaneMode.FREE)))
    assert command_from_data(good)
    for name in good:
        try:
            read = command_from_data(good | {name: value})
        except Invalid:
            continue
        assert isinstance(read, Command)
