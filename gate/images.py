"""The gate's image: taken from central, checked, made durable, put into use while scanning goes on.

It lies beside gate.db, and is what it was or what it shall be, whenever the power goes: a new one
is written to a file of its own, flushed, and takes the place of the old one by one rename. gate.db
follows (`GateLedger.rest_on`), at the next start if need be.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from admission.facts import KeyPublished
from admission.signature import signed_by
from admission.values import IssuerKey
from gate.hearing import Hearing
from gate.ledger import GateLedger, image_of
from runtime.disk import DiskFault, fault_of
from runtime.image import MAX_BYTES, BadImage, Image, Scope
from runtime.log import Repeats
from runtime.wire import fact_from_data

log = logging.getLogger("wicket.gate")

OLD = timedelta(days=1)
"""After that a new one is taken: the horizon moves on."""
FAR_BEHIND = 20_000
"""To fetch so many facts of the feed takes longer than a new image."""
AGAIN_S = 120.0
"""After one that was no good; until then the feed has to do."""
BATCH = 50
"""Facts in one transaction: an entry that is to be recorded meanwhile waits for one."""


class NoAnswer(Exception):
    """Central cannot be reached, or refuses. The message says how."""


class Refused(NoAnswer):
    """It answers, and says no."""


@dataclass(frozen=True)
class Offer:
    """A snapshot that central has. `keys`: those that central signs with; `taken`: see Page."""

    id: str
    epoch: int
    as_of: int
    bytes: int
    taken: int
    keys: tuple[IssuerKey, ...]

    def __post_init__(self) -> None:
        if not (self.id.isascii() and self.id.isalnum() and len(self.id) <= 64):
            raise ValueError(f"{self.id!r} cannot name a snapshot")
        if not 0 < self.bytes <= MAX_BYTES:
            raise ValueError(f"a snapshot of {self.bytes} bytes")


class Source(Protocol):
    """Where snapshots come from. Raises NoAnswer, and Invalid for an answer that makes no sense."""

    async def offer(self, scope: Scope, after: int) -> Offer:
        """One for the scope, as of number `after` of the feed or later."""
        ...

    def content(self, id_: str, start: int) -> AsyncIterator[bytes]:
        """Its bytes from the `start`-th on."""
        ...


class Images:
    def __init__(
        self, ledger: GateLedger, hearing: Hearing, source: Source, site: str, scope: Scope
    ) -> None:
        self._ledger = ledger
        self._hearing = hearing
        self._source = source
        self._site = site
        self._scope = scope
        self._path = image_of(ledger.path)
        self._unfinished: Offer | None = None
        self._due_at = 0.0
        self._repeats = Repeats(log)
        self.trouble = ""
        """Why there is no new one, for the status; "" if all is well."""

    async def begin(self, now: datetime) -> None:
        """Look at what the gate starts with: half of a file, one that is no longer what was signed,
        one of which gate.db knows nothing. Raises DiskFault."""
        await _in_thread(self._path, self._remove_parts)
        image = self._ledger.image
        if image is None:
            return
        try:
            keys = self._ledger.issuers() or await _in_thread(self._path, _keys_in, image)
            await _in_thread(self._path, _check_signed, image, keys)
        except (BadImage, DiskFault) as error:
            log.error("%s is damaged (%s); a new one is taken", self._path, error)
            self._ledger.image = None
            await _in_thread(self._path, self._path.unlink)
            return
        told, (epoch, as_of) = image.told, self._ledger.rests_on
        if told.epoch != epoch:
            await self._fold_rest(image)
        if told.epoch != epoch or told.as_of > as_of:
            await self._ledger.rest_on(told)
        age = now - told.made_at
        self._due_at = self._time() + (OLD - max(timedelta(0), age)).total_seconds()

    def needed(self, behind: int = 0) -> str:
        """Why a new one is to be taken now, `behind` facts before the end of the feed; "" if none
        is."""
        image, epoch_and_n = self._ledger.image, self._ledger.rests_on
        if self.trouble and self._time() < self._due_at:
            return ""
        if image is None:
            return "its image is lost" if any(epoch_and_n) else "it has none"
        told = image.told
        if (told.epoch, told.as_of) != epoch_and_n:
            return "its image is an old one"
        if (told.site, told.scope) != (self._site, self._scope):
            return "its lanes are for others now"
        if behind > FAR_BEHIND:
            return f"{behind} facts are missing"
        return "it is a day old" if self._time() >= self._due_at else ""

    async def refresh(self, why: str, *, anew: bool = False) -> Offer | None:
        """Take a new one; None if it is no good or refused, which is told here. `anew`: it is
        central's word whatever is known here, also what is half fetched. Raises NoAnswer, Invalid
        and DiskFault."""
        after, begun = (0, None) if anew else (self._ledger.cursor, self._unfinished)
        try:
            offer = begun or await self._source.offer(self._scope, after)
            log.info("a snapshot is taken: %s", why)
            part = await self._download(offer)
            image = await _in_thread(part, self._checked, part, offer, anew)
            await self._put_into_use(image, part, anew)
        except (BadImage, Refused) as bad:
            self._due_at = self._time() + AGAIN_S
            self.trouble = f"central's snapshot is no good: {bad}"
            self._repeats.failed(f"{self.trouble}; going on with what is known here")
            self._unfinished = None
            await _in_thread(self._path, self._remove_parts)
            return None
        self._due_at = self._time() + OLD.total_seconds()
        self.trouble = ""
        self._repeats.healed("central's snapshot is good again")
        log.info("snapshot as of %d: %d tickets", image.told.as_of, image.tickets)
        return offer

    async def _download(self, offer: Offer) -> Path:
        """All of it, begun or gone on with. A cut leaves what came, for the next time."""
        part = self._part(offer)
        if self._unfinished is None or self._unfinished.id != offer.id:
            await _in_thread(part, self._remove_parts)
        begun = there = await _in_thread(part, _size, part)
        self._unfinished = offer
        try:
            if there < offer.bytes:
                async for block in self._source.content(offer.id, there):
                    there += len(block)
                    if there > offer.bytes:
                        raise BadImage(f"more than the {offer.bytes} bytes that were offered")
                    await _in_thread(part, _append, part, block)
        finally:
            if there == begun:  # not one byte: it may be gone there
                self._unfinished = None
        if there < offer.bytes:
            raise BadImage(f"{there} of {offer.bytes} bytes")
        return part

    def _checked(self, part: Path, offer: Offer, anew: bool) -> Image:
        """The image in the file, durable. Raises BadImage."""
        image = Image(part)
        told = image.told
        _check_signed(image, self._known({key.id: key for key in offer.keys}))
        if (told.site, told.scope) != (self._site, self._scope):
            raise BadImage(f"it is for {told.site!r} and {told.scope}")
        if (told.epoch, told.as_of) != (offer.epoch, offer.as_of):
            raise BadImage(f"it is as of {told.as_of}, not {offer.as_of}")
        current = self._ledger.rests_on
        if not anew and current[0] == told.epoch and told.as_of < current[1]:
            raise BadImage(f"it is as of {told.as_of}, older than the one here")
        _flush(part)
        return image

    async def _put_into_use(self, image: Image, part: Path, anew: bool) -> None:
        if anew or image.told.epoch != self._ledger.rests_on[0]:
            await self._ledger.begin_anew()
        aside = await self._fold_rest(image)
        await _in_thread(part, _put_in_place, part, self._path)
        old, self._ledger.image = self._ledger.image, image
        if old is not None:
            old.close()
        self._unfinished = None
        await self._hearing.note_set_aside(aside)
        await self._ledger.rest_on(image.told)

    async def _fold_rest(self, image: Image) -> int:
        """In small pieces; how many facts could not be read."""
        rest, aside = image.rest(), 0
        while batch := await _in_thread(image.path, _next_batch, rest):
            aside += await self._hearing.take_rest(batch)
        return aside

    def _known(self, offered: dict[int, IssuerKey]) -> dict[int, IssuerKey]:
        """Keys for which the ledger's word counts more than the offer's."""
        return offered | self._ledger.issuers()

    def _part(self, offer: Offer) -> Path:
        return self._path.with_name(f"{offer.id}.part")

    def _remove_parts(self) -> None:
        for part in self._path.parent.glob("*.part"):
            part.unlink()

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


def _check_signed(image: Image, keys: dict[int, IssuerKey]) -> None:
    """Raises BadImage unless one of central's own keys signed it."""
    id_, signature = image.signature
    key = keys.get(id_)
    if key is None or key.device or key.revoked_at is not None:
        raise BadImage(f"signed with key {id_}, which is none of central's")
    if not signed_by(key.public, signature, image.message):
        raise BadImage(f"the signature with key {id_} is wrong")


def _keys_in(image: Image) -> dict[int, IssuerKey]:
    told = (fact_from_data(data, lenient=True).event for data in image.rest() if _is_key(data))
    return {event.key.id: event.key for event in told if isinstance(event, KeyPublished)}


def _is_key(data: Any) -> bool:
    return isinstance(data, dict) and data.get("kind") == "key_published"


def _next_batch(facts: Iterator[Any]) -> list[Any]:
    return list(islice(facts, BATCH))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _append(part: Path, block: bytes) -> None:
    with part.open("ab") as file:
        file.write(block)


def _flush(file: Path) -> None:
    fd = os.open(file, os.O_RDWR)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _put_in_place(part: Path, path: Path) -> None:
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def _in_thread(path: Path, job: Any, *values: Any) -> Any:
    """The job must not wait for the disk on the loop. Raises DiskFault."""
    try:
        return await asyncio.to_thread(job, *values)
    except OSError as error:
        raise fault_of(error, path) or error from error
