"""Which seats a wish asks for. Pure values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from central.capacity.slots import Listed
from central.catalogue.venue import Venue
from central.sale.states import Line, Refused, Seating
from central.sale.wishes import Wanted, Wish


def asked(
    venue: Venue, wish: Wish, lines: Sequence[Line], listed: Mapping[str, Listed]
) -> tuple[Line, ...] | Refused:
    """The lines of the wish, each with what it asks for in every slot that has seats."""
    seated: list[Line] = []
    for line, want in zip(lines, wish.lines, strict=True):
        done = _asked(venue, line, want, listed)
        if isinstance(done, Refused):
            return done
        seated.append(done)
    return tuple(seated)


def _asked(venue: Venue, line: Line, want: Wanted, listed: Mapping[str, Listed]) -> Line | Refused:
    halls = sorted((slot for slot in line.takes if listed[slot].slot.seating), key=line.slot.__ne__)
    if not halls:
        if want.seats or want.wheelchair:
            return Refused("not_seated", f"product {line.product} has no seats")
        return line
    if want.wheelchair > min(line.takes[slot] for slot in halls) * line.quantity:
        return Refused("wrong_seats", "more wheelchair places than places")
    first, *others = (
        Seating(slot, (), _zones(venue, line.product, listed[slot]), want.wheelchair)
        for slot in halls
    )
    return replace(line, seating=(replace(first, seats=want.seats), *others))


def _zones(venue: Venue, product: int, listed: Listed) -> tuple[str, ...]:
    """The zones of this hall for which the product is sold; none for all of them."""
    found, attraction = venue.offer(product), venue.attraction(listed.slot.attraction)
    names: Collection[str] = found[1].zones if found else ()
    here = {zone.zone for zone in attraction.seating} if attraction else set()
    return tuple(name for name in names if name in here)
