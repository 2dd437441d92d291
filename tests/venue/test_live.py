"""The live page in a real browser, over the shipped access list, to the lanes of a real gate."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect
from support.access import Broker, authority, running_broker
from support.bus import running
from support.central import BEGUN, DEVICES, MUSEUM, Clock
from support.gate import BOTH_WAYS, NORTH, SOUTH, Rig, gate_in, settings_in
from support.listening import until
from support.office import Office, office_in
from support.samples import NOON

from admission.facts import Admitted, Opened
from admission.values import Direction
from central.service import do_duty
from central.staff.roles import Role
from central.sync import feed
from gate.commands import obedience
from gate.health import health_of
from gate.settings import CentralSettings, GateSettings, ZoneSettings
from gate.sync import keep_in_step
from runtime.wire import fact_from_data
from wicket.authority import Authority

UNHURRIED_S = 60.0
"""How long who is let in may take to walk: the browser comes in between."""


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("authority") / "ca", "gate-1", "central")


@dataclass
class Running(Clock):
    """As fast as the gate's."""

    began: float = 0.0

    def __call__(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self.began)


@dataclass
class Venue:
    office: Office
    rig: Rig
    settings: GateSettings

    @property
    def page(self) -> Page:
        return self.office.page

    @property
    def said(self) -> Locator:
        return self.page.locator("main > [role=status], main > [role=alert]")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """The gate is in step with central, which it has asked the time."""
        gate = self.rig.gate
        step = keep_in_step(
            self.settings,
            gate.ledger,
            gate.outbox,
            gate.trust,
            partial(health_of, gate),
            obedience=obedience(gate),
        )
        async with running(step):
            await until(lambda: gate.ledger.cursor >= BEGUN and gate.trust.offset_s is not None)
            yield

    async def admit(self, code: str, where: str) -> None:
        await self.page.get_by_label("Code on the ticket").fill(code)
        await self.page.get_by_label("Where").select_option(where)
        await self.page.get_by_role("button", name="Admit", exact=True).click()


@asynccontextmanager
async def venue_in(folder: Path, issuer: Authority, role: Role) -> AsyncIterator[Venue]:
    """Central at work with a broker; gate-1 serves North and South, and is not connected yet."""
    (folder / "central").mkdir()
    broker = Broker(folder / "etc", issuer)
    south = replace(SOUTH, turnstile=BOTH_WAYS)
    clock = Running(began=time.monotonic())
    async with (
        running_broker(broker),
        office_in(folder / "central", clock, role, mqtt=broker.of("central")) as office,
        running(do_duty(office.central.api)),
    ):
        central = CentralSettings(office.url, DEVICES["gate-1"].token)
        where = {
            "mqtt": broker.of("gate-1"),
            "central": central,
            "zones": (ZoneSettings("museum"),),
        }
        north = replace(NORTH, zone="museum", pass_within_s=UNHURRIED_S)
        settings = settings_in(folder, north, south, **where)
        skew = clock() - NOON
        async with gate_in(settings, known=(), skew=lambda: skew) as rig:
            yield Venue(office, rig, settings)


async def test_staff_open_a_lane_set_its_mode_and_admit_by_hand(
    tmp_path: Path, issuer: Authority
) -> None:
    async with venue_in(tmp_path, issuer, Role.SUPERVISOR) as venue, venue.connected():
        office, page, rig = venue.office, venue.page, venue.rig
        one, two = await office.central.sell(1, MUSEUM, 2)
        await until(lambda: rig.gate.ledger.cursor >= BEGUN + 2)
        await office.go("/office/live")
        await expect(page.get_by_role("region", name="gate-1")).to_contain_text("Connected since")
        once = page.get_by_role("button", name="Open North once, in")
        await expect(once).to_be_visible()
        await office.fair()

        await once.click()
        await expect(venue.said).to_have_text("North is open once, in")
        await rig.opens()
        rig.walk()
        await rig.locks()

        await venue.admit(one["human_code"].lower(), "lane in gate-1 North")
        await expect(venue.said).to_have_text("North: 1 person may enter")
        await office.picture("P9-admit")
        rig.walk()
        await rig.gate.lanes[0].until(lambda state: state.grant is None)
        await venue.admit(one["code"], "lane in gate-1 North")
        await expect(venue.said).to_contain_text("not admitted at North: already used at")
        await office.fair()

        await page.get_by_text("Mode of South, out").click()
        await page.get_by_label("New mode of South, out").select_option("free")
        await page.get_by_label("Reason for the mode of South, out").fill("<script>x</script>")
        await page.get_by_role("button", name="Set the mode of South, out").click()
        await expect(page.get_by_role("heading")).to_have_text("Set South, out to free?")
        await office.fair()
        await page.get_by_role("button", name="Yes, set it to free").click()
        await expect(venue.said).to_have_text("South, out: free, until the schedule's next")
        await expect(page.locator('[data-live="gate-1 South out"]')).to_have_text("out free")

        await venue.admit(two["code"], "hand museum")
        await expect(venue.said).to_contain_text("Admitted by hand: 1 person.")
        await venue.admit(two["code"], "hand museum")
        await expect(venue.said).to_contain_text(
            re.compile(r"already used at 14:\d\d at by hand: supervisor")
        )
        await until(lambda: bool(rig.gate.ledger.history(human_id(rig, two)).uses))
        rig.scan(two["code"])
        await rig.shows("already used at")
        await office.go("/office/live")
        await expect(page.locator("#watching")).to_have_text("Refreshes by itself.")
        await office.picture("live")

        await office.go("/office/audit")
        await expect(page.locator("tbody")).to_contain_text("<script>x</script>")
        for action in ("open-once", "lane-mode", "admit", "admit-by-hand"):
            await expect(page.locator("tbody")).to_contain_text(action)
        entries = await office.central.api.database.read(lambda c: feed.after(c, 0, 1000))
        told = [fact_from_data(entry.fact).event for entry in entries]
        assert Opened("North", Direction.IN, "supervisor") in told
        assert [e.lane for e in told if isinstance(e, Admitted)] == [
            "North",
            "by hand: supervisor",
        ]


def human_id(rig: Rig, ticket: dict[str, str]) -> int:
    return int(ticket["id"])


async def test_a_gate_that_is_cut_off_is_seen_at_once_and_ordered_nothing(
    tmp_path: Path, issuer: Authority
) -> None:
    async with venue_in(tmp_path, issuer, Role.STEWARD) as venue:
        page, gate = venue.page, venue.page.get_by_role("region", name="gate-1")
        async with venue.connected():
            await venue.office.go("/office/live")
            await expect(gate).to_contain_text("Connected since")
            await expect(page.get_by_role("button", name="Open North once, in")).to_be_visible()
            await expect(page.get_by_text("Mode of North")).to_have_count(0)
        await expect(gate).to_contain_text(re.compile(r"Cut off since 14:\d\d"))
        await page.get_by_role("button", name="Open North once, in").click()
        sent = re.compile(r"Nothing was sent\. gate-1: cut off since 14:\d\d;")
        await expect(venue.said).to_contain_text(sent)
        await venue.office.fair()
        assert venue.rig.gate.lanes[0].state.grants == 0
