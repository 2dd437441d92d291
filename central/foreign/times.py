"""Times as people and spreadsheets write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from admission.foreign import EVER
from admission.values import Window

_DAYS = ("%Y-%m-%d", "%d.%m.%Y")


def read_window(start: str, end: str, zone: ZoneInfo) -> Window:
    """Each an ISO 8601 time, in `zone` if it has none of its own, or like "21.11.2026 09:00", or a
    day: the end belongs to it then. Raises ValueError."""
    return Window(_read(start, zone), _read(end, zone, whole_day=True))


@lru_cache(maxsize=1000)  # those of a list are mostly the same
def _read(text: str, zone: ZoneInfo, *, whole_day: bool = False) -> datetime:
    text = text.strip()
    day = _day(text)
    if day is not None:
        day += timedelta(days=1) if whole_day else timedelta(0)
        time = datetime(day.year, day.month, day.day, tzinfo=zone)
    else:
        time = _moment(text)
        time = time if time.tzinfo else time.replace(tzinfo=zone)
    if not EVER.start.date() <= time.date() < EVER.end.date():
        raise ValueError(f"{text!r} is not within the years 1970 to 2105")
    return time.astimezone(UTC)


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    for form in _DAYS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _moment(text: str) -> datetime:
    day, _, rest = text.partition(" ")
    if rest and (found := _day(day)) is not None:
        text = f"{found.isoformat()}T{rest}"
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f'{text[:40]!r} is no time like "2026-11-21 09:00", or "2026-11-21T09:00+01:00"'
        ) from error
