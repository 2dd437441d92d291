"""What carries messages, as everybody sees it who need not know that it is MQTT."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connected:
    """The session is new: whatever was missed meanwhile must be asked for."""


class Bus(Protocol):
    """One session that outlives its connections. It promises nothing: a message may be lost, late,
    or come twice, and whoever needs it must be told by other means."""

    @property
    def online(self) -> bool: ...

    async def run(self) -> None:
        """Connect, and connect again whenever the connection is lost. Never returns."""
        ...

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """True when it is on its way (which does not mean that anyone has read it)."""
        ...

    def messages(self) -> AsyncIterator[Connected | Message]:
        """Connected() after every connect, then what arrives. For one listener."""
        ...
