"""The journal on a real SQLite file."""

from __future__ import annotations

import logging
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from support.kiosk_sample import BEGUN, NO_ROOM, NOW, euro, issued, reservation

from kiosk.goods import Holder
from kiosk.journal import KEPT, SCHEMA, SqlJournal, tell
from kiosk.sale import (
    Abandoned,
    Begun,
    Cancelled,
    ChargeTaken,
    Confirmed,
    Doing,
    Issued,
    PaymentWanted,
    Printed,
    Record,
    ReservationRefused,
    Reserved,
    Sale,
    SaleRefused,
    fold,
)
from runtime.database import Database

HOLDER = Holder("Zoë Müller", "+491701234567")
STORY: tuple[Record, ...] = (
    Doing("s-0-reserve"),
    Reserved(reservation(euro("12.00"))),
    PaymentWanted(HOLDER),
    Doing("s-1-charge"),
    ChargeTaken("SIM-1", NOW),
    SaleRefused(NO_ROOM),
    Confirmed(),
    Issued((issued(0), issued(1))),
    Printed(issued(0).id),
)


async def write(journal: SqlJournal, sale_id: str, *story: Record) -> Sale:
    sale = Sale(sale_id, BEGUN.order)
    await journal.write(sale, BEGUN, NOW)
    for record in story:
        sale = fold(sale, record)
        await journal.write(sale, record, NOW)
    return sale


async def test_a_sale_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    async with Database(tmp_path / "kiosk.db", SCHEMA) as database:
        sale = await write(SqlJournal(database), "s", *STORY)
    async with Database(tmp_path / "kiosk.db", SCHEMA) as database:
        assert SqlJournal(database).open_sales() == [sale]
    assert sale.holder == HOLDER
    assert sale.tickets[0].id == 2**62


async def test_closed_sales_are_not_taken_up_again(tmp_path: Path) -> None:
    async with Database(tmp_path / "kiosk.db", SCHEMA) as database:
        journal = SqlJournal(database)
        await write(journal, "printed", *STORY, Printed(issued(1).id))
        await write(journal, "refused", ReservationRefused(NO_ROOM))
        await write(journal, "cancelled", STORY[1], Abandoned("visitor"), Cancelled())
        await write(journal, "open", STORY[1])
        assert [sale.id for sale in journal.open_sales()] == ["open"]


async def test_the_holder_is_erased_when_the_sale_closes(tmp_path: Path) -> None:
    async with Database(tmp_path / "kiosk.db", SCHEMA) as database:
        await write(SqlJournal(database), "s", *STORY, Printed(issued(1).id))
        rows = database.read("SELECT body FROM record")
    assert rows
    assert not any("Müller" in body or "+4917" in body for (body,) in rows)


async def test_old_closed_sales_are_forgotten_and_open_ones_never(tmp_path: Path) -> None:
    async with Database(tmp_path / "kiosk.db", SCHEMA) as database:
        journal = SqlJournal(database)
        await write(journal, "closed", ReservationRefused(NO_ROOM))
        await write(journal, "open", STORY[1])
        await journal.forget(NOW + KEPT - timedelta(days=1))
        assert len(database.read("SELECT DISTINCT sale FROM record")) == 2
        await journal.forget(NOW + KEPT + timedelta(days=1))
        assert database.read("SELECT DISTINCT sale FROM record") == [("open",)]


async def test_a_sale_that_cannot_be_read_is_told_and_does_not_block_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database(tmp_path / "kiosk.db", SCHEMA) as database:
        journal = SqlJournal(database)
        await write(journal, "bad", STORY[1])
        await write(journal, "good", STORY[1])
    with sqlite3.connect(tmp_path / "kiosk.db") as connection:
        connection.execute("UPDATE record SET body = '{\"x\": 1}' WHERE sale = 'bad'")
    async with Database(tmp_path / "kiosk.db", SCHEMA) as database:
        with caplog.at_level(logging.ERROR):
            sales = SqlJournal(database).open_sales()
    assert [sale.id for sale in sales] == ["good"]
    assert "sale bad" in caplog.text
    assert "by hand" in caplog.text


@pytest.mark.parametrize("story", [(), (Confirmed(),), (Confirmed(), BEGUN)])
def test_a_story_begins_with_its_beginning(story: tuple[Record, ...]) -> None:
    with pytest.raises(ValueError, match=r"begin|empty"):
        tell("s", story)


def test_a_story_is_told_in_order() -> None:
    assert tell("s", (Begun(BEGUN.order), *STORY)).confirmed
