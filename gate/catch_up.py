"""What the bus did not tell is asked of central over HTTP: at the start, when something seems to be
missing, and now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlencode

from gate.hearing import Entry, Hearing
from gate.images import Images, NoAnswer, Offer, Refused, Source
from gate.ledger import GateLedger
from gate.settings import CentralSettings
from gate.trust import Trust
from runtime.convert import Invalid, structure_known
from runtime.disk import DiskFault
from runtime.image import Scope
from runtime.log import Repeats
from runtime.outbox import Outbox, Standing
from runtime.wire import decode

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

log = logging.getLogger("wicket.gate")
__all__ = ["CatchUp", "Central", "HttpCentral", "NoAnswer", "Page", "http_central"]

PAGE = 1000
LOOK_S = 15.0
"""How often central is asked even though nothing seems to be missing."""
AGAIN_S = 1.0
OFFER_S = 120.0
PARTIAL = 206
BLOCK = 1 << 17
DISK_AGAIN_S = 10.0


@dataclass(frozen=True)
class Page:
    """A part of the feed, up to `head` at most. `taken`, `epoch`: see Standing. `now`: the time by
    central's clock."""

    head: int
    entries: tuple[Entry, ...]
    taken: int | None = None
    epoch: int = 0
    now: datetime | None = None

    def __post_init__(self) -> None:
        if any(entry.n > self.head for entry in self.entries):
            raise ValueError(f"entries: not all are up to the head, {self.head}")


class Central(Source, Protocol):
    """What a gate asks central, whatever carries it. Raises NoAnswer, and Invalid for an answer
    that makes no sense."""

    async def page(self, after: int, limit: int) -> Page: ...


class HttpCentral:
    """The Central at a URL; see `http_central`."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def page(self, after: int, limit: int) -> Page:
        return structure_known(await self._get(f"/v1/feed?after={after}&limit={limit}"), Page)

    async def offer(self, scope: Scope, after: int) -> Offer:
        """Central may have to make it first."""
        asked = [("attraction", name) for name in scope.attractions]
        query = urlencode([*asked, ("days", scope.days), ("after", after)])
        return structure_known(await self._get(f"/v1/snapshot?{query}", OFFER_S), Offer)

    async def content(self, id_: str, start: int) -> AsyncIterator[bytes]:
        import aiohttp  # noqa: PLC0415

        patience = aiohttp.ClientTimeout(connect=5, sock_read=15)
        with _no_answer():
            async with self._http.get(
                f"/v1/snapshot/{id_}", headers={"Range": f"bytes={start}-"}, timeout=patience
            ) as answer:
                answer.raise_for_status()
                if start and answer.status != PARTIAL:
                    raise NoAnswer(f"all of the snapshot again instead of the end from {start}")
                async for block in answer.content.iter_chunked(BLOCK):
                    yield block

    async def _get(self, path: str, seconds: float = 30) -> Any:
        import aiohttp  # noqa: PLC0415

        with _no_answer():
            patience = aiohttp.ClientTimeout(total=seconds, connect=5)
            async with self._http.get(path, timeout=patience) as answer:
                answer.raise_for_status()
                return decode(await answer.read(), limit=None)


@contextmanager
def _no_answer() -> Iterator[None]:
    import aiohttp  # noqa: PLC0415

    try:
        yield
    except aiohttp.ClientResponseError as error:
        raise Refused(str(error)) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error


@asynccontextmanager
async def http_central(settings: CentralSettings) -> AsyncIterator[HttpCentral]:
    await asyncio.to_thread(import_module, "aiohttp")  # 100 ms, beside the lanes
    import aiohttp  # noqa: PLC0415

    async with aiohttp.ClientSession(
        base_url=settings.url,
        headers={"Authorization": f"Bearer {settings.token}"},
    ) as http:
        yield HttpCentral(http)


class CatchUp:
    """Fetches what is missing. `where` names central in the log."""

    def __init__(
        self,
        central: Central,
        ledger: GateLedger,
        outbox: Outbox,
        hearing: Hearing,
        trust: Trust,
        *,
        images: Images,
        where: str,
    ) -> None:
        self._central = central
        self._ledger = ledger
        self._outbox = outbox
        self._hearing = hearing
        self._trust = trust
        self._images = images
        self._where = where
        self._behind = asyncio.Event()
        self._begun = False
        self._repeats = Repeats(log)

    def hurry(self) -> None:
        """Something is missing or does not fit: ask now."""
        self._behind.set()

    async def run(self) -> None:
        """Never returns."""
        while True:
            self._behind.clear()
            try:
                await self._fetch()
                self._repeats.healed("central answers again")
            except (NoAnswer, Invalid) as error:
                self._repeats.failed(
                    f"central at {self._where} gives no feed ({error}); scanning goes on "
                    "with what is known here; is [central] url and token right?"
                )
                await asyncio.sleep(AGAIN_S)
                continue
            except DiskFault as fault:
                self._repeats.failed(f"what central tells is not kept: {fault}")
                await asyncio.sleep(DISK_AGAIN_S)
                continue
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._behind.wait()
            except TimeoutError:
                pass

    async def _fetch(self) -> None:
        if not self._begun:
            await self._images.begin(self._trust.now())
            self._begun = True
        outgrown = self._hearing.outgrown and "what was set aside may be readable now"
        if why := self._images.needed() or outgrown:
            await self._take_snapshot(why)
        while True:
            cursor, before = self._ledger.cursor, self._outbox.acknowledged
            asked_at = self._trust.uptime
            page = await self._central.page(cursor, PAGE)
            another = page.epoch != 0 and self._outbox.epoch not in (0, page.epoch)
            if another or page.head < cursor:
                await self._take_snapshot("central's database was put back", anew=True)
            elif why := self._images.needed(page.head - cursor):
                await self._take_snapshot(why)
            await self._outbox.agree(Standing(page.taken, page.epoch), before)
            if another or self._ledger.cursor != cursor:
                continue
            if not page.entries:
                await self._trust.heard(page.now, asked_at)
                return
            await self._hearing.take_feed(page.entries)
            if self._ledger.cursor <= cursor:
                raise Invalid([("entries", f"none after {cursor}")])

    async def _take_snapshot(self, why: str, *, anew: bool = False) -> None:
        """All that central knows, at once."""
        before = self._outbox.acknowledged
        offer = await self._images.refresh(why, anew=anew)
        if offer is not None:
            await self._outbox.agree(Standing(offer.taken, offer.epoch), before)
        elif anew:
            await self._ledger.begin_anew()
