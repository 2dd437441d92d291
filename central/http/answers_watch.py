"""What central answers about devices and head counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from central.watch import standing, zones
from central.watch.standing import Standing
from central.watch.zones import Correction, GateCount, ZoneCount
from runtime.convert import unstructure

Json = dict[str, Any]


def devices(found: Iterable[Standing], zone: ZoneInfo, now: datetime) -> Json:
    return {"devices": [_device(one, zone, now) for one in found]}


def _device(one: Standing, zone: ZoneInfo, now: datetime) -> Json:
    return {
        "device": one.device,
        "kind": one.kind.value,
        "link": one.link.value,
        "since": _time(one.since),
        "heard_at": _time(one.heard_at),
        "behind": one.behind,
        "quarantined": one.quarantined,
        "status": unstructure(one.status) if one.status else None,
        "says": standing.words(one, zone, now),
    }


def counts(found: Iterable[ZoneCount]) -> Json:
    return {"zones": [count(one) for one in found]}


def count(one: ZoneCount) -> Json:
    return {
        "zone": one.zone,
        "persons": one.persons,
        "corrected": _correction(one.corrected) if one.corrected else None,
        "flaws": [zones.in_words(flaw, times) for flaw, times in one.flaws.items()],
        "gates": [_gate(gate) for gate in one.gates],
    }


def _correction(one: Correction) -> Json:
    return {"at": one.at.isoformat(), "by": one.by, "why": one.why}


def _gate(one: GateCount) -> Json:
    return {
        "device": one.device,
        "persons": one.persons,
        "difference": one.difference,
        "at": one.at.isoformat(),
        "why": list(one.why),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
