"""Sales tell visitors where their tickets are; prints are counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2
from aiohttp import ClientSession
from support.central import MUSEUM, Client, Clock, central_in
from support.delivery import PHONE, by, look
from support.listening import until
from support.mail_server import mail_server
from support.office import hire
from support.roles import sign_in
from support.sms_gateway import sms_gateway
from support.workers import TOKEN, workers

from central.delivery import list as deliveries
from central.delivery import notices, outbox, prints, sending
from central.delivery.mail import Mail
from central.delivery.outbox import ONCE, Kind, State
from central.delivery.settings import EmailSettings, Tls
from central.papers import links
from central.sale.request_rows import find
from central.sale.states import Refused, TicketRequest
from central.staff.roles import Role
from runtime.mqtt import BusSettings


async def bought(central: Client, holder: dict[str, str] | None) -> TicketRequest:
    """Two tickets at the kiosk, for somebody who told this."""
    request = await central.reserve(1, MUSEUM, 2)
    payment = {"method": "card", "reference": "SIM-17", "amount": request["total"]}
    path = f"/v1/requests/{request['token']}/confirm"
    await central.post(path, {"payment": payment, "holder": holder})
    await central.issue(request)
    await central.issue(request)
    found = await central.api.database.read(lambda c: find(c, request["token"]))
    assert isinstance(found, TicketRequest)
    return found


async def test_a_sale_tells_each_address_once(kiosk: Client) -> None:
    holder = {"name": "Ada", "email": "ada@example.org", "phone": "0151 23456789"}
    request = await bought(kiosk, holder)
    database = kiosk.api.database
    put = await database.read(lambda c: deliveries.of_request(c, request.id))
    assert [(one.draft.kind, one.draft.to, one.draft.attach) for one in put] == [
        (Kind.EMAIL, "ada@example.org", "tickets"),
        (Kind.SMS, "0151 23456789", ""),
    ]
    again = await database.write(
        lambda c: notices.send_tickets(c, request, by(kiosk), email=False, again=True)
    )
    assert len(again) == 1
    silent = await bought(kiosk, None)
    assert await database.read(lambda c: deliveries.of_request(c, silent.id)) == []


async def test_an_impossible_phone_never_blocks_a_sale(kiosk: Client) -> None:
    request = await bought(kiosk, {"name": "", "email": "", "phone": "none of your business"})
    [one] = await kiosk.api.database.read(lambda c: deliveries.of_request(c, request.id))
    assert one.state is State.WAITING


async def test_unpaid_tickets_are_sent_when_they_are_paid(office: Client) -> None:
    request = await office.reserve(1, MUSEUM, holder={"name": "", "email": "", "phone": PHONE})
    path = f"/v1/requests/{request['token']}"
    await office.post(f"{path}/payment-option", {"option": "not_paid", "reason": "at the door"})
    await office.issue(request)
    assert await office.api.database.read(deliveries.sums) == []
    payment = {"method": "cash", "reference": "17", "amount": request["total"]}
    await office.post(f"{path}/payments", {"payment": payment})
    [told] = await office.api.database.read(deliveries.sums)
    assert (told.kind, told.state, told.count) == (Kind.SMS, State.WAITING, 1)
    text = await (await office.http.get("/metrics", headers=office._token())).text()
    assert 'wicket_deliveries{kind="sms",state="waiting"} 1.0' in text


async def test_who_buys_a_gift_voucher_is_told_too(office: Client) -> None:
    holder = {"name": "", "email": "", "phone": PHONE}
    request = await office.reserve(9, "", channel="office", holder=holder)
    await office.confirm(request)
    await office.issue(request)
    [told] = await office.api.database.read(deliveries.sums)
    assert (told.kind, told.count) == (Kind.SMS, 1)


async def test_what_is_cancelled_before_it_went_out_does_not_go(
    tmp_path: Path, clock: Clock
) -> None:
    async with central_in(tmp_path, clock) as central, mail_server() as server:
        request = await bought(central, {"name": "", "email": "ada@example.org", "phone": ""})
        await central.cancel({"token": request.token})
        mail = Mail(EmailSettings("127.0.0.1", "a@museum.example", server.port, Tls.NONE))
        assert await sending.send_due(central.api, Kind.EMAIL, mail) == 1
        [one] = await central.api.database.read(deliveries.page)
    assert (one.state, server.got) == (State.DROPPED, [])
    assert one.said == "the tickets were cancelled before it went out"


async def test_prints_are_counted_whoever_printed(kiosk: Client) -> None:
    request = await bought(kiosk, None)
    database, now = kiosk.api.database, kiosk.clock()
    shown = await kiosk.get(f"/v1/requests/{request.token}")
    first, second = (int(one["id"]) for one in shown["tickets"])
    one = await database.write(lambda c: prints.put(c, request, "desk-1", [first], by(kiosk)))
    two = await database.write(
        lambda c: prints.put(c, request, "desk-1", [first, second], by(kiosk))
    )
    assert (await look(kiosk, one)).draft.values == {"copy": "0"}
    assert (await look(kiosk, two)).draft.values == {"copy": "1"}
    due = await database.read(lambda c: outbox.due_prints(c, "desk-1", now))
    assert [each.id for each in due] == [one, two]
    assert await database.read(lambda c: outbox.due_prints(c, "desk-2", now)) == []
    await database.write(lambda c: outbox.done(c, one, "printed", now))
    await database.write(lambda c: outbox.failed(c, two, "no printer", now, most=ONCE))
    counted = await database.read(lambda c: prints.counted(c, [first, second]))
    assert counted == {first: 1, second: 0}


async def test_a_print_that_is_sent_again_says_that_it_is_a_copy(kiosk: Client) -> None:
    request = await bought(kiosk, None)
    write, desk = kiosk.api.database.write, kiosk.as_("desk-1")
    first = await write(lambda c: prints.put(c, request, "desk-1", (), by(kiosk)))
    await write(lambda c: outbox.failed(c, first, "no paper", kiosk.clock(), most=ONCE))
    assert await write(lambda c: deliveries.all_again(c, by(kiosk))) == 0  # nobody waits for it
    await write(lambda c: deliveries.send_again(c, first, "", "DE", by(kiosk)))
    [job] = (await desk.get("/v1/desk/jobs"))["jobs"]
    assert "Printed before" not in str(job["slips"])
    await desk.post(f"/v1/desk/jobs/{job['id']}", {"fault": ""})
    await write(lambda c: deliveries.send_again(c, job["id"], "", "DE", by(kiosk)))
    [job] = (await desk.get("/v1/desk/jobs"))["jobs"]
    assert str(job["slips"]).count("Printed before") == 2


async def test_an_erased_customer_gets_no_more_messages(office: Client) -> None:
    told = {"name": "Ada", "email": "", "phone": PHONE, "language": "en", "note": ""}
    number = (await office.post("/v1/customers", told, 201))["number"]
    request = await office.reserve(
        1,
        MUSEUM,
        holder={"name": "Ada", "email": "", "phone": PHONE},
        references={"customer": number},
    )
    await office.confirm(request)
    await office.issue(request)
    found = await office.api.database.read(lambda c: find(c, request["token"]))
    assert isinstance(found, TicketRequest)
    write, now = office.api.database.write, office.clock()
    for _ in range(2):
        send = partial(notices.send_tickets, request=found, by=by(office), again=True)
        await write(send)
    _, dead, sent = await office.api.database.read(deliveries.page)
    await write(lambda c: outbox.failed(c, dead.id, "no such number", now, most=ONCE))
    await write(lambda c: outbox.done(c, sent.id, "taken", now))
    await office.post(f"/v1/customers/{number}/erase", {})
    told = await office.api.database.read(deliveries.page)
    assert [one.state for one in told] == [State.DROPPED, State.DROPPED, State.SENT]
    assert PHONE not in str(told)
    again = await write(lambda c: deliveries.send_again(c, sent.id, PHONE, "", by(office)))
    assert isinstance(again, Refused)
    assert again.code == "forgotten"


async def test_the_tickets_come_with_the_email(tmp_path: Path, clock: Clock) -> None:
    async with central_in(tmp_path, clock) as central, mail_server() as server:
        settings = EmailSettings("127.0.0.1", "post@museum.example", server.port, Tls.NONE)
        await bought(central, {"name": "Ada", "email": "ada@example.org", "phone": ""})
        await sending.send_due(central.api, Kind.EMAIL, Mail(settings))
    [paper] = server.got[0].iter_attachments()
    assert paper.get_content_type() == "application/pdf"
    assert len(pypdfium2.PdfDocument(paper.get_content())) == 2


async def test_a_cancelled_ticket_is_not_among_those_that_are_sent_or_printed(
    tmp_path: Path, clock: Clock
) -> None:
    async with central_in(tmp_path, clock) as central, mail_server() as server:
        settings = EmailSettings("127.0.0.1", "post@museum.example", server.port, Tls.NONE)
        request = await bought(central, {"name": "Ada", "email": "ada@example.org", "phone": ""})
        shown = await central.get(f"/v1/requests/{request.token}")
        gone, kept = shown["tickets"]
        back = {"method": "cash", "reference": "1", "reason": "ill", "tickets": [gone["id"]]}
        await central.as_("office-1").post(f"/v1/requests/{request.token}/refund", back)
        await sending.send_due(central.api, Kind.EMAIL, Mail(settings))
        await hire(central, Role.CASHIER)
        me = await sign_in(central, "cashier")
        path = f"/office/requests/{request.token}/tickets.pdf"
        async with central.http.get(path, headers=me) as answer:
            printed = pypdfium2.PdfDocument(await answer.read())
        link = await central.api.database.write(
            lambda c: links.path_of(links.secret_of(c, request.id, by(central)))
        )
        async with central.http.get(link + ".pdf") as answer:
            own = pypdfium2.PdfDocument(await answer.read())
    [paper] = server.got[0].iter_attachments()
    for made in (pypdfium2.PdfDocument(paper.get_content()), printed, own):
        [page] = made
        assert kept["human_code"] in page.get_textpage().get_text_range()


async def test_a_sale_before_a_kill_is_told_after_it(tmp_path: Path) -> None:
    url, overlays = f"sqlite:///{tmp_path}/central.sqlite", tmp_path / "w0.d"
    overlays.mkdir()
    async with (
        sms_gateway() as gateway,
        workers(tmp_path, url, BusSettings(port=9), 1) as [worker],
        ClientSession(worker.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http,
    ):

        async def post(path: str, body: Any) -> Any:
            async with http.post(path, json=body, headers={"Idempotency-Key": path}) as answer:
                return await answer.json()

        tomorrow = datetime.now(ZoneInfo("Europe/Berlin")).date() + timedelta(days=1)
        async with http.get(f"/v1/attractions/museum/slots?date={tomorrow}") as answer:
            slot = (await answer.json())["slots"][0]["id"]
        line = {"product": 1, "slot": slot, "quantity": 1}
        request = await post("/v1/requests", {"lines": [line], "channel": "kiosk"})
        path = f"/v1/requests/{request['token']}"
        payment = {"method": "card", "reference": "SIM-17", "amount": request["total"]}
        holder = {"name": "", "email": "", "phone": PHONE}
        await post(f"{path}/confirm", {"payment": payment, "holder": holder})
        await post(f"{path}/issue", {})
        await worker.kill()
        public = '[public]\nurl = "https://tickets.example.org"\n'
        form = f'[sms.http]\nurl = "{gateway.url}"\nform = {{ to = "{{to}}", text = "{{text}}" }}\n'
        (overlays / "sms.toml").write_text(public + form)
        await worker.restart()
        await until(lambda: bool(gateway.got))
        await worker.kill()
    [sms] = gateway.got
    assert sms.body["to"] == PHONE and "/t/" in sms.body["text"]
