"""Offering what the venue says: its time slots and seats, made anew when either changes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection

from central.capacity import visits
from central.catalogue import slot_plan, venues
from central.catalogue.schedule import planned_slots
from central.catalogue.venue import Venue
from central.catalogue.venues import Revision
from central.seats import places as seats
from central.seats import staff
from central.store.engine import one_at_a_time


def plan(connection: Connection, venue: Venue, now: datetime) -> date:
    """Offer the time slots of the coming days; the day for which this was done."""
    one_at_a_time(connection)
    today = now.astimezone(venue.zone).date()
    planned = planned_slots(venue, today)
    plans = [attraction.plan for attraction in venue.attractions if attraction.plan]
    for one in plans:
        seats.keep_plan(connection, one)
    counted = visits.begun(connection, now)
    slot_plan.refresh(connection, planned, venue.zone, now)
    if visits.begun(connection, now) - counted:
        visits.rebuild(connection, now)
    if plans:
        staff.replan(connection, planned, plans, now)
    venues.note_planned(connection, None, today)
    return today


def plan_once(connection: Connection, known: Revision, now: datetime) -> None:
    """Unless it was done today by the same revision."""
    one_at_a_time(connection)
    today = now.astimezone(known.venue.zone).date()
    if not venues.is_planned(connection, known.number, today):
        plan(connection, known.venue, now)
        venues.note_planned(connection, known.number, today)


def plan_newest(connection: Connection, known: Revision, now: datetime) -> date | None:
    """Not by a venue that is out of date; who imported the newer one has planned by that."""
    one_at_a_time(connection)
    if venues.newest_number(connection) != known.number:
        return None
    return plan(connection, known.venue, now)
