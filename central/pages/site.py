"""What every page works with: who asks, a template, one transaction for each action."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import Connection

from admission.values import Money
from central.catalogue.offers import Names
from central.catalogue.prices import minor_unit
from central.http.api import Api
from central.http.idempotency import KEY_REUSED, Answer, Call, once
from central.http.web import TooSlow, log_fault
from central.pages.desk import desk_of
from central.pages.forms import Form
from central.pages.guard import COOKIE, HEADERS, own_page
from central.pages.menu import menu_of
from central.pages.said import SAID
from central.sale.states import By, Refused
from central.staff import audit, people
from central.staff.people import Member
from central.staff.roles import Right
from central.store.database import DatabaseDown
from central.texts import Texts, spoken, texts
from runtime.convert import Invalid

log = logging.getLogger("wicket.central")

SENT_BEFORE = "This form was sent before, with something else in it. Look at it, and send it again."
MISTAKE = (
    "A mistake in the program; the log of central says more. Look whether it was done before you do"
    " it again."
)

_MEMBER = web.RequestKey("member", Member)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Deed = Callable[[Connection, By], "Go | Refused"]


@dataclass(frozen=True)
class Go:
    """It was done: look at `path` next, where `said` (a key of said.SAID) is told. `detail` is for
    the audit trail."""

    path: str
    said: str = ""
    detail: str = ""


class Site:
    """The pages of one central."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._templates = Environment(
            loader=PackageLoader("central.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"money": _money, "moment": self._moment, "clock": self._clock}
        self._templates.filters["named"] = self._named

    def staff(self, right: Right | None, handler: Handler, *, by_itself: bool = False) -> Handler:
        """The handler, for staff who have signed in and have the right (None: whoever they are).
        Whatever goes wrong is a page too. What pages ask for `by_itself` keeps nobody signed in."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.method == "POST" and not own_page(request.headers, request.host):
                return self.problem(request, 403, "Only a page of this ticket office may do that.")
            member = await self._member(request, by_itself=by_itself)
            if member is None:
                if request.method == "POST":
                    told = "Sign in first. Nothing was done."
                    return self.page(request, "sign-in.html", 401, next="/office", refused=told)
                return to(f"/office/sign-in?next={quote(request.path_qs)}")
            request[_MEMBER] = member
            if right is not None and not member.may(right):
                told = f"A {member.role.value} may not do that ({right.value})."
                return self.problem(request, 403, told)
            return await handler(request)

        return self.public(guarded)

    def public(self, handler: Handler) -> Handler:
        """The handler, for everybody. Whatever goes wrong is a page too."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                answer = await handler(request)
            except Invalid as invalid:
                answer = self.problem(request, 400, f"Something is not right: {invalid}")
            except web.HTTPRequestEntityTooLarge:
                answer = self.problem(request, 413, "That is too large.")
            except web.HTTPException as error:
                answer = self.problem(request, error.status, error.reason)
            except (ConnectionError, web.RequestPayloadError):
                answer = self.problem(request, 400, "That did not come whole. Send it again.")
            except TooSlow:
                told = "That took too long to come. Send it again."
                answer = self.problem(request, 408, told)
            except DatabaseDown as down:
                log.error("%s", down)
                answer = self.problem(request, 503, "Try again soon.")
            except Exception:
                log_fault(request)
                answer = self.problem(request, 500, MISTAKE)
            if not answer.prepared:
                for name, value in HEADERS.items():
                    answer.headers.setdefault(name, value)
            return answer

        return guarded

    def page(
        self, request: web.Request, template: str, status: int = 200, **values: Any
    ) -> web.Response:
        """A template with what all of them need: `member` (None for visitors), `menu`, `said`,
        `refused`, `now`, `venue`, `once` (a new key for a form that is to be done once)."""
        member = request.get(_MEMBER)
        context = {
            "member": member,
            "menu": menu_of(member),
            "path": request.path,
            "said": SAID.get(request.query.get("said", ""), ""),
            "refused": None,
            "now": self.api.clock(),
            "venue": self.api.venue,
            "once": uuid.uuid4().hex,
            "Right": Right,
            "desk": desk_of(request),
            "dir": "ltr",
            "language": "en",
        }
        if isinstance(refused := values.get("refused"), Refused):
            values["refused"] = refused.detail
        text = self._templates.get_template(template).render(context | values)
        return web.Response(text=text, content_type="text/html", status=status)

    def problem(self, request: web.Request, status: int, told: str) -> web.Response:
        said = told.encode(errors="replace").decode()
        return self.page(request, "problem.html", status, told=said[:2000])

    async def act(
        self, request: web.Request, form: Form, action: str, subject: str, deed: Deed
    ) -> Go | Refused:
        """Do it in one transaction, with its row in the audit trail; once, if the form carries
        `once`: a second press gets the answer of the first. Who goes back, fills the same form in
        with something else and sends it is told to look again."""
        by = self.by(request)
        key = form.text("once", 100)
        form.check()
        call = Call(by.who, request.path, key, form.mark.encode())

        def work(connection: Connection) -> Answer:
            done = deed(connection, by)
            if isinstance(done, Refused):
                refusal = {"code": done.code, "detail": done.detail, "extras": done.extras}
                return Answer(409, refusal)
            audit.write(connection, action, subject, done.detail, by)
            return Answer(200, {"path": done.path, "said": done.said})

        def transact(connection: Connection) -> Answer:
            return once(connection, call, by.at, work) if key else work(connection)

        answer = await self.api.database.write(transact)
        if answer == KEY_REUSED:
            return Refused("key_reused", SENT_BEFORE)
        if answer.status != 200:
            body = answer.body
            return Refused(body["code"], body["detail"], body.get("extras", {}))
        return Go(**answer.body)

    def by(self, request: web.Request) -> By:
        member = request.get(_MEMBER)
        who = member.name if member else people.VISITOR
        return By(who, self.api.clock(), self.api.address_of(request))

    def texts_for(self, request: web.Request, language: str = "") -> Texts:
        """What the visitor reads: ?lang=…, else `language`, else what the browser asks for."""
        asked = [request.query.get("lang", ""), language]
        asked += [one.partition(";")[0].strip() for one in _accepted(request)]
        wanted = [one for one in asked if one]
        return texts(spoken(wanted, self.api.venue.languages[0]), self.api.venue.timezone)

    async def _member(self, request: web.Request, *, by_itself: bool) -> Member | None:
        key, now = request.cookies.get(COOKIE, ""), self.api.clock()
        if not key:
            return None
        found = await self.api.database.read(lambda c: people.session(c, key, now))
        if found is None:
            return None
        member, due = found
        if due and not by_itself:
            await self.api.database.write(lambda c: people.touch(c, key, now))
        return member

    def _moment(self, when: datetime | None, pattern: str = "%a %d %b %Y %H:%M") -> str:
        return when.astimezone(self.api.venue.zone).strftime(pattern) if when else ""

    def _named(self, names: Names) -> str:
        """In the venue's language; what was sold before it had that one, as it was sold."""
        return names.get(self.api.venue.languages[0]) or next(iter(names.values()), "")

    def _clock(self, when: datetime | None) -> str:
        return self._moment(when, "%H:%M")


def member_of(request: web.Request) -> Member:
    """Who asks, on a page of staff."""
    return request[_MEMBER]


def to(path: str) -> web.Response:
    """Look there next (303)."""
    return web.Response(status=303, headers={"Location": path})


def went(go: Go) -> web.Response:
    """To where a deed leads, with what is said there."""
    glue = "&" if "?" in go.path else "?"
    return to(f"{go.path}{glue}said={go.said}" if go.said else go.path)


def _money(money: Money) -> str:
    return f"{money.amount.quantize(minor_unit(money.currency)):,f} {money.currency}"


def _accepted(request: web.Request) -> list[str]:
    return request.headers.get("Accept-Language", "")[:200].split(",")[:10]
