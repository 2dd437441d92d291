"""What devices told that does not fit together is found, told once, and settled by people."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update
from support.central import DEVICES, NOW, TOUR, Client
from support.clashes import OPEN, Store, entry, payload, store
from support.samples import DAY_PASS, MUSEUM, THREE_TIMES

from admission.codes import human_code
from admission.facts import Clash, Fact, Lapsed, OfflineSold
from admission.values import Money, Product, Ticket, TicketState
from central.sale.states import By
from central.store import schema
from central.sync import ingest
from runtime.wire import fact_to_data

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
TICKET = Ticket(4711, MUSEUM.id, OPEN)


@pytest.fixture
def central() -> Iterator[Store]:
    with store() as central:
        yield central


def at(number: int, minutes: float, event: Any = None, device: str = "gate-1") -> Fact:
    return Fact(device, number, NOW + minutes * MINUTE, event or entry())


def clashes(central: Store) -> list[Clash]:
    return [told.clash for told in central.clashes()]


def test_a_ticket_admitted_at_two_gates_is_told_once_with_both_sides(
    central: Store, caplog: pytest.LogCaptureFixture
) -> None:
    central.issue(TICKET)
    one = at(1, -2, entry(lane="North 2", cut_off=True))
    other = at(1, 0, entry(lane="South"), device="gate-2")
    central.take(other, device="gate-2", now=NOW)
    central.take(one, now=NOW + MINUTE)
    central.take(one, now=NOW + MINUTE)
    [told] = central.clashes()
    assert (told.clash, told.ticket) == (Clash.TWICE, 4711)
    late, early = told.sides
    assert (late.device, late.lane, late.cut_off, late.received_at) == (
        "gate-2", "South", False, NOW,
    )  # fmt: skip
    assert (early.device, early.at, early.cut_off) == ("gate-1", one.at, True)
    assert early.received_at == NOW + MINUTE
    [said] = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert said == (
        f"ticket {human_code(4711)} admitted more often than it allows:"
        " 2026-11-21 14:03:00 at North 2 (gate-1, cut off)"
        " and 2026-11-21 14:05:00 at South (gate-2); see GET /v1/clashes"
    )


def test_a_gate_that_did_not_know_that_nobody_heard_it_is_said_to_be_heard_later(
    central: Store, caplog: pytest.LogCaptureFixture
) -> None:
    central.issue(TICKET)
    central.take(at(1, -1, entry(lane="South"), device="gate-2"), device="gate-2", now=NOW - MINUTE)
    central.take(at(1, -1, entry(lane="North 2")))
    [said] = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert "at South (gate-2) and" in said
    assert "at North 2 (gate-1, heard 0:01:00 later);" in said


def test_entries_of_a_ticket_that_central_does_not_know_yet_are_judged_when_it_does(
    central: Store,
) -> None:
    central.take(at(1, -3))
    central.take(at(1, -2, device="gate-2"), device="gate-2")
    assert central.clashes() == []
    sold = OfflineSold(TICKET, 1, 1, Money(0, "EUR"))  # type: ignore[arg-type]
    central.take(at(1, -9, sold, device="gate-3"), device="gate-3")
    assert clashes(central)[-1] is Clash.TWICE


@pytest.mark.parametrize(
    ("minutes", "told"), [(-60, []), (-0.01, []), (0.01, []), (0.1, [Clash.NOT_VALID])]
)
def test_use_after_cancellation_is_told_unless_the_message_was_on_its_way(
    central: Store, minutes: float, told: list[Clash]
) -> None:
    central.issue(TICKET, NOW - 120 * MINUTE)
    central.issue(replace(TICKET, state=TicketState.CANCELLED), NOW)
    central.take(at(1, minutes, entry(cut_off=True)), now=NOW + MINUTE)
    assert clashes(central) == told
    for clash in central.clashes():
        gate, other = clash.sides
        assert (gate.device, gate.cut_off, other.device, other.at) == (
            "gate-1", True, "central", NOW,
        )  # fmt: skip


def test_a_ticket_that_was_only_blocked_for_a_while_was_good_before_and_afterwards(
    central: Store,
) -> None:
    states = [TicketState.VALID, TicketState.BLOCKED, TicketState.VALID]
    for hours, state in enumerate(states):
        central.issue(
            replace(TICKET, product=THREE_TIMES.id, state=state), NOW + hours * 60 * MINUTE
        )
    late = NOW + 240 * MINUTE
    central.take(*(at(n, minutes) for n, minutes in enumerate((30, 90, 150), 1)), now=late)
    assert [(c.clash, c.sides[0].number) for c in central.clashes()] == [(Clash.NOT_VALID, 2)]


def test_a_clock_that_cannot_be_right_is_told_once_per_device_and_episode(central: Store) -> None:
    facts = [at(n, m, Lapsed(4711, 1, "n", 1)) for n, m in enumerate((0, 60, 61, 0, 60), 1)]
    for fact in facts:
        central.take(fact)
    central.take(at(1, 60, device="gate-2"), device="gate-2")
    told = [(c.clash, c.sides[0].device, c.sides[0].number) for c in central.clashes()]
    assert told == [
        (Clash.CLOCK, "gate-1", 2),
        (Clash.CLOCK, "gate-1", 5),
        (Clash.CLOCK, "gate-2", 1),
    ]


def test_two_devices_of_one_name_are_told_once_and_their_facts_are_kept(central: Store) -> None:
    central.take(at(1, -2), at(2, -1))
    for _ in range(2):
        assert central.take(at(1, -2), at(2, -1, entry(8)), at(3, 0, entry(9))) == 3
    central.take(at(1, -5, entry(10)))
    assert clashes(central) == [Clash.CLONED]
    [told] = central.clashes()
    assert [(side.device, side.number) for side in told.sides] == [("gate-1", 2)]
    kept = [(row["number"], row["reason"]) for row in central.aside()]
    assert kept == [(2, ingest.CLONED), (1, ingest.CLONED)]


def test_the_same_fact_written_otherwise_is_the_same(central: Store) -> None:
    central.take(at(1, 0))
    told = {"device": "gate-1", "number": 1, "at": "2026-11-21T14:05:00+01:00", "kind": "admitted"}
    event = {"ticket": 4711, "attraction": "museum", "lane": "North", "persons": 1, "again": False}
    central.take(told | event)
    central.take({"device": "gate-1", "number": 1, "kind": "lost"})
    assert (central.clashes(), central.aside()) == ([], [])


STREAMS = st.lists(st.lists(st.integers(-600, 0), min_size=1, max_size=3), min_size=1, max_size=3)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), streams=STREAMS, product=st.sampled_from([MUSEUM, THREE_TIMES, DAY_PASS]))
def test_in_whatever_order_and_however_often_facts_come_as_many_are_told(
    central: Store, data: st.DataObject, streams: list[list[int]], product: Product
) -> None:
    """Of a ticket for one entry all but the first."""
    gates = {f"gate-{n}": sorted(times) for n, times in enumerate(streams, 1)}
    facts = [
        at(number, seconds / 60, device=gate)
        for gate, times in gates.items()
        for number, seconds in enumerate(times, 1)
    ]
    many = {MUSEUM: len(facts) - 1, THREE_TIMES: max(0, len(facts) - 3), DAY_PASS: 0}
    with central.connection.begin_nested() as attempt:
        central.issue(replace(TICKET, product=product.id), NOW - timedelta(days=1))
        left = {gate: [f for f in facts if f.device == gate] for gate in gates}
        while any(left.values()):
            gate = data.draw(st.sampled_from([name for name in left if left[name]]))
            batch = left[gate][: data.draw(st.integers(1, 3))]
            keeps = data.draw(st.integers(0, len(batch) - 1))  # is sent again
            central.take(*batch, device=gate)
            left[gate] = left[gate][len(batch) - keeps :]
        sides = [told.sides[0] for told in central.clashes()]
        attempt.rollback()
    assert len(sides) == len(set(sides)) == many[product]


async def told(kiosk: Client, device: str, *facts: Fact) -> None:
    await kiosk.api.database.write(
        lambda c: ingest.take(c, device, payload(*facts), DEVICES, kiosk.clock())
    )


async def sold_twice(kiosk: Client) -> dict[str, Any]:
    [ticket] = await kiosk.sell(4, TOUR)
    event = entry(int(ticket["id"]))
    event = replace(event, attraction="tour")  # type: ignore[type-var]
    await told(kiosk, "gate-1", at(1, 0, event), at(2, 0.1, event))
    return ticket


async def test_people_see_clashes_and_settle_them(kiosk: Client, office: Client) -> None:
    ticket = await sold_twice(kiosk)
    [found] = (await office.get("/v1/clashes"))["clashes"]
    assert found["human_code"] == ticket["human_code"]
    assert (found["clash"], found["settled"], found["given_back"]) == ("twice", None, False)
    assert "14:05:00 at North (gate-1) and" in found["text"]
    path = f"/v1/clashes/{found['n']}/settle"
    await kiosk.post(path, {"why": "no"}, 403)
    done = await office.post(path, {"why": "asked the visitor"})
    assert (done["settled"]["who"], done["settled"]["why"]) == ("office-1", "asked the visitor")
    assert (await office.post(path, {"why": "again"}, 409))["code"] == "settled_before"
    assert (await office.post("/v1/clashes/1/settle", {"why": "x"}, 404))["code"] == (
        "unknown_clash"
    )
    assert (await kiosk.get("/v1/clashes"))["clashes"] == [done]
    assert (await kiosk.get(f"/v1/clashes?before={found['n']}"))["clashes"] == []


async def test_an_entry_that_is_given_back_later_is_shown_as_such(
    kiosk: Client, office: Client
) -> None:
    ticket = await sold_twice(kiosk)
    await told(kiosk, "gate-1", at(3, 0.2, Lapsed(int(ticket["id"]), 1, "North", 1)))
    [found] = (await office.get("/v1/clashes"))["clashes"]
    assert found["given_back"]


def test_facts_of_a_device_that_is_known_now_are_taken_after_all(central: Store) -> None:
    central.take(at(1, 0, device="gate-9"), at(2, 0, device="gate-9"), device="gate-9")
    [row] = central.aside()
    by = By("office-1", NOW)
    known = ["gate-9"]
    done = ingest.replay(central.connection, row["id"], known, by)
    assert isinstance(done, dict)
    assert (done["fate"], done["fate_why"]) == ("taken", "facts up to 2")
    assert central.take(at(3, 0, device="gate-9"), device="gate-9") is None


async def test_what_was_set_aside_is_taken_when_that_is_possible_now(
    kiosk: Client, office: Client
) -> None:
    def earlier(connection: Connection) -> None:
        """What an older version could not read."""
        told = payload({"number": 1, "kind": "danced"}, {"number": 2, "kind": "sung"})
        ingest.take(connection, "gate-1", told, DEVICES, NOW)
        readable = json.dumps(fact_to_data(at(1, 0)))
        this = schema.quarantine.c.number == 1
        connection.execute(update(schema.quarantine).where(this).values(payload=readable))

    await kiosk.api.database.write(earlier)
    danced, sung = (await office.get("/v1/quarantine"))["bad"]
    path = f"/v1/quarantine/{danced['id']}"
    await kiosk.post(f"{path}/replay", {}, 403)
    done = await office.post(f"{path}/replay", {})
    assert (done["fate"]["what"], done["fate"]["who"]) == ("taken", "office-1")
    fact = (await kiosk.get("/v1/feed"))["entries"][-1]["fact"]
    assert (fact["device"], fact["number"], fact["kind"]) == ("gate-1", 1, "admitted")
    assert (await office.post(f"{path}/replay", {}, 409))["code"] == "no_longer_aside"

    path = f"/v1/quarantine/{sung['id']}"
    said = await office.post(f"{path}/replay", {}, 409)
    assert (said["code"], "sung" in said["detail"]) == ("still_bad", True)
    gone = await office.post(f"{path}/dismiss", {"why": "a toy"})
    assert (gone["fate"]["what"], gone["fate"]["why"]) == ("dismissed", "a toy")
    unknown = await office.post("/v1/quarantine/999/dismiss", {"why": "x"}, 404)
    assert unknown["code"] == "unknown_quarantined"
    assert len((await office.get("/v1/quarantine"))["bad"]) == 2
    assert len((await office.get(f"/v1/quarantine?after={danced['id']}"))["bad"]) == 1
