"""What gateways and mail servers say, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from logging.handlers import MemoryHandler
from pathlib import Path

import pytest
from support.central import Client, Clock, central_in
from support.delivery import PHONE, configure, look, put, sms_of
from support.mail_server import mail_server
from support.sms_gateway import sms_gateway

from central.delivery import sending
from central.delivery.mail import Mail
from central.delivery.outbox import Kind, State
from central.delivery.settings import EmailSettings, HttpGateway, Method, SmsSettings, Tls
from central.delivery.sms_apprise import AppriseSms


@pytest.mark.parametrize(
    ("answer", "ok", "state"),
    [
        ((200, '{"error": "no credit"}'), "/status=queued", State.WAITING),
        ((200, '{"status": "queued"}'), "/status=queued", State.SENT),
        ((200, '{"messages": [{"code": 0}]}'), "/messages/0/code=0", State.SENT),
        ((200, '{"messages": [{"code": 7}]}'), "/messages/0/code=0", State.WAITING),
        ((200, '{"messages": {}}'), "/messages/0/code=0", State.WAITING),
        ((200, "[" * 100_000), "/0=0", State.WAITING),
        ((200, "ERR: no credit"), "OK", State.WAITING),
        ((200, "OK 17"), "OK", State.SENT),
        ((202, ""), "", State.SENT),
        ((302, ""), "", State.DEAD),
        ((400, "no such number"), "", State.DEAD),
        ((401, "who are you?"), "", State.WAITING),
        ((408, "slow"), "", State.WAITING),
        ((429, "too many"), "", State.WAITING),
        ((500, "\x00\x1b[31m" + "x" * 200_000), "", State.WAITING),
    ],
)
async def test_what_a_gateway_answers_decides(
    tmp_path: Path, clock: Clock, answer: tuple[int, str], ok: str, state: State
) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway, ok=ok) as driver,
    ):
        gateway.answer = answer
        one = await put(central)
        await sending.send_due(central.api, Kind.SMS, driver)
        found = await look(central, one)
    assert found.state is state
    assert len(found.said) <= 300 and found.said.isprintable()


async def test_what_may_have_gone_out_is_not_sent_all_day(tmp_path: Path, clock: Clock) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway, ok="OK") as driver,
    ):
        gateway.answer = (200, "queued")
        one = await put(central)
        for _ in range(30):
            await sending.send_due(central.api, Kind.SMS, driver)
            clock.pass_(minutes=11)
        assert (await look(central, one)).state is State.DEAD
        assert len(gateway.got) == 4


async def test_forms_addresses_and_headers_are_filled_without_harm(
    tmp_path: Path, clock: Clock
) -> None:
    form = {"an": "{to}", "text": "{text}", "key": "{unknown} {"}
    async with central_in(tmp_path, clock) as central, sms_gateway() as gateway:
        values = {"link": "{to}&a=b#\"'"}
        async with sms_of(central, gateway, json="", form=form, headers={"Once": "{id}"}) as driver:
            await put(central, values=values)
            await sending.send_due(central.api, Kind.SMS, driver)
        url = gateway.url + "?to={to}&text={text}"
        async with sms_of(central, gateway, json="", url=url, method=Method.GET) as driver:
            await put(central, values=values)
            await sending.send_due(central.api, Kind.SMS, driver)
    posted, got = gateway.got
    assert posted.body["an"] == PHONE and posted.body["key"] == "{unknown} {"
    assert posted.body["text"].endswith("{to}&a=b#\"'")
    assert posted.headers["Once"] == "sample-delivery-1-20261121T130500"
    assert (got.method, got.query["to"]) == ("GET", PHONE)
    assert got.query["text"] == posted.body["text"]


@pytest.mark.parametrize("to", ["12", "none", "+999123", "0900 1234567", "1" * 200, "\u202e+49"])
async def test_an_impossible_number_is_dead_at_once_and_says_so(
    tmp_path: Path, clock: Clock, to: str
) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway) as driver,
    ):
        one = await put(central, to=to)
        await sending.send_due(central.api, Kind.SMS, driver)
        found = await look(central, one)
    assert found.state is State.DEAD and "impossible phone number" in found.said
    assert gateway.got == []


async def test_apprise_sends_and_tells_why_it_could_not(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central, sms_gateway() as gateway:
        settings = SmsSettings(
            apprise=f"json://127.0.0.1:{gateway.port}/send?+Once={{id}}&:to={{to}}"
        )
        configure(central, sms=settings)
        driver = AppriseSms(settings)
        good = await put(central)
        await sending.send_due(central.api, Kind.SMS, driver)
        gateway.answer = (500, "broken")
        bad = await put(central)
        await sending.send_due(central.api, Kind.SMS, driver)
        assert (await look(central, good)).state is State.SENT
        failed = await look(central, bad)
    assert gateway.got[0].body["to"] == PHONE
    assert gateway.got[0].body["message"].endswith("http://127.0.0.1:8080/t/secret")
    assert gateway.got[0].headers["Once"] == f"sample-delivery-{good}-20261121T130500"
    assert failed.state is State.WAITING and "500" in failed.said


async def test_apprise_goes_nowhere_else_and_tells_no_number_in_our_log(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    journal = MemoryHandler(1000)
    async with central_in(tmp_path, clock) as central, sms_gateway() as gateway:
        gateway.answer = (307, "moved")
        settings = SmsSettings(apprise=f"json://127.0.0.1:{gateway.port}/send?:to={{to}}")
        configure(central, sms=settings)
        one = await put(central)
        logging.getLogger().addHandler(journal)
        await sending.send_due(central.api, Kind.SMS, AppriseSms(settings))
        logging.getLogger().removeHandler(journal)
        assert "307" in (await look(central, one)).said
    assert {record.name for record in journal.buffer} == {"wicket.central"}


async def test_what_is_said_of_a_message_tells_neither_its_number_nor_its_link(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway) as driver,
        mail_server() as server,
    ):
        gateway.answer = (500, r"no: %2B4915123456789 http:\/\/127.0.0.1:8080\/t\/qPz7secret")
        sms = await put(central, values={"link": "/t/qPz7secret"})
        await sending.send_due(central.api, Kind.SMS, driver)
        server.answer = "550 5.1.1 <ADA@example.org>: no such person"
        settings = EmailSettings("127.0.0.1", "post@museum.example", server.port, Tls.NONE)
        email = await put(central, Kind.EMAIL, "ada@example.org")
        await sending.send_due(central.api, Kind.EMAIL, Mail(settings))
        said = [(await look(central, one)).said for one in (sms, email)]
    assert said[0].startswith("500 no: %2B… http:") and said[1] == "550 5.1.1 <…>: no such person"
    log = [one.getMessage() for one in caplog.records if one.name == "wicket.central"]
    for private in (PHONE[1:], "qPz7secret", "ada@"):
        assert private.lower() not in " ".join(log + said).lower()


async def test_a_url_that_is_none_shows_its_token_nowhere(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(ValueError, match="should be like") as wrong:
        HttpGateway("https://sms.example.org:99999/?token=hush&to={to}&text={text}")
    assert "hush" not in str(wrong.value)
    async with central_in(tmp_path, clock) as central, sms_gateway() as gateway:
        url = f"http://ü..x:{gateway.port}/?token=hush"
        async with sms_of(central, gateway, url=url) as driver:
            one = await put(central)
            await sending.send_due(central.api, Kind.SMS, driver)
        said = (await look(central, one)).said
    assert "cannot be reached" in said and "hush" not in said


def test_no_password_goes_over_a_network_in_the_clear() -> None:
    told = {"sender": "post@museum.example", "username": "post", "password": "hush"}
    with pytest.raises(ValueError, match="starttls"):
        EmailSettings("mail.example.org", tls=Tls.NONE, **told)
    assert EmailSettings("localhost", tls=Tls.NONE, **told).password


async def test_an_email_that_is_taken_is_sent_however_the_server_parts(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.delivery.mail.GOODBYE_S", 0.1)
    async with central_in(tmp_path, clock) as central, mail_server() as server:
        server.held = asyncio.Event()
        mail = Mail(EmailSettings("127.0.0.1", "a@museum.example", server.port, Tls.NONE))
        one = await put(central, Kind.EMAIL, "ada@example.org")
        await sending.send_due(central.api, Kind.EMAIL, mail)
        assert (await look(central, one)).state is State.SENT
        server.held.set()


async def test_a_mail_server_gets_a_few_at_a_time(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central, mail_server() as server:
        mail = Mail(EmailSettings("127.0.0.1", "a@museum.example", server.port, Tls.NONE))
        for _ in range(4):
            await put(central, Kind.EMAIL, "ada@example.org")
        assert await sending.send_due(central.api, Kind.EMAIL, mail) == 3
        assert await sending.send_due(central.api, Kind.EMAIL, mail) == 1


async def test_an_email_arrives_as_it_was_written(kiosk: Client) -> None:
    async with mail_server() as server:
        settings = EmailSettings("127.0.0.1", "Museum <post@museum.example>", server.port, Tls.NONE)
        configure(kiosk, email=settings)
        one = await put(kiosk, Kind.EMAIL, "ada@example.org", language="de")
        await sending.send_due(kiosk.api, Kind.EMAIL, Mail(settings))
    [mail] = server.got
    assert (await look(kiosk, one)).state is State.SENT
    assert mail["To"] == "ada@example.org" and mail["From"] == "Museum <post@museum.example>"
    assert mail["Subject"] == "Harbour Museum: Ihre Tickets, Bestellung 7KQ4-M2X0"
    assert mail["Message-ID"] == f"<sample-delivery-{one}-20261121T130500@museum.example>"
    body = mail.get_body(("plain",))
    assert body and body["Content-Language"] == "de"
    assert "http://127.0.0.1:8080/t/secret" in body.get_content()


@pytest.mark.parametrize(
    ("to", "answer", "state"),
    [
        ("ada@example.org", "550 no such person", State.DEAD),
        ("ada@example.org", "451 greylisted", State.WAITING),
        ("ada@bücher.example", "250 OK", State.SENT),
        ("ada", "250 OK", State.DEAD),
        ("ada@x\r\nBcc: eve@example.org", "250 OK", State.DEAD),
        ("a@b, eve@example.org", "250 OK", State.DEAD),
        ("<ada@example.org>", "250 OK", State.DEAD),
        ("a" * 300 + "@example.org", "250 OK", State.DEAD),
        ("ada@" + "x" * 100 + ".ü", "250 OK", State.DEAD),
    ],
)
async def test_what_a_mail_server_answers_decides(
    tmp_path: Path, clock: Clock, to: str, answer: str, state: State
) -> None:
    async with central_in(tmp_path, clock) as central, mail_server() as server:
        server.answer = answer
        settings = EmailSettings("127.0.0.1", "post@museum.example", server.port, Tls.NONE)
        one = await put(central, Kind.EMAIL, to)
        await sending.send_due(central.api, Kind.EMAIL, Mail(settings))
        assert (await look(central, one)).state is state
    assert len(server.got) == (state is State.SENT)


async def test_a_mail_server_that_is_away_is_waited_for(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central, mail_server() as server:
        port = server.port
    async with central_in(tmp_path, clock) as central:
        settings = EmailSettings("127.0.0.1", "post@museum.example", port, Tls.NONE)
        one = await put(central, Kind.EMAIL, "ada@example.org")
        await sending.send_due(central.api, Kind.EMAIL, Mail(settings))
        found = await look(central, one)
    assert found.state is State.WAITING and "cannot be reached" in found.said


async def test_who_does_not_answer_is_not_waited_for_long(tmp_path: Path, clock: Clock) -> None:
    async with (
        central_in(tmp_path, clock) as central,
        sms_gateway() as gateway,
        sms_of(central, gateway, timeout_s=1.0) as driver,
        await asyncio.start_server(lambda *_: asyncio.Event().wait(), "127.0.0.1", 0) as deaf,
    ):
        gateway.held = asyncio.Event()
        port = deaf.sockets[0].getsockname()[1]
        mail = Mail(EmailSettings("127.0.0.1", "a@museum.example", port, Tls.NONE, timeout_s=1.0))
        sms, email = await put(central), await put(central, Kind.EMAIL, "ada@example.org")
        async with asyncio.TaskGroup() as group:
            group.create_task(sending.send_due(central.api, Kind.SMS, driver))
            group.create_task(sending.send_due(central.api, Kind.EMAIL, mail))
        for one in (sms, email):
            found = await look(central, one)
            assert found.state is State.WAITING and "1 s" in found.said
        gateway.held.set()
