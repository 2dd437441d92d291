"""The seating plan: which seats a line of the cart gets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from aiohttp import web
from sqlalchemy import Connection

from central.catalogue.offers import Offer
from central.catalogue.venue import Venue
from central.pages.forms import asked, posted
from central.pages.sell import LINE, SELL
from central.pages.sell_forms import fitting, version_of
from central.pages.sell_shown import words
from central.pages.site import Site, to
from central.sale import drafts
from central.sale.drafts import Draft, Kept
from central.sale.states import By, Refused
from central.sale.wishes import Wanted
from central.seats import places
from central.seats.places import Hall
from central.seats.plan import MAX_SEAT_ID, Seat
from central.staff.roles import Right

SEATS = SELL + "/seats" + LINE
_SEAT = "seat-"
NO_SEATS = Refused("not_seated", "This line of the cart has no seats to choose.")


@dataclass(frozen=True)
class Plan:
    """A zone of the hall for one line of the cart: rows of seats with their gaps (None), and those
    that another line of it takes."""

    want: Wanted
    offer: Offer
    hall: Hall
    zones: tuple[str, ...]
    zone: str
    taken_here: Collection[str]

    @property
    def rows(self) -> list[tuple[str, list[Seat | None]]]:
        rows = [row for row in self.hall.plan.rows if row[0].zone == self.zone]
        first = min((seat.place for row in rows for seat in row), default=0)
        return [(row[0].row, _spaced(row, first)) for row in rows]

    @property
    def places(self) -> int:
        return self.want.quantity * self.offer.persons

    def free(self, seat: Seat) -> bool:
        return seat.id not in self.hall.taken and seat.id not in self.taken_here


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(
        request: web.Request, refused: Refused | None = None, ticked: Collection[str] | None = None
    ) -> web.Response:
        number, by, venue = int(request.match_info["number"]) - 1, site.by(request), api.venue
        form = asked(request)
        zone = form.text("zone", 20)
        form.check()
        kept, plan = await api.database.read(lambda c: _looked(c, venue, number, zone, by))
        if isinstance(plan, Refused):
            return site.problem(request, 404, plan.detail)
        return site.page(
            request,
            "sell-seats.html",
            409 if refused else 200,
            refused=refused,
            version=kept.version,
            number=number + 1,
            plan=plan,
            ticked=plan.want.seats if ticked is None else ticked,
            **words(venue),
        )

    async def choose(request: web.Request) -> web.Response:
        form, number = await posted(request), int(request.match_info["number"]) - 1
        by, venue = site.by(request), api.venue
        seats = tuple(name.removeprefix(_SEAT)[:MAX_SEAT_ID] for name in form.names(_SEAT))
        wheelchair, version = form.number("wheelchair", 0, 99), version_of(form)
        form.check()
        best = "best" in form

        def seated(want: Wanted) -> Wanted:
            if best:
                return replace(want, seats=(), wheelchair=wheelchair)
            return replace(want, seats=seats, wheelchair=0)

        def work(c: Connection) -> Draft | Refused:
            return drafts.change(
                c,
                version,
                lambda before: fitting(c, venue, before, before.with_changed(number, seated), by),
                by,
            )

        done = await api.database.write(work)
        if isinstance(done, Refused) and done.code == "wrong_seats" and not best:
            needed = done.extras.get("places", "none")
            done = replace(done, detail=f"Seats ticked: {len(seats)}. Needed: {needed}.")
        return await show(request, done, seats) if isinstance(done, Refused) else to(SELL)

    return [
        web.get(SEATS, site.staff(Right.SELL, show)),
        web.post(SEATS, site.staff(Right.SELL, choose)),
    ]


def _looked(
    connection: Connection, venue: Venue, number: int, zone: str, by: By
) -> tuple[Kept, Plan | Refused]:
    kept = drafts.load(connection, by.who, by.at)
    lines = kept.draft.lines
    found = venue.offer(lines[number].product) if 0 <= number < len(lines) else None
    if found is None:
        return kept, NO_SEATS
    want, offer = lines[number], found[1]
    hall = places.hall(connection, want.slot, by.at)
    if isinstance(hall, Refused):
        return kept, NO_SEATS
    zones = tuple(one.zone for one in hall.plan.zones if one.zone in (offer.zones or (one.zone,)))
    others = (one for n, one in enumerate(lines) if n != number and one.slot == want.slot)
    taken = {seat for one in others for seat in one.seats}
    shown = zone if zone in zones else next(iter(zones), "")
    return kept, Plan(want, offer, hall, zones, shown, taken)


def _spaced(row: tuple[Seat, ...], first: int) -> list[Seat | None]:
    spaced: list[Seat | None] = []
    for seat in row:
        spaced += [None] * (seat.place - first - len(spaced))
        spaced.append(seat)
    return spaced
