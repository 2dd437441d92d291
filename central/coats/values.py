"""What the coat check speaks of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from admission.values import Money

MAX_PIECES = 20
"""Of one coat ticket."""
ENTRY_LASTS = timedelta(minutes=30)
"""A pre-registration."""
UNFETCHED_DAYS = 180
"""What nobody fetches keeps its visitor's phone number so long, and histories are kept so long."""
SECRET_BYTES = 16


class PayWhen(Enum):
    """When a cloakroom wants its money."""

    NEVER = "none"
    CHECK_IN = "check_in"
    PICK_UP = "pick_up"


class TagState(Enum):
    IN_SERVICE = "ok"
    RETIRED = "retired"
    LOST = "lost"


class CoatState(Enum):
    """open → fetched, or open → left behind (lies in lost property) → fetched. What nobody fetches
    is disposed of in the end."""

    OPEN = "open"
    LEFT = "left"
    FETCHED = "fetched"
    DISPOSED = "disposed"


class Proof(Enum):
    """By what a visitor showed whose coat it is; the value is how a history tells it."""

    LINK = "the link's QR code"
    CODE = "the code"
    PHONE = "the phone number"


@dataclass(frozen=True)
class House:
    """What the rules must know of the venue; `country` (ISO 3166 like "DE") is that of phone
    numbers without one, "" if they all need one."""

    country: str
    currency: str
    zone: ZoneInfo

    def clock(self, at: datetime) -> str:
        """21:04"""
        return f"{at.astimezone(self.zone):%H:%M}"

    def moment(self, at: datetime) -> str:
        """Sat 21 Nov 21:04: what is told of a coat may be of days ago."""
        return f"{at.astimezone(self.zone):%a %d %b %H:%M}"


@dataclass(frozen=True)
class Rack:
    """`id` is 0 for a new one. `capacity` is how many pieces it carries."""

    name: str
    capacity: int
    id: int = 0


@dataclass(frozen=True)
class Cloakroom:
    """`id` is 0 for a new one. `price` (of each piece) includes `tax_percent`; `closes` is a wall
    time like "22:30" or ""; phone numbers, names and pictures are deleted `kept_days` after the
    last piece was fetched."""

    name: str
    racks: tuple[Rack, ...]
    payment: PayWhen = PayWhen.NEVER
    price: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)
    closes: str = ""
    kept_days: int = 7
    id: int = 0

    @property
    def mark(self) -> str:
        """Another one once anything of it was changed."""
        return _mark(repr(self))


@dataclass(frozen=True)
class Tag:
    """`text` is written on it and always shown. `code` is what a reader says of it: the number of
    its NFC chip, or the text of its barcode; "" if it has none. `ticket` is the coat ticket whose
    piece hangs on it, 0 when it is free."""

    id: int
    cloakroom: int
    rack: str
    text: str
    code: str
    state: TagState
    ticket: int = 0

    @property
    def free(self) -> bool:
        return not self.ticket and self.state is TagState.IN_SERVICE


@dataclass(frozen=True)
class Piece:
    """`hangs` until it was fetched or brought to lost property."""

    id: int
    tag: str
    rack: str
    hangs: bool
    fetched_at: datetime | None
    fetched_by: str


@dataclass(frozen=True)
class Sms:
    """How the newest SMS with the code is: its `state` is one of central.delivery.outbox's, `said`
    what the gateway answered last."""

    state: str
    said: str = ""


@dataclass(frozen=True)
class Coat:
    """A coat ticket. `phone` is E.164 or ""; `place` where it lies in lost property, or what became
    of it; `paid` is less what was given back, and `tax_percent` of it is tax; `receipt` the last
    one, like "anna 17"; `fetched_at` when nothing of it was there any more; `pictures` are ids;
    with `forgotten` its visitor's data is deleted. `sms` is None if nothing was to be sent."""

    id: int
    cloakroom: int
    cloakroom_name: str
    code: str
    secret: str
    state: CoatState
    phone: str
    name: str
    language: str
    price: Money
    paid: Money
    tax_percent: Decimal
    receipt: str
    made_at: datetime
    who: str
    place: str
    fetched_at: datetime | None
    fetched_by: str
    forgotten: bool
    pieces: tuple[Piece, ...]
    pictures: tuple[int, ...] = ()
    sms: Sms | None = None

    @property
    def due(self) -> Money:
        """What is still to be paid."""
        return Money(self.price.amount - self.paid.amount, self.price.currency)

    @property
    def waiting(self) -> tuple[Piece, ...]:
        """The pieces that were not fetched."""
        return tuple(piece for piece in self.pieces if piece.fetched_at is None)

    @property
    def hang_back(self) -> tuple[Piece, ...]:
        """The pieces that were fetched last, whose tags have to go back to their racks; those of
        what lay in lost property hang there already."""
        last = max((piece.fetched_at for piece in self.pieces if piece.fetched_at), default=None)
        if last is None or self.place:
            return ()
        return tuple(piece for piece in self.pieces if piece.fetched_at == last)

    @property
    def disposed(self) -> tuple[Piece, ...]:
        """The pieces that nobody fetched in the end."""
        if self.state is not CoatState.DISPOSED:
            return ()
        return tuple(piece for piece in self.pieces if piece.fetched_at == self.fetched_at)

    @property
    def tags(self) -> str:
        """ "A17, A18": of what was not fetched; of all when everything was."""
        return ", ".join(piece.tag for piece in self.waiting or self.pieces)

    @property
    def told(self) -> bool:
        """Whether the visitor has the code by SMS; else show or print it."""
        return self.sms is not None and self.sms.state == "sent"

    @property
    def path(self) -> str:
        """Its public page, below the public address of central."""
        return path_of(self.secret)


@dataclass(frozen=True)
class Entry:
    """A pre-registration that lives until `until`."""

    secret: str
    cloakroom: int
    phone: str
    name: str
    language: str
    made_at: datetime

    @property
    def until(self) -> datetime:
        return self.made_at + ENTRY_LASTS

    @property
    def path(self) -> str:
        return path_of(self.secret)

    @property
    def mark(self) -> str:
        """Its name in addresses of the office, from which nobody learns the secret."""
        return _mark(self.secret)


@dataclass(frozen=True)
class Note:
    """What happened to a coat ticket, for its history."""

    at: datetime
    who: str
    what: str


@dataclass(frozen=True)
class Pay:
    """How a fee is paid or given back: "cash", "card" with the terminal's receipt number as
    `reference`, or "voucher" with the voucher's code. `shown` is what staff and visitor saw before
    (what is due, or what was paid); None for whatever it is."""

    method: str
    reference: str = ""
    shown: Decimal | None = None


@dataclass(frozen=True)
class Deposit:
    """What a visitor gives. `tags` are texts, or codes as a reader says them. `phone` is as typed,
    "" for none; `entry` is the pre-registration's secret or link (then phone, name and language
    come from it if they are ""). `over` hangs more than a rack carries: for supervisors."""

    cloakroom: int
    tags: tuple[str, ...]
    phone: str = ""
    entry: str = ""
    name: str = ""
    language: str = ""
    pay: Pay | None = None
    over: bool = False


def path_of(secret: str) -> str:
    """Of the public page of a pre-registration, and then of the coat ticket that it became."""
    return f"/c/{secret}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
