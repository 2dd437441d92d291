"""A small venue whose whole life a test can watch, as it was planned and as it is planned anew; and
the same in plain numbers, against which central is judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

OPENS = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
"""14:05 in Berlin."""
BASE = """\
name = "Lighthouse"
timezone = "Europe/Berlin"
currency = "EUR"
languages = ["en"]

[[attractions]]
id = "museum"
name = { en = "Museum" }
[[attractions.openings]]
open = "00:00"
close = "24:00"
first = "2026-11-21"
until = "2026-11-22"
[[attractions.products]]
id = 1
name = { en = "Adult" }
price = "12.00"
tax_percent = "7"
[[attractions.products]]
id = 8
name = { en = "Annual pass" }
price = "60.01"
kind = "pass"
slot = "open"
channels = ["office", "web"]
[[attractions.products]]
id = 9
name = { en = "Gift voucher" }
price = "20.00"
value = "25.00"
kind = "voucher"
slot = "open"
channels = ["office", "web"]

[[attractions]]
id = "tour"
name = { en = "Tour" }
capacity = 6
shares = { kiosk = 70, web = 50 }
[[attractions.schedules]]
rrule = "FREQ=HOURLY;INTERVAL=2;COUNT=3"
first = "2026-11-21T15:00"
duration_min = 45
arrival_before_min = 15
arrival_after_min = 10
[[attractions.schedules]]
rrule = "FREQ=DAILY;COUNT=1"
first = "2026-11-22T10:00"
duration_min = 45
arrival_before_min = 15
arrival_after_min = 10
[[attractions.products]]
id = 4
name = { en = "Adult" }
price = "8.00"
tax_percent = "7"
[[attractions.products]]
id = 5
name = { en = "Child" }
price = "4.00"
exchange = "2h"
[[attractions.products.prices]]
name = "web"
percent = "-25"
channel = "web"
[[attractions.products]]
id = 6
name = { en = "Family" }
price = "20.01"
tax_percent = "19"
persons = 3
[[attractions.products]]
id = 7
name = { en = "Last minute" }
price = "5.00"
exchange = "never"
"""
ANEW = """\
[[attractions.exceptions]]
day = "2026-11-21"
without = ["17:00"]
more = ["21:00"]
capacity = 5
"""
"""One tour less and another one more, all of that day for fewer people."""


@dataclass(frozen=True)
class Sold:
    """What a product is, in cents. `cut_off` hours before the start its exchange ends; None: never
    exchanged, "" : until used."""

    attraction: str
    price: int
    web: int
    persons: int = 1
    channels: tuple[str, ...] = ("kiosk", "office", "web")
    cut_off: timedelta | None = None
    never: bool = False


NOT_AT_KIOSKS = ("office", "web")
PASS, VOUCHER = 8, 9
PRODUCTS = {
    1: Sold("museum", 1200, 1200),
    4: Sold("tour", 800, 800),
    5: Sold("tour", 400, 300, cut_off=timedelta(hours=2)),
    6: Sold("tour", 2001, 2001, persons=3),
    7: Sold("tour", 500, 500, never=True),
    PASS: Sold("", 6001, 6001, channels=NOT_AT_KIOSKS),
    VOUCHER: Sold("", 2000, 2000, channels=NOT_AT_KIOSKS),
}
WORTH = 2500
"""Of a gift voucher that is bought."""
SHARES = {"kiosk": 70, "web": 50}
HOLD = {
    "kiosk": timedelta(minutes=4),
    "office": timedelta(minutes=25),
    "web": timedelta(minutes=20),
}
OFFER = timedelta(minutes=30)
DEVICES = {"kiosk": ("kiosk-1", "kiosk-2"), "office": ("office-1",), "web": ("web-1",)}


@dataclass(frozen=True)
class Planned:
    """A time slot as it is planned."""

    start: datetime
    end: datetime
    arrival_end: datetime
    sales_end: datetime
    capacity: int | None


def _tour(text: str, capacity: int) -> tuple[str, Planned]:
    start = datetime.strptime(text, "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    end, late = start + timedelta(minutes=45), start + timedelta(minutes=10)
    return f"tour-{text}", Planned(start, end, late, start, capacity)


def _museum(text: str) -> tuple[str, Planned]:
    start = datetime.strptime(text, "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    end = start + timedelta(days=1)
    return f"museum-{text}", Planned(start, end, end, end, None)


_MUSEUM = [_museum("20261120T2300Z"), _museum("20261121T2300Z")]
_TOMORROW = _tour("20261122T0900Z", 6)
PLANS: tuple[dict[str, Planned], ...] = (
    dict([*_MUSEUM, *(_tour(f"20261121T{h}00Z", 6) for h in (14, 16, 18)), _TOMORROW]),
    dict([*_MUSEUM, *(_tour(f"20261121T{h}00Z", 5) for h in (14, 18, 20)), _TOMORROW]),
)
TOURS = ("tour-20261121T1400Z", "tour-20261121T1600Z", "tour-20261121T1800Z")
SOMETIMES = ("tour-20261121T2000Z", "tour-20261122T0900Z")
MUSEUM, MUSEUM_TOMORROW = "museum-20261120T2300Z", "museum-20261121T2300Z"


def write_plans(folder: Path) -> list[Path]:
    """The venue's file as planned first, and as planned anew."""
    files = [folder / "venue.toml", folder / "anew.toml"]
    files[0].write_text(BASE)
    files[1].write_text(BASE + ANEW)
    return files
