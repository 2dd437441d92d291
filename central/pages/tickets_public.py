"""Tickets as a visitor gets them, behind an unguessable link: page, PDF, calendar."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from central.http.rate import Limiter, network_of
from central.pages.forms import asked
from central.pages.site import Site
from central.papers import calendar, designs, page, pdf
from central.papers.designs import Revision
from central.papers.links import path_of
from central.papers.reading import Gone, Opened, open_link
from central.sale.states import Status
from central.settings import Rate

LINK = "/t/{secret:[A-Za-z0-9_-]{10,64}}"
WRONG = Rate(10 / 60, 20)
"""Links of one network address that were never made."""
LOOKS = Rate(50, 500)
"""Whatever one network address asks of links: all phones in a venue's own network have one, and
look three times a minute."""
PDFS = Rate(2, 40)
AT_ONCE = 2
"""PDFs that are made at the same time."""
WAITING = 20
"""That wait for one of these to be done; who comes then is asked to come again."""
MAX_FIRST = 100_000
HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Referrer-Policy": "no-referrer"}
_SAID = {
    Status.REGISTERED: "reserved",
    Status.RESERVED: "reserved",
    Status.WAITING: "reserved",
    Status.CONFIRMED: "confirmed",
    Status.CANCELLED: "cancelled",
    Status.EXPIRED: "expired",
}


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api
    wrong, looks, pdfs = Limiter(WRONG), Limiter(LOOKS), Limiter(PDFS)
    making, room = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE + WAITING)

    async def opened(request: web.Request, more: Limiter | None = None) -> Opened | web.Response:
        """What the link shows, or the page that says why it shows nothing."""
        address = network_of(site.by(request).address)
        now = asyncio.get_running_loop().time()
        if looks.wait(address, now) or (more and more.wait(address, now)):
            return none(request, 429)
        language, otherwise = asked(request).text("lang", 20), site.texts_for(request).language
        kept = timedelta(days=api.settings.public.link_days)
        secret = request.match_info["secret"]
        found = await api.database.read(
            lambda c: open_link(
                c,
                api.venue,
                secret,
                languages=(language, otherwise),
                now=api.clock(),
                kept=kept,
            )
        )
        if found is None:
            return none(request, 429 if wrong.wait(address, now) else 404)
        return none(request, 410) if isinstance(found, Gone) else found

    def none(request: web.Request, status: int) -> web.Response:
        """All alike, whatever was looked for."""
        texts = site.texts_for(request)
        told = {"texts": texts, "language": texts.language, "dir": texts.direction}
        return _private(site.page(request, "ticket-none.html", status, why=status, **told))

    async def show(request: web.Request) -> web.StreamResponse:
        found = await opened(request)
        if isinstance(found, web.Response):
            return found
        papers, first = found.papers, _first(request)
        revisions = {one.revision.id: one.revision for one in papers.sheets}
        return _private(
            site.page(
                request,
                "ticket.html",
                texts=papers.words.texts,
                language=papers.language,
                dir=papers.direction,
                cards=page.cards(papers, found.standings, first),
                firsts=range(1, len(papers.sheets) + 1, page.MOST),
                good=len(papers.good.sheets),
                parts=range(1, len(papers.good.sheets) + 1, pdf.MOST),
                first=first,
                most=page.MOST,
                most_pdf=pdf.MOST,
                papers=papers,
                revisions=[one for one in revisions.values() if one.id],
                waiting="" if papers.sheets else _SAID[found.status],
                languages=page.languages(api.venue.languages, papers.language),
                secret=request.match_info["secret"],
                times=bool(calendar.events(papers, "", "")),
            )
        )

    async def as_pdf(request: web.Request) -> web.StreamResponse:
        found = await opened(request, pdfs)
        if isinstance(found, web.Response):
            return found
        papers, first = found.papers.good, _first(request) - 1
        if not papers.sheets[first:]:
            return none(request, 404)
        if room.locked():
            return none(request, 429)
        async with room, making:
            made = await asyncio.to_thread(pdf.tickets_pdf, papers, first)
        return _file(made, "application/pdf", f"tickets-{papers.order}.pdf")

    async def as_calendar(request: web.Request) -> web.StreamResponse:
        found = await opened(request)
        if isinstance(found, web.Response):
            return found
        settings = api.settings
        url = settings.public.url.rstrip("/") + path_of(request.match_info["secret"])
        told = calendar.events(found.papers, settings.site, url)
        if not told:
            return none(request, 404)
        made = calendar.ics(told, api.clock())
        return _file(made, "text/calendar", f"tickets-{found.papers.order}.ics", "utf-8")

    async def look(request: web.Request) -> web.StreamResponse:
        revision = await api.database.read(lambda c: designs.find(c, int(request.match_info["id"])))
        if revision is None or revision.used_at is None:
            return none(request, 404)
        return look_of(revision, request.match_info["kind"])

    async def nowhere(request: web.Request) -> web.StreamResponse:
        return none(request, 404)

    return [
        web.get(LINK, site.public(show)),
        web.get(LINK + ".pdf", site.public(as_pdf)),
        web.get(LINK + ".ics", site.public(as_calendar)),
        web.get(r"/t/look/{id:\d{1,9}}.{kind:css|png}", site.public(look)),
        web.get("/t/{nowhere:.*}", site.public(nowhere)),
    ]


def _first(request: web.Request) -> int:
    """The number of the ticket with which a page or a PDF of many begins; 1 for what is none."""
    return asked(request).number("from", 1, MAX_FIRST, 1)


def look_of(revision: Revision, kind: str) -> web.Response:
    """What a page loads of a design: its colours as a style sheet, or its logo. Never changes."""
    design = revision.design
    if kind == "png":
        if not design.logo:
            raise web.HTTPNotFound
        answer = web.Response(body=design.logo, content_type="image/png")
    else:
        css = (
            f".look-{revision.id} {{ --band: {design.band}; --on-band: {design.on_band};"
            f" --heading: {design.ink}; }}\n"
        )
        answer = web.Response(text=css, content_type="text/css")
    answer.headers["Cache-Control"] = "max-age=86400, immutable"
    return answer


def _private(answer: web.Response) -> web.Response:
    answer.headers.update(HEADERS)
    return answer


def _file(content: bytes, kind: str, name: str, charset: str | None = None) -> web.Response:
    shown = {"Content-Disposition": f'inline; filename="{name}"'}
    answer = web.Response(body=content, content_type=kind, charset=charset, headers=shown)
    return _private(answer)
