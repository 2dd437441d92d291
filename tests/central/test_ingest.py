"""Facts from devices: once, in order, and nothing bad gets in or in the way."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from support.central import NOW, Client

from admission.facts import (
    Admitted,
    Event,
    Fact,
    KeyPublished,
    Lapsed,
    Passed,
    Refused,
    TicketIssued,
)
from admission.values import IssuerKey, Ticket, Window
from central.store.database import make_engine, migrate
from central.sync import feed, ingest, quarantine
from runtime.wire import encode, fact_to_data

KNOWN = ("gate-1", "gate-2")
ENTRY = Admitted(7, "museum", "north", 1)


def fact(number: int, event: Event = ENTRY, device: str = "gate-1") -> dict[str, Any]:
    return fact_to_data(Fact(device, number, NOW, event))


def payload(*facts: Any) -> bytes:
    return json.dumps({"facts": facts}).encode()


class Central:
    """The store alone, in memory."""

    def __init__(self) -> None:
        self.engine = make_engine("sqlite://")
        migrate(self.engine)
        self.connection: Connection = self.engine.connect()

    def take(self, told: bytes, device: str = "gate-1") -> int | None:
        return ingest.take(self.connection, device, told, KNOWN, NOW)

    def stored(self, device: str = "gate-1") -> list[int]:
        entries = feed.after(self.connection, 0, 10_000)
        return [e.fact["number"] for e in entries if e.fact["device"] == device]

    def bad(self) -> list[tuple[int | None, str]]:
        return [(row["number"], row["reason"]) for row in quarantine.listed(self.connection)]


@pytest.fixture
def central() -> Any:
    central = Central()
    yield central
    central.connection.close()
    central.engine.dispose()


def test_facts_are_taken_in_order_and_acknowledged(central: Central) -> None:
    assert central.take(payload(fact(1), fact(2))) == 2
    assert central.take(payload(fact(3))) == 3
    assert central.stored() == [1, 2, 3]


def test_facts_sent_again_are_acknowledged_and_have_no_effect(central: Central) -> None:
    told = payload(fact(1), fact(2))
    assert [central.take(told), central.take(told), central.take(payload(fact(1)))] == [2, 2, 2]
    assert central.stored() == [1, 2]


def test_after_a_gap_nothing_is_taken_and_the_ack_says_where_to_go_on(central: Central) -> None:
    assert central.take(payload(fact(1), fact(3), fact(4))) == 1
    assert central.take(payload(fact(5))) == 1
    assert central.take(payload(fact(1), fact(2), fact(3))) == 3
    assert central.stored() == [1, 2, 3]
    assert central.bad() == []


def test_each_device_has_its_own_numbers_and_one_feed(central: Central) -> None:
    central.take(payload(fact(1)))
    assert central.take(payload(fact(1, device="gate-2")), "gate-2") == 1
    entries = feed.after(central.connection, 0, 10)
    assert [(e.n, e.fact["device"], e.fact["number"]) for e in entries] == [
        (1, "gate-1", 1),
        (2, "gate-2", 1),
    ]


def test_a_stranger_is_set_aside_and_gets_no_ack(central: Central) -> None:
    assert central.take(payload(fact(1, device="gate-9")), "gate-9") is None
    assert central.stored("gate-9") == []
    assert central.bad() == [(None, "no such device in central.toml")]


WINDOW = Window(NOW, NOW.replace(year=2027))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (fact(2, device="gate-2"), "in the name of 'gate-2'"),
        (fact(2, TicketIssued(Ticket(7, 1, WINDOW))), "only central"),
        (fact(2, KeyPublished(IssuerKey(1, bytes(32), NOW))), "only central"),
        (fact(2, Admitted(0, "museum", "north", 1)), "no ticket id"),
        (fact(2, Admitted(2**63, "museum", "north", 1)), "64 bits"),
        (fact(2, Admitted(10**400, "museum", "north", 1)), "64 bits"),
        (fact(2, Admitted(7, "museum", "north", 0)), "persons"),
        (fact(2, Lapsed(7, 1, "north", -3)), "persons"),
        (fact(2, Lapsed(7, 2**63, "north", 1)), "admission"),
        (fact(2, Passed(None, None, "north", 2**62)), "persons"),
        (fact(2, replace(ENTRY, persons=10_001)), "persons"),
        (fact(2, Refused(None, "north", "unknown", "x" * 5000)), "bytes"),
        (fact(2, Refused(None, "north", "unknown", "\ud800")), "surrogates"),
        (fact(2) | {"kind": "danced"}, "danced"),
        (fact(2) | {"kind": ["admitted"]}, "kind"),
        (fact(2) | {"persons": "1"}, "persons"),
        (fact(2) | {"more": 1}, "more"),
        (fact(2) | {"at": "2026-11-21T13:00:00"}, "zone"),
        (fact(2) | {"at": "0001-01-01T00:00:00+23:59"}, "is not within the years"),
        (fact(2) | {"at": "1969-12-31T23:59:59+00:00"}, "is not within the years"),
        (fact(2) | {"at": "3000-01-01T00:00:00+00:00"}, "is not within the years"),
        (fact(2) | {"v": 2}, "version 2"),
        (fact(2) | {"number": True}, "number"),
        (fact(2) | {"number": 2.0}, "number"),
        ({"number": 2}, "kind"),
        ({}, "kind"),
        (None, "expected a fact"),
        (2, "expected a fact"),
        ([], "expected a fact"),
        ("admitted", "expected a fact"),
    ],
)
def test_a_bad_fact_is_set_aside_and_blocks_nothing(
    central: Central, bad: Any, reason: str
) -> None:
    told = payload(fact(1), bad, fact(3))
    assert central.take(told) == 3
    assert central.take(told) == 3
    assert central.stored() == [1, 3]
    [(number, said)] = central.bad()
    assert number == 2
    assert reason in said


def test_a_bad_fact_alone_counts_by_its_own_number(central: Central) -> None:
    assert central.take(payload(fact(1) | {"kind": "danced"})) == 1
    assert central.take(payload(fact(2))) == 2


def test_facts_without_any_number_are_not_guessed_at(central: Central) -> None:
    """Else a payload sent twice would use up the numbers of facts that are still to come."""
    central.take(payload(fact(1)))
    assert central.take(payload({"kind": "danced"})) == 1
    assert central.take(payload({"kind": "danced"})) == 1
    assert central.take(payload(fact(2))) == 2
    assert [number for number, _ in central.bad()] == [None]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"null",
        b"[]",
        b'{"facts": 1}',
        b'{"facts": [], "more": 1}',
        b"[" * 100_000,
        b"1" * 5000,
        b" " * (1024 * 1024 + 1),
    ],
)
def test_an_unreadable_payload_is_set_aside_once_and_takes_nothing(
    central: Central, garbage: bytes
) -> None:
    assert [central.take(garbage), central.take(garbage)] == [0, 0]
    assert len(central.bad()) == 1
    assert central.take(payload(fact(1))) == 1


def test_rubbish_without_end_does_not_fill_the_disk(central: Central) -> None:
    for number in range(quarantine.MAX_UNREADABLE + 50):
        central.take(b"rubbish %d" % number)
    assert len(central.bad()) == quarantine.MAX_UNREADABLE


@pytest.mark.parametrize("depth", [90, 150, 300, 900, 950, 980, 990])
def test_a_fact_nested_too_deep_is_set_aside(central: Central, depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    deep = b'{"kind": "refused", "number": 2, "code": %s}' % nested
    told = b'{"facts": [%s, %s]}' % (json.dumps(fact(1)).encode(), deep)
    assert central.take(told) in (0, 2)
    assert len(central.bad()) == 1


def test_what_is_taken_can_be_sent_on(central: Central) -> None:
    central.take(payload(fact(1, Refused(None, "nørth", "unknown", "\u0001 \u2028 𝄞"))))
    [entry] = feed.after(central.connection, 0, 10)
    assert json.loads(encode(entry.fact))["code"] == "\u0001 \u2028 𝄞"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
CHANGED = st.builds(
    lambda name, value: fact(1) | {name: value}, st.sampled_from([*fact(1), "more"]), JSON
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=st.lists(st.builds(fact, st.integers(1, 8)) | CHANGED | JSON, max_size=6))
def test_whatever_comes_the_ack_counts_what_was_taken(central: Central, told: list[Any]) -> None:
    with central.connection.begin_nested() as attempt:
        taken = central.take(payload(*told))
        assert taken == central.take(payload(*told))
        bad = [n for n, why in central.bad() if n is not None and why != ingest.CLONED]
        numbers = sorted(central.stored() + bad)
        assert numbers == list(range(1, (taken or 0) + 1))
        attempt.rollback()


async def test_no_name_that_anyone_makes_up_is_too_much_for_the_database(kiosk: Client) -> None:
    """PostgreSQL takes no NUL, and no more characters than a column has."""
    write = kiosk.api.database.write
    for device, told in (
        ("gate-1", payload(fact(1) | {"\0": 1})),
        ("gate-1", b'{"facts": [], "\\u0000": 1}'),
        ("x" * 65_000, b"{}"),
    ):
        await write(partial(ingest.take, device=device, payload=told, known=KNOWN, now=NOW))
    bad = (await kiosk.get("/v1/quarantine"))["bad"]
    assert [(one["device"][:100], one["number"]) for one in bad] == [
        ("gate-1", 1),
        ("gate-1", None),
        ("x" * 100, None),
    ]


async def test_quarantine_is_visible_to_people(kiosk: Client) -> None:
    told = payload(fact(1) | {"kind": "danced"})
    await kiosk.api.database.write(lambda c: ingest.take(c, "gate-1", told, KNOWN, NOW))
    await kiosk.api.database.write(lambda c: ingest.take(c, "gate-1", b"\xff", KNOWN, NOW))
    one, other = (await kiosk.get("/v1/quarantine"))["bad"]
    assert (one["device"], one["number"], "danced" in one["reason"]) == ("gate-1", 1, True)
    assert json.loads(one["payload"])["ticket"] == 7
    assert (other["number"], other["payload"]) == (None, "\\xff")
