"""The form of a new attraction, read."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from central.catalogue.offers import Weekday
from central.catalogue.venue import Kind, Venue
from central.catalogue.wizard import Hours, TicketType, Times, Wish
from central.pages.forms import Form
from central.settings import Channel
from runtime.convert import parse_day

HOURS_ROWS, TICKET_ROWS = 2, 4
MAX_NAME, MAX_ABOUT = 80, 300
MAX_TIMES = 12
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_END = re.compile(r"([0-3]\d):[0-5]\d")
"""Also after midnight: 26:00 is two o'clock."""


LABELS = {
    "name": "Name",
    "text": "In a sentence",
    "first": "From the day",
    "until": "To the day",
    "hours": "Days of the hours",
    "open": "Opens",
    "close": "Closes",
    "last": "Last arrival",
    "times": "Begins at",
    "duration": "Minutes long",
    "before": "Doors open",
    "after": "Latecomers",
    "capacity": "Persons",
    "ticket": "Name of ticket",
    "price": "Price of ticket",
    "persons": "Admits persons, ticket",
    "tax": "Tax",
    "channel": "Who sells them",
}


def called(field: str) -> str:
    """As the page calls it: "Opens 1"."""
    begin, _, rest = field.partition("-")
    return f"{LABELS.get(begin, begin)} {rest.replace('-', ', ')}".strip()


def read_wish(form: Form, venue: Venue, kind: Kind) -> Wish:
    """Raises Invalid, naming everything that is wrong."""
    wish = Wish(
        name=_names(form, venue, "name", MAX_NAME, least=1),
        text=_names(form, venue, "text", MAX_ABOUT),
        first=_day(form, "first") or date.min,
        until=_day(form, "until"),
        tickets=tuple(_tickets(form, venue)),
        channels=tuple(one for one in Channel if form.ticked(f"channel-{one.value}")),
        hours=tuple(_hours(form)) if kind is Kind.LOCATION else (),
        times=_times(form) if kind is Kind.EVENT else None,
        capacity=form.number("capacity", 1, 1_000_000) or None,
        tax_percent=form.amount("tax") or Decimal(0),
    )
    wrong = form.problems.append
    if wish.first == date.min:
        wrong(("first", "from which day on?"))
    if not wish.tickets:
        wrong(("ticket-1", "write at least one kind of ticket"))
    if not wish.channels:
        wrong(("channel", "who sells it?"))
    if any(wish.text.values()) and not all(wish.text.values()):
        wrong(("text", "write it in all languages, or in none"))
    form.check()
    return wish


def _names(form: Form, venue: Venue, name: str, most: int, least: int = 0) -> dict[str, str]:
    told = {one: form.text(f"{name}-{one}", most, least=least) for one in venue.languages}
    return {one: text for one, text in told.items() if text or least}


def _hours(form: Form) -> list[Hours]:
    found = []
    for row in range(1, HOURS_ROWS + 1):
        days = _days(form, f"hours-{row}")
        begin, end, last = (form.text(f"{one}-{row}") for one in ("open", "close", "last"))
        if row > 1 and not (days or begin or end):
            continue
        if not days:
            form.problems.append((f"hours-{row}", "tick the days of the week"))
        for name, told, wanted in (("open", begin, _CLOCK), ("close", end, _END)):
            if not wanted.fullmatch(told):
                form.problems.append((f"{name}-{row}", "a time like 18:00"))
        if last and not _END.fullmatch(last):
            form.problems.append((f"last-{row}", "a time like 17:00"))
        found.append(Hours(days, begin, end, last))
    return found


def _times(form: Form) -> Times:
    told = form.text("times", 200, least=1)
    starts = tuple(dict.fromkeys(re.split(r"[\s,;]+", told.strip(" ,;"))))
    if not all(_CLOCK.fullmatch(one) for one in starts) or len(starts) > MAX_TIMES:
        form.problems.append(("times", f"at most {MAX_TIMES} times like 14:00, 16:30"))
    return Times(
        _days(form, "weekly"),
        starts,
        form.number("duration", 1, 1440, 60),
        form.number("before", 0, 1440, 30),
        form.number("after", 0, 1440, 15),
    )


def _tickets(form: Form, venue: Venue) -> list[TicketType]:
    found = []
    for row in range(1, TICKET_ROWS + 1):
        names = {one: form.text(f"ticket-{row}-{one}", MAX_NAME) for one in venue.languages}
        price = form.amount(f"price-{row}")
        persons = form.number(f"persons-{row}", 1, 100, 1)
        if not any(names.values()) and price is None:
            continue
        if not all(names.values()):
            form.problems.append((f"ticket-{row}", "name it in all languages"))
        if price is None:
            form.problems.append((f"price-{row}", "what does it cost?"))
        found.append(TicketType(names, price or Decimal(0), persons))
    return found


def _days(form: Form, name: str) -> tuple[Weekday, ...]:
    return tuple(one for one in Weekday if form.ticked(f"{name}-{one.value}"))


def _day(form: Form, name: str) -> date | None:
    told = form.text(name, 10)
    try:
        return parse_day(told) if told else None
    except ValueError:
        form.problems.append((name, "a day like 2026-12-24"))
        return None
