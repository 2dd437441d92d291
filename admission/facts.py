"""Facts: what happened, said once, never changed. They fold into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from admission.foreign import ForeignShop
from admission.values import Direction, IssuerKey, LaneMode, Money, Product, Ticket

CENTRAL = "central"
"""The device name under which central numbers its own facts."""


@dataclass(frozen=True, slots=True)
class ProductPublished:
    product: Product


@dataclass(frozen=True, slots=True)
class KeyPublished:
    key: IssuerKey


@dataclass(frozen=True, slots=True)
class ForeignShopPublished:
    """The shop as it now stands; a later one of the same id replaces it."""

    shop: ForeignShop


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
    strict venue would have refused it. `cut_off`: the gate could not hear the others then.
    """

    ticket: int
    attraction: str
    lane: str
    persons: int
    zone: str = ""
    again: bool = False
    remark: str = ""
    cut_off: bool = False


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
    """A scan was refused. `reason` is a Reason value; `code` the first 64 characters scanned, of
    a known ticket of others less: its code may be good elsewhere or later."""

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
    """Staff (`by`) gave the lane another mode than its schedule says, or, `scheduled`, what that
    says from then on."""

    lane: str
    direction: Direction
    mode: LaneMode
    by: str
    scheduled: bool = False


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


@dataclass(frozen=True, slots=True)
class Counted:
    """How many persons the device counts in each zone: what it believes, moves nothing."""

    present: tuple[HeadCount, ...]


@dataclass(frozen=True, slots=True)
class OfflineSold:
    """A kiosk sold and signed the ticket while it could not reach central, on `places` places of
    its `lease`. `price` is what it took for it, by the payment with that `reference`; `code` is
    the signed code on the paper, without which nobody believes it."""

    issued: Ticket
    lease: int
    places: int
    price: Money
    reference: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class LeaseReturned:
    """The kiosk gives back `places` of its lease that it will not sell."""

    lease: int
    places: int


class Clash(Enum):
    """What does not fit together. TWICE: a ticket was admitted more often than allowed. NOT_VALID:
    admitted although it was cancelled, blocked or unpaid by then. BEYOND_LEASE: an offline sale
    without a place leased for it. CLOCK: a device's time cannot be. REVOKED: a sale signed by a
    device after its key was revoked. CLONED: two facts were told under one number, so two devices
    have the same name."""

    TWICE = "twice"
    NOT_VALID = "not_valid"
    BEYOND_LEASE = "beyond_lease"
    CLOCK = "clock"
    REVOKED = "revoked"
    CLONED = "cloned"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the facts that clash: the `number`-th of `device`, at `at` by its clock, `received_at`
    by central's. `cut_off`: what the device said of its connection then."""

    device: str
    number: int
    at: datetime
    received_at: datetime
    lane: str = ""
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Conflicted:
    """Central found that `sides` do not fit together: said once, for people to look at. The first
    side is the fact that goes too far."""

    clash: Clash
    ticket: int | None
    sides: tuple[Side, ...]
    detail: str = ""


Event = (
    ProductPublished
    | KeyPublished
    | ForeignShopPublished
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
    | Counted
    | OfflineSold
    | LeaseReturned
    | Conflicted
)


ONLY_CENTRAL = (
    *(ProductPublished, KeyPublished, ForeignShopPublished),
    *(TicketIssued, TagBound, Conflicted),
)
"""What nobody believes if a device tells it."""


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
            case TicketIssued(issued) | OfflineSold(issued=issued):
                return issued.id
            case (
                TicketPrinted()
                | TagBound()
                | Admitted()
                | Passed()
                | Lapsed()
                | Refused()
                | Forgiven()
                | Conflicted()
            ):
                return self.event.ticket
            case _:
                return None
