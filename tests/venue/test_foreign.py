"""Tickets of others, from what central was told to the turnstile, which decides alone."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection
from support.central import CONFIG, empty_sqlite
from support.clock import on_virtual_time
from support.gate import NORTH, Rig, gate_in, settings_in
from support.pretix import ITEM, PUBLIC_KEY, UNKNOWN, payload, sign
from support.samples import BERLIN, KEY, NOON

from admission.facts import Admitted, Fact, Refused
from admission.foreign import foreign_ticket_id
from admission.reasons import Reason
from admission.values import TicketState
from central.catalogue import imports
from central.foreign import lists
from central.foreign.list_file import ListRow, Reading, checked
from central.sale.states import By
from central.store.database import make_engine
from central.sync import feed, snapshot
from runtime.image import Image, Scope
from runtime.wire import encode, fact_from_data

SHOP = f"""
[[pretix]]
id = 1
name = "Web shop"
keys = ["{PUBLIC_KEY}"]
items = [{{ item = {ITEM}, product = 1 }}]
valid_from = "2026-11-21"
valid_until = "2026-11-21 20:00"
"""
SIGNED, REVOKED = sign(payload(ITEM)), sign(payload(ITEM, "revoked01"))
FORGED = sign(payload(ITEM), Ed25519PrivateKey.from_private_bytes(bytes(32)))
LISTED = "Partner-0001"


def fill(connection: Connection) -> list[Fact]:
    """Central imports a venue with a shop, a list and a revoked code; what it tells the gates."""
    by = By("office-1", NOON)
    feed.publish_key(connection, KEY.issuer, NOON)
    text = (CONFIG / "venue.toml").read_text() + SHOP
    done = imports.apply(connection, text, "venue.toml", by, gates=())
    assert isinstance(done, imports.Imported)
    list_ = lists.begin(connection, done.revision.venue, "Partner", 1, by)
    assert isinstance(list_, int)
    reading = Reading(BERLIN, "2026-11-21", "2026-11-21")
    rows, wrong = checked([(1, ListRow(LISTED, persons=2))], reading)
    assert not wrong
    lists.take(connection, list_, rows, by)
    lists.revoke(connection, [REVOKED], by)
    wire = (json.loads(encode(entry.fact)) for entry in feed.after(connection, 0, 1000))
    return [fact_from_data(fact) for fact in wire]


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    engine = make_engine(empty_sqlite(tmp_path / "central" / "central.sqlite"))
    return engine.execution_options(wicket_writes=True).connect()


@pytest.fixture
def told(connection: Connection) -> list[Fact]:
    with connection, connection.begin():
        return fill(connection)


async def enters(rig: Rig, code: str, persons: int = 1) -> None:
    await rig.idle()
    rig.scan(code)
    await rig.opens()
    for _ in range(persons):
        rig.walk()
    await rig.locks()


async def refused(rig: Rig, code: str, already: int) -> str:
    """Why; the gate told `already` events before."""
    await rig.idle()
    rig.scan(code)
    event = (await rig.told(already + 1))[-1]
    assert isinstance(event, Refused)
    return event.reason


@on_virtual_time
async def test_a_code_of_a_list_enters_once_without_central(
    tmp_path: Path, told: list[Fact]
) -> None:
    async with gate_in(settings_in(tmp_path, NORTH), known=told) as rig:
        await enters(rig, f" {LISTED}\r", persons=2)
        admitted = (await rig.told(2))[0]
        assert admitted == Admitted(foreign_ticket_id(LISTED), "museum", "North", 2)
        assert await refused(rig, LISTED, 3) == Reason.ALREADY_USED.value
        assert "0001" not in str(await rig.told(4))
        assert await refused(rig, LISTED.upper(), 4) == Reason.UNREADABLE.value


@on_virtual_time
async def test_a_signed_code_that_nobody_told_of_enters_once_at_any_gate(
    tmp_path: Path, told: list[Fact]
) -> None:
    async with AsyncExitStack() as stack:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        here = await stack.enter_async_context(
            gate_in(settings_in(tmp_path / "one", NORTH), known=told)
        )
        await enters(here, SIGNED)
        heard = [Fact("gate-1", n, NOON, event) for n, event in enumerate(await here.told(2), 1)]
        settings = replace(settings_in(tmp_path / "two", NORTH), device="gate-2")
        there = await stack.enter_async_context(gate_in(settings, known=[*told, *heard]))
        await there.idle()
        there.scan(SIGNED)
        await there.shows("used")
        assert not there.latch()
        await enters(there, sign(payload(ITEM, "another01")))


@on_virtual_time
async def test_what_is_revoked_forged_or_of_no_product_here_is_refused(
    tmp_path: Path, told: list[Fact]
) -> None:
    async with gate_in(settings_in(tmp_path, NORTH), known=told) as rig:
        reasons = {
            REVOKED: Reason.BLOCKED,
            FORGED: Reason.UNKNOWN_KEY,
            sign(payload(UNKNOWN)): Reason.UNKNOWN_PRODUCT,
            sign(payload(ITEM, times=(0, int(NOON.timestamp())))): Reason.TOO_LATE,
            SIGNED.swapcase(): Reason.UNREADABLE,
        }
        for n, (code, reason) in enumerate(reasons.items()):
            assert await refused(rig, code, n) == reason.value


def test_a_snapshot_tells_of_them_too(connection: Connection, tmp_path: Path) -> None:
    with connection, connection.begin():
        fill(connection)
        _, content = snapshot.make(connection, Scope(("museum",)), "sample", KEY, NOON)
        file = tmp_path / "image"
        file.write_bytes(b"".join(content))
    image = Image(file)
    listed = image.ticket(foreign_ticket_id(LISTED))
    revoked = image.ticket(foreign_ticket_id(REVOKED))
    assert listed and (listed.product, listed.persons) == (1, 2)
    assert revoked and revoked.state is TicketState.BLOCKED
    kinds = [fact["kind"] for fact in image.rest()]
    assert "foreign_shop_published" in kinds
