"""Staff see what did not go out, and send it again; in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from playwright.async_api import expect
from support.central import MUSEUM, Client, Clock
from support.mail_server import mail_server
from support.office import Office, office_in
from support.sms_gateway import SmsGateway, sms_gateway

from central.delivery import outbox, sending, sms_http
from central.delivery.mail import Mail
from central.delivery.outbox import Draft, Kind
from central.delivery.settings import EmailSettings, HttpGateway, SmsSettings, Tls
from central.sale.states import By
from central.staff.roles import Role

SCRIPT = "<script>document.title='owned'</script>"


async def sell(central: Client, phone: str, email: str = "") -> None:
    """A ticket at the kiosk, for somebody who told phone and e-mail address."""
    request = await central.reserve(1, MUSEUM)
    payment = {"method": "card", "reference": "SIM-17", "amount": request["total"]}
    holder = {"name": SCRIPT, "email": email, "phone": phone}
    path = f"/v1/requests/{request['token']}/confirm"
    await central.post(path, {"payment": payment, "holder": holder})
    await central.issue(request)


async def send_all(office: Office, sms: HttpGateway, mail: EmailSettings) -> None:
    api = office.central.api
    async with sms_http.opened(sms) as driver:
        await sending.send_due(api, Kind.SMS, driver)
    await sending.send_due(api, Kind.EMAIL, Mail(mail))


def configured(office: Office, gateway: SmsGateway, port: int) -> tuple[HttpGateway, EmailSettings]:
    sms = HttpGateway(gateway.url, json='{"to": "{to}", "text": "{text}"}', ok="/ok=true")
    mail = EmailSettings("127.0.0.1", "Museum <post@museum.example>", port, Tls.NONE)
    api = office.central.api
    settings = replace(api.settings, sms=SmsSettings(sms, country="DE"), email=mail)
    object.__setattr__(api, "settings", settings)
    return sms, mail


async def test_staff_correct_an_address_and_send_all_again(tmp_path: Path) -> None:
    async with (
        office_in(tmp_path, Clock(), Role.CASHIER) as office,
        sms_gateway() as gateway,
        mail_server() as server,
    ):
        page = office.page
        await sell(office.central, "0151 23456789", "ada@example.org")
        await office.go("/office/deliveries")
        await expect(page.get_by_text("[sms] in central.toml")).to_be_visible()
        sms, mail = configured(office, gateway, server.port)
        gateway.answer = (200, '{"ok": false, "error": "no credit, ' + SCRIPT + '"}')
        server.answer = "550 no such person"
        await sell(office.central, "12", "ada@example.org")
        await send_all(office, sms, mail)
        await office.go("/office/deliveries?state=dead")
        await expect(page.get_by_role("alert")).to_have_count(0)
        await expect(page.get_by_text("3 could not be sent")).to_be_visible()
        await expect(page.locator("tbody tr")).to_have_count(3)
        await expect(page.get_by_text("impossible phone number")).to_be_visible()
        await office.fair()
        await office.picture("P6-not-sent")

        row = page.locator("tbody tr").filter(has_text="impossible")
        await row.get_by_label("Another address").fill("call me")
        await row.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("alert")).to_contain_text("no phone number")
        row = page.locator("tbody tr").filter(has_text="impossible")
        await row.get_by_label("Another address").fill("0151 / 98 76 54 32")
        await row.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("status")).to_contain_text("sent again")
        gateway.answer, server.answer = (200, '{"ok": true}'), "250 OK"
        office.central.clock.pass_(minutes=1)
        await send_all(office, sms, mail)
        assert {sms.body["to"] for sms in gateway.got} == {"+4915123456789", "+4915198765432"}

        await page.get_by_role("button", name="Send all messages again (2)").click()
        await send_all(office, sms, mail)
        await office.go("/office/deliveries")
        await expect(page.get_by_text("could not be sent")).to_have_count(0)
        await expect(page.locator("tr.sent")).to_have_count(4)
        assert len(server.got) == 2
        await expect(page.get_by_text("ada@example.org")).to_have_count(0)
        await expect(page.get_by_text("…6789")).to_be_visible()
        await office.fair()
        await office.picture("P6-deliveries")
        assert await page.title() == "Deliveries"
        await page.set_viewport_size({"width": 360, "height": 740})
        await office.fair()


async def test_letting_be_twice_and_what_is_not_there_is_refused(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER) as office:
        by = By("kiosk-1", office.central.clock())
        draft = Draft(Kind.SMS, SCRIPT, "sms.unknown", "xx", {"link": SCRIPT})
        await office.central.api.database.write(lambda c: outbox.put(c, draft, by))
        page = office.page
        await office.go("/office/deliveries?state=waiting")
        await page.get_by_role("button", name="Let").click()
        await expect(page.get_by_role("status")).to_contain_text("let be")
        await page.get_by_role("link", name="Let be").click()
        await expect(page.locator("tr.dropped")).to_have_count(1)
        cookies = {one["name"]: one["value"] for one in await page.context.cookies()}
        headers = {"Sec-Fetch-Site": "same-origin"}
        for path, status in (("1/drop", 409), ("999999999/again", 409), ("again", 303)):
            url = f"{office.url}/office/deliveries/{path}"
            form = {"back": "https://elsewhere.example/"}
            answer = await page.request.post(url, form=form, headers=headers, max_redirects=0)
            assert answer.status == status, cookies
            assert "elsewhere" not in answer.headers.get("location", "")
        for query in ("state=none", "kind=owl", "before=-1", "before=99999999999999999999"):
            answer = await page.request.get(f"{office.url}/office/deliveries?{query}")
            assert answer.status == 400
