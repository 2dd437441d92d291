"""Counters: what is read there, how they are, and the page that hears them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from playwright.async_api import Route, expect
from sqlalchemy import func, select
from support.central import MUSEUM, Client, Clock, central_in
from support.office import PASSWORD, Office, hire, office_in
from support.postgres import Postgres

from central.desks import scans
from central.sale import handover, request_rows
from central.sale.states import By, TicketRequest
from central.staff.roles import Role
from central.store.schema import desk_scan

REFUND = {"method": "cash", "reference": "1", "reason": "rain"}


@pytest.fixture
def desk(kiosk: Client) -> Client:
    return kiosk.as_("desk-1")


async def test_a_scan_is_kept_for_its_desk_while_it_is_fresh(desk: Client, clock: Clock) -> None:
    answer = await desk.post("/v1/desk/scans", {"code": "NFC:04A1B2C3D4E5F6"}, 201)
    read = desk.api.database.read
    [one] = await read(lambda c: scans.after(c, "desk-1", 0, clock()))
    assert (one.id, one.code) == (answer["id"], "NFC:04A1B2C3D4E5F6")
    assert await read(lambda c: scans.after(c, "desk-2", 0, clock())) == []
    clock.pass_(seconds=6)
    assert await read(lambda c: scans.after(c, "desk-1", 0, clock())) == []


async def test_only_the_newest_scans_of_a_desk_are_kept(desk: Client, clock: Clock) -> None:
    other = await desk.as_("desk-2").post("/v1/desk/scans", {"code": "other"}, 201)

    def many(connection: Any) -> None:
        for number in range(scans.KEPT + 7):
            scans.put(connection, "desk-1", f"code {number}", clock())

    await desk.api.database.write(many)
    kept = await desk.api.database.read(lambda c: scans.after(c, "desk-1", 0, clock()))
    assert [one.code for one in kept] == [f"code {n}" for n in range(7, scans.KEPT + 7)]
    count = select(func.count()).select_from(desk_scan)
    assert await desk.api.database.read(lambda c: c.scalar(count)) == scans.KEPT + 1
    assert await desk.api.database.read(lambda c: scans.newest(c, "desk-2")) == other["id"]


async def test_the_same_scan_told_twice_is_one(desk: Client) -> None:
    first = await desk.post("/v1/desk/scans", {"code": "W1"}, 201, key="one")
    assert await desk.post("/v1/desk/scans", {"code": "W1"}, 201, key="one") == first


@pytest.mark.parametrize("device", ["kiosk-1", "gate-1", "office-1", "web-1"])
async def test_only_a_desk_may_tell_scans_and_print(kiosk: Client, device: str) -> None:
    other = kiosk.as_(device)
    await other.post("/v1/desk/scans", {"code": "W1"}, 403)
    await other.post("/v1/desk/status", {"prints": True, "faults": []}, 403)
    await other.get("/v1/desk/jobs", 403)
    await kiosk.as_("desk-1").get("/v1/catalogue", 403)


async def test_a_browser_chooses_its_desk_and_hears_it(tmp_path: Path, clock: Clock) -> None:
    async with office_in(tmp_path, clock) as office:
        page, desk = office.page, office.central.as_("desk-1")
        told = {"prints": True, "faults": ["printer: paper out; put in a new roll"]}
        await desk.post("/v1/desk/status", told)
        await office.go("/office/desk")
        await expect(page.get_by_role("row", name="desk-1")).to_contain_text("online")
        await expect(page.get_by_role("row", name="desk-1")).to_contain_text("paper out")
        await expect(page.get_by_role("row", name="desk-2")).to_contain_text("never heard")
        await office.fair()
        await page.get_by_role("button", name="Choose desk-1").click()
        await expect(page.get_by_role("status").first).to_contain_text("works with that desk")
        await expect(page.locator("#desk-state")).to_have_attribute("data-state", "on")
        await desk.post("/v1/desk/scans", {"code": "<b>W1</b>"}, 201)
        await expect(page.get_by_text("Read: <b>W1</b>")).to_be_visible()
        await office.fair()
        await expect(page.locator("#desk-state")).to_have_attribute("data-state", "on")
        await desk.as_("desk-2").post("/v1/desk/scans", {"code": "elsewhere"}, 201)
        await desk.post("/v1/desk/scans", {"code": "here"}, 201)
        await expect(page.get_by_text("Read: here")).to_be_visible()
        await _lands_in_the_field_in_focus(office, desk)
        await office.go("/office/desk")
        clock.pass_(minutes=2)
        await page.reload()
        await expect(page.get_by_role("row", name="desk-1")).to_contain_text("offline since")
        await page.get_by_role("button", name="Leave desk-1").click()
        await expect(page.locator("#desk-state")).to_have_count(0)


async def test_a_page_hears_its_desk_again_though_the_web_server_had_no_central(
    tmp_path: Path, clock: Clock
) -> None:
    async with office_in(tmp_path, clock) as office:
        page, desk = office.page, office.central.as_("desk-1")
        await office.go("/office/desk")
        await page.get_by_role("button", name="Choose desk-1").click()
        state = page.locator("#desk-state")
        await expect(state).to_have_attribute("data-state", "on")

        async def away(route: Route) -> None:
            await route.fulfill(status=502, body="Bad gateway")

        await page.route("**/office/desk/scans*", away, times=1)
        await page.reload()
        await expect(state).to_have_attribute("data-state", "on")
        await desk.post("/v1/desk/scans", {"code": "W1"}, 201)
        await expect(page.get_by_text("Read: W1")).to_be_visible()


async def _lands_in_the_field_in_focus(office: Office, desk: Client) -> None:
    """A page without a field for it says so."""
    page = office.page
    await office.go("/office")
    await expect(page.locator("#desk-state")).to_have_attribute("data-state", "on")
    await desk.post("/v1/desk/scans", {"code": "lost"}, 201)
    await expect(page.locator("#desk-said")).to_contain_text("No field of this page takes it")
    await office.fair()
    await office.go("/office/staff")
    await page.get_by_label("Name", exact=True).focus()
    await expect(page.locator("#desk-state")).to_have_attribute("data-state", "on")
    await desk.post("/v1/desk/scans", {"code": "ada"}, 201)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("ada")


async def test_a_desk_that_is_none_cannot_be_chosen(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central:
        await hire(central, Role.CLOAKROOM)
        safe = {"Cookie": await _signed_in(central), "Sec-Fetch-Site": "same-origin"}
        forged = safe | {"Cookie": f"{safe['Cookie']}; wicket-desk=kiosk-1"}
        async with central.http.get("/office/desk", headers=forged) as answer:
            assert "No desk" in await answer.text()
        async with central.http.get("/office/desk/scans", headers=forged) as answer:
            assert answer.status == 409
        for desk, status in (("kiosk-1", 404), ("x" * 41, 400), ("../desk-1", 404)):
            async with central.http.post("/office/desk", data={"desk": desk}, headers=safe) as no:
                assert no.status == status
                assert "wicket-desk" not in no.cookies


async def test_what_is_read_at_one_worker_is_heard_at_another_and_a_stream_ends_with_it(
    tmp_path: Path, clock: Clock, server: Postgres
) -> None:
    url = server.fresh()
    async with (
        central_in(tmp_path / "one", clock, database=url) as one,
        central_in(tmp_path / "one", clock, database=url) as other,
    ):
        await hire(other, Role.CLOAKROOM)
        cookie = f"{await _signed_in(other)}; wicket-desk=desk-1"
        async with other.http.get("/office/desk/scans", headers={"Cookie": cookie}) as stream:
            assert await _event(stream) == ["event: begin", "data: 0"]
            put = await one.as_("desk-1").post("/v1/desk/scans", {"code": "W1\n"}, 400)
            assert put["code"] == "invalid"
            put = await one.as_("desk-1").post("/v1/desk/scans", {"code": "W1"}, 201)
            told = {"id": put["id"], "code": "W1"}
            scan = [f"id: {put['id']}", "event: scan", f"data: {json.dumps(told)}"]
            assert await _event(stream) == scan
            async with asyncio.timeout(30):
                await other.http.server.close()
                assert await stream.content.read() == b""


async def test_a_stream_that_broke_goes_on_where_it_was(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central:
        await hire(central, Role.CLOAKROOM)
        first, second = [
            await central.as_("desk-1").post("/v1/desk/scans", {"code": code}, 201)
            for code in ("W1", "W2")
        ]
        cookie = f"{await _signed_in(central)}; wicket-desk=desk-1"
        for told, after in ((str(first["id"]), first["id"]), ("²", 0), ("9" * 30, 0)):
            headers = {"Cookie": cookie, "Last-Event-ID": told}
            path = "/office/desk/scans?after=0"
            async with central.http.get(path, headers=headers) as stream:
                assert await _event(stream) == ["event: begin", f"data: {after}"]
        assert first["id"] < second["id"]


async def test_a_page_that_listens_by_itself_keeps_nobody_signed_in(
    tmp_path: Path, clock: Clock
) -> None:
    async with central_in(tmp_path, clock) as central:
        await hire(central, Role.CLOAKROOM)
        headers = {"Cookie": f"{await _signed_in(central)}; wicket-desk=desk-1"}
        for minutes in (90, 40):
            clock.pass_(minutes=minutes)
            async with central.http.get(
                "/office/desk/scans", headers=headers, allow_redirects=False
            ) as stream:
                told = stream.status
        assert told == 303


async def test_what_is_printed_is_good_still_and_has_the_vouchers_too(kiosk: Client) -> None:
    desk = kiosk.as_("office-1")
    gift = {"product": 9, "quantity": 1}
    entry = {"product": 1, "slot": MUSEUM, "quantity": 1}
    request = await desk.reserve(9, "", channel="office", lines=[gift, entry])
    await desk.confirm(request)
    [ticket] = (await desk.issue(request))["tickets"]
    other = await kiosk.reserve(1, MUSEUM)
    await kiosk.confirm(other)
    await kiosk.issue(other)

    def put(connection: Any) -> None:
        for token in (request["token"], other["token"]):
            found = request_rows.find(connection, token)
            assert isinstance(found, TicketRequest)
            handover.put_print(connection, found, "desk-1", By("cashier", kiosk.clock()))

    await kiosk.api.database.write(put)
    await desk.post(f"/v1/requests/{other['token']}/refund", REFUND)
    printer = kiosk.as_("desk-1")
    [job] = (await printer.get("/v1/desk/jobs"))["jobs"]
    of_ticket, of_voucher = map(json.dumps, job["slips"])
    assert ticket["human_code"] in of_ticket
    assert "GV-" in of_voucher
    await printer.post(f"/v1/desk/jobs/{job['id']}", {"fault": ""})
    assert await printer.get("/v1/desk/jobs") == {"jobs": []}


async def _signed_in(central: Client) -> str:
    told = {"name": "cloakroom", "password": PASSWORD}
    safe = {"Sec-Fetch-Site": "same-origin"}
    async with central.http.post(
        "/office/sign-in", data=told, headers=safe, allow_redirects=False
    ) as answer:
        assert answer.status == 303
        return f"wicket-office={answer.cookies['wicket-office'].value}"


async def _event(stream: ClientResponse) -> list[str]:
    async with asyncio.timeout(30):
        text = await stream.content.readuntil(b"\n\n")
    return text.decode().strip().split("\n")
