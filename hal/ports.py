"""What devices do. Constructors do not touch the world; opening is `async with`.

Every method may raise DeviceFault: the device is lost or refuses. Its owner closes it, says so
once, and opens it again with a pause between tries.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
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

    def set(self, on: bool) -> None: ...


class InputLine(Device, Protocol):
    def changes(self) -> AsyncIterator[bool]:
        """Debounced: True when the line becomes active, False when it becomes inactive."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A body went through."""

    direction: Direction


class Turnstile(Device, Protocol):
    """Locked when opened and when closed."""

    async def release(self, direction: Direction) -> None:
        """Let bodies through until `lock`."""
        ...

    async def lock(self) -> None: ...

    def passages(self) -> AsyncGenerator[Passage, None]:
        """Every body that goes through from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What a lane tells the visitor. `tone` is "idle", "welcome" or "refuse"."""

    tone: str
    title: str
    text: str = ""


class LaneDisplay(Device, Protocol):
    async def show(self, notice: Notice) -> None: ...


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
class Slip:
    """One piece of paper, cut at its end."""

    parts: tuple[SlipText | SlipCode | SlipRule, ...]


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
