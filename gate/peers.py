"""Whom a gate is in touch with now. Times are seconds of a clock that nobody can set.

It is cut off unless all of this holds: its broker is there; central's feed was heard on it within
FEED_S, be it that nothing is new; and what it missed before was fetched since. Another device is
in touch if the gate is not cut off itself and hears that device say, every STATUS_S, that it is
online and has sent all that it told while it was away.

A retained message proves nothing: what it says was so at some time. The broker tells of a client
that is gone after 1.5 times its keepalive (MQTT 3.1.1, 3.1.2.10), by its last will; a broker that
is itself cut off tells nobody, so a device that is silent is in touch no more after SILENT_S.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

FEED_S = 25.0
"""Two and a half heartbeats of the feed (central.publisher.HEARTBEAT_S); a lost broker is noticed
sooner: within two keepalives."""
STATUS_S = 30.0
"""How often a device tells its status."""
SILENT_S = 2.5 * STATUS_S


class Peers:
    def __init__(self, device: str) -> None:
        self.online: Callable[[], bool] = lambda: False
        """Whether the broker is there at this moment; whoever has the bus knows."""
        self._device = device
        self._missing_since = 0.0
        self._complete = False
        self._fed_at = -inf
        self._heard_at: dict[str, float] = {}

    def missed(self, now: float) -> None:
        """The connection is new or a message was lost: others may have told something by `now`."""
        self._missing_since = now
        self._complete = False

    def caught_up(self, asked_at: float) -> None:
        """Central, asked at that time, has told all that it knows."""
        if asked_at >= self._missing_since:
            self._complete = True

    def fed(self, now: float) -> None:
        """Central's feed was heard."""
        self._fed_at = now

    def told(self, device: str, now: float, *, here: bool) -> None:
        """A device said, at this moment, whether it is here and has sent all that it told."""
        if here:
            self._heard_at[device] = now
        else:
            self._heard_at.pop(device, None)

    def cut_off(self, now: float) -> bool:
        """Whether this gate cannot hear the others."""
        fed = now - self._fed_at <= FEED_S
        return not (fed and self._complete and self.online())

    def in_touch(self, now: float) -> frozenset[str]:
        """The devices that hear what this gate tells now, itself among them."""
        if self.cut_off(now):
            return frozenset((self._device,))
        heard = (name for name, at in self._heard_at.items() if now - at <= SILENT_S)
        return frozenset((self._device, *heard))
