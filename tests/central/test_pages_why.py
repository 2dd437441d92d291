"""Why refused? Whatever is scanned or typed is told in one sentence, with every attempt."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect
from sqlalchemy import insert, select
from support.central import DEVICES, NOW, TOUR, Client, Clock
from support.office import Office, office_in
from support.roles import sign_in

from admission.codes import SigningKey, human_code, sign_ticket
from admission.facts import Admitted, Event, Fact, Lapsed, Passed, Refused
from admission.telling import moment
from admission.values import Ticket, Window
from central.office import why
from central.settings import DeviceKind, DeviceSettings
from central.staff.roles import Role
from central.store import schema
from central.store.database import make_engine, migrate
from central.sync import feed, ingest
from central.watch import devices
from central.watch.devices import Heard, Status
from runtime.wire import encode, fact_to_data

SOON = NOW + timedelta(minutes=15)
"""The tour of half past two is open then."""


async def tell(central: Client, *events: Event, device: str = "gate-1") -> None:
    """The gate tells what happened, as it would over the broker."""

    def take(connection: Any) -> None:
        last = feed.last_taken(connection, device)
        facts = [
            Fact(device, n, central.clock(), event) for n, event in enumerate(events, last + 1)
        ]
        payload = encode({"facts": [fact_to_data(fact) for fact in facts]})
        known = central.api.settings.devices
        assert ingest.take(connection, device, payload, known, central.clock()) is not None

    await central.api.database.write(take)


async def scan(office: Office, code: str) -> None:
    """As a scanner that types like a keyboard does, wherever the page put the cursor."""
    await office.go("/office/why")
    await expect(office.page.get_by_label("Scan the ticket")).to_be_focused()
    await office.page.keyboard.type(code)
    await office.page.keyboard.press("Enter")
    await expect(office.page.locator(".answer")).to_be_visible()


async def test_a_refused_ticket_is_explained_in_ten_seconds(tmp_path: Path) -> None:
    clock = Clock()
    async with office_in(tmp_path, clock, Role.STEWARD) as office:
        page, central = office.page, office.central
        ticket, other = await central.sell(4, TOUR, 2)
        id_, code = int(ticket["id"]), ticket["code"]
        answer = page.locator(".answer")
        await scan(office, code)
        await expect(answer).to_have_text("Refused: opens at 14:15")
        await page.get_by_label("At", exact=True).fill("14:20")
        await page.get_by_label("Attraction", exact=True).select_option("Guided tour")
        await page.get_by_role("button", name="Ask").click()
        await expect(answer).to_have_text("It would enter: 1 person may enter")
        await expect(page.locator(".rules")).to_contain_text("arrival window")
        await page.get_by_label("Attraction", exact=True).select_option("Museum")
        await page.get_by_role("button", name="Ask").click()
        await expect(answer).to_have_text("Refused: not valid at this entrance")
        await office.fair()
        clock.now = SOON
        await tell(
            central,
            Refused(id_, "Turnstile 2", "too_early", code[:64]),
            Admitted(id_, "tour", "Turnstile 1", 1),
            Passed(id_, 2, "Turnstile 1", 1),
        )
        clock.pass_(minutes=2)
        await tell(central, Refused(id_, "Turnstile 2", "already_used", code[:64]))
        await scan(office, ticket["human_code"].lower())
        await expect(answer).to_have_text("Refused: already used at 14:20 at Turnstile 1")
        rows = page.locator(".attempts tbody tr")
        await expect(rows.nth(0)).to_contain_text("refused: already used")
        await expect(rows.nth(0)).to_contain_text("Turnstile 2")
        await expect(rows.nth(2)).to_contain_text("let in 1 person (tour)")
        await expect(rows.nth(3)).to_contain_text("refused: too early")
        await office.fair()
        await office.picture("R4")
        await page.locator("dl.facts").get_by_role("link").first.click()
        await expect(page.get_by_role("region", name="What it opens")).to_contain_text("0 of 1")
        await expect(page.get_by_role("region", name="What happened")).to_contain_text("walked in")
        await office.fair()
        await page.get_by_role("link", name="The rules one by one").click()
        await page.get_by_label("At", exact=True).fill("when the tide is out")
        await page.get_by_role("button", name="Ask").click()
        await expect(page.get_by_role("alert")).to_contain_text("is no time like 14:05")
        await tell(central, Lapsed(id_, 2, "Turnstile 1", 1))
        await scan(office, code)
        await expect(answer).to_have_text("It would enter: 1 person may enter")
        await office.central.cancel({"token": await token_of(central, other)})
        await scan(office, other["code"])
        await expect(answer).to_have_text("Refused: ticket was cancelled")


async def token_of(central: Client, ticket: dict[str, Any]) -> str:
    page = await central.as_("office-1").get(f"/v1/requests?ticket={ticket['human_code']}")
    token: str = page["requests"][0]["token"]
    return token


async def test_a_code_that_is_no_ticket_tells_what_it_looks_like(tmp_path: Path) -> None:
    async with office_in(tmp_path, Clock(), Role.STEWARD, width=390) as office:
        page, central = office.page, office.central
        [ticket] = await central.sell(4, TOUR)
        human, answer = ticket["human_code"], page.locator(".answer")
        window = Window(NOW, NOW + timedelta(hours=9))
        forged = sign_ticket(SigningKey(1, bytes(32), NOW), Ticket(7, 4, window))
        strange = sign_ticket(SigningKey(99, bytes(32), NOW), Ticket(7, 4, window))
        wrong = human[:-1] + ("0" if human[-1] != "0" else "1")
        headers = await sign_in(central, "steward")
        for code, told in (
            (forged, "Forged or damaged: it names key 1 of central"),
            (strange, "Signed with key 99, which is none of ours"),
            (forged[:97], "97 of its 141 characters"),
            (wrong, "its last character does not fit"),
            ("TK-1234-567", "a human code has 8 characters behind TK, this one 7"),
            (human_code(12345), "no ticket here has it"),
            ("SHOP-77-ABC", "no list and no web shop known here has this code"),
        ):
            async with central.http.get(
                "/office/why", params={"code": code}, headers=headers
            ) as shown:
                assert told in await shown.text()
        pasted = {"code": f"\u200f\u202a{human.replace('-', chr(0xA0))}\u202c\ufeff"}
        async with central.http.get("/office/why", params=pasted, headers=headers) as shown:
            assert "Refused: opens at 14:15" in await shown.text()
        # A ticket of another shop's list; and a lane that its gate told is closed.
        listed = {"name": "Partner shop", "product": 1, "rows": [{"code": "Partner-7"}]}
        day = {"valid_from": "2026-11-21T00:00+01:00", "valid_until": "2026-11-22T00:00+01:00"}
        await central.as_("office-1").post("/v1/lists", listed | day)
        status = Status(online=True, lanes={"Turnstile 1": {"in": "closed", "out": "free"}})
        heard = Heard("gate-1", True, NOW, NOW, status)
        await central.api.database.write(lambda c: devices.keep(c, [heard], []))
        await scan(office, "Partner-7")
        await expect(answer).to_have_text("It would enter: 1 person may enter")
        await expect(page.locator("dl.facts")).to_contain_text("list Partner shop")
        await page.get_by_label("Lane").select_option("Turnstile 1")
        await page.get_by_role("button", name="Ask").click()
        await expect(answer).to_have_text("Refused: this lane is closed")
        # The shop's code was seen at a lane, which told its first 64 characters.
        await tell(
            central,
            Refused(None, "Turnstile 1", "unreadable", "SHOP-77-ABC"),
            Refused(None, "Turnstile 1", "not_genuine", forged[:64]),
            Refused(None, "Turnstile 1", "unreadable", "<b>SHOP</b>"),
        )
        await scan(office, "shop-77-abc")
        await expect(page.locator(".attempts tbody tr")).to_have_count(1)
        await expect(page.locator(".attempts")).to_contain_text("not a ticket of this venue")
        await scan(office, forged)
        await expect(page.locator(".attempts")).to_contain_text("refused: not genuine")
        await scan(office, "<b>SHOP</b>")
        assert await page.locator("dd b").count() == 0
        await office.fair()
        # One wrong character: the ticket that was meant is offered.
        await scan(office, wrong)
        await office.fair()
        await office.picture("R4-mistyped")
        await page.get_by_role("link", name=human).click()
        await expect(answer).to_have_text("Refused: opens at 14:15")


async def test_lanes_of_one_name_at_two_gates_are_told_apart(tmp_path: Path) -> None:
    second = {"gate-2": DeviceSettings("gate-2-gate-2-gate-2", DeviceKind.GATE)}
    clock, answer = Clock(SOON), ".answer"
    async with office_in(tmp_path, clock, Role.STEWARD, devices=DEVICES | second) as office:
        page, central = office.page, office.central
        [ticket] = await central.sell(4, TOUR)
        ways = {"gate-1": {"North": {"in": "closed"}, "South": {"in": "controlled"}}}
        ways["gate-2"] = ways["gone"] = {"North": {"in": "controlled"}}
        heard = [
            Heard(name, True, NOW, NOW, Status(online=True, lanes=lanes))
            for name, lanes in ways.items()
        ]
        await central.api.database.write(lambda c: devices.keep(c, heard, []))
        await scan(office, ticket["code"])
        lane = page.get_by_label("Lane", exact=True)
        names = ["any", "North of gate-1", "North of gate-2", "South"]
        assert await lane.locator("option").all_inner_texts() == names
        for name, said in (
            ("North of gate-1", "Refused: this lane is closed"),
            ("North of gate-2", "It would enter: 1 person may enter"),
        ):
            await lane.select_option(name)
            await page.get_by_role("button", name="Ask").click()
            await expect(page.locator(answer)).to_have_text(said)
            await expect(page.get_by_role("status")).to_contain_text(f"at {name}:")
            assert await lane.locator("option:checked").inner_text() == name
        id_ = int(ticket["id"])
        await tell(central, Refused(id_, "North", "lane_closed", ticket["code"][:64]))
        await tell(central, Admitted(id_, "tour", "North", 1), device="gate-2")
        await page.get_by_role("button", name="Ask").click()
        used = "already used at 14:20 at North of gate-2"
        await expect(page.locator(answer)).to_have_text(f"Refused: {used}")
        await expect(page.locator(".rules")).to_contain_text(used)
        rows = page.locator(".attempts tbody tr")
        await expect(rows.nth(0)).to_contain_text("North of gate-2")
        await expect(rows.nth(1)).to_contain_text("North of gate-1")
        await office.fair()
        await office.go(f"/office/why?code={ticket['human_code']}&lane=gate-9+North")
        await expect(page.get_by_role("alert")).to_contain_text("No gate has that lane")


async def test_refusals_are_found_by_ticket_by_either_code_and_by_unknown_code(
    kiosk: Client,
) -> None:
    """On both databases."""
    [ticket] = await kiosk.sell(4, TOUR)
    await tell(
        kiosk,
        Refused(int(ticket["id"]), "A", "too_early", ticket["code"][:64]),
        Refused(None, "B", "unknown_key", ticket["code"][:64]),
        Refused(None, "C", "unknown", ticket["human_code"]),
        Refused(None, "D", "unreadable", "x" * 64),
        Refused(None, "E", "unreadable", ""),
    )
    zone = kiosk.api.venue.zone

    def lanes(code: str, before: int | None = None, limit: int = 9) -> Any:
        def look(c: Any) -> list[str]:
            known = why.know(c, code)
            return [one.lane for one in why.attempts(c, known, before, limit, zone) if one.lane]

        return kiosk.api.database.read(look)

    assert await lanes(ticket["code"]) == ["C", "B", "A"]
    assert await lanes(ticket["human_code"].lower()) == ["C", "B", "A"]
    assert await lanes(ticket["human_code"], limit=2) == ["C", "B"]
    assert await lanes("X" * 200) == ["D"]
    assert await lanes("") == []


def test_refusals_of_before_are_found_after_an_update(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'central.sqlite'}")
    migrate(engine, "0022")
    count = 5002  # more than are looked at at once

    def row(n: int) -> dict[str, Any]:
        code = "" if n == 1 else "AB-12 c" if n == count else f"W{n}"
        fact = Fact("gate-1", n, NOW, Refused(None, "North", "unreadable", code))
        told = {"at": NOW, "received_at": NOW, "body": fact_to_data(fact)}
        return told | {"n": n, "device": "gate-1", "number": n, "kind": "refused"}

    with engine.begin() as connection:
        connection.execute(insert(schema.feed), [row(n) for n in range(1, count + 1)])
    migrate(engine)
    with engine.connect() as connection:
        subjects = connection.scalars(select(schema.feed.c.subject).order_by("n")).all()
    engine.dispose()
    assert subjects[0] is None
    assert (subjects[1], subjects[-1]) == (feed.shown("W2"), feed.shown("ab12C"))
    assert len(set(subjects)) == count


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59.999999+00:00", "0001-01-01", "tide"])
def test_what_is_no_time_of_any_clock_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no time like 14:05"):
        moment(text, NOW, ZoneInfo("Europe/Berlin"))
