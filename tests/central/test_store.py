"""The tables: migrations lead to the schema, pragmas hold, planning leaves what was sold alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError
from support.central import CONFIG, MUSEUM, NOW, TOUR, Client, settings_in

from central.catalogue import slot_plan
from central.catalogue.planning import plan
from central.catalogue.schedule import planned_slots
from central.catalogue.venue import load_venue
from central.service import check
from central.store.database import Database, make_engine, migrate
from central.store.schema import metadata, staff, time_slot
from central.sync import feed
from runtime.settings import BadSettings

VENUE = load_venue(CONFIG / "venue.toml")
CONCERT = "concert-20261122T1900Z"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = make_engine(database_url)
    migrate(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_migrations_lead_to_the_schema(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
    assert metadata.tables


def test_the_schema_of_a_newer_wicket_is_left_alone(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    with pytest.raises(BadSettings, match="revision 9999 is unknown here"):
        migrate(connection.engine)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("central.sqlite", "Could not parse"),
        ("mysql://localhost/x", "MySQLdb|neither sqlite nor postgresql"),
        ("oracle+nothing://localhost/x", "Can't load plugin"),
    ],
)
def test_a_url_of_no_database_is_bad_settings(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(BadSettings, match=f"database: .*({said})"):
        check(settings_in(tmp_path, database=url))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_commit_is_on_the_disk_and_references_hold(connection: Connection) -> None:
    values = [
        connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    ]
    assert values == ["wal", 2, 1, 5000]


async def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(connection: Connection) -> None:
        plan(connection, VENUE, NOW)
        raise LookupError

    async with Database(f"sqlite:///{tmp_path / 'c.sqlite'}") as database:
        with pytest.raises(LookupError):
            await database.write(fail)
        assert await database.read(lambda c: c.execute(select(time_slot)).first()) is None


async def test_two_processes_on_one_file_wait_for_each_other(tmp_path: Path) -> None:
    """Reading before writing makes a transaction fail that did not take the lock at its start."""

    def count(connection: Connection) -> None:
        feed.take_up_to(connection, "gate-1", feed.last_taken(connection, "gate-1") + 1)

    url = f"sqlite:///{tmp_path / 'c.sqlite'}"
    async with Database(url) as one, Database(url) as other:
        await asyncio.gather(*(database.write(count) for database in (one, other) * 30))
        assert await one.read(lambda c: feed.last_taken(c, "gate-1")) == 60


def test_planning_again_adds_days_and_changes_nothing_else(connection: Connection) -> None:
    plan(connection, VENUE, NOW)
    before = {str(row) for row in connection.execute(select(time_slot))}
    plan(connection, VENUE, NOW)
    assert {str(row) for row in connection.execute(select(time_slot))} == before
    plan(connection, VENUE, NOW + timedelta(days=1))
    after = {str(row) for row in connection.execute(select(time_slot))}
    assert after > before
    assert len(after) - len(before) == 1 + 48 + 1


def test_a_changed_plan_changes_the_slots_that_nobody_asked_for(connection: Connection) -> None:
    plan(connection, VENUE, NOW)
    planned = planned_slots(VENUE, NOW.date())
    changed = [replace(slot, capacity=5) for slot in planned if slot.attraction != "concert"]
    slot_plan.refresh(connection, changed, VENUE.zone, NOW)
    rows = {row.id: row for row in connection.execute(select(time_slot))}
    assert rows[TOUR].capacity == 5
    assert CONCERT not in rows


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_buyers_hear_that_the_database_is_gone(kiosk: Client) -> None:
    kiosk.api.database.engine.dispose()
    for file in kiosk.api.settings.state.glob("central.sqlite*"):
        file.unlink()
    kiosk.api.settings.state.joinpath("central.sqlite").mkdir()
    answer = await kiosk.reserve(1, MUSEUM, status=503)
    assert answer["code"] == "database_down"


async def test_a_slot_that_was_sold_stays_as_it_was_sold(kiosk: Client) -> None:
    await kiosk.reserve(6, CONCERT, 2)
    await kiosk.api.database.write(lambda c: slot_plan.refresh(c, [], VENUE.zone, NOW))
    body = await kiosk.get("/v1/attractions/concert/slots?date=2026-11-22")
    assert [(slot["id"], slot["left"]) for slot in body["slots"]] == [(CONCERT, 78)]


def test_a_fault_tells_no_values_to_the_log(connection: Connection) -> None:
    anna = {"name": "anna", "role": "cashier", "password": "s3cret", "created_at": NOW, "who": "x"}
    connection.execute(insert(staff).values(anna))
    with pytest.raises(DBAPIError) as raised:
        connection.execute(insert(staff).values(anna))
    assert "s3cret" not in str(raised.value)
