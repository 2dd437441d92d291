"""Makes of a delivery what a gateway sends: the words, the number or address, the papers."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from sqlalchemy import Connection

from central.delivery import notices, phones, words
from central.delivery.gateway import Needless, NotSent, Paper, Parcel
from central.delivery.outbox import ONCE, Delivery, Kind
from central.http.api import Api
from central.papers.pdf import tickets_pdf
from central.papers.sheet import Papers, of_request
from central.sale.request_rows import find_by_id
from central.sale.states import Refused

log = logging.getLogger("wicket.central")


async def parcel_of(api: Api, delivery: Delivery) -> Parcel:
    """Raises NotSent for what can go to nobody, or has no words, Needless for cancelled tickets."""
    draft, settings = delivery.draft, api.settings
    if await api.database.read(lambda connection: notices.is_over(connection, draft)):
        raise Needless("the tickets were cancelled before it went out")
    try:
        message = words.render(draft, api.venue, settings.public.url)
    except words.NoWords as error:
        log.error("%s %d has no words: %s", draft.kind.value, delivery.id, error)
        raise NotSent(str(error), most=ONCE) from error
    # The time, for a database that was put back gives numbers again which gateways have seen.
    id_ = f"{settings.site}-delivery-{delivery.id}-{delivery.created_at:%Y%m%dT%H%M%S}"
    parcel = Parcel(id_, draft.to, message.body, message.subject, message.language)
    if draft.kind is Kind.SMS:
        return replace(parcel, to=_number(draft.to, settings.sms.country if settings.sms else ""))
    if draft.attach:
        return replace(parcel, papers=await _papers(api, delivery))
    return parcel


def _number(to: str, country: str) -> str:
    number = phones.parse(to, country)
    if isinstance(number, Refused):
        raise NotSent(f"impossible phone number: {number.detail}", most=ONCE)
    return number


async def _papers(api: Api, delivery: Delivery) -> tuple[Paper, ...]:
    """The tickets as they are now, without those that were cancelled."""
    draft, venue = delivery.draft, api.venue

    def look(connection: Connection) -> Papers | None:
        found = find_by_id(connection, [draft.request or 0])
        if not found:
            return None
        return of_request(connection, venue, found[0], draft.language, draft.tickets).good

    papers = await api.database.read(look)
    if papers is None or not papers.sheets:
        return ()
    content = await asyncio.to_thread(tickets_pdf, papers)
    return (Paper(f"tickets-{papers.order}.pdf", "application/pdf", content),)
