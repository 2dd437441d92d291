"""What the technician's page may have done to a gate. Each wish is a body of JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from admission.facts import CountCorrected, Event, Forgiven
from admission.request import Denied
from admission.telling import moment, paper_code, sentence
from admission.values import Direction, LaneMode
from gate.happenings import OpenOnce
from gate.lane import Lane
from gate.lane_state import LaneState
from gate.modes import check_chosen
from gate.picture import trial_of
from gate.question import Entrance, supposing, try_code
from gate.service import Gate
from gate.settings import Badge
from hal.composed import Composed
from hal.ports import MAX_CODE, DeviceFault
from runtime.disk import DiskFault

BY = "technician page"
MAX_REASON = 200
LONGEST_PULSE_MS = 5000
DISK_S = 5.0
"""How long the page waits for the disk before it says so."""


class Unfulfilled(Exception):
    """The wish cannot be fulfilled now; the text tells why and what to do."""


@dataclass(frozen=True)
class OpenWish:
    lane: str
    way: Direction


@dataclass(frozen=True)
class ModeWish:
    """`mode` None: what the schedule says."""

    lane: str
    way: Direction
    mode: LaneMode | None

    def __post_init__(self) -> None:
        if self.mode is not None:
            check_chosen(self.mode)


@dataclass(frozen=True)
class AdmitWish:
    """As if a reader of the lane had read `code`."""

    lane: str
    way: Direction
    code: str


@dataclass(frozen=True)
class TryWish:
    """`at` as in admission.telling.moment."""

    lane: str
    way: Direction
    code: str
    at: str = ""

    def __post_init__(self) -> None:
        if not self.code.strip() or len(self.code) > MAX_CODE:
            raise ValueError(f"code: 1 to {MAX_CODE} characters")


@dataclass(frozen=True)
class PulseWish:
    """`confirmed`: also while the lane serves visitors."""

    lane: str
    output: str
    ms: int
    confirmed: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.ms <= LONGEST_PULSE_MS:
            raise ValueError(f"ms: 1 to {LONGEST_PULSE_MS}")


@dataclass(frozen=True)
class ForgiveWish:
    """`code`: any code of the ticket."""

    code: str
    zone: str
    why: str

    def __post_init__(self) -> None:
        if not self.code.strip() or len(self.code) > MAX_CODE:
            raise ValueError(f"code: 1 to {MAX_CODE} characters")
        _check_reason(self.why)


@dataclass(frozen=True)
class CountWish:
    """There are `persons` in the zone."""

    zone: str
    persons: int
    why: str

    def __post_init__(self) -> None:
        if not 0 <= self.persons < 1_000_000:
            raise ValueError("persons: 0 or more")
        _check_reason(self.why)


def _check_reason(why: str) -> None:
    if not why.strip() or len(why) > MAX_REASON:
        raise ValueError(f"why: a reason of 1 to {MAX_REASON} characters")


async def open_once(gate: Gate, wish: OpenWish, by: str = BY) -> dict[str, Any]:
    lane = _lane(gate, wish.lane)
    before = lane.state.grants
    lane.happen(OpenOnce(wish.way, by))
    if lane.state.grants == before:
        raise Unfulfilled(f"{wish.lane} was not opened: {_why_not(lane, wish.way)}")
    return {"said": f"{wish.lane} is open once, {wish.way.value}"}


def _why_not(lane: Lane, way: Direction) -> str:
    state = lane.state
    if way not in lane.rules.ways:
        return f"it has no way {way.value}"
    if not state.there:
        return "its turnstile is lost"
    if state.fire:
        return "fire has opened it"
    if state.mode(way) is LaneMode.FREE:
        return "it is free"
    return "somebody is being let through; try again"


async def set_mode(gate: Gate, wish: ModeWish, by: str = BY) -> dict[str, Any]:
    lane = _lane(gate, wish.lane)
    if wish.way not in lane.rules.ways:
        raise Unfulfilled(f"{wish.lane} has no way {wish.way.value}")
    if wish.mode is None:
        mode = lane.follow_schedule(wish.way, by)
        return {"said": f"{wish.lane}, {wish.way.value}: as scheduled, {mode.value} now"}
    lane.order(wish.way, wish.mode, by)
    return {"said": f"{wish.lane}, {wish.way.value}: {wish.mode.value}, until the schedule's next"}


async def admit(gate: Gate, wish: AdmitWish) -> dict[str, Any]:
    """Returns once the barrier is released, and what that took is on the disk."""
    lane = _lane(gate, wish.lane)
    if _badge(gate, wish.code):
        raise Unfulfilled("this is a badge of staff: it works at the lane only")
    before = lane.state.grants
    answer = lane.show(wish.way, wish.code)
    told = sentence(answer, wish.way, gate.trust.now(), gate.settings.zone_info) if answer else ""
    if answer is None:
        raise Unfulfilled(f"not admitted at {wish.lane}: {_why_blind(lane, wish.way)}")
    if isinstance(answer, Denied):
        raise Unfulfilled(f"not admitted at {wish.lane}: {told}")
    if lane.state.grants == before:
        raise Unfulfilled(f"{wish.lane} needs no ticket now: {_why_not(lane, wish.way)}")
    if not await _released(lane, lane.state.grants):
        raise Unfulfilled(f"not admitted at {wish.lane}: the disk has not taken it")
    return {"said": f"{wish.lane}: {told}"}


def _why_blind(lane: Lane, way: Direction) -> str:
    """Why no code is looked at."""
    if way in lane.rules.ways and lane.state.there and not lane.state.fire:
        if lane.state.stuck:
            return "a sensor of it is stuck"
        if not lane.state.ready:
            return "it knows no key yet to judge tickets by"
        if lane.state.grant is None:
            return "it is busy, or its disk does not answer; try again"
    return _why_not(lane, way)


async def _released(lane: Lane, id_: int) -> bool:
    """Whether the grant with this id is: known once it is, or is over."""

    def settled(state: LaneState) -> bool:
        return state.grant is None or state.grant.id != id_ or state.grant.released

    try:
        async with asyncio.timeout(DISK_S):
            state = await lane.until(settled)
    except TimeoutError:
        return False
    return state.grant is not None and state.grant.id == id_


async def explain(gate: Gate, wish: TryWish) -> dict[str, Any]:
    lane = _lane(gate, wish.lane)
    if badge := _badge(gate, wish.code):
        return {"badge": f"the badge of {badge.name}: {badge.does.value}"}
    try:
        at = moment(wish.at, gate.trust.now(), gate.settings.zone_info)
    except ValueError as error:
        raise Unfulfilled(str(error)) from error
    entrance = Entrance(gate.settings, lane.settings, wish.way)
    doubts = supposing(gate.trust.doubt(), wish.at)
    trial = try_code(gate.ledger, entrance, wish.code, at, doubts)
    return trial_of(trial, wish.way, gate.settings.zone_info)


def _badge(gate: Gate, code: str) -> Badge | None:
    shown = code.strip().upper()
    return next((b for b in gate.settings.badges if b.code.upper() == shown), None)


async def pulse(gate: Gate, wish: PulseWish) -> dict[str, Any]:
    lane = _lane(gate, wish.lane)
    turnstile, state = lane.devices.turnstile, lane.state
    if not isinstance(turnstile, Composed) or wish.output not in turnstile.outputs:
        raise Unfulfilled(f"{wish.lane} has no line {wish.output!r}")
    if not state.there or state.fire:
        raise Unfulfilled(f"not now: {_why_not(lane, next(iter(lane.rules.ways)))}")
    closed = all(state.mode(way) is LaneMode.CLOSED for way in lane.rules.ways)
    if not wish.confirmed and not (closed and state.grant is None):
        raise Unfulfilled("the lane serves visitors: close it both ways first, or confirm")
    try:
        await turnstile.pulse(wish.output, wish.ms / 1000)
    except DeviceFault as fault:
        raise Unfulfilled(str(fault)) from fault
    return {"said": f"{wish.lane}: {wish.output} was on for {wish.ms} ms"}


async def forgive(gate: Gate, wish: ForgiveWish) -> dict[str, Any]:
    _check_zone(gate, wish.zone)
    entrance = Entrance(gate.settings, gate.settings.lanes[0], Direction.IN)
    trial = try_code(gate.ledger, entrance, wish.code, gate.trust.now(), gate.trust.doubt())
    ticket = trial.answer.ticket
    if ticket is None:
        raise Unfulfilled("no ticket has this code")
    await _record(gate, Forgiven(ticket.id, wish.zone, BY, wish.why.strip()))
    return {"said": f"{paper_code(trial.answer)} may enter {wish.zone} again"}


async def correct_count(gate: Gate, wish: CountWish) -> dict[str, Any]:
    _check_zone(gate, wish.zone)
    change = wish.persons - gate.ledger.counted().get(wish.zone, 0)
    if change:
        await _record(gate, CountCorrected(wish.zone, change, BY, wish.why.strip()))
    return {"said": f"{wish.zone}: {wish.persons} counted"}


async def _record(gate: Gate, event: Event) -> None:
    try:
        async with asyncio.timeout(DISK_S):
            await gate.journal.record(event)
    except (DiskFault, TimeoutError) as error:
        raise Unfulfilled(f"the disk has not taken it: {error or 'it hangs'}") from error


def _lane(gate: Gate, name: str) -> Lane:
    for lane in gate.lanes:
        if lane.settings.name == name:
            return lane
    raise Unfulfilled(f"there is no lane {name!r}")


def _check_zone(gate: Gate, name: str) -> None:
    if all(zone.name != name for zone in gate.settings.zones):
        raise Unfulfilled(f"there is no zone {name!r}")


Deed = Callable[[Gate, Any], Coroutine[Any, Any, dict[str, Any]]]

WISHES: dict[str, tuple[type[Any], Deed]] = {
    "open": (OpenWish, open_once),
    "mode": (ModeWish, set_mode),
    "test": (TryWish, explain),
    "pulse": (PulseWish, pulse),
    "forgive": (ForgiveWish, forgive),
    "count": (CountWish, correct_count),
}
"""Name → what its body says and who fulfils it."""
