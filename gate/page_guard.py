"""Who may use the technician's page, and from where."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SESSION_S = 12 * 3600.0
SESSIONS = 32
TRIES = 5
WITHIN_S = 60.0
"""So many wrong passwords within this time, from wherever, and all have to wait."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class TooManyTries(Exception):
    """Wrong passwords came too fast. The text says how long to wait."""


class Guard:
    """Sessions of those who knew the password. Without a password everybody may enter who asks
    for this computer by a name that only itself can mean: no foreign site has led them here."""

    def __init__(self, password: str, time: Callable[[], float]) -> None:
        self._password = password.encode()
        self._time = time
        self._sessions: dict[str, float] = {}
        self._wrong: deque[float] = deque(maxlen=TRIES)

    @property
    def asks(self) -> bool:
        return bool(self._password)

    def log_in(self, password: str) -> str | None:
        """A new session, if the password is right. Raises TooManyTries."""
        now = self._time()
        if len(self._wrong) == TRIES and now - self._wrong[0] < WITHIN_S:
            wait = WITHIN_S - (now - self._wrong[0])
            raise TooManyTries(f"too many wrong passwords; try again in {wait:.0f} seconds")
        if not hmac.compare_digest(password.encode(errors="replace"), self._password):
            self._wrong.append(now)
            return None
        session = secrets.token_urlsafe(32)
        self._sessions[session] = now + SESSION_S
        while len(self._sessions) > SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return session

    def log_out(self, session: str) -> None:
        self._sessions.pop(session, None)

    def knows(self, session: str) -> bool:
        return not self.asks or self._time() < self._sessions.get(session, 0.0)

    def trusts_host(self, host: str) -> bool:
        return self.asks or _parts(f"//{host}").hostname in LOOPBACK


def own_page(headers: Mapping[str, str], host: str) -> bool:
    """Whether a request that changes something comes from this page, or from no page at all."""
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = headers.get("Origin")
    return origin is None or _parts(origin).netloc == host


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
