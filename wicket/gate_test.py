"""`wicket gate test`: the rules asked from the command line, beside a daemon or without one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from admission.codes import human_code
from admission.facts import Refused
from admission.request import Granted
from admission.telling import moment, paper_code, sentence, verdict
from admission.values import Direction, LaneMode
from gate.ledger import GateLedger
from gate.question import Entrance, supposing, try_code
from gate.settings import GateSettings
from gate.trust import Trust
from runtime.beside import DatabaseBeside
from runtime.disk import DiskFault
from runtime.outbox import Outbox
from runtime.settings import load
from runtime.wire import fact_from_data

GRANTED, REFUSED, CANNOT_TELL = 0, 1, 2
LOOKED_AT = 2000
SHOWN = 20
_LATEST = "SELECT body FROM fact WHERE device = ? ORDER BY number DESC LIMIT ?"
_MODES = {
    LaneMode.FREE: "the lane is free then: nobody is asked",
    LaneMode.CLOSED: "the lane is closed then",
}


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Asked:
    """`lane`: its name, None for the first. `at`: see admission.telling.moment."""

    code: str
    lane: str | None
    way: Direction
    at: str


async def would_enter(config: Path, asked: Asked) -> Said:
    """Raises BadSettings."""
    settings = load(config, GateSettings)
    lanes = {lane.name: lane for lane in settings.lanes}
    name = settings.lanes[0].name if asked.lane is None else asked.lane
    if name not in lanes:
        return Said(f"there is no lane {name!r}; there are {', '.join(lanes)}", CANNOT_TELL)
    entrance = Entrance(settings, lanes[name], asked.way)
    try:
        async with DatabaseBeside(settings.state / "gate.db") as database:
            outbox = Outbox(database, settings.device)
            ledger = GateLedger(database, outbox)
            trust = Trust(ledger, outbox)
            at = moment(asked.at, trust.now(), settings.zone_info)
            doubts = replace(trust.doubt(), cut_off=False, in_touch=None)  # the daemon knows
            doubts = supposing(doubts, asked.at)
            trial = try_code(ledger, entrance, asked.code, at, doubts)
    except (ValueError, DiskFault) as error:
        return Said(str(error), CANNOT_TELL)
    way, zone, answer = asked.way, settings.zone_info, trial.answer
    ticket = paper_code(answer) or "no ticket"
    lines = [f"{name}, {way.value}, {at.astimezone(zone):%Y-%m-%d %H:%M}: {ticket}"]
    for check in trial.trace:
        word, says = verdict(check, way, at, zone)
        lines.append(f"  {word:<8} {check.rule}{f': {says}' if says else ''}")
    granted = isinstance(answer, Granted)
    lines.append(f"{'granted' if granted else 'refused'}: {sentence(answer, way, at, zone)}")
    if trial.mode in _MODES:
        lines.append(_MODES[trial.mode])
    return Said("\n".join(lines), GRANTED if granted else REFUSED)


async def last_refusals(config: Path) -> Said:
    """Raises BadSettings."""
    settings = load(config, GateSettings)
    try:
        async with DatabaseBeside(settings.state / "gate.db") as database:
            rows = database.read(_LATEST, (settings.device, LOOKED_AT))
    except DiskFault as fault:
        return Said(str(fault), CANNOT_TELL)
    lines = []
    for fact in (fact_from_data(json.loads(body)) for (body,) in rows):
        if isinstance(it := fact.event, Refused):
            at = fact.at.astimezone(settings.zone_info)
            shown = human_code(it.ticket) if it.ticket is not None else repr(it.code[:20])
            lines.append(
                f"{at:%Y-%m-%d %H:%M:%S} {it.lane}, {it.direction.value}: {it.reason} {shown}"
            )
    latest = lines[:SHOWN][::-1]
    return Said("\n".join(latest) or "nobody was refused lately", 0)
