"""The outbox of SMS and e-mails: nothing is lost, what fails is tried again, staff see the rest."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from support.central import Client, Clock, central_in
from support.delivery import PHONE, by, configure, look, put, sms_of
from support.listening import until
from support.mail_server import mail_server
from support.postgres import Postgres
from support.sms_gateway import Sms, sms_gateway

from central.delivery import list as deliveries
from central.delivery import outbox, parcels, sending, words
from central.delivery.outbox import ONCE, Kind, State
from central.delivery.settings import EmailSettings, Tls
from central.sale.states import Refused


async def test_an_sms_leaves_once_with_its_words_its_link_and_its_id(kiosk: Client) -> None:
    async with sms_gateway() as gateway, sms_of(kiosk, gateway) as driver:
        one = await put(kiosk, to="0151 / 234 567 89")
        assert await sending.send_due(kiosk.api, Kind.SMS, driver) == 1
        assert await sending.send_due(kiosk.api, Kind.SMS, driver) == 0
    [got] = gateway.got
    assert got.body["to"] == [PHONE]
    assert got.body["message"]["ref"] == f"sample-delivery-{one}-20261121T130500"
    text = got.body["message"]["text"]
    assert text.startswith("Harbour Museum: ") and text.endswith(" http://127.0.0.1:8080/t/secret")
    assert words.segments(text) == 1
    sent = await look(kiosk, one)
    assert (sent.state, sent.tries, sent.said) == (State.SENT, 1, '200 {"status": "queued"}')


async def test_what_fails_is_tried_later_and_later_and_is_dead_after_a_day(kiosk: Client) -> None:
    async with sms_gateway() as gateway, sms_of(kiosk, gateway) as driver:
        gateway.answer = (503, "later, please")
        one, begun, pauses = await put(kiosk), kiosk.clock(), []
        while (now := await look(kiosk, one)).state is State.WAITING:
            pauses.append((now.due_at - kiosk.clock()).total_seconds())
            kiosk.clock.now = now.due_at
            assert await sending.send_due(kiosk.api, Kind.SMS, driver) == 1
            assert await sending.send_due(kiosk.api, Kind.SMS, driver) == 0
    assert pauses[:7] == [0, 10, 30, 120, 600, 3600, 3600]
    assert now.state is State.DEAD and now.said == "503 later, please"
    assert timedelta(hours=23) < kiosk.clock() - begun < timedelta(hours=25)


async def test_a_gateway_that_is_back_gets_it(kiosk: Client) -> None:
    async with sms_gateway() as gateway, sms_of(kiosk, gateway) as driver:
        gateway.answer = (500, "broken")
        one = await put(kiosk)
        await sending.send_due(kiosk.api, Kind.SMS, driver)
        gateway.answer = (200, "")
        kiosk.clock.pass_(seconds=10)
        await sending.send_due(kiosk.api, Kind.SMS, driver)
    assert (await look(kiosk, one)).state is State.SENT
    assert len({sms.body["message"]["ref"] for sms in gateway.got}) == 1


async def test_staff_send_again_or_let_it_be(kiosk: Client) -> None:
    database = kiosk.api.database

    async def write(work: Any) -> Any:
        return await database.write(work)

    one = await put(kiosk, to="12")
    now = kiosk.clock()
    await write(lambda c: outbox.failed(c, one, "impossible", now, most=ONCE))
    two = (await write(lambda c: deliveries.send_again(c, one, PHONE, "", by(kiosk)))).id
    assert (await look(kiosk, one)).state is State.DROPPED
    assert (await look(kiosk, two)).draft.to == PHONE
    again = await write(lambda c: deliveries.send_again(c, one, "", "", by(kiosk)))
    assert isinstance(again, Refused)
    await write(lambda c: outbox.drop(c, two))
    assert not await write(lambda c: outbox.done(c, two, "late", now))
    assert (await look(kiosk, two)).state is State.DROPPED
    assert isinstance(await write(lambda c: outbox.drop(c, 4711)), Refused)


async def test_what_nobody_tried_for_a_day_comes_too_late(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central, sms_gateway() as gateway:
        one = await put(central)
        clock.pass_(hours=25)
        async with sms_of(central, gateway) as driver:
            await sending.send_due(central.api, Kind.SMS, driver)
        assert (await look(central, one)).state is State.DEAD
    assert gateway.got == []


async def test_a_message_that_cannot_be_made_stops_no_other(tmp_path: Path, clock: Clock) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway) as driver,
    ):
        wordless = await put(central, text="sms.unknown")
        good = await put(central)
        assert await sending.send_due(central.api, Kind.SMS, driver) == 2
        assert (await look(central, wordless)).state is State.DEAD
        assert (await look(central, good)).state is State.SENT


async def test_what_was_on_its_way_when_central_died_goes_again_with_the_same_id(
    tmp_path: Path, clock: Clock
) -> None:
    async with sms_gateway() as gateway:
        async with central_in(tmp_path, clock) as central, sms_of(central, gateway) as driver:
            one = await put(central)
            take = partial(outbox.take, kind=Kind.SMS, now=clock(), limit=20)
            [taken] = await central.api.database.write(take)
            await driver.send(await parcels.parcel_of(central.api, taken))
        async with central_in(tmp_path, clock) as central, sms_of(central, gateway) as driver:
            assert await sending.send_due(central.api, Kind.SMS, driver) == 0
            clock.now += outbox.TAKEN_FOR
            assert await sending.send_due(central.api, Kind.SMS, driver) == 1
            assert (await look(central, one)).state is State.SENT
    refs = [sms.body["message"]["ref"] for sms in gateway.got]
    assert refs == [f"sample-delivery-{one}-20261121T130500"] * 2


async def test_what_takes_a_number_once_more_in_a_database_that_was_put_back_has_its_own_id(
    tmp_path: Path, clock: Clock
) -> None:
    refs = []
    for life in ("before", "put back"):
        async with central_in(tmp_path / life, clock) as central:
            one = await look(central, await put(central))
            refs.append((one.id, (await parcels.parcel_of(central.api, one)).id))
        clock.pass_(hours=1)
    (first, before), (second, after) = refs
    assert first == second
    assert before != after


async def test_what_is_on_its_way_when_central_stops_comes_to_its_end(
    tmp_path: Path, clock: Clock
) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway) as driver,
    ):
        gateway.held = asyncio.Event()
        one = await put(central)
        sent = asyncio.create_task(sending.send_due(central.api, Kind.SMS, driver))
        await until(lambda: bool(gateway.got))
        sent.cancel()
        await asyncio.sleep(0)
        gateway.held.set()
        with pytest.raises(asyncio.CancelledError):
            await sent
        assert (await look(central, one)).state is State.SENT


async def test_what_went_out_while_the_database_was_down_goes_once(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway) as driver,
    ):
        one, file = await put(central), central.api.database.engine.url.database or ""

        def change(sql: str) -> None:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute(sql)

        def answer(sms: Sms) -> tuple[int, str]:
            change("ALTER TABLE delivery RENAME TO away")
            return 200, ""

        gateway.answer = answer
        sent = asyncio.create_task(sending.send_due(central.api, Kind.SMS, driver))
        await until(lambda: "cannot be written down" in caplog.text)
        change("ALTER TABLE away RENAME TO delivery")
        await sent
        clock.now += outbox.TAKEN_FOR
        assert await sending.send_due(central.api, Kind.SMS, driver) == 0
        assert (await look(central, one)).state is State.SENT


async def test_two_workers_who_both_think_they_are_on_duty_send_it_once(
    tmp_path: Path, clock: Clock, server: Postgres
) -> None:
    async with central_in(tmp_path, clock, database=server.fresh()) as central:
        await put(central)
        database, take = central.api.database, partial(outbox.take, kind=Kind.SMS, now=clock())

        def both(first: Connection) -> list[int]:
            one = take(first, limit=20)
            with database.engine.begin() as second:
                second.execute(text("SET LOCAL lock_timeout = '1s'"))
                return [len(one), len(take(second, limit=20))]

        assert await database.write(both) == [1, 0]


async def test_what_waits_for_want_of_a_mail_server_slows_no_sms_down(
    tmp_path: Path, clock: Clock
) -> None:
    """Kind and time are both looked up, however many e-mails wait."""
    async with central_in(tmp_path, clock) as central:
        plan = "EXPLAIN QUERY PLAN SELECT id FROM delivery"
        plan += " WHERE state = 'waiting' AND kind = 'sms' AND due_at <= '2027' ORDER BY due_at"
        found = await central.api.database.read(lambda c: str(c.execute(text(plan)).all()))
        assert "state=? AND kind=? AND due_at<?" in found


async def test_a_gateway_that_hangs_holds_no_email_up(tmp_path: Path, clock: Clock) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        mail_server() as server,
        sms_of(central, gateway),
        asyncio.TaskGroup() as group,
    ):
        email = EmailSettings("127.0.0.1", "post@museum.example", server.port, Tls.NONE)
        configure(central, email=email)
        gateway.held = asyncio.Event()
        running = group.create_task(sending.run(central.api))
        await put(central)
        await until(lambda: bool(gateway.got))
        await put(central, Kind.EMAIL, "ada@example.org")
        await until(lambda: bool(server.got))
        gateway.held.set()
        running.cancel()
