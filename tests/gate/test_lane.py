"""A lane with simulated devices, a real file and a clock that jumps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from support.clock import on_virtual_time
from support.gate import BOTH_WAYS, NORTH, SOUTH, WAY, Rig, gate_in, lanes_in, settings_in, told_in
from support.listening import settle
from support.samples import KEY, NOON, TODAY, TOUR, issued, ticket

from admission.codes import SigningKey, human_code, sign_ticket
from admission.facts import Admitted, Alarmed, Event, Lapsed, Opened, Passed, Refused
from admission.values import Direction, LaneMode, TicketState, Window
from gate.modes import ScheduledMode
from gate.settings import Badge, ZoneSettings
from hal.ports import Notice
from hal.sim.stage import Stage
from runtime.disk import DiskFault

VISITOR = ticket()
FAMILY = ticket(4712, persons=5)
CODE = sign_ticket(KEY, VISITOR)
NEWS = [replace(fact, at=NOON - timedelta(days=2)) for fact in issued(VISITOR)]
FAMILY_CODE = sign_ticket(KEY, FAMILY)


class Witness(Stage):
    """Calls `look` with itself the very moment a latch goes on."""

    def __init__(self, look: Callable[[Stage], None]) -> None:
        super().__init__()
        self._look = look

    def tell(self, device: str, state: dict[str, Any]) -> None:
        super().tell(device, state)
        if device.endswith(".latch_in") and state.get("on"):
            self._look(self)


def kinds(events: Iterable[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


async def admit(rig: Rig, code: str = CODE, lane: str = "North", walkers: int = 1) -> None:
    """Show the code; so many walk. With fewer than the ticket has the latch is still on then."""
    await rig.idle(lane)
    rig.scan(code, lane)
    await rig.opens(lane)
    for _ in range(walkers):
        rig.walk(lane)


@on_virtual_time
async def test_a_visitor_is_welcomed_walks_and_the_lane_is_idle_again(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR]) as rig:
        await rig.idle()
        rig.scan(CODE)
        await rig.shows("Welcome: please walk")
        assert rig.latch()
        rig.walk()
        await rig.locks()
        await rig.idle()
        assert await rig.told(2) == [
            Admitted(VISITOR.id, "museum", "North", 1),
            Passed(VISITOR.id, 1, "North", 1),
        ]


@on_virtual_time
async def test_an_entry_is_on_the_disk_before_the_latch_goes_on(tmp_path: Path) -> None:
    on_disk: list[list[Event]] = []
    stage = Witness(lambda stage: on_disk.append(told_in(tmp_path)))
    async with lanes_in(tmp_path, tickets=[VISITOR], stage=stage) as rig:
        await admit(rig)
        await rig.locks()
    assert on_disk == [[Admitted(VISITOR.id, "museum", "North", 1)]]


@on_virtual_time
async def test_a_body_that_walks_in_the_moment_of_release_is_seen(tmp_path: Path) -> None:
    stage = Witness(lambda stage: stage.cue("North.turnstile.sensor", pulse=True))
    async with lanes_in(tmp_path, tickets=[VISITOR], stage=stage) as rig:
        await admit(rig, walkers=0)
        assert (await rig.told(2))[1] == Passed(VISITOR.id, 1, "North", 1)


@on_virtual_time
async def test_who_does_not_walk_gets_the_entry_back(tmp_path: Path) -> None:
    time = asyncio.get_running_loop().time
    async with lanes_in(tmp_path, tickets=[VISITOR]) as rig:
        await admit(rig, walkers=0)
        opened = time()
        await rig.locks()
        assert time() - opened == pytest.approx(NORTH.pass_within_s)
        await admit(rig)
        await rig.locks()
        assert await rig.told(4) == [
            Admitted(VISITOR.id, "museum", "North", 1),
            Lapsed(VISITOR.id, 1, "North", 1),
            Admitted(VISITOR.id, "museum", "North", 1),
            Passed(VISITOR.id, 3, "North", 1),
        ]


@on_virtual_time
async def test_a_second_use_is_refused_with_when_and_where(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, NORTH, SOUTH, tickets=[VISITOR]) as rig:
        await admit(rig)
        await rig.locks()
        for lane in ("South", "North"):
            await rig.idle(lane)
            rig.scan(CODE, lane)
            await rig.shows("already used at 12:00 at North", lane)
            assert not rig.latch(lane)
        assert (await rig.told(4))[2:] == [
            Refused(VISITOR.id, lane, "already_used", CODE[:64]) for lane in ("South", "North")
        ]


@on_virtual_time
async def test_scans_while_a_visitor_passes_are_dropped(tmp_path: Path) -> None:
    other = ticket(4713)
    async with lanes_in(tmp_path, tickets=[VISITOR, other]) as rig:
        await admit(rig, walkers=0)
        for code in (CODE, sign_ticket(KEY, other), "rubbish"):
            rig.scan(code)
        await settle()
        rig.walk()
        await rig.locks()
        await rig.idle()
        await admit(rig, sign_ticket(KEY, other))
        await rig.locks()
        assert kinds(await rig.told(4)) == [Admitted, Passed] * 2


@on_virtual_time
async def test_a_family_passes_in_two_parts(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, NORTH, SOUTH, tickets=[FAMILY]) as rig:
        await rig.idle()
        rig.scan(FAMILY_CODE)
        for left in (5, 4, 3):
            await rig.shows(f"Welcome: {left} persons")
            rig.walk()
        await rig.shows("Welcome: 2 persons")
        await rig.locks()
        await rig.idle()

        await rig.idle("South")
        rig.scan(FAMILY_CODE, "South")
        await rig.shows("Welcome: 2 persons", "South")
        rig.walk("South")
        await rig.shows("Welcome: please walk", "South")
        rig.walk("South")
        await rig.locks("South")

        rig.scan(FAMILY_CODE)
        await rig.shows("already used")
        assert (await rig.told(9))[:-1] == [
            Admitted(FAMILY.id, "museum", "North", 5),
            *[Passed(FAMILY.id, 1, "North", 1)] * 3,
            Lapsed(FAMILY.id, 1, "North", 2),
            Admitted(FAMILY.id, "museum", "South", 2),
            *[Passed(FAMILY.id, 6, "South", 1)] * 2,
        ]


STRANGER = SigningKey(KEY.id, bytes(32), KEY.valid_from)
LATER = replace(VISITOR, id=1, window=Window(NOON + timedelta(hours=2), TODAY.end))
EARLIER = replace(VISITOR, id=2, window=Window(TODAY.start, NOON - timedelta(minutes=30)))
CANCELLED = replace(VISITOR, id=3, state=TicketState.CANCELLED)
ELSEWHERE = ticket(4, TOUR)


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        ("rubbish", "unreadable", "not a ticket"),
        (CODE[:-1], "unreadable", "not a ticket"),
        (CODE[:70], "unreadable", "not a ticket"),
        ("W" * 65536, "unreadable", "not a ticket"),
        (b"\xff\xfe\x80W1".decode(errors="replace"), "unreadable", "not a ticket"),
        ("W\ud800" + CODE, "unreadable", "not a ticket"),
        ("💥" * 141, "unreadable", "not a ticket"),
        (CODE[:-2] + "00", "not_genuine", "not genuine"),
        (sign_ticket(STRANGER, VISITOR), "not_genuine", "not genuine"),
        (sign_ticket(replace(KEY, id=9), VISITOR), "unknown_key", "not genuine"),
        (human_code(99), "unknown", "no such ticket"),
        (sign_ticket(KEY, LATER), "too_early", "opens at 14:00"),
        (sign_ticket(KEY, EARLIER), "too_late", "closed at 11:30"),
        (sign_ticket(KEY, replace(CANCELLED, state=TicketState.VALID)), "cancelled", "cancelled"),
        (sign_ticket(KEY, ELSEWHERE), "wrong_attraction", "not valid at this entrance"),
    ],
)
@on_virtual_time
async def test_a_bad_code_is_refused_with_a_reason_and_the_lane_goes_on(
    tmp_path: Path, code: str, reason: str, said: str
) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR, CANCELLED]) as rig:
        await rig.idle()
        rig.scan(code)
        await rig.shows(said)
        assert not rig.latch()
        await admit(rig)
        await rig.locks()
        refused, *entry = await rig.told(3)
    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert len(refused.code) <= 64
    assert kinds(entry) == [Admitted, Passed]


@on_virtual_time
async def test_a_ticket_that_the_gate_never_heard_of_is_vouched_for_by_its_code(
    tmp_path: Path,
) -> None:
    async with lanes_in(tmp_path) as rig:
        await admit(rig)
        await rig.locks()
        await rig.idle()
        rig.scan(CODE)
        await rig.shows("already used")


@on_virtual_time
async def test_a_human_code_opens_too(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR]) as rig:
        await admit(rig, human_code(VISITOR.id))
        await rig.locks()


@on_virtual_time
async def test_a_closed_lane_lets_nobody_in(tmp_path: Path) -> None:
    closed = replace(NORTH, entry=replace(WAY, mode=LaneMode.CLOSED))
    async with lanes_in(tmp_path, closed, tickets=[VISITOR]) as rig:
        await rig.shows("Closed")
        rig.scan(CODE)
        await rig.shows("this lane is closed")


@on_virtual_time
async def test_a_gate_that_never_heard_from_central_says_that_it_is_not_ready(
    tmp_path: Path,
) -> None:
    async with lanes_in(tmp_path, known=()) as rig:
        await rig.shows("Lane not ready")
        rig.scan(CODE)
        await settle()
        assert "Lane not ready" in rig.notice()
        await rig.ledger.fold(issued(VISITOR))
        await admit(rig)
        await rig.locks()
        assert kinds(await rig.told(2)) == [Admitted, Passed]


@on_virtual_time
async def test_without_keys_visitors_get_out_and_staff_in(tmp_path: Path) -> None:
    lane = replace(NORTH, turnstile=BOTH_WAYS, exit=WAY)
    badge = Badge("the duty manager", "staff-4711")
    async with gate_in(settings_in(tmp_path, lane, badges=(badge,)), known=()) as rig:
        await rig.shows("Lane not ready")
        rig.stage.cue("North.exit.reader", scan=CODE)
        await rig.until(lambda: rig.stage.prop("North.turnstile.latch_out").state.get("on") is True)
        rig.stage.cue("North.turnstile.sensor_out", pulse=True)
        await rig.told(2)
        rig.scan(badge.code)
        await rig.opens()
        by = [event.by for event in await rig.told(3) if isinstance(event, Opened)]
        assert by == ["some code, shown while no key was known", "the duty manager"]


@on_virtual_time
async def test_a_disk_that_cannot_be_read_lets_nobody_in_and_ends_nothing(tmp_path: Path) -> None:
    def unreadable(zone: str) -> int:
        raise DiskFault("gate.db cannot be read", "replace the card")

    lane, zone = replace(NORTH, zone="hall"), ZoneSettings("hall", capacity=9)
    settings = settings_in(tmp_path, lane, zones=(zone,))
    async with gate_in(settings, tickets=[VISITOR]) as rig:
        rig.ledger.walking, walking = unreadable, rig.ledger.walking
        await rig.idle()
        rig.scan(CODE)
        await rig.shows("this lane cannot record entries")
        rig.ledger.walking = walking
        await admit(rig)


@on_virtual_time
async def test_a_lane_follows_its_schedule_soon_after_its_clock_was_set(tmp_path: Path) -> None:
    """A Pi has no clock of its own: it starts at the time it was switched off, yesterday."""
    skew = timedelta(hours=-16)
    hours = (ScheduledMode("18:00", LaneMode.CLOSED), ScheduledMode("09:00", LaneMode.CONTROLLED))
    lane = replace(NORTH, entry=replace(WAY, schedule=hours))
    async with lanes_in(tmp_path, lane, known=NEWS, skew=lambda: skew) as rig:
        await rig.shows("Closed")
        skew = timedelta(0)
        set_at = asyncio.get_running_loop().time()
        await rig.idle()
        assert asyncio.get_running_loop().time() - set_at < 15


@on_virtual_time
async def test_an_order_of_staff_holds_though_the_disk_does_not_take_it(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR]) as rig:
        await rig.idle()
        rig.gate.lanes[0].order(Direction.IN, LaneMode.CLOSED, "staff")
        assert rig.ledger.order("North", Direction.IN) is None
        await rig.shows("Closed")
        assert rig.gate.lanes[0].mode(Direction.IN) is LaneMode.CLOSED


@on_virtual_time
async def test_a_lane_speaks_the_language_of_the_venue_to_nobody_in_particular(
    tmp_path: Path,
) -> None:
    async with gate_in(settings_in(tmp_path, language="de")) as rig:
        await rig.shows("Bitte Karte scannen")
        rig.scan("no code at all")
        await rig.shows("Bitte fragen Sie uns")


@on_virtual_time
async def test_the_same_ticket_at_two_lanes_in_the_same_moment_is_admitted_once(
    tmp_path: Path,
) -> None:
    async with lanes_in(tmp_path, NORTH, SOUTH, tickets=[VISITOR]) as rig:
        for lane in ("North", "South"):
            await rig.idle(lane)
        for lane in ("North", "South"):
            rig.scan(CODE, lane)
        await rig.until(
            lambda: (
                sorted(rig.notice(lane).split(":")[0] for lane in ("North", "South"))
                == ["Please ask our staff", "Welcome"]
            )
        )
        assert rig.latch("North") != rig.latch("South")
        assert sorted(kind.__name__ for kind in kinds(await rig.told(2))) == ["Admitted", "Refused"]


@on_virtual_time
async def test_a_reader_unplugged_comes_back_and_the_other_lane_goes_on(tmp_path: Path) -> None:
    other = ticket(4713)
    async with lanes_in(tmp_path, NORTH, SOUTH, tickets=[VISITOR, other]) as rig:
        await rig.idle()
        rig.stage.cue("North.reader", unplug=True)
        await rig.until(lambda: rig.stage.prop("North.reader").state["open"] is False)
        await admit(rig, sign_ticket(KEY, other), "South")
        await rig.locks("South")
        await rig.until(lambda: rig.stage.prop("North.reader").state["open"] is True)
        await admit(rig)
        await rig.locks()


@on_virtual_time
async def test_a_sensor_unplugged_puts_the_lane_out_of_order_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with lanes_in(tmp_path, NORTH, SOUTH, tickets=[VISITOR]) as rig:
        await rig.idle()
        rig.stage.cue("North.turnstile.sensor", unplug=True)
        await rig.shows("Lane out of order")
        rig.scan(CODE)
        await settle()
        assert "scan your ticket" in rig.notice("South")
        await admit(rig)
        await rig.locks()
        assert kinds(await rig.told(2)) == [Admitted, Passed]
    warned = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert warned == [
        "North.turnstile.sensor: unplugged on the stage; plug it in again",
    ]


@on_virtual_time
async def test_a_fault_while_a_family_passes_keeps_who_walked_and_gives_back_the_rest(
    tmp_path: Path,
) -> None:
    async with lanes_in(tmp_path, tickets=[FAMILY]) as rig:
        await admit(rig, FAMILY_CODE, walkers=2)
        rig.stage.cue("North.turnstile.sensor", unplug=True)
        await rig.shows("Lane out of order")
        assert not rig.latch()
        await rig.idle()
        rig.scan(FAMILY_CODE)
        await rig.shows("Welcome: 3 persons")
        assert await rig.told(5) == [
            Admitted(FAMILY.id, "museum", "North", 5),
            *[Passed(FAMILY.id, 1, "North", 1)] * 2,
            Lapsed(FAMILY.id, 1, "North", 3),
            Admitted(FAMILY.id, "museum", "North", 3),
        ]


@on_virtual_time
async def test_a_latch_that_cannot_be_released_costs_no_entry(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR]) as rig:
        await rig.idle()
        rig.stage.cue("North.turnstile.latch_in", unplug=True)
        rig.scan(CODE)
        await rig.shows("Lane out of order")
        assert (await rig.told(2))[1:] == [Lapsed(VISITOR.id, 1, "North", 1)]
        await admit(rig)
        await rig.locks()


@on_virtual_time
async def test_a_gate_that_ends_while_a_visitor_may_pass_gives_the_entry_back(
    tmp_path: Path,
) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR]) as rig:
        await admit(rig, walkers=0)
    assert not rig.latch()
    assert told_in(tmp_path)[1:] == [Lapsed(VISITOR.id, 1, "North", 1)]


@on_virtual_time
async def test_an_arm_forced_while_nobody_is_served_is_an_alarm_and_no_passage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR]) as rig:
        await rig.idle()
        rig.walk()
        await rig.shows("Please come back")
        assert await rig.told(1) == [Alarmed("North", "forced")]
        await admit(rig, walkers=0)
        assert (await rig.told(3))[2] == Lapsed(VISITOR.id, 2, "North", 1)
    assert "North: alarm: forced" in caplog.text


@on_virtual_time
async def test_a_second_body_is_tailgating_and_does_not_count_for_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = ticket(4713)
    async with lanes_in(tmp_path, tickets=[VISITOR, other]) as rig:
        await admit(rig, walkers=2)
        await rig.shows("One at a time")
        await admit(rig, sign_ticket(KEY, other), walkers=0)
        await rig.locks()
        told = await rig.told(6)
        assert kinds(told) == [Admitted, Passed, Passed, Alarmed, Admitted, Lapsed]
        assert told[2] == Passed(None, None, "North", 1)
    assert "North: alarm: tailgating" in caplog.text


@on_virtual_time
async def test_a_display_that_fails_keeps_nobody_out_and_heals(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR, FAMILY]) as rig:
        await rig.idle()
        rig.stage.cue("North.display", unplug=True)
        rig.scan(CODE)
        await rig.opens()
        rig.walk()
        assert kinds(await rig.told(2)) == [Admitted, Passed]
        rig.scan(FAMILY_CODE)
        await rig.shows("Welcome: 5 persons")


class Hanging:
    """A display that takes the first notice and never returns."""

    name = "North.display"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def show(self, notice: Notice) -> None:
        await asyncio.Event().wait()


@on_virtual_time
async def test_a_display_that_hangs_keeps_nobody_out(tmp_path: Path) -> None:
    async with lanes_in(tmp_path, tickets=[VISITOR], display=Hanging()) as rig:
        await rig.until(lambda: rig.stage.prop("North.reader").state.get("open") is True)
        await settle()
        rig.scan(CODE)
        await rig.opens()
