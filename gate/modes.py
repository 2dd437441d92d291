"""Which mode a direction of a lane is in: as ordered by staff, else by schedule. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from admission.values import LaneMode

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class ScheduledMode:
    """From the local time `at` ("18:00") on `days` ("MO", "TU" …) the direction is in `mode`,
    until the next entry of the schedule, which may be another day's."""

    at: str
    mode: LaneMode
    days: tuple[str, ...] = DAYS

    def __post_init__(self) -> None:
        try:
            time.fromisoformat(self.at)
        except ValueError as error:
            raise ValueError(f"at: {self.at!r} is no time of day like '18:00'") from error
        wrong = [day for day in self.days if day not in DAYS]
        if wrong or not self.days:
            raise ValueError(f"days: {wrong[0] if wrong else ''!r} is none of {', '.join(DAYS)}")
        check_chosen(self.mode)


def check_chosen(mode: LaneMode) -> None:
    if mode is LaneMode.EMERGENCY:
        raise ValueError("mode: emergency comes from the fire input; say controlled, free, closed")


@dataclass(frozen=True, slots=True)
class Order:
    """Staff chose `mode` at `at`; the schedule's next change ends it."""

    mode: LaneMode
    at: datetime


def mode_at(
    now: datetime,
    usual: LaneMode,
    schedule: Sequence[ScheduledMode],
    order: Order | None,
    timezone: ZoneInfo,
) -> LaneMode:
    """The mode in force; `usual` where there is no schedule."""
    changed = _last_change(now, schedule, timezone)
    if order is not None and (changed is None or order.at >= changed[0]):
        return order.mode
    return changed[1] if changed else usual


def next_change(
    now: datetime, schedule: Sequence[ScheduledMode], timezone: ZoneInfo
) -> datetime | None:
    """When the schedule says something next."""
    today = now.astimezone(timezone).date()
    coming = [at for at, _ in _changes(schedule, timezone, today, range(9)) if at > now]
    return min(coming, default=None)


def _last_change(
    now: datetime, schedule: Sequence[ScheduledMode], timezone: ZoneInfo
) -> tuple[datetime, LaneMode] | None:
    today = now.astimezone(timezone).date()
    past = [c for c in _changes(schedule, timezone, today, range(-8, 1)) if c[0] <= now]
    return max(past, key=lambda change: change[0], default=None)


def _changes(
    schedule: Sequence[ScheduledMode], timezone: ZoneInfo, today: date, days: range
) -> list[tuple[datetime, LaneMode]]:
    """In UTC: local times of one zone are compared by the wall clock, which DST turns back."""
    return [
        (_moment(day, entry.at, timezone), entry.mode)
        for n in days
        for entry in schedule
        if DAYS[(day := today + timedelta(days=n)).weekday()] in entry.days
    ]


def _moment(day: date, at: str, timezone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), timezone).astimezone(UTC)
