"""Who is connected: what devices say of themselves, when they were cut off, and in what words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.broker import free_port, mosquitto
from support.bus import SITE, ear_on, running
from support.central import BEGUN, DEVICES, MUSEUM, NOW, Client, Clock, central_in, settings_in
from support.gates import payload
from support.will import dies_with_a_will

from admission.facts import Admitted, Fact, Passed
from central.service import serve
from central.settings import DeviceKind, DeviceSettings, HttpSettings
from central.sync import epochs, feed, ingest
from central.watch import devices
from central.watch.devices import SILENT, Gap, Heard, Status
from central.watch.listening import Watch
from runtime.bus import Message
from runtime.convert import Invalid
from runtime.wire import encode

GATE: dict[str, Any] = {
    "online": True,
    "version": "1",
    "cursor": BEGUN,
    "waiting": 0,
    "clock_trusted": True,
    "present": {"museum": 3},
    "emergency": False,
}
OFF = {"online": False}


@pytest.fixture
async def office(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    async with central_in(tmp_path, clock) as client:
        yield client.as_("office-1")


def watch_of(client: Client) -> Watch:
    watch = Watch(client.api.database, client.api.clock, DEVICES)
    watch.connected()
    return watch


async def hears(watch: Watch, status: Any, device: str = "gate-1", *, kept: bool = False) -> None:
    payload = status if isinstance(status, bytes) else encode(status)
    watch.hear(device, Message("", payload, retain=kept))
    await watch.write_down()


async def row(office: Client, device: str = "gate-1") -> Any:
    return next(r for r in (await office.get("/v1/devices"))["devices"] if r["device"] == device)


async def gaps(client: Client, device: str = "gate-1") -> list[Gap]:
    now = client.clock()
    return await client.api.database.read(lambda c: devices.last_gaps(c, device, now, 9))


async def test_every_device_of_central_toml_has_a_row(office: Client) -> None:
    rows = (await office.get("/v1/devices"))["devices"]
    assert [r["device"] for r in rows] == sorted(DEVICES)
    assert {r["link"] for r in rows} == {"never", "http"}
    assert (await row(office))["says"].startswith("gate-1: never heard; is it switched on")


async def test_a_device_that_goes_and_comes_back_leaves_a_gap(office: Client) -> None:
    watch = watch_of(office)
    await hears(watch, GATE | {"waiting": 14})
    assert (await row(office))["link"] == "online"
    office.clock.pass_(minutes=2)
    await hears(watch, OFF)
    gone = office.clock()
    office.clock.pass_(minutes=38)
    found = await row(office)
    assert (found["link"], found["since"]) == ("offline", gone.isoformat())
    assert found["says"] == (
        "gate-1: cut off since 14:07; 14 facts not told yet when last heard;"
        " is it switched on, is its network up?"
    )
    assert await gaps(office) == []  # it is told by `since` as long as it lasts
    await hears(watch, GATE)
    back = office.clock()
    office.clock.pass_(minutes=1)
    assert (await row(office))["says"] == "gate-1: connected since 14:45"
    assert await gaps(office) == [Gap("gate-1", gone, back)]


async def test_who_says_nothing_is_silent_though_the_broker_lost_nobody(office: Client) -> None:
    watch = watch_of(office)
    await hears(watch, GATE)
    office.clock.pass_(seconds=SILENT.seconds + 1)
    found = await row(office)
    assert (found["link"], found["since"]) == ("silent", NOW.isoformat())
    assert await gaps(office) == []
    await hears(watch, GATE)
    assert (await row(office))["link"] == "online"
    assert await gaps(office) == [Gap("gate-1", NOW, office.clock())]


async def test_while_central_heard_nobody_nobody_was_silent(office: Client) -> None:
    await hears(watch_of(office), GATE)
    office.clock.pass_(hours=1)
    again = watch_of(office)
    await hears(again, GATE, kept=True)
    assert (await row(office))["link"] == "online"
    await hears(again, GATE)
    assert await gaps(office) == []


async def test_who_went_meanwhile_is_cut_off_since_it_was_heard_last(office: Client) -> None:
    await hears(watch_of(office), GATE)
    office.clock.pass_(hours=1)
    await hears(watch_of(office), OFF, kept=True)
    assert (await row(office))["since"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"faults": ["North: turnstile lost"]}, "North: turnstile lost"),
        ({"emergency": True}, "fire has opened every lane"),
        ({"name_taken": True}, "somebody else tells facts in its name"),
        ({"clock_trusted": False}, "its clock is not trusted; is there a time server"),
        ({"clock_offset_s": -90.5}, "its clock is 90 s behind; is there a time server"),
        ({"set_aside": 1}, "it cannot read 1 fact; install the newer wicket"),
        ({"waiting": 101}, "101 facts not told yet"),
        ({"what a newer gate tells": 5}, "connected since 14:05"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(office: Client, told: Any, says: str) -> None:
    await hears(watch_of(office), GATE | told)
    assert says in (await row(office))["says"]


async def test_a_kiosk_says_why_it_does_not_sell(office: Client) -> None:
    status = {"online": True, "version": "1", "out_of_order": "the printer has no paper"}
    await hears(watch_of(office), status, "kiosk-1")
    found = await row(office, "kiosk-1")
    assert found["says"] == "kiosk-1: out of order: the printer has no paper"
    assert found["behind"] is None


async def test_who_knows_more_of_the_feed_than_there_is_begins_a_new_epoch(office: Client) -> None:
    """An old copy of the database was put back."""
    watch = watch_of(office)
    before = await office.api.database.read(epochs.current)
    for epoch, cursor in ((before, BEGUN), (before + 1, BEGUN + 9), (before, BEGUN + 9)):
        assert await office.api.database.read(epochs.current) == before
        await hears(watch, GATE | {"epoch": epoch, "cursor": cursor})
    assert await office.api.database.read(epochs.current) != before


async def test_strangers_and_nonsense_are_said_once_and_change_nothing(
    office: Client, caplog: pytest.LogCaptureFixture
) -> None:
    watch = watch_of(office)
    await hears(watch, GATE)
    before = await row(office)
    for _ in range(3):
        await hears(watch, b"?")
        await hears(watch, GATE, "gate-77")
    for n in range(300):
        watch.hear(f"stranger-{n}", Message("", b"{}"))
    assert await row(office) == before
    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len([line for line in warned if "'gate-77' is not in central.toml" in line]) == 1
    assert len([line for line in warned if "cannot be read" in line]) == 1
    assert len(warned) <= 100


async def test_a_broker_that_starts_costs_one_write(office: Client) -> None:
    """200 gates say how they are within the same moment."""
    names = [f"gate-{n}" for n in range(200)]
    known = dict.fromkeys(names, DeviceSettings("x" * 16, DeviceKind.GATE))
    watch = Watch(office.api.database, office.api.clock, known)
    watch.connected()
    for name in names:
        watch.hear(name, Message("", encode(GATE), retain=True))
    await watch.write_down()
    office.api.database.written.clear()
    await watch.write_down()
    assert not office.api.database.written.is_set()
    heard = await office.api.database.read(devices.all_heard)
    assert set(heard) == {*names, "central"}


def statuses() -> st.SearchStrategy[Any]:
    rubbish = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )
    names = st.sampled_from([*Status.__dataclass_fields__])
    return st.dictionaries(names, rubbish, max_size=5).map(lambda told: GATE | told)


@settings(max_examples=100, deadline=None)
@given(statuses() | st.binary(max_size=40))
def test_no_status_whatever_is_a_fault_of_central(told: Any) -> None:
    payload = told if isinstance(told, bytes) else encode(told)
    try:
        status = devices.read(payload)
    except Invalid:
        return
    heard, _ = devices.hear(None, "gate-1", status, NOW, kept=False, listening=NOW)
    assert heard.online == status.online


@pytest.mark.parametrize("wrong", [b"x" * 20_000, encode(GATE | {"clock_offset_s": float("nan")})])
def test_a_status_that_cannot_be_is_refused(wrong: bytes) -> None:
    with pytest.raises(Invalid):
        devices.read(wrong)


def test_what_the_broker_kept_does_not_tell_that_a_device_was_heard_now() -> None:
    before = Heard("gate-1", online=True, since=NOW, heard_at=NOW, status=Status(online=True))
    later = NOW + timedelta(hours=1)
    heard, gap = devices.hear(
        before, "gate-1", Status(online=True, version="2"), later, kept=True, listening=later
    )
    assert heard == replace(before, status=Status(online=True, version="2"))
    assert gap is None


async def test_the_last_will_of_a_device_that_dies_is_heard(tmp_path: Path) -> None:
    http, topic = HttpSettings(port=free_port()), "device/gate-1/status"
    async with mosquitto(tmp_path) as broker, ear_on(broker) as ear:
        central = settings_in(tmp_path / "central", mqtt=broker, http=http)
        clock = Clock()
        async with running(serve(central, clock=clock)):
            await ear.hears("feed")
            async with dies_with_a_will(broker.port, f"{SITE}/{topic}", encode(OFF)):
                await ear.says(topic, GATE)
                await until_link(http.port, "online")
            await until_link(http.port, "offline")
            await ear.says(topic, GATE)
            await until_link(http.port, "online")


async def until_link(port: int, wanted: str) -> None:
    headers = {"Authorization": f"Bearer {DEVICES['office-1'].token}"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http:
        async with asyncio.timeout(30):
            while True:
                async with http.get("/v1/devices") as answer:
                    rows = (await answer.json())["devices"]
                if next(r["link"] for r in rows if r["device"] == "gate-1") == wanted:
                    return


async def test_figures_tell_who_is_connected_and_how_many_are_inside(office: Client) -> None:
    await hears(watch_of(office), GATE | {"cursor": BEGUN - 1, "waiting": 3})
    inside = Fact("gate-1", 1, NOW, Passed(7, None, "North", 2, zone="museum"))
    await office.api.database.write(lambda c: feed.accept(c, [inside], NOW))
    async with office.http.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    for line in (
        'wicket_device_online{device="gate-1"} 1.0',
        'wicket_device_behind{device="gate-1"} 2.0',
        'wicket_device_waiting{device="gate-1"} 3.0',
        'wicket_zone_persons{zone="museum"} 2.0',
    ):
        assert line in lines
    assert [line for line in lines if line.startswith("wicket_device_online{")] == [
        'wicket_device_online{device="gate-1"} 1.0',
        'wicket_device_online{device="kiosk-1"} 0.0',
        'wicket_device_online{device="kiosk-2"} 0.0',
    ]


async def test_a_clash_says_when_its_gates_were_cut_off(office: Client) -> None:
    [sold] = await office.sell(1, MUSEUM)
    watch = watch_of(office)
    await hears(watch, GATE)
    await hears(watch, OFF)
    entry = Admitted(int(sold["id"]), "museum", "North", 1, cut_off=True)
    facts = [Fact("gate-1", n, office.clock(), entry) for n in (1, 2)]
    office.clock.pass_(minutes=38)
    await hears(watch, GATE)
    now, told = office.clock(), payload(facts)
    await office.api.database.write(lambda c: ingest.take(c, "gate-1", told, DEVICES, now))
    [clash] = (await office.get("/v1/clashes"))["clashes"]
    assert clash["text"].endswith("; gate-1 was cut off 2026-11-21 14:05\u201314:43")
