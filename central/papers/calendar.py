"""When tickets are good as a calendar file (RFC 5545), written by hand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from central.papers.layout import Words
from central.papers.sheet import Papers

_LINE = 75
"""Octets of a line, without its end (RFC 5545, 3.1)."""


@dataclass(frozen=True)
class Event:
    """`uid` is the same for the same time slot of the same order."""

    uid: str
    summary: str
    location: str
    start: datetime
    end: datetime
    about: str
    url: str


def events(papers: Papers, site: str, url: str) -> list[Event]:
    """One for each time slot of the tickets that are good or will be, the first first."""
    found: dict[str, Event] = {}
    for sheet in papers.sheets:
        issued = sheet.issued
        if issued is None or issued.ticket.state.value in ("cancelled", "blocked"):
            continue
        for one in issued.line.opens:
            if slot := papers.place.slots.get(one.slot):
                what = _called(papers, one.attraction, papers.words)
                uid = f"{papers.order}-{one.slot}@{site}.wicket".lower()
                said = f"{papers.words.texts.say('ticket.order')} {papers.order}"
                found[one.slot] = Event(
                    uid, f"{what}, {papers.venue}", papers.venue, slot.start, slot.end, said, url
                )
    return sorted(found.values(), key=lambda event: (event.start, event.uid))


def ics(told: Iterable[Event], now: datetime) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Wicket//Tickets//EN"]
    for one in told:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escaped(one.uid)}",
            f"DTSTAMP:{_utc(now)}",
            f"DTSTART:{_utc(one.start)}",
            f"DTEND:{_utc(one.end)}",
            f"SUMMARY:{_escaped(one.summary)}",
            f"LOCATION:{_escaped(one.location)}",
            f"DESCRIPTION:{_escaped(one.about)}",
            f"URL:{one.url}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(folded + b"\r\n" for line in lines for folded in _folded(line))


def _called(papers: Papers, attraction: str, words: Words) -> str:
    return words.of(papers.place.names.get(attraction, {}), attraction)


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    for char in "\\;,":
        text = text.replace(char, f"\\{char}")
    return text.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> Iterator[bytes]:
    """No character is torn apart."""
    part = b""
    for char in line:
        octets = char.encode()
        if len(part) + len(octets) > _LINE:
            yield part
            part = b" "
        part += octets
    yield part
