"""The kiosk's own signing key: made here, registered with central, renewed before it ends.

Its secret half never leaves this machine. It lies in files as runtime.keys keeps them:
kiosk-<id>.key in the state folder, or a systemd credential of that name.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from admission.codes import SigningKey
from admission.values import IssuerKey
from kiosk.goods import Refusal
from runtime.keys import load_keys, read_secret, signing, write_key, write_secret
from runtime.settings import BadSettings

log = logging.getLogger("wicket.kiosk.keys")

NAME = "kiosk"
RENEWED_BEFORE = timedelta(days=30)
LATE = timedelta(days=1)
"""How long the file of a key that has ended is kept, for a clock that was wrong."""


class Registry(Protocol):
    """Central, as far as keys go. Both raise CentreFault."""

    async def keys(self) -> tuple[IssuerKey, ...]: ...

    async def register(self, public: bytes) -> IssuerKey | Refusal: ...


class KioskKeys:
    """Raises BadSettings for a file that is damaged, or that others may read."""

    def __init__(self, folder: Path, device: str) -> None:
        self._folder, self._device = folder, device
        self._draft = folder / f"{NAME}.new"
        self._own = load_keys(folder, NAME)
        self._known: dict[int, IssuerKey] | None = None

    def signing(self, now: datetime) -> SigningKey | None:
        """The key to sign with now, if there is any."""
        return signing([key for key in self._own if self._good(key, now)], now)

    def why_not(self, now: datetime) -> str:
        """What is wrong, for staff; "" if there is a key to sign with."""
        if self._revoked():
            return "the key of this kiosk was revoked"
        if self.signing(now) is not None:
            return ""
        return "this kiosk has no key yet" if not self._own else "the key of this kiosk has ended"

    async def look_after(self, registry: Registry, now: datetime) -> None:
        """Hear of revocations; register a key if there is none that lasts. May raise CentreFault,
        BadSettings."""
        self._known = {key.id: key for key in await registry.keys()}
        self._forget(now)
        if self._revoked() or any(self._lasts(key, now) for key in self._own):
            return
        seed = self._new_seed()
        unnumbered = SigningKey(0, seed, now)
        made = await registry.register(unnumbered.issuer.public)
        if isinstance(made, Refusal):
            log.warning("central registers no key of this kiosk: %s", made.code)
            return
        key = SigningKey(made.id, seed, made.valid_from, made.valid_until)
        write_key(self._folder / f"{NAME}-{made.id}.key", key)
        self._draft.unlink()
        self._own = load_keys(self._folder, NAME)
        self._known[made.id] = made
        log.info("this kiosk signs with key %d from %s on", made.id, made.valid_from)

    def _new_seed(self) -> bytes:
        """On the disk before central hears of its public half, so that no key is lost."""
        if not self._draft.exists():
            write_secret(self._draft, secrets.token_hex(32))
        try:
            return bytes.fromhex(read_secret(self._draft))
        except ValueError as error:
            raise BadSettings([f"{self._draft}: no key ({error}); delete it"]) from error

    def _good(self, key: SigningKey, now: datetime) -> bool:
        ended = key.valid_until is not None and now >= key.valid_until
        return key.valid_from <= now and not ended and not self._revoked() and self._is_known(key)

    def _lasts(self, key: SigningKey, now: datetime) -> bool:
        until = key.valid_until
        return self._is_known(key) and (until is None or now < until - RENEWED_BEFORE)

    def _is_known(self, key: SigningKey) -> bool:
        """Whether it is central's opinion too, as far as that was heard since the start."""
        if self._known is None:
            return True
        known = self._known.get(key.id)
        return known is not None and known.public == key.issuer.public

    def _revoked(self) -> bool:
        known = self._known.values() if self._known else ()
        return self._mark.exists() or any(
            key.revoked_at is not None for key in known if key.device == self._device
        )

    @property
    def _mark(self) -> Path:
        return self._folder / f"{NAME}.revoked"

    def _forget(self, now: datetime) -> None:
        """A revocation outlives a restart; keys that have ended do not."""
        if self._revoked() and not self._mark.exists():
            write_secret(self._mark, "a key of this kiosk was revoked\n")
            log.error(
                "a key of this kiosk was revoked: it sells no more while central is away. When it"
                " is yours again, give it a new name in kiosk.toml and central.toml and empty %s",
                self._folder,
            )
        for key in self._own:
            if key.valid_until is not None and now > key.valid_until + LATE:
                (self._folder / f"{NAME}-{key.id}.key").unlink(missing_ok=True)
        self._own = load_keys(self._folder, NAME)
