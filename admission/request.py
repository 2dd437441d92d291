"""The question put to the rules, what they ask of the ledger, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol
from zoneinfo import ZoneInfo

from admission.foreign import ForeignShop
from admission.reasons import Reason
from admission.values import (
    Direction,
    Entitlement,
    History,
    IssuerKey,
    LaneMode,
    Product,
    Ticket,
    Zone,
)


class LedgerView(Protocol):
    """What the rules ask of the ledger. Answers are of this moment and cost no waiting."""

    def ticket(self, ticket_id: int) -> Ticket | None: ...
    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None: ...
    def ticket_by_tag(self, tag: str) -> Ticket | None: ...
    def product(self, product_id: int) -> Product | None: ...
    def issuer(self, key_id: int) -> IssuerKey | None: ...
    def foreign_shops(self) -> Sequence[ForeignShop]: ...
    def history(self, ticket_id: int) -> History: ...
    def present(self, zone: str) -> int:
        """Persons in the zone now, with those who are let in at this moment."""
        ...


class Doubt(Enum):
    """What to do where the gate cannot be sure: send the visitor to staff, or admit."""

    STAFF_LANE = "staff_lane"
    ADMIT = "admit"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a venue decides for its gates.

    `unlisted`: a genuine code of a ticket that central has not told this gate about.
    `untrusted_clock`: the time is not known; ADMIT judges no arrival windows then.
    `stale_after`: how old the last word from central may be (None: any age); `stale` counts then.
    """

    unlisted: Doubt = Doubt.ADMIT
    untrusted_clock: Doubt = Doubt.STAFF_LANE
    stale_after: timedelta | None = None
    stale: Doubt = Doubt.STAFF_LANE


NOWHERE = Zone()
LENIENT = Policy()


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """Somebody shows `code` at `lane` of the gate `device`, which opens to `attractions`, leading
    into `zone` (or out of it). `timezone` tells local days. `heard_ago`: since when central has
    said nothing. At a `staffed` lane no doubt sends anybody away. `cut_off`: this gate cannot hear
    the others. `in_touch`: the devices that hear now what it tells, itself among them (None: all).
    """

    code: str
    attractions: frozenset[str]
    timezone: ZoneInfo
    mode: LaneMode = LaneMode.CONTROLLED
    lane: str = ""
    direction: Direction = Direction.IN
    zone: Zone = NOWHERE
    policy: Policy = LENIENT
    clock_trusted: bool = True
    heard_ago: timedelta = timedelta(0)
    staffed: bool = False
    cut_off: bool = False
    in_touch: frozenset[str] | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """`persons` may pass now, on this line of the ticket's product (None: on the way out).

    `again`: on re-scan grace. `remark`: what a strict venue would have refused it for.
    """

    ticket: Ticket
    entitlement: Entitlement | None
    persons: int
    again: bool = False
    remark: Reason | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """Refused. `at` is when it was used, opens or closed; `where` the lane of the earlier use, or
    the gate that may admit it."""

    reason: Reason
    ticket: Ticket | None = None
    at: datetime | None = None
    where: str | None = None


Answer = Granted | Denied


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and what it said: None is "nothing against it"."""

    rule: str
    answer: Answer | None = None
