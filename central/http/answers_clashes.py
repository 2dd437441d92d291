"""Clashes and what was set aside, as the JSON of docs/openapi.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from admission.codes import human_code
from admission.facts import Side
from central.http.answers import Json
from central.watch.clash_list import Found
from central.watch.clash_words import gap_words, words


def clash(found: Found, zone: ZoneInfo) -> Json:
    told, settled = found.told, found.settled
    return {
        "n": found.n,
        "at": found.at.isoformat(),
        "clash": told.clash.value,
        "ticket": None if told.ticket is None else str(told.ticket),
        "human_code": None if told.ticket is None else human_code(told.ticket),
        "sides": [_side(side) for side in told.sides],
        "detail": told.detail,
        "text": "; ".join((words(told, zone), *(gap_words(gap, zone) for gap in found.gaps))),
        "given_back": found.given_back,
        "settled": settled
        and {"at": settled.by.at.isoformat(), "who": settled.by.who, "why": settled.why},
    }


def _side(side: Side) -> Json:
    return {
        "device": side.device,
        "number": side.number,
        "at": side.at.isoformat(),
        "received_at": side.received_at.isoformat(),
        "lane": side.lane,
        "cut_off": side.cut_off,
    }


def set_aside(row: Mapping[str, Any]) -> Json:
    told = {name: row[name] for name in ("id", "device", "number", "reason", "payload")}
    fate = row["fate"] and {
        "what": row["fate"],
        "at": row["fate_at"].isoformat(),
        "who": row["fate_by"],
        "why": row["fate_why"],
    }
    return told | {"received_at": row["received_at"].isoformat(), "fate": fate}
