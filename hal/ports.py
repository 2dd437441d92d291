"""What devices do. Constructors do not touch the world; opening is `async with`.

Every method may raise DeviceFault: the device is lost or refuses. Its owner closes it, says so
once, and opens it again with a pause between tries.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Self

from admission.values import Direction, Money

MAX_CODE = 1024
"""The longest scan, in characters, that a reader hands on; the rest of a longer one is dropped."""


class DeviceFault(Exception):
    """A device is lost or refuses. `hint` tells the operator what to do about it."""

    def __init__(self, device: str, problem: str, hint: str) -> None:
        super().__init__(f"{device}: {problem}; {hint}")
        self.device, self.problem, self.hint = device, problem, hint


class Device(AbstractAsyncContextManager["Device", None], Protocol):
    name: str

    async def __aenter__(self) -> Self: ...


@dataclass(frozen=True, slots=True)
class Scan:
    """One code as read: at most MAX_CODE characters, undecodable bytes replaced by U+FFFD."""

    text: str


class CodeReader(Device, Protocol):
    def scans(self) -> AsyncIterator[Scan]:
        """Every code from now on; ends only by DeviceFault or cancellation."""
        ...


class OutputLine(Device, Protocol):
    """A line that is off (its safe level) when opened, when closed and when the process dies."""

    async def set(self, on: bool) -> None:
        """Return when the line has switched; DeviceFault when it has not, or did not confirm."""
        ...


class InputLine(Device, Protocol):
    def changes(self) -> AsyncIterator[bool]:
        """Debounced: first the level as it stands, active (True) or not (False), then each change.
        The first is no edge: it holds whatever was heard before the line was lost."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A body went through. `direction` None: the sensor cannot tell which way."""

    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """A body stands in the passage (`began`), or has left it, whichever way."""

    began: bool


class Trouble(Enum):
    SENSOR_STUCK = "sensor_stuck"
    HELD_OPEN = "held_open"


@dataclass(frozen=True, slots=True)
class Troubled:
    """A lasting trouble began (`on`) or ended."""

    trouble: Trouble
    on: bool


@dataclass(frozen=True, slots=True)
class ReleaseAsked:
    """Somebody pressed the button at the barrier that asks to be let through."""

    direction: Direction


TurnstileEvent = Passage | Passing | Troubled | ReleaseAsked


class Turnstile(Device, Protocol):
    """Locked when opened and when closed, as far as its power-loss behaviour allows.

    It tells what it sees and judges nothing: whether a Passage was allowed, forced or a second
    body behind the first is for the lane to say.
    """

    directions: frozenset[Direction]
    """Which ways it can be released."""

    async def release(self, direction: Direction) -> None:
        """Let one body through; called again for each further one. DeviceFault if it cannot."""
        ...

    async def open(self, direction: Direction) -> None:
        """Let everybody through until `lock`."""
        ...

    async def lock(self, direction: Direction) -> None:
        """End `release` and `open` of this direction."""
        ...

    async def evacuate(self) -> None:
        """Fire: open every way there is, at once, and hold it until each direction is locked.
        Tries every line even when some of them fault, then raises the first DeviceFault."""
        ...

    def events(self) -> AsyncGenerator[TurnstileEvent, None]:
        """All that the sensors see from now on."""
        ...


class Tone(Enum):
    """What a notice means, for colour, shape and sound; never told by one of them alone."""

    IDLE = "idle"
    WAIT = "wait"
    WELCOME = "welcome"
    REFUSE = "refuse"
    FREE = "free"
    CLOSED = "closed"
    ALARM = "alarm"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a lane tells the visitor; `language` is the BCP 47 tag of its title and text."""

    tone: Tone
    title: str
    text: str = ""
    language: str = "en"


class LaneDisplay(Device, Protocol):
    async def show(self, notice: Notice) -> None:
        """Show it until the next one. May take as long as its sound lasts; a call is cancelled
        when the next notice comes."""
        ...


@dataclass(frozen=True, slots=True)
class SlipText:
    text: str
    large: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class SlipCode:
    """A QR code; `caption` is the same right in characters a person can type."""

    data: str
    caption: str


@dataclass(frozen=True, slots=True)
class SlipRule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class SlipImage:
    """A picture in the middle of the paper, a PNG, a dot of it for each dot of the printer; made
    smaller if the paper is. One that cannot be read is left out."""

    png: bytes


SlipPart = SlipText | SlipCode | SlipRule | SlipImage


@dataclass(frozen=True, slots=True)
class Slip:
    """One piece of paper, cut at its end."""

    parts: tuple[SlipPart, ...]


class TicketPrinter(Device, Protocol):
    async def print(self, slip: Slip) -> None:
        """Return when the printer has taken the whole slip; DeviceFault when it has not."""
        ...


@dataclass(frozen=True, slots=True)
class Charged:
    """The terminal took the money; `reference` is its receipt number."""

    reference: str


@dataclass(frozen=True, slots=True)
class NotCharged:
    """No money was taken, or all of it was given back; `reason` is a short word."""

    reason: str


class PaymentTerminal(Device, Protocol):
    """`charge_id` is ours, written to the journal before the terminal is asked."""

    async def charge(self, charge_id: str, amount: Money) -> Charged | NotCharged:
        """Ask the visitor to pay. Cancelling the call ends the attempt; ask `outcome` then."""
        ...

    async def outcome(self, charge_id: str) -> Charged | NotCharged:
        """What became of an earlier charge; NotCharged("unknown") if the terminal has none."""
        ...

    async def reverse(self, charge_id: str) -> None:
        """Give the money back; doing it twice is harmless."""
        ...
