"""A clash in a sentence, for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from admission.clashes import IN_FLIGHT
from admission.codes import human_code
from admission.facts import Clash, Conflicted, Side
from central.watch.devices import Gap


def words(told: Conflicted, zone: ZoneInfo) -> str:
    """With the times of `zone`, where the venue is."""
    first = told.sides[0]
    ticket = f"ticket {human_code(told.ticket)}" if told.ticket else "a ticket"
    match told.clash:
        case Clash.TWICE:
            sides = sorted(told.sides, key=lambda side: side.at)
            return f"{ticket} admitted more often than it allows: {_list(sides, zone)}"
        case Clash.NOT_VALID:
            return (
                f"{ticket} admitted although {told.detail}: {_list(told.sides[:1], zone)};"
                f" central had said so {_time(told.sides[-1], zone)}"
            )
        case Clash.BEYOND_LEASE:
            what = f"{ticket} sold offline without a place leased for it"
        case Clash.REVOKED:
            what = f"{ticket} sold with a key that was revoked"
        case Clash.CLOCK:
            what = (
                f"the clock of {first.device} cannot be right, {told.detail}: fact {first.number}"
            )
            return f"{what} says {first.at:%Y-%m-%d %H:%M:%S} UTC; does it reach a time server?"
        case Clash.CLONED:
            what = f"{first.device} told two different facts under the number {first.number}"
            return f"{what}; do two devices have its name (a copied SD card), or has it a new disk?"
    more = f" ({told.detail})" if told.detail else ""
    return f"{what}{more}: {_list(told.sides[:1], zone)}"


def gap_words(gap: Gap, zone: ZoneInfo) -> str:
    began, ended = (at.astimezone(zone) for at in (gap.began, gap.ended))
    until = f"{ended:%H:%M}" if ended.date() == began.date() else f"{ended:%Y-%m-%d %H:%M}"
    return f"{gap.device} was cut off {began:%Y-%m-%d %H:%M}\u2013{until}"


def _list(sides: Sequence[Side], zone: ZoneInfo) -> str:
    return " and ".join(f"{_time(side, zone)} {_place(side)}" for side in sides)


def _time(side: Side, zone: ZoneInfo) -> str:
    return f"{side.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _place(side: Side) -> str:
    """A device may not have known yet that nobody heard it: that shows in when it was heard."""
    device, late = side.device, side.received_at - side.at
    if side.cut_off:
        device += ", cut off"
    elif late > IN_FLIGHT:
        device += f", heard {timedelta(seconds=int(late.total_seconds()))} later"
    return f"at {side.lane} ({device})" if side.lane else f"by {device}"
