"""Signing in, roles, the audit trail; in a real browser where a person does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from multidict import CIMultiDict
from playwright.async_api import expect
from support.central import Clock, central_in
from support.office import PASSWORD, hire, office_in
from support.roles import OWN_PAGE, sign_in

from central.sale.states import By, Refused
from central.settings import PublicSettings
from central.staff import audit, people
from central.staff.people import Member
from central.staff.roles import Role


async def test_a_person_signs_in_makes_an_account_and_reads_the_trail(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.ADMIN) as office:
        page = office.page
        await page.get_by_role("link", name="Staff").first.click()
        await office.fair()
        await page.get_by_label("Name", exact=True).fill("anna")
        await page.locator("form.card select").select_option("cashier")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Make the account").click()
        await expect(page.get_by_role("status")).to_contain_text("The account is made")
        await office.go("/office/audit")
        await expect(page.locator("tbody tr").first).to_contain_text("add-staff")
        await expect(page.locator("tbody tr").nth(1)).to_contain_text("sign-in")
        await office.fair()
        await page.get_by_role("button", name="Sign out").click()
        await office.sign_in("anna")
        await office.go("/office/staff")
        await expect(page.get_by_role("alert")).to_contain_text("A cashier may not do that")


async def test_who_tries_many_passwords_has_to_wait_and_shuts_nobody_else_out(
    tmp_path: Path,
) -> None:
    async with central_in(tmp_path, Clock(), public=PublicSettings(proxy=True)) as central:
        await hire(central)

        async def status(password: str, address: str) -> int:
            form = {"name": "admin", "password": password}
            headers = OWN_PAGE | {"X-Forwarded-For": address}
            async with central.http.post("/office/sign-in", data=form, headers=headers) as answer:
                return answer.status

        statuses = [await status("wrong password", "203.0.113.7") for _ in range(25)]
        assert statuses[:10] == [403] * 10
        assert 429 in statuses[10:]  # not all: on a slow computer one more may be due
        assert await status(PASSWORD, "203.0.113.8") == 200


async def test_a_password_that_was_typed_as_the_name_is_kept_nowhere(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        form = {"name": "my secret password", "password": "x"}
        async with central.http.post("/office/sign-in", data=form, headers=OWN_PAGE) as answer:
            assert answer.status == 403
        [tried] = await central.api.database.read(lambda c: audit.page(c, action="wrong-password"))
        assert tried.subject == "no account that may sign in"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
    ],
)
async def test_a_post_from_elsewhere_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        form = {"name": "admin", "password": PASSWORD}
        async with central.http.post("/office/sign-in", data=form, headers=headers) as answer:
            assert answer.status == 403
            assert "Set-Cookie" not in answer.headers


async def test_a_session_ends_when_it_is_old_idle_or_its_account_changes(tmp_path: Path) -> None:
    clock = Clock()
    async with central_in(tmp_path, clock) as central:
        await hire(central)

        async def lives(headers: dict[str, str]) -> bool:
            async with central.http.get(
                "/office/me", headers=headers, allow_redirects=False
            ) as answer:
                return answer.status == 200

        idle = await sign_in(central, "cashier")
        clock.pass_(minutes=121)
        assert not await lives(idle)
        used = await sign_in(central, "cashier")
        for _ in range(7):
            assert await lives(used)
            clock.pass_(minutes=110)
        assert not await lives(used)
        changed, kept = await sign_in(central, "cashier"), await sign_in(central, "admin")
        async with central.http.post(
            "/office/staff/cashier", data={"disabled": "1"}, headers=kept
        ) as answer:
            assert answer.status == 200
        assert await lives(kept)
        assert not await lives(changed)
        assert not await lives({"Cookie": "wicket-office=guessed"})


async def test_the_last_admin_stays_one(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        headers = await sign_in(central, "admin")
        for change in ({"disabled": "1"}, {"role": "cashier"}):
            async with central.http.post(
                "/office/staff/admin", data=change, headers=headers
            ) as answer:
                assert answer.status == 409
                assert "make another one first" in await answer.text()
        assert (await central.api.database.read(people.accounts))[0].member.role is Role.ADMIN


async def test_a_form_that_is_sent_twice_is_done_once(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        await hire(central)
        headers = await sign_in(central, "admin")
        form = {"name": "berta", "role": "cashier", "password": PASSWORD, "once": "abc"}
        for _ in range(2):
            async with central.http.post("/office/staff", data=form, headers=headers) as answer:
                assert answer.status == 200
                assert "The account is made" in await answer.text()
        form["name"] = "carla"
        async with central.http.post("/office/staff", data=form, headers=headers) as answer:
            assert answer.status == 409
            assert "sent before, with something else in it" in await answer.text()
        trail = await central.api.database.read(lambda c: audit.page(c, action="add-staff"))
        assert [deed.subject for deed in trail] == ["berta"]


async def test_who_also_signs_in_to_a_proxy_does_not_have_to_wait(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        headers = {"Authorization": "Basic YW5uYTpzZWNyZXQ="}
        for _ in range(12):
            async with central.http.get("/office/sign-in", headers=headers) as answer:
                assert answer.status == 200


async def test_a_form_that_no_page_sends_is_refused_in_words(tmp_path: Path) -> None:
    form = "application/x-www-form-urlencoded"
    hostile = {
        f"{form}; charset=base64": b"name=%FF",
        f"{form}; charset=unheard-of": b"name=\xff",
        f"{form}; many=1": b"&".join([b"a=b"] * 501),
        f"{form}; long=1": b"name=" + b"a" * 2**20,
        "multipart/form-data; boundary=b": b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n",
        "application/json": b"{}",
    }
    async with central_in(tmp_path, Clock()) as central:
        for kind, body in hostile.items():
            headers = OWN_PAGE | {"Content-Type": kind}
            async with central.http.post("/office/sign-in", data=body, headers=headers) as answer:
                assert answer.status in (400, 413), kind
                assert "That did not work" in await answer.text(), kind


async def test_a_mistake_in_the_program_is_a_page_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise IndexError

    monkeypatch.setattr(audit, "page", mistaken)
    async with office_in(tmp_path, Clock(), Role.ADMIN) as office:
        answer = await office.page.goto(office.url + "/office/audit")
        assert answer is not None
        assert answer.status == 500
        await expect(office.page.get_by_role("alert")).to_contain_text("A mistake in the program")
        assert "a fault of central in GET /office/audit; please report it" in caplog.text
        await office.page.get_by_role("link", name="Go back").click()
        await expect(office.page).to_have_url(office.url + "/office")


async def test_the_name_of_the_computer_leads_to_the_office(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central, central.http.get("/") as answer:
        assert answer.url.path == "/office/sign-in"


async def test_an_account_has_a_name_and_a_password_that_can_be_used(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as central:
        by, visitor = By("root", central.clock()), Member(people.VISITOR, Role.ADMIN)
        refused = await central.api.database.write(
            lambda c: people.add(c, visitor, "hashed", (), by)
        )
        assert isinstance(refused, Refused) and refused.code == "name_taken"
    for password in (f" {PASSWORD}", f"{PASSWORD}\t", f"{PASSWORD}\x00!", "short"):
        told = people.hash_password(password)
        assert isinstance(told, Refused) and told.code == "bad_password"


async def test_a_password_is_changed_by_who_knows_the_old_one(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.CASHIER) as office:
        page, new = office.page, "a new and longer one"
        await office.go("/office/me")
        await office.fair()
        for old in ("not the old one", PASSWORD):
            await page.get_by_label("Old password").fill(old)
            await page.get_by_label("New password").fill(new)
            await page.get_by_role("button", name="Change it").click()
            if old != PASSWORD:
                await expect(page.get_by_role("alert")).to_contain_text("not your old password")
        await expect(page.get_by_role("status")).to_contain_text("Your password is changed")
        await page.get_by_label("Name").fill("cashier")
        await page.get_by_label("Password").fill(new)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize(
    ("proxy", "told", "address"),
    [
        (False, ["203.0.113.7"], "127.0.0.1"),
        (True, ["203.0.113.7"], "203.0.113.7"),
        (True, ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (True, ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (True, ["rubbish"], "127.0.0.1"),
        (True, [], "127.0.0.1"),
    ],
)
async def test_only_a_proxy_is_believed_where_a_request_comes_from(
    tmp_path: Path, proxy: bool, told: list[str], address: str
) -> None:
    public = PublicSettings(proxy=proxy)
    async with central_in(tmp_path, Clock(), public=public) as central:
        await hire(central)
        form = {"name": "admin", "password": "wrong password"}
        headers = CIMultiDict([("Sec-Fetch-Site", "same-origin")])
        headers.extend(("X-Forwarded-For", one) for one in told)
        async with central.http.post("/office/sign-in", data=form, headers=headers) as answer:
            assert answer.status == 403
        [tried] = await central.api.database.read(lambda c: audit.page(c, action="wrong-password"))
        assert (tried.address, tried.subject) == (address, "admin")


async def test_who_was_signed_out_meanwhile_signs_in_where_the_press_was_refused(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with office_in(tmp_path, clock, Role.ADMIN) as office:
        page = office.page
        await office.go("/office/staff")
        clock.pass_(hours=3)
        await page.get_by_role("button", name="Disable cashier").click()
        await expect(page.get_by_role("alert")).to_have_text("Sign in first. Nothing was done.")
        await office.fair()
        await page.get_by_label("Name").fill("admin")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).to_have_url(office.url + "/office")


async def test_a_new_password_from_an_old_page_gives_no_old_role_back(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.ADMIN) as office:
        page, write = office.page, office.central.api.database.write
        await office.go("/office/staff")
        by = By("central", office.central.clock())
        await write(lambda c: people.change(c, "supervisor", role=Role.STEWARD, by=by))
        await page.get_by_label("New password of supervisor").fill("a new and longer one")
        await page.get_by_role("button", name="Set the password of supervisor").click()
        await expect(page.get_by_role("status")).to_contain_text("The account is changed")
        await expect(page.get_by_label("Role of supervisor", exact=True)).to_have_value("steward")
        await page.get_by_label("Name", exact=True).fill("Anna B")
        fits = "field => field.checkValidity()"
        assert not await page.get_by_label("Name", exact=True).evaluate(fits)
        await page.get_by_label("Name", exact=True).fill("anna-b")
        assert await page.get_by_label("Name", exact=True).evaluate(fits)
