"""Orders of staff at central: written once, sent once and in time, answered by their device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.bus import running
from support.central import DEVICES, MUSEUM, NOW, Client, Clock, central_in
from support.listening import until
from support.paper_bus import PaperBus
from support.postgres import Postgres
from support.samples import BERLIN

from admission.decide import decide
from admission.facts import Admitted, Passed
from admission.ledger import Ledger
from admission.reasons import Reason
from admission.request import AdmissionRequest, Denied
from admission.values import Direction, LaneMode
from central.office import by_hand
from central.office.by_hand import ByHand
from central.sale.states import By, Refused
from central.sync import feed
from central.watch import commands, devices
from central.watch.commands import Order
from central.watch.devices import Heard, Status
from central.watch.dispatch import Dispatch
from runtime.bus import Message
from runtime.commands import CloseSales, Deed, OpenLane, Result, SetMode, command_from_data
from runtime.topics import Topics
from runtime.wire import encode, fact_from_data

OPEN = OpenLane("North", Direction.IN)
COMMAND = "wicket/1/sample/device/gate-1/command"


async def hear(central: Client, device: str = "gate-1", *, online: bool = True) -> None:
    one = Heard(device, online, central.clock(), central.clock(), Status(online))
    await central.api.database.write(lambda c: devices.keep(c, [one], []))


async def order(central: Client, deed: Deed = OPEN, device: str = "gate-1") -> Order | Refused:
    by = By("anna", central.clock())
    return await central.api.database.write(
        lambda c: commands.order(c, device, deed, by, known=DEVICES, zone=BERLIN)
    )


async def ordered(central: Client, deed: Deed = OPEN, device: str = "gate-1") -> Order:
    await hear(central, device)
    done = await order(central, deed, device)
    assert isinstance(done, Order)
    return done


async def take(central: Client) -> list[Order]:
    return await central.api.database.write(lambda c: commands.take(c, central.clock()))


async def answer(central: Client, one: Order, device: str = "gate-1") -> bool:
    result = Result(one.command.id, True, "North is open once, in", central.clock())
    now = central.clock()
    return await central.api.database.write(lambda c: commands.answer(c, device, result, now))


async def shown(central: Client, one: Order) -> str:
    now = central.clock()
    found = await commands.outcome(central.api.database, central.clock, one.command.id)
    assert found is not None
    return commands.in_words(found, max(now, central.clock()))


async def test_an_order_is_taken_once_whoever_asks(kiosk: Client) -> None:
    orders = [await ordered(kiosk) for _ in range(3)]
    taken = await asyncio.gather(take(kiosk), take(kiosk), take(kiosk))
    ids = sorted(one.command.id for some in taken for one in some)
    assert ids == sorted(one.command.id for one in orders)
    assert await take(kiosk) == []


async def test_what_has_expired_is_never_taken(kiosk: Client, clock: Clock) -> None:
    await ordered(kiosk)
    clock.pass_(seconds=10)
    assert await take(kiosk) == []


async def test_only_its_device_answers_and_only_once(kiosk: Client) -> None:
    one = await ordered(kiosk, SetMode("North", Direction.IN, LaneMode.FREE))
    assert not await answer(kiosk, one, "kiosk-1")
    assert await answer(kiosk, one)
    assert not await answer(kiosk, one)
    assert await shown(kiosk, one) == "North is open once, in"


async def test_an_order_to_who_is_not_there_is_refused_at_once(kiosk: Client) -> None:
    never = await order(kiosk)
    assert isinstance(never, Refused)
    assert never.detail.startswith("Nothing was sent. gate-1: never heard;")
    await hear(kiosk, online=False)
    away = await order(kiosk)
    assert isinstance(away, Refused)
    assert away.detail.startswith("Nothing was sent. gate-1: cut off since 14:05;")
    for device, deed in (("kiosk-1", OPEN), ("gate-1", CloseSales("x")), ("gate-9", OPEN)):
        refused = await order(kiosk, deed, device)
        assert isinstance(refused, Refused)
        assert refused.code == "unknown_device"


async def test_who_waits_is_told_that_nobody_answered(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central:
        one = await ordered(central)
        waiting = asyncio.create_task(shown(central, one))
        clock.pass_(seconds=12)
        said = await waiting
        assert "nobody answered within 10 s; is gate-1 connected" in said


class DeafBus(PaperBus):
    """No broker is there; or with `online` the connection is lost while something is sent."""

    def __init__(self, *, online: bool) -> None:
        super().__init__()
        self.online = online

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        await super().publish(topic, payload, retain=retain)
        return False


@asynccontextmanager
async def dispatching(
    folder: Path, clock: Clock, bus: PaperBus, **changes: Any
) -> AsyncIterator[tuple[Client, Dispatch]]:
    async with central_in(folder, clock, **changes) as central:
        api = central.api
        dispatch = Dispatch(bus, Topics("sample"), api.database, clock, api.ordered)
        async with running(dispatch.run()):
            yield central, dispatch


def result_of(one: Order, **changes: Any) -> bytes:
    said = {"id": one.command.id, "done": True, "said": "well", "at": NOW.isoformat()}
    return encode(said | changes)


async def test_what_is_ordered_is_sent_once_and_its_result_kept(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    bus = PaperBus()
    async with dispatching(tmp_path, clock, bus) as (central, dispatch):
        one = await ordered(central)
        central.api.ordered.set()
        await until(lambda: bus.sent != [])
        assert [(topic, command_from_data(data)) for _, topic, data in bus.sent] == [
            (COMMAND, one.command)
        ]
        for bad in (b"", b"{", b"[" * 5000, result_of(one, done="yes"), result_of(one, said="")):
            dispatch.hear("gate-1", Message("result", bad))
        dispatch.hear("gate-1", Message("result", result_of(one), retain=True))
        dispatch.hear("gate-2", Message("result", result_of(one)))
        dispatch.hear("gate-1", Message("result", result_of(one)))
        assert await shown(central, one) == "well"
        assert caplog.text.count("cannot be read is ignored") == 5
        assert "'gate-2' answers" in caplog.text
        assert len(bus.sent) == 1


async def test_what_another_worker_writes_down_is_sent_too(
    tmp_path: Path, clock: Clock, server: Postgres
) -> None:
    """It can set no event of this one's."""
    bus = PaperBus()
    async with dispatching(tmp_path, clock, bus, database=server.fresh()) as (central, _):
        await ordered(central)
        await until(lambda: bus.sent != [])


