"""What every route of the HTTP interface works with (docs/openapi.yaml)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from admission.codes import SigningKey
from central.catalogue.venue import Venue
from central.catalogue.venues import Current
from central.http import answers
from central.http.access import client_of
from central.http.address import address_of
from central.http.bodies import idempotency_key
from central.http.idempotency import Answer, Call, once
from central.http.web import answered
from central.keys import Keyring
from central.metrics import Metrics
from central.sale.states import By, Refused
from central.settings import CentralSettings
from central.store.database import Database
from central.sync.publisher import Pulse

MAX_ADDRESS = 64


@dataclass(frozen=True)
class Api:
    """`clock` gives the time of each call."""

    settings: CentralSettings
    venues: Current
    keys: Keyring
    database: Database
    clock: Callable[[], datetime]
    metrics: Metrics = field(default_factory=Metrics)
    pulse: Pulse = field(default_factory=Pulse)
    ordered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a command to a device is written down."""

    @property
    def key(self) -> SigningKey:
        """To sign with now."""
        return self.keys.at(self.clock())

    @property
    def venue(self) -> Venue:
        """As it is now; the next call may see another one."""
        return self.venues.revision.venue

    def address_of(self, request: web.Request) -> str:
        """The network address from which it is asked."""
        return address_of(request, proxy=self.settings.public.proxy)[:MAX_ADDRESS]

    async def catch_up(self) -> bool:
        """Answer with the newest venue of the database from now on; false if that is so already.
        Raises DatabaseDown, or BadSettings when this version cannot read it."""
        newer = await self.database.read(self.venues.look)
        if newer is None:
            return False
        self.venues.revision = newer
        return True

    async def once(
        self, request: web.Request, act: Callable[[Connection, By], Answer | Refused]
    ) -> web.Response:
        """Do it in one transaction, or tell what came of it when this was asked before: every
        write carries an Idempotency-Key."""
        by = By(client_of(request), self.clock(), self.address_of(request))
        key, body = idempotency_key(request), await request.read()
        call = Call(by.who, request.path, key, body)
        return answered(
            await self.database.write(lambda c: once(c, call, by.at, lambda c: _said(act(c, by))))
        )

    async def look(self, work: Callable[[Connection], Answer | Refused]) -> web.Response:
        """Answer from what is committed."""
        return answered(await self.database.read(lambda c: _said(work(c))))


def _said(answer: Answer | Refused) -> Answer:
    return answers.refusal(answer) if isinstance(answer, Refused) else answer
