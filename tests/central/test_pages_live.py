"""What the live page takes from a browser, and from whoever is no browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.async_api import expect
from support.central import MUSEUM, Client, Clock, central_in
from support.office import hire, office_in
from support.roles import sign_in

from admission.codes import human_code
from admission.foreign import OpaqueCode
from admission.values import Direction
from central.staff import audit
from central.staff.roles import Role
from central.watch import commands, devices
from central.watch.commands import Order
from central.watch.devices import Gap, Heard, Status
from runtime.commands import CloseSales, OpenLane

LIVE = "/office/live"
NORTH = {"device": "gate-1", "lane": "North", "way": "in"}


@dataclass
class Browser:
    """One of the staff."""

    central: Client
    headers: dict[str, str]

    async def get(self, path: str = LIVE, **headers: str) -> tuple[int, str, str]:
        """Status, text, ETag."""
        async with self.central.http.get(path, headers=self.headers | headers) as answer:
            return answer.status, await answer.text(), answer.headers.get("ETag", "")

    async def post(self, what: str, **fields: str) -> tuple[int, str]:
        """Status, and where it leads or what the page says."""
        async with self.central.http.post(
            f"{LIVE}/{what}", data=fields, headers=self.headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("Location", await answer.text())

    async def orders(self) -> list[Order]:
        return await self.central.api.database.read(lambda c: commands.newest(c, 100))


@asynccontextmanager
async def browser_of(folder: Path, role: Role) -> AsyncIterator[Browser]:
    """gate-1 with its lane North, and kiosk-1, are there."""
    clock = Clock()
    north = {"North": {"in": "controlled"}}
    async with central_in(folder, clock) as central:
        await hire(central, role)
        there = [
            Heard("gate-1", True, clock(), clock(), Status(online=True, lanes=north)),
            Heard("kiosk-1", True, clock(), clock(), Status(online=True)),
        ]
        await central.api.database.write(lambda c: devices.keep(c, there, []))
        yield Browser(central, await sign_in(central, role.value))


async def test_a_second_press_orders_nothing_more(tmp_path: Path) -> None:
    async with browser_of(tmp_path, Role.STEWARD) as steward:
        first = await steward.post("open", **NORTH, once="key", why="a pram")
        assert await steward.post("open", **NORTH, once="key", why="a pram") == first
        [order] = await steward.orders()
        assert order.command.deed == OpenLane("North", Direction.IN)
        assert first == (303, f"{LIVE}?order={order.command.id}")


async def test_a_kiosk_is_closed_with_a_reason(tmp_path: Path) -> None:
    async with browser_of(tmp_path, Role.SUPERVISOR) as supervisor:
        await supervisor.post("kiosk", device="kiosk-1", sale="close", why="cleaning")
        [order] = await supervisor.orders()
        assert (order.device, order.command.deed) == ("kiosk-1", CloseSales("cleaning"))


async def test_a_script_is_told_when_nothing_has_changed(tmp_path: Path) -> None:
    async with browser_of(tmp_path, Role.STEWARD) as steward:
        status, _, tag = await steward.get()
        assert status == 200
        assert (await steward.get(**{"If-None-Match": tag}))[0] == 304
        await steward.post("open", **NORTH)
        status, text, newer = await steward.get(**{"If-None-Match": tag})
        assert (status, newer != tag) == (200, True)
        assert "open North once, in, gate-1" in text


NONSENSE: list[tuple[str, dict[str, str]]] = [
    ("open", {}),
    ("open", NORTH | {"way": "sideways"}),
    ("open", NORTH | {"lane": "N" * 5000}),
    ("open", NORTH | {"lane": "North\x00"}),
    ("open", NORTH | {"why": "w" * 201}),
    ("open", NORTH | {"device": "../gate-1"}),
    ("open", NORTH | {"device": "kiosk-1"}),
    ("mode", NORTH | {"mode": "emergency", "sure": "1"}),
    ("mode", NORTH | {"mode": ""}),
    ("kiosk", {"device": "gate-1", "sale": "close"}),
    ("kiosk", {"device": "kiosk-1", "sale": "burn"}),
    ("kiosk", {"device": "kiosk-1", "sale": "close", "why": "a\u2028b"}),
    ("admit", {"code": "", "where": "lane in gate-1 North"}),
    ("admit", {"code": "x" * 1025, "where": "lane in gate-1 North"}),
    ("admit", {"code": "a\u202eb", "where": "lane in gate-1 North"}),
    ("admit", {"code": "x", "where": "lane"}),
    ("admit", {"code": "x", "where": "lane up gate-1 North"}),
    ("admit", {"code": "x", "where": "nonsense"}),
    ("admit", {"code": "<script>x</script>", "where": "hand museum"}),
    ("admit", {"code": "x", "where": "hand nowhere"}),
]


async def test_nonsense_is_refused_and_nothing_ordered(tmp_path: Path) -> None:
    async with browser_of(tmp_path, Role.SUPERVISOR) as supervisor:
        for what, fields in NONSENSE:
            status, text = await supervisor.post(what, **fields)
            assert status in {400, 409}, fields
            assert "<script>x" not in text
        assert await supervisor.orders() == []


async def test_the_audit_trail_says_which_ticket_was_admitted(tmp_path: Path) -> None:
    async with browser_of(tmp_path, Role.STEWARD) as steward:
        [sold] = await steward.central.sell(1, MUSEUM)
        human, code = sold["human_code"], sold["code"]
        for shown, where in (
            (code, "lane in gate-1 North"),
            (human.lower(), "lane in gate-1 North"),
            ("Partner-Shop-7", "lane in gate-1 North"),
            ("NFC:04A1B2C3", "lane in gate-1 North"),
            ("?", "lane in gate-1 North"),
            (code, "hand museum"),
        ):
            assert (await steward.post("admit", code=shown, where=where))[0] == 303, shown
        rows = await steward.central.api.database.read(lambda c: audit.page(c, who="steward"))
        told = [row.detail for row in reversed(rows) if row.action.startswith("admit")]
        at_lane = [one.removesuffix(" at North, in") for one in told[:5]]
        foreign = human_code(OpaqueCode("Partner-Shop-7").ticket)
        named = [f"ticket {human}"] * 2 + [f"ticket {foreign} of others"]
        named += ["the ticket of a card", "a code that nobody reads"]
        assert at_lane == [f"admit {one}" for one in named]
        assert told[5].startswith(f"ticket {human}: 1 person may enter; fact ")
        assert not [one for one in told if code[:20] in one or "Partner" in one or "04A1" in one]


async def test_outages_of_the_last_day_stand_beside_each_device(tmp_path: Path) -> None:
    clock = Clock()

    def gap(device: str, began: float, ended: float) -> Gap:
        return Gap(device, clock() - timedelta(hours=began), clock() - timedelta(hours=ended))

    async with office_in(tmp_path, clock, Role.STEWARD) as office:
        gaps = [gap("gate-1", 90, 25), gap("kiosk-1", 27, 23), gap("web-1", 2, 1)]
        gaps += [gap("gate-1", hours, hours - 0.25) for hours in (1, 2, 3, 4)]
        there = [
            Heard("gate-1", True, clock(), clock(), Status(online=True)),
            Heard("kiosk-1", False, clock(), clock(), Status(online=True)),
        ]
        await office.central.api.database.write(lambda c: devices.keep(c, there, gaps))
        await office.go(LIVE)
        gate, kiosk = (office.page.get_by_label(name) for name in ("gate-1", "kiosk-1"))
        lately = "Was away 13:05 to 13:20, 12:05 to 12:20, 11:05 to 11:20"
        await expect(gate.locator(".away")).to_have_text(lately)
        await expect(kiosk.locator(".away")).to_have_text(
            "Was away 2026-11-20 11:05 to 2026-11-20 15:05"
        )
        await expect(office.page.locator(".away")).to_have_count(2)
        await office.fair()


async def test_a_guessed_order_tells_nothing(tmp_path: Path) -> None:
    async with browser_of(tmp_path, Role.STEWARD) as steward:
        for query in ("order=" + "0" * 32, "order=x", "order=%00", "admitted=-1"):
            status, text, _ = await steward.get(f"{LIVE}?{query}")
            assert status in {200, 400}
            assert 'class="said"' not in text


async def test_a_kiosk_that_tells_later_that_it_is_closed_can_be_opened(tmp_path: Path) -> None:
    clock = Clock()

    def told(closed: str | None) -> list[Heard]:
        return [Heard("kiosk-1", True, clock(), clock(), Status(online=True, closed=closed))]

    async with office_in(tmp_path, clock, Role.SUPERVISOR) as office:
        page, write = office.page, office.central.api.database.write
        await write(lambda c: devices.keep(c, told(None), []))
        await office.go(LIVE)
        await expect(page.get_by_role("button", name="Close kiosk-1")).to_be_visible()
        await write(lambda c: devices.keep(c, told("cleaning"), []))
        await expect(page.get_by_role("button", name="Open kiosk-1")).to_be_visible()
        await office.fair()
        await page.get_by_role("button", name="Open kiosk-1").focus()
        await write(lambda c: devices.keep(c, told(None), []))
        await expect(page.get_by_text("There is something new here: reload.")).to_be_visible()
