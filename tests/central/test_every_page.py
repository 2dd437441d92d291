"""Every page, on a small phone: anybody can use it, it fits the screen, nothing is blocked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.central import MUSEUM, TOUR, Client, Clock
from support.coats import HOUSE, open_room
from support.office import Office, office_in
from support.pages import Walk, patterns

from central.coats import check_in, entries
from central.coats.entries import Registration
from central.coats.values import Coat, Deposit, Entry
from central.papers import links
from central.sale.request_rows import find
from central.sale.states import By, TicketRequest
from central.staff.roles import Role

HOLDER = {"name": "Zoë Ó Briain-Featherstonehaugh", "email": "zoe@example.org", "phone": "030 1234"}
BATCH = {"product": 1, "slot": MUSEUM, "quantity": 3, "payment_option": "postpaid"}
ASKED_FOR = ("/office/day-end/1", "/office/batches/new?product=1")
REACHED_OTHERWISE = {
    *("/metrics", "/health", "/ready", "/", "/office/", "/office/{nowhere}", "/c/{nowhere}"),
    *("/t/{nowhere}", "/t/look/{id}.{kind}", "/office/desk/scans"),
    *("/c/{secret}/state", "/office/coats/in/waiting", "/office/coats/now"),
    *("/office/coats/tag", "/office/coats/tickets/{id}/sms"),
    "/office/coats/tickets/{id}/pictures/{picture}",
    *("/office/sell/seats/{number}", "/office/sell/pay", "/office/sell/holder"),
    "/office/sell/done/{token}",
}
"""No pages but parts of them, or pages in the midst of a sale, which tests/central/test_pages_*.py
walk and look at as closely."""


async def sold(central: Client, clock: Clock) -> list[str]:
    """Something of everything; the paths of what visitors see."""
    desk = central.as_("office-1")
    await desk.post("/v1/customers", {"name": HOLDER["name"]}, 201)
    request = await desk.reserve(1, MUSEUM, 2, holder=HOLDER, channel="office")
    await desk.confirm(request)
    await desk.issue(request)
    await desk.reserve(4, TOUR, 1, channel="office")
    await desk.post("/v1/batches", BATCH, 201)
    await desk.post("/v1/day-ends", {}, 201)
    by = By("cloakroom", clock())

    def hang(connection: Any) -> list[str]:
        room = open_room(connection, by)
        coat = check_in.check_in(connection, HOUSE, Deposit(room.id, ("A1",), "030 123456"), by)
        told = Registration(room.id, "030 654321", "Ann", "de")
        entry = entries.register(connection, HOUSE, told, by, network="n")
        assert isinstance(coat, Coat)
        assert isinstance(entry, Entry)
        found = find(connection, request["token"])
        assert isinstance(found, TicketRequest)
        ticket = links.path_of(links.secret_of(connection, found.id, by))
        return [ticket, f"/c/{coat.secret}", f"/c/{entry.secret}", f"/c/{room.id}/register"]

    return await central.api.database.write(hang)


async def test_every_page_serves_everybody_on_a_small_phone(tmp_path: Path) -> None:
    clock = Clock()
    async with office_in(tmp_path, clock, Role.ADMIN, width=360) as office:
        paths = await sold(office.central, clock)
        walk = await walked(office, "/office", *paths, "/office/sign-in", *ASKED_FOR)
    assert walk.wrong == []


async def walked(office: Office, *paths: str) -> Walk:
    app = office.central.http.app
    assert app is not None
    walk = Walk(app)
    await walk.all_from(office.page, *(office.url + path for path in paths))
    wanted = {one for one in patterns(app) if not one.startswith(("/v1/", "/static/"))}
    missed = wanted - set(walk.seen) - REACHED_OTHERWISE
    walk.wrong += [f"{one}: no link leads there" for one in sorted(missed)]
    return walk
