"""Who is connected and who is where, line by line, for a technician's terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from central.catalogue import venues
from central.settings import DeviceSettings
from central.watch import standing, zones
from central.watch.zones import ZoneCount


def lines(
    connection: Connection, known: Mapping[str, DeviceSettings], now: datetime
) -> Iterator[str]:
    """Raises BadSettings when this version cannot read the venue."""
    revision = venues.newest(connection)
    zone = revision.venue.zone if revision else ZoneInfo("UTC")
    found = standing.standings(connection, known, now)
    yield from (standing.words(one, zone, now) for one in found)
    yield from _zones(zones.listed(connection, found, zone, now))


def _zones(found: Iterable[ZoneCount]) -> Iterator[str]:
    for one in found:
        yield f"{one.zone}: {one.persons} counted"
        yield from (f"    {zones.in_words(flaw, times)}" for flaw, times in one.flaws.items())
        for gate in one.gates:
            if gate.difference:
                yield f"    {gate.device} counted {gate.difference:+d}: {'; '.join(gate.why)}"
