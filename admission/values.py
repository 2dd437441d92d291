"""The words of the field (docs/glossary.md) as frozen values. Every time is aware and UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs times with a time zone")
        if self.end <= self.start:
            raise ValueError("a window must end after it starts")

    def __contains__(self, now: datetime) -> bool:
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the major unit of an ISO 4217 currency: Money(Decimal("12.50"), "EUR")."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)


class Validation(Enum):
    """How often an entitlement may be used."""

    SINGLE = "single"
    SAME_DAY = "same_day"
    MULTIPLE = "multiple"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One line of a product: the attraction it opens and how often.

    SINGLE: once per person. SAME_DAY: again and again on the local day of the first entry.
    MULTIPLE: `uses` times per person. PERIOD: as often as wanted while the window lasts. At most
    `persons` of those whom the ticket admits (None: all of them). For `grace_s` seconds after an
    entry the same lane lets the same ticket in once more for nothing. With `reentry` an exit scan
    gives the entry back.
    """

    attraction: str
    validation: Validation = Validation.SINGLE
    uses: int = 1
    grace_s: int = 0
    reentry: bool = False
    persons: int | None = None


class CutOff(Enum):
    """What a gate that cannot hear the others does with a ticket: it decides ALONE, or only the
    HOME_GATE admits it, or its holder goes to a STAFF_LANE."""

    ALONE = "alone"
    HOME_GATE = "home_gate"
    STAFF_LANE = "staff_lane"


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold, as far as a gate must know it. `id` is 1..65535, as printed in the code. `home`
    is the device that admits it while others cannot hear it (HOME_GATE)."""

    id: int
    name: str
    entitlements: tuple[Entitlement, ...]
    cut_off: CutOff = CutOff.ALONE
    home: str = ""

    def opening(self, attractions: frozenset[str]) -> Iterator[Entitlement]:
        """The lines that open one of `attractions`, in order."""
        return (e for e in self.entitlements if e.attraction in attractions)


class TicketState(Enum):
    VALID = "valid"
    UNPAID = "unpaid"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Ticket:
    """An issued right: who holds `id` (63 bits) may bring `persons` through within `window`.

    `language` is the visitor's, a BCP 47 tag; "" if nobody knows it. `windows` are those of single
    attractions, all within `window`; where there are any, the ticket opens no other attraction.
    """

    id: int
    product: int
    window: Window
    persons: int = 1
    state: TicketState = TicketState.VALID
    language: str = ""
    windows: tuple[tuple[str, Window], ...] = ()

    def window_at(self, attraction: str) -> Window | None:
        """When it opens the attraction, as far as its product does; None if it never does."""
        return dict(self.windows).get(attraction) if self.windows else self.window


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """An Ed25519 public key (32 bytes) whose signature makes a ticket, from `valid_from` on and, if
    it is dated, before `valid_until`. `device` signs with it ("": central). Once `revoked_at` is
    set, only tickets that somebody told of are good; sales told for later times are not."""

    id: int
    public: bytes
    valid_from: datetime
    valid_until: datetime | None = None
    device: str = ""
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.public) != 32:
            raise ValueError(f"an Ed25519 public key has 32 bytes, not {len(self.public)}")


class Direction(Enum):
    IN = "in"
    OUT = "out"


class LaneMode(Enum):
    """CONTROLLED asks for tickets, FREE lets everybody through, CLOSED nobody. EMERGENCY is no
    mode that anyone chooses: fire has opened every way."""

    CONTROLLED = "controlled"
    FREE = "free"
    CLOSED = "closed"
    EMERGENCY = "emergency"


class AntiPassback(Enum):
    """What becomes of a ticket that enters a zone in which its holder is already: nothing, an
    entry with a remark, a refusal."""

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Zone:
    """The area behind lanes. `capacity` persons at most may be in it (None: any number). A
    ticket's entry is forgotten for anti-passback after `reset_after` (None: never). The zone
    without a name is nobody's: nothing is counted there."""

    name: str = ""
    capacity: int | None = None
    anti_passback: AntiPassback = AntiPassback.OFF
    reset_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One recorded entry on a ticket: `persons` were let in, `returned` of them never walked.
    `again`: on re-scan grace, so it cost nothing."""

    attraction: str
    at: datetime
    device: str
    lane: str
    persons: int
    returned: int = 0
    zone: str = ""
    again: bool = False

    @property
    def entered(self) -> int:
        return max(0, self.persons - self.returned)


@dataclass(frozen=True, slots=True)
class Exit:
    """`persons` of a ticket left `zone`."""

    zone: str
    at: datetime
    persons: int


@dataclass(frozen=True, slots=True)
class History:
    """All that happened to one ticket, in any order. `forgiven`: by staff, zone and when."""

    uses: tuple[Use, ...] = ()
    exits: tuple[Exit, ...] = ()
    forgiven: tuple[tuple[str, datetime], ...] = ()


class Control(Enum):
    """What counts against the capacity of a time slot (central/capacity/visits.py): places that are
    sold, also whoever was admitted, or who is present. NONE: nothing does."""

    SALES = "sales"
    ADMITTED = "admitted"
    PRESENT = "present"
    NONE = "none"

    @property
    def counts_visits(self) -> bool:
        return self in {Control.ADMITTED, Control.PRESENT}


@dataclass(frozen=True, slots=True)
class TimeSlot:
    """A bookable time of an attraction. `capacity` None means no limit; `shares` are pairs of a
    sales channel and the most it may have of the capacity, in percent; `seating` names the plan of
    its seats, "" for none."""

    id: str
    attraction: str
    start: datetime
    end: datetime
    arrival: Window
    sales: Window
    capacity: int | None
    shares: tuple[tuple[str, int], ...] = ()
    seating: str = ""
    control: Control = Control.SALES
