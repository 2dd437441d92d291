"""What somebody with a link may see, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from admission.values import History
from central.catalogue.venue import Venue
from central.papers import links, sheet
from central.papers.sheet import Papers, Sheet
from central.papers.standing import Stand, Standing, standing
from central.sale.request_rows import find_by_id
from central.sale.states import Status, TicketRequest
from central.sale.vouchers import Voucher, VoucherState
from central.store.schema import time_slot
from central.sync import feed


@dataclass(frozen=True)
class Gone:
    """The link has done its work."""


@dataclass(frozen=True)
class Opened:
    """`standings` are of the sheets, one each. `whole`: it is the link to all of a request."""

    request: TicketRequest
    status: Status
    papers: Papers
    standings: tuple[Standing, ...]
    whole: bool


def open_link(
    connection: Connection,
    venue: Venue,
    secret: str,
    *,
    languages: tuple[str, str],
    now: datetime,
    kept: timedelta,
) -> Opened | Gone | None:
    """None for a link that was never made. `kept` is how long after the last moment at which one
    of its tickets is good it still shows them. The first of `languages` counts before that of the
    request, the second where neither is known."""
    linked = links.find(connection, secret)
    if linked is None:
        return None
    [request] = find_by_id(connection, [linked.request])
    only = () if linked.ticket is None else (linked.ticket,)
    language = languages[0] or request.language or languages[1]
    papers = sheet.of_request(connection, venue, request, language, only)
    if now >= _last(connection, papers, request) + kept:
        return Gone()
    told = tuple(_standings(connection, venue, papers, now))
    return Opened(request, request.status_at(now), papers, told, linked.ticket is None)


def _last(connection: Connection, papers: Papers, request: TicketRequest) -> datetime:
    """The last moment of what there is; while there is nothing yet, of what was ordered."""
    ends = [one.issued.ticket.window.end for one in papers.sheets if one.issued]
    ends += [one.voucher.valid_until for one in papers.sheets if one.voucher]
    if not ends and request.status is Status.CONFIRMED:
        ends = [line.valid_until for line in request.lines if line.valid_until]
        taken = time_slot.c.id.in_(request.places)
        ends += connection.scalars(select(time_slot.c.end).where(taken))
    return max(ends, default=request.expires_at)


def _standings(
    connection: Connection, venue: Venue, papers: Papers, now: datetime
) -> list[Standing]:
    ids = [one.issued.ticket.id for one in papers.sheets if one.issued]
    histories = feed.histories(connection, ids) if ids else {}
    products = {product.id: product for product in venue.products()}

    def of(one: Sheet) -> Standing:
        if one.issued is None:
            assert one.voucher is not None
            return _of_voucher(one.voucher, now)
        ticket = one.issued.ticket
        history = histories.get(ticket.id, History())
        return standing(ticket, products.get(ticket.product), history, now, venue.zone)

    return [of(one) for one in papers.sheets]


def _of_voucher(voucher: Voucher, now: datetime) -> Standing:
    if now < voucher.valid_from:
        return Standing(Stand.EARLY)
    return Standing(
        {
            VoucherState.OPEN: Stand.VALID,
            VoucherState.SPENT: Stand.USED,
            VoucherState.EXPIRED: Stand.EXPIRED,
            VoucherState.BLOCKED: Stand.BLOCKED,
        }[voucher.state_at(now)]
    )
