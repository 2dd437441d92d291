"""Time slots as the office sees them, leases and conflicts, as the JSON of docs/openapi.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from central.capacity.leases import Lease
from central.capacity.slot_changes import Conflict, SlotReport
from central.capacity.slots import Listed
from central.catalogue.schedule import describe
from central.http.answers import Json, money, visits
from central.sale.offline_lines import Goods


def slot_report(report: SlotReport, zone: ZoneInfo, now: datetime) -> Json:
    return _slot(report.listed, zone) | {
        "left": report.listed.occupancy.left,
        "blocked": _value(report.listed.blocked(now)),
        "planned": report.listed.planned,
        "shares": [_share(channel, listed) for channel, listed in report.channels],
        "changes": [
            {
                "at": change.by.at.isoformat(),
                "who": change.by.who,
                "what": change.what,
                "why": change.why,
            }
            for change in report.changes
        ],
    }


def conflicts(found: Iterable[Conflict], zone: ZoneInfo) -> Json:
    return {
        "conflicts": [
            {"kind": one.kind.value, "places": one.places, "slot": _slot(one.listed, zone)}
            for one in found
        ]
    }


def lease(one: Lease) -> Json:
    return {
        "id": one.id,
        "slot": one.slot,
        "channel": one.channel,
        "expires_at": one.expires_at.isoformat(),
        "places": one.places,
        "used": one.used,
        "returned": one.returned,
    }


def leases(found: Iterable[Lease]) -> Json:
    return {"leases": [lease(one) for one in found]}


def goods(found: Iterable[tuple[Lease, Goods]]) -> Json:
    return {"leases": [lease(one) | _goods(its) for one, its in found]}


def _goods(its: Goods) -> Json:
    slot = its.listed.slot
    return {
        "attraction": slot.attraction,
        "attraction_name": its.attraction.name,
        "start": slot.start.isoformat(),
        "end": slot.end.isoformat(),
        "sales_end": slot.sales.end.isoformat(),
        "description": its.description,
        "valid_from": slot.arrival.start.isoformat(),
        "valid_until": slot.arrival.end.isoformat(),
        "products": [
            {
                "id": one.offer.id,
                "name": one.offer.name,
                "price": money(one.price),
                "persons": one.offer.persons,
                "ticket_text": one.offer.ticket_text,
            }
            for one in its.products
        ],
    }


def _slot(listed: Listed, zone: ZoneInfo) -> Json:
    slot, occupancy = listed.slot, listed.occupancy
    return {
        "id": slot.id,
        "attraction": slot.attraction,
        "start": slot.start.isoformat(),
        "end": slot.end.isoformat(),
        "description": describe(slot, zone),
        "closed": listed.closed,
        "capacity": occupancy.capacity,
        "sold": occupancy.sold,
        "reserved": occupancy.reserved,
        "leased": occupancy.leased,
        "control": occupancy.control.value,
        **visits(occupancy),
    }


def _share(channel: str, listed: Listed) -> Json:
    share = listed.occupancy.share
    return {
        "channel": channel,
        "percent": dict(listed.slot.shares)[channel],
        "most": share.most if share else None,
        "taken": share.taken if share else None,
    }


def _value(member: Any) -> Any:
    return member and member.value