async def test_without_a_broker_it_is_given_up_not_kept_for_later(
    tmp_path: Path, clock: Clock
) -> None:
    bus = DeafBus(online=False)
    async with dispatching(tmp_path, clock, bus) as (central, _):
        one = await ordered(central)
        central.api.ordered.set()
        assert (await shown(central, one)).startswith("nothing was done: central does not reach")


async def test_what_a_broken_connection_carried_is_told_as_the_device_did_it(
    tmp_path: Path, clock: Clock
) -> None:
    bus = DeafBus(online=True)
    async with dispatching(tmp_path, clock, bus) as (central, dispatch):
        one, two = await ordered(central), await ordered(central)
        central.api.ordered.set()
        await until(lambda: len(bus.sent) == 2)
        dispatch.hear("gate-1", Message("result", result_of(one)))
        dispatch.hear("gate-1", Message("result", result_of(two)))
        assert [await shown(central, one), await shown(central, two)] == ["well", "well"]


async def admit(
    central: Client, code: str, who: str = "anna", where: str = "museum"
) -> ByHand | Refused:
    by, venue = By(who, central.clock()), central.api.venue
    return await central.api.database.write(lambda c: by_hand.admit(c, venue, code, where, by))


async def test_a_ticket_is_admitted_by_hand_once_and_gates_refuse_it_then(kiosk: Client) -> None:
    [sold] = await kiosk.sell(1, MUSEUM)
    both = await asyncio.gather(
        admit(kiosk, sold["code"], "anna"), admit(kiosk, sold["human_code"], "ben")
    )
    [done] = [one for one in both if isinstance(one, ByHand)]
    [late] = [one for one in both if isinstance(one, Refused)]
    assert done.said == "1 person may enter"
    assert late.detail.startswith("Not admitted: already used at 14:05 at by hand: ")
    entries = await kiosk.api.database.read(lambda c: feed.after(c, 0, 1000))
    facts = [fact_from_data(entry.fact) for entry in entries]
    admitted, passed = (fact.event for fact in facts if fact.number in {done.n, done.n + 1})
    assert isinstance(admitted, Admitted)
    assert passed == Passed(done.ticket, done.n, admitted.lane, 1)
    ledger = Ledger()
    for fact in facts:
        ledger.fold(fact)
    asked = AdmissionRequest(sold["code"], frozenset({"museum"}), BERLIN, lane="North")
    answer = decide(ledger, asked, NOW + timedelta(minutes=1))
    assert isinstance(answer, Denied)
    assert (answer.reason, answer.where) == (Reason.ALREADY_USED, admitted.lane)


async def test_by_hand_there_is_no_grace_for_a_second_person(tmp_path: Path, clock: Clock) -> None:
    """An arm that closed too soon is a matter of lanes."""
    async with central_in(tmp_path, clock) as central:
        office = Client(central.http, central.api, clock, "office-1")
        found = await office.get("/v1/attractions/lighthouse/slots?date=2026-11-21")
        request = await office.reserve(13, found["slots"][0]["id"], channel="office")
        await office.confirm(request)
        [sold] = (await office.issue(request))["tickets"]
        assert isinstance(await admit(office, sold["code"], where="lighthouse"), ByHand)
        clock.pass_(seconds=30)
        late = await admit(office, sold["code"], where="lighthouse")
        assert isinstance(late, Refused)
        assert "already used at" in late.detail


@pytest.mark.parametrize("code", ["", "nonsense", "TK-0000-0000", "W04", "\x00", "x" * 1000])
async def test_what_is_no_ticket_is_not_admitted(tmp_path: Path, clock: Clock, code: str) -> None:
    async with central_in(tmp_path, clock) as central:
        before = await central.api.database.read(feed.head)
        assert isinstance(await admit(central, code), Refused)
        assert await central.api.database.read(feed.head) == before
