"""Facts: what happened, said once, never changed. They fold into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from admission.values import Direction, IssuerKey, LaneMode, Product, Ticket

CENTRAL = "central"
"""The device name under which central numbers its own facts."""


@dataclass(frozen=True, slots=True)
class ProductPublished:
    product: Product


@dataclass(frozen=True, slots=True)
class KeyPublished:
    key: IssuerKey


@dataclass(frozen=True, slots=True)
class TicketIssued:
    """A ticket as it now stands; a later one for the same id replaces it (cancelled, blocked)."""

    issued: Ticket


@dataclass(frozen=True, slots=True)
class TicketPrinted:
    """A kiosk has put the ticket on paper."""

    ticket: int


@dataclass(frozen=True, slots=True)
class TagBound:
    """A card or NFC tag, as its reader says it ("NFC:04A1…"), stands for the ticket from now on."""

    tag: str
    ticket: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """The barrier was released for `persons` into `zone`; durable before the barrier moves.

    `again`: on re-scan grace; it costs the ticket nothing. `remark`: the Reason value for which a
    strict venue would have refused it.
    """

    ticket: int
    attraction: str
    lane: str
    persons: int
    zone: str = ""
    again: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """`persons` bodies went through.

    On the Admitted fact with this device's number `admission`; None if without one: out, or in
    free mode, forced, opened by staff. They left `behind` and are in `zone` now ("" for outside
    and for areas that nobody counts).
    """

    ticket: int | None
    admission: int | None
    lane: str
    persons: int
    direction: Direction = Direction.IN
    zone: str = ""
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """`persons` of the Admitted fact `admission` never walked; their entries are given back."""

    ticket: int
    admission: int
    lane: str
    persons: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A scan was refused. `reason` is a Reason value; `code` the first 64 characters scanned."""

    ticket: int | None
    lane: str
    reason: str
    code: str
    direction: Direction = Direction.IN


@dataclass(frozen=True, slots=True)
class Forgiven:
    """Staff (`by`) let the ticket enter `zone` as if its holder had left."""

    ticket: int
    zone: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody (`by`) had the barrier let one body through without a ticket."""

    lane: str
    direction: Direction
    by: str


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """Staff (`by`) gave the lane another mode than its schedule says."""

    lane: str
    direction: Direction
    mode: LaneMode
    by: str


@dataclass(frozen=True, slots=True)
class Alarmed:
    """`alarm` (an Alarm value) was raised at the lane, or ended if not `on`."""

    lane: str
    alarm: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class HeadCount:
    zone: str
    persons: int


@dataclass(frozen=True, slots=True)
class Evacuated:
    """Fire released every lane of the device (`on`), or that ended. `present` tells the persons
    in each zone at the moment it began."""

    on: bool
    present: tuple[HeadCount, ...]


@dataclass(frozen=True, slots=True)
class CountCorrected:
    """Staff (`by`) changed how many persons are counted in `zone` by `change`, and said why."""

    zone: str
    change: int
    by: str
    why: str


Event = (
    ProductPublished
    | KeyPublished
    | TicketIssued
    | TicketPrinted
    | TagBound
    | Admitted
    | Passed
    | Lapsed
    | Refused
    | Forgiven
    | Opened
    | ModeChanged
    | Alarmed
    | Evacuated
    | CountCorrected
)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with its own time and identity: the `number`-th (1, 2, 3 …) that `device` told."""

    device: str
    number: int
    at: datetime
    event: Event

    @property
    def ticket(self) -> int | None:
        """The ticket it is about, None if about none."""
        match self.event:
            case TicketIssued(issued):
                return issued.id
            case (
                TicketPrinted()
                | TagBound()
                | Admitted()
                | Passed()
                | Lapsed()
                | Refused()
                | Forgiven()
            ):
                return self.event.ticket
            case _:
                return None
