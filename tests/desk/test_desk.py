"""The daemon with simulated and virtual devices, at a real central."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from support.central import DEVICES, MUSEUM, Client, Clock, central_in
from support.desk import PRINTER, READER, desk_at
from support.listening import until
from support.virtual_card import Card, Pcscd, Type4

from central.delivery import outbox
from central.delivery.outbox import Delivery, Draft, Kind, State
from central.desks import scans, standing
from central.desks.scans import Read
from central.sale import request_rows
from central.sale.states import By
from desk.centre import Centre
from runtime.centre import CentreFault, CentreSettings

T = TypeVar("T")
UID = bytes.fromhex("04A1B2C3D4E5F6")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def central(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    async with central_in(tmp_path / "central", clock) as client:
        yield client


async def as_wanted(look: Callable[[], Awaitable[T]], wanted: Callable[[T], object]) -> T:
    """What central has, as soon as it is as wanted."""
    async with asyncio.timeout(30):
        while not wanted(found := await look()):
            pass
        return found


async def read_at(central: Client) -> list[Read]:
    now = central.clock()
    return list(await central.api.database.read(lambda c: scans.after(c, "desk-1", 0, now)))


async def delivery(central: Client, id_: int) -> Delivery:
    found = await central.api.database.read(lambda c: outbox.find(c, id_))
    assert found
    return found


async def print_ticket(central: Client, **changes: Any) -> tuple[int, dict[str, Any]]:
    """The number of the delivery, and the ticket."""
    request = await central.reserve(1, MUSEUM)
    await central.confirm(request)
    [ticket] = (await central.issue(request))["tickets"]
    by = By("cashier", central.clock())

    def put(connection: Any) -> int:
        found = request_rows.find(connection, request["token"])
        told = {"request": found.id, "attach": "tickets"} | changes
        return outbox.put(connection, Draft(Kind.PRINT, "desk-1", "", "de", **told), by)

    return await central.api.database.write(put), ticket


async def test_a_desk_without_a_printer_says_so_of_what_is_to_be_printed_there(
    central: Client, tmp_path: Path
) -> None:
    put, _ = await print_ticket(central)
    async with desk_at(central, tmp_path, printer=None):
        one = await as_wanted(lambda: delivery(central, put), lambda d: d.state is State.DEAD)
        assert one.said == "this desk has no printer"


async def test_what_is_read_is_at_central(central: Client, tmp_path: Path) -> None:
    async with desk_at(central, tmp_path) as hand:
        await hand.cue(READER, scan="TK-7KQ4-M2XD")
        [one] = await as_wanted(lambda: read_at(central), bool)
        assert one.code == "TK-7KQ4-M2XD"


async def test_a_card_that_is_laid_on_is_its_uid(
    central: Client, tmp_path: Path, pcscd: Pcscd
) -> None:
    nfc = {"driver": "nfc", "read": "uid"}
    async with desk_at(central, tmp_path, readers=(nfc,), printer=None):
        card = Type4(uid=UID)
        async with pcscd.laid_on(Card(card)):
            await pcscd.sees()
        while not card.was_read.is_set():  # the reader was not open yet
            async with pcscd.laid_on(Card(card)):
                await pcscd.sees()
        [one] = await as_wanted(lambda: read_at(central), bool)
        assert one.code == "NFC:04A1B2C3D4E5F6"


async def test_a_ticket_is_printed_once_and_central_knows(central: Client, tmp_path: Path) -> None:
    id_, ticket = await print_ticket(central)
    async with desk_at(central, tmp_path) as hand:
        sent = await as_wanted(lambda: delivery(central, id_), lambda d: d.state is State.SENT)
        assert sent.said == "printed at desk-1"
        state = hand.states[PRINTER]
        assert (state["number"], state["code"]) == (1, ticket["code"])
        second, _ = await print_ticket(central)
        await as_wanted(lambda: delivery(central, second), lambda d: d.state is State.SENT)
        assert hand.states[PRINTER]["number"] == 2


async def test_without_paper_staff_are_told_and_the_job_waits(
    central: Client, tmp_path: Path, clock: Clock
) -> None:
    async with desk_at(central, tmp_path) as hand:
        await hand.cue(PRINTER, paper=False)
        id_, _ = await print_ticket(central)

        async def how() -> standing.Desk:
            now = clock()
            desks = await central.api.database.read(lambda c: standing.listed(c, {"desk-1"}, now))
            return desks[0]

        told = await as_wanted(how, lambda desk: desk.faults)
        assert told.online
        assert "paper out; put in a new roll" in told.faults[0]
        assert (await delivery(central, id_)).state is State.WAITING
        await hand.cue(PRINTER, paper=True)
        await as_wanted(lambda: delivery(central, id_), lambda d: d.state is State.SENT)
        assert hand.states[PRINTER]["number"] == 1


async def test_what_no_paper_can_be_made_for_is_dead_and_holds_nothing_up(
    central: Client, tmp_path: Path
) -> None:
    wrong, _ = await print_ticket(central, attach="nothing")
    right, _ = await print_ticket(central)
    async with desk_at(central, tmp_path, readers=()):
        await as_wanted(lambda: delivery(central, right), lambda d: d.state is State.SENT)
        assert (await delivery(central, wrong)).state is State.DEAD


async def test_nothing_comes_out_that_was_wanted_long_ago(
    central: Client, tmp_path: Path, clock: Clock
) -> None:
    late, _ = await print_ticket(central)
    clock.pass_(minutes=9)
    fresh, ticket = await print_ticket(central)
    clock.pass_(minutes=2)
    async with desk_at(central, tmp_path, readers=()) as hand:
        await as_wanted(lambda: delivery(central, fresh), lambda d: d.state is State.SENT)
        assert (hand.states[PRINTER]["number"], hand.states[PRINTER]["code"]) == (1, ticket["code"])
    given_up = await delivery(central, late)
    assert (given_up.state, given_up.said) == (
        State.DEAD,
        "desk-1 was away for too long; print it again",
    )


async def test_a_token_that_is_no_desks_is_told_in_the_log(
    central: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk_at(central.as_("desk-1"), tmp_path, name="kiosk-1") as hand:
        await hand.cue(READER, scan="W1")
        await until(lambda: "this desk is not let in (403)" in caplog.text)
    assert await read_at(central) == []


async def test_a_central_that_knows_no_desks_is_a_fault_and_no_crash(central: Client) -> None:
    url = str(central.http.make_url("/elsewhere"))
    async with Centre(CentreSettings(url, "x")) as centre:
        with pytest.raises(CentreFault, match="404"):
            await centre.jobs()


async def test_a_fault_is_told_whatever_stands_in_it(central: Client) -> None:
    id_, _ = await print_ticket(central)
    url, token = str(central.http.make_url("")), DEVICES["desk-1"].token
    async with Centre(CentreSettings(url.rstrip("/"), token)) as centre:
        await centre.ended(id_, "odd:\x00\n" + "x" * 300)
        await centre.status(prints=True, faults=["\x1b[31m", "two\nlines", ""])
    told = await delivery(central, id_)
    assert (told.state, told.said[:6]) == (State.DEAD, "odd: x")
    now = central.clock()
    [desk] = await central.api.database.read(lambda c: standing.listed(c, {"desk-1"}, now))
    assert desk.faults == ("[31m", "two lines", "a fault without words")


async def test_another_desks_job_cannot_be_ended(central: Client) -> None:
    id_, _ = await print_ticket(central)
    other, own = central.as_("desk-2"), central.as_("desk-1")
    refused = await other.post(f"/v1/desk/jobs/{id_}", {"fault": ""}, 404)
    assert refused["code"] == "unknown_job"
    assert await other.get("/v1/desk/jobs") == {"jobs": []}
    [job] = (await own.get("/v1/desk/jobs"))["jobs"]
    assert job["id"] == id_
    await own.post(f"/v1/desk/jobs/{id_}", {"fault": ""})
    await own.post(f"/v1/desk/jobs/{id_}", {"fault": ""}, 404)
    assert await own.get("/v1/desk/jobs") == {"jobs": []}


async def test_a_desk_waits_for_its_next_job(central: Client) -> None:
    own = central.as_("desk-1")
    asked = asyncio.create_task(own.get("/v1/desk/jobs?wait=25"))
    id_, _ = await print_ticket(central)
    async with asyncio.timeout(30):
        assert [job["id"] for job in (await asked)["jobs"]] == [id_]
    await own.get("/v1/desk/jobs?wait=26", 400)
