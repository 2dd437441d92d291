"""The sale that one of the staff is at: a cart that outlives a reload or a restart, for a day.

Each of the staff has one, which nobody else can name. A page tells the `version` it shows, so a
second press, an old page or another window never changes a cart twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from central.sale import promotions
from central.sale.states import NO_REFERENCES, By, Holder, References, Refused
from central.sale.wishes import Wanted
from central.store.rows import insert_new
from central.store.schema import sale_draft
from runtime.convert import structure, unstructure

KEPT_FOR = timedelta(days=1)
"""Since it was last touched."""
MAX_LINES = 20
MAX_QUANTITY = 99
"""Of one line."""
MAX_PROMO_CODES = 5
CHANGED = Refused("cart_changed", "The cart was changed before; this is how it is now.")


@dataclass(frozen=True)
class Draft:
    """`token` is that of the request which holds its places, "" as long as none does: until then
    the lines may change."""

    lines: tuple[Wanted, ...] = ()
    promo_codes: tuple[str, ...] = ()
    holder: Holder = field(default_factory=Holder)
    references: References = NO_REFERENCES
    language: str = ""
    token: str = ""

    def with_line(self, want: Wanted) -> Draft | Refused:
        """One line more; or more of a line that differs in nothing else."""
        for number, line in enumerate(self.lines):
            if replace(line, quantity=want.quantity) == want and not line.seats:
                return self.with_quantity(number, line.quantity + want.quantity)
        if len(self.lines) == MAX_LINES:
            return Refused("too_many_lines", f"A cart has at most {MAX_LINES} lines.")
        return replace(self, lines=(*self.lines, want))

    def with_quantity(self, number: int, quantity: int) -> Draft | Refused:
        """The line has so many; none of it takes it out. Seats are to be chosen again."""
        if quantity > MAX_QUANTITY:
            return Refused("too_many", f"A line has at most {MAX_QUANTITY}.")
        if quantity < 1:
            return self.with_changed(number, None)
        return self.with_changed(number, lambda line: replace(line, quantity=quantity, seats=()))

    def with_changed(
        self, number: int, change: Callable[[Wanted], Wanted] | None
    ) -> Draft | Refused:
        """The line (from 0) changed, or taken out. With the last one goes whatever else was told:
        the next one is somebody else's."""
        if not 0 <= number < len(self.lines):
            return Refused("unknown_line", "The cart has no such line.")
        changed = (change(self.lines[number]),) if change else ()
        lines = (*self.lines[:number], *changed, *self.lines[number + 1 :])
        return replace(self, lines=lines) if lines else Draft()

    def with_promo(self, code: str) -> Draft | Refused:
        code = promotions.normal(code)
        if code in self.promo_codes or not code:
            return self
        if len(self.promo_codes) == MAX_PROMO_CODES:
            return Refused("too_many_codes", f"At most {MAX_PROMO_CODES} promotional codes.")
        return replace(self, promo_codes=(*self.promo_codes, code))


@dataclass(frozen=True)
class Kept:
    """A draft as it is in the database."""

    draft: Draft
    version: int = 0


def load(connection: Connection, staff: str, now: datetime, *, lock: bool = False) -> Kept:
    """With `lock` nobody else changes it until the transaction ends."""
    query = select(sale_draft).where(sale_draft.c.staff == staff)
    query = query.with_for_update() if lock else query
    found = connection.execute(query).first()
    if found is None and lock:
        row = {"staff": staff, "version": 0, "touched_at": now, "body": unstructure(Draft())}
        insert_new(connection, sale_draft, row)
        found = connection.execute(query).first()
    if found is None:
        return Kept(Draft())
    if found.touched_at <= now - KEPT_FOR:
        return Kept(Draft(), found.version)
    return Kept(structure(found.body, Draft), found.version)


def save(connection: Connection, draft: Draft, by: By) -> None:
    """Of whoever acts, who holds it. Those that nobody touched for long go, and nobody is waited
    for who takes up an old one just now."""
    old = (sale_draft.c.touched_at <= by.at - KEPT_FOR, sale_draft.c.staff != by.who)
    free = select(sale_draft.c.staff).where(*old).with_for_update(skip_locked=True)
    gone = connection.scalars(free).all()
    if gone:
        connection.execute(delete(sale_draft).where(sale_draft.c.staff.in_(gone)))
    connection.execute(
        update(sale_draft)
        .where(sale_draft.c.staff == by.who)
        .values(version=sale_draft.c.version + 1, touched_at=by.at, body=unstructure(draft))
    )


def change(
    connection: Connection, version: int, edit: Callable[[Draft], Draft | Refused], by: By
) -> Draft | Refused:
    """Change the cart that was shown as `version`. Refused once its places are held."""
    kept = load(connection, by.who, by.at, lock=True)
    if kept.version != version:
        return CHANGED
    if kept.draft.token:
        return Refused("sale_held", "The places of this sale are held. Go back to the cart first.")
    edited = edit(kept.draft)
    if isinstance(edited, Draft):
        save(connection, edited, by)
    return edited
