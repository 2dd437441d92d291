"""Head counts: what central counts, what gates say, why they differ, and how staff correct it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from support.central import BEGUN, DEVICES, NOW, Client, Clock, central_in
from support.gates import Gate, payload

from admission.facts import (
    Admitted,
    Alarmed,
    CountCorrected,
    Counted,
    Evacuated,
    Event,
    Fact,
    HeadCount,
    Lapsed,
    Passed,
)
from admission.presence import MOST_PERSONS
from admission.values import Direction
from central.store import schema
from central.store.database import make_engine, migrate
from central.sync import feed, ingest
from central.watch import head_counts
from central.watch.listening import Watch
from runtime.bus import Message
from runtime.wire import encode, fact_to_data

IN = Passed(7, None, "North", 1, zone="museum")
OUT = Passed(None, None, "North", 1, Direction.OUT, behind="museum")
GUEST = Passed(None, None, "North", 2, zone="museum")
WHY = {"why": "counted by hand"}


class Teller(Gate):
    """Tells central, and is heard at once."""

    async def tells(self, office: Client, *events: Event) -> None:
        told = payload([self.fact(office.clock(), event) for event in events])
        now = office.clock()
        taken = await office.api.database.write(
            lambda c: ingest.take(c, self.device, told, DEVICES, now)
        )
        assert taken == self.number


async def says(office: Client, present: dict[str, int], **more: Any) -> None:
    """The status of gate-1."""
    watch = Watch(office.api.database, office.api.clock, DEVICES)
    watch.connected()
    head = await office.api.database.read(feed.head)
    status = {"online": True, "cursor": head, "waiting": 0, "present": present} | more
    watch.hear("gate-1", Message("", encode(status)))
    await watch.write_down()


async def museum(office: Client) -> Any:
    [zone] = (await office.get("/v1/zones"))["zones"]
    assert zone["zone"] == "museum"
    return zone


async def test_the_count_is_that_of_all_passages_and_corrections(office: Client) -> None:
    gate = Teller("gate-1")
    assert (await office.get("/v1/zones"))["zones"] == []
    await gate.tells(office, IN, IN, IN, OUT)
    assert (await museum(office))["persons"] == 2
    await gate.tells(office, CountCorrected("museum", 3, "technician page", "a school class"), IN)
    found = await museum(office)
    assert found["persons"] == 6
    assert found["corrected"] == {
        "at": NOW.isoformat(),
        "by": "technician page",
        "why": "a school class",
    }


async def test_staff_correct_it_for_everybody(office: Client) -> None:
    await Teller("gate-1").tells(office, *[IN] * 5, GUEST)
    told = await office.post("/v1/zones/museum/count", {"persons": 4} | WHY)
    assert (told["persons"], told["flaws"]) == (4, [])
    assert told["corrected"]["by"] == "office-1"
    entry = (await office.get("/v1/feed"))["entries"][-1]
    fact = entry["fact"]
    assert (fact["kind"], fact["device"], fact["change"]) == ("count_corrected", "central", -3)
    assert fact["number"] == entry["n"]
    for nobodys in ("tower", "t" * 300, "mus%00eum"):
        refused = await office.post(f"/v1/zones/{nobodys}/count", {"persons": 4} | WHY, 404)
        assert refused["code"] == "unknown_zone"
    for wrong in ({"persons": -1} | WHY, {"persons": 10**7} | WHY, {"persons": 1, "why": ""}):
        await office.post("/v1/zones/museum/count", wrong, 400)


async def test_only_the_office_sees_and_corrects(office: Client) -> None:
    for path in ("/v1/zones", "/v1/devices"):
        assert (await office.as_("gate-1").get(path, 403))["code"] == "forbidden"
    await office.as_("kiosk-1").post("/v1/zones/museum/count", {"persons": 1} | WHY, 403)


async def test_of_two_corrections_at_once_one_counts_after_the_other(office: Client) -> None:
    """Also on PostgreSQL, where both may begin before either ends."""
    await Teller("gate-1").tells(office, IN, IN)
    body = {"persons": 9} | WHY
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(office.post("/v1/zones/museum/count", body))
    assert (await museum(office))["persons"] == 9


@pytest.fixture
async def small(tmp_path: Path, clock: Clock) -> Any:
    async with central_in(tmp_path, clock) as client:
        yield client.as_("office-1")


async def test_what_may_be_wrong_is_told_until_it_is_corrected(small: Client) -> None:
    gate = Teller("gate-1")
    entry = Admitted(7, "museum", "North", 2, zone="museum")
    await gate.tells(
        small,
        entry,
        IN,
        Lapsed(7, 1, "North", 1),
        GUEST,
        *(Alarmed("North", alarm) for alarm in ("forced", "tailgating", "forced", "journal")),
        Alarmed("North", "forced", on=False),
        Alarmed("South", "forced"),
        Evacuated(on=True, present=(HeadCount("museum", 3),)),
    )
    assert (await museum(small))["flaws"] == [
        "fire opened every lane: many left without being counted",
        "alarms of lanes, forced: 2",
        "let in, but did not walk as far as the sensor saw: 1",
        "alarms of lanes, tailgating: 1",
        "went in without a ticket (free lanes, opened by staff, forced): 2",
    ]
    await gate.tells(small, GUEST, CountCorrected("museum", 0, "page", "is right"), GUEST)
    said = "went in without a ticket (free lanes, opened by staff, forced): 2"
    assert (await museum(small))["flaws"] == [said]


async def test_a_gate_that_agrees_needs_no_explanation(small: Client) -> None:
    await Teller("gate-1").tells(small, IN, IN)
    await says(small, {"museum": 2})
    [gate] = (await museum(small))["gates"]
    assert (gate["persons"], gate["difference"], gate["why"]) == (2, 0, [])


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"waiting": 3}, ["not arrived yet: 3 facts of gate-1"]),
        ({"cursor": BEGUN - 2}, ["not known at gate-1 yet: 3 facts of the feed"]),
        ({"set_aside": 1}, ["set aside at gate-1, which cannot read them: 1 fact"]),
        ({}, None),
    ],
)
async def test_a_difference_is_explained(small: Client, status: Any, why: Any) -> None:
    await Teller("gate-1").tells(small, IN)
    await says(small, {"museum": 3}, **status)
    [gate] = (await museum(small))["gates"]
    assert gate["difference"] == 2
    if why:
        assert gate["why"] == why
    else:
        assert gate["why"][0].startswith("nothing known here explains it")


async def test_a_gate_that_was_cut_off_explains_it(small: Client) -> None:
    await Teller("gate-1").tells(small, IN)
    await says(small, {"museum": 2}, waiting=1)
    small.clock.pass_(minutes=4)
    [gate] = (await museum(small))["gates"]
    assert gate["why"] == [
        "gate-1 is cut off since 14:05; what it counts since then is not known",
        "not arrived yet: 1 fact of gate-1",
    ]


async def test_what_a_gate_counts_it_also_tells_as_a_fact(small: Client) -> None:
    gate = Teller("gate-1")
    here = Counted((HeadCount("museum", 3), HeadCount("", 9), HeadCount("x" * 65, 1)))
    await gate.tells(small, IN, here, IN)
    [told] = (await museum(small))["gates"]
    assert (told["persons"], told["difference"]) == (3, 2)


async def test_persons_that_cannot_be_make_no_sum_that_a_database_cannot_hold(
    small: Client,
) -> None:
    gate = Teller("gate-1")
    many = [CountCorrected("museum", 2**62, "page", "mistyped")] * 3
    await gate.tells(small, IN, *many, Passed(7, None, "North", 1, zone="x" * 65))
    assert (await museum(small))["persons"] == 1 + 3 * MOST_PERSONS


def test_a_database_from_before_counts_what_its_feed_says(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'old.sqlite'}")
    migrate(engine, "0012")
    tower = CountCorrected("tower", 4, "page", "looked")
    events = (IN, IN, OUT, Passed(None, None, "N", 2, zone="tower", behind="museum"), tower)
    with engine.begin() as connection:
        for n, event in enumerate(events, 1):
            body = fact_to_data(Fact("gate-1", n, NOW, event))
            row = {"n": n, "device": "gate-1", "number": n, "kind": body["kind"], "body": body}
            connection.execute(insert(schema.feed), row | {"at": NOW, "received_at": NOW})
    migrate(engine)
    with engine.connect() as connection:
        assert head_counts.counted(connection) == {"museum": -1, "tower": 6}
    engine.dispose()
