"""Databases from before there was a ledger of money, and vouchers for a product."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from support.postgres import Postgres

from admission.values import Money
from central.coats import coats
from central.coats.values import Coat
from central.money import ledger
from central.sale import vouchers
from central.sale.vouchers import Cash, Voucher
from central.store.engine import make_engine
from central.store.revisions import migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'central.sqlite'}"
    server: Postgres = request.getfixturevalue("server")
    return server.fresh("template0")


def test_what_was_paid_before_there_was_a_ledger_is_entered(empty_database: str) -> None:
    engine = make_engine(empty_database)
    migrate(engine, "0002")
    with engine.begin() as connection:
        for number, status in enumerate(("confirmed", "cancelled", "reserved"), 1):
            connection.exec_driver_sql(
                "INSERT INTO ticket_request VALUES "
                f"({number}, 't{number}', 'a{number}', '{status}', 'kiosk', 'en', 'EUR', "
                "'2026-11-20 10:00:00', '2026-11-20 10:04:00', NULL)"
            )
            connection.exec_driver_sql(
                f"INSERT INTO time_slot VALUES ('s{number}', 'tour', '2026-11-20', "
                + ", ".join(["'2026-11-20 12:00:00'"] * 6)
                + ", NULL)"
            )
            connection.exec_driver_sql(
                f"INSERT INTO request_line VALUES ({number}, 1, 's{number}', '', 'tour', '{{}}', "
                "4, '{}', '8.00', 1, 2, 2)"
            )
        for number in (1, 2):
            connection.exec_driver_sql(
                f"INSERT INTO payment VALUES ({number}, {number}, '2026-11-20 10:01:00', "
                "'kiosk-1', 'card', 'R', '16.00', 'EUR')"
            )
    migrate(engine)
    with engine.connect() as connection:
        told = [ledger.balances(connection, number).accounts for number in (1, 2, 3)]
        assert ledger.receipts(connection, 1) == []
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()
    paid = Decimal("16.00")
    assert told[0] == {"paid:card:kiosk-1": paid, "sales:4": -paid}
    assert told[1] == {"paid:card:kiosk-1": paid, "receivable": -paid}
    assert told[2] == {}


def test_what_was_paid_for_vouchers_before_is_what_they_are_worth(empty_database: str) -> None:
    engine = make_engine(empty_database)
    migrate(engine, "0009")
    time = "'2026-11-20 10:00:00'"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ticket_request (id, token, authorisation, status, channel, language,"
            " currency, created_at, expires_at) VALUES"
            f" (1, 't', 'a', 'confirmed', 'office', 'en', 'EUR', {time}, {time})"
        )
        for number, request in enumerate(("1", "NULL"), 1):
            connection.exec_driver_sql(
                "INSERT INTO voucher (id, code, value, currency, valid_from, valid_until, blocked,"
                f" note, created_at, who, request) VALUES ({number}, 'GV-{number}', '20.00', 'EUR',"
                f" {time}, '2029-11-20 10:00:00', {FALSE[connection.dialect.name]}, '', {time},"
                f" 'office-1', {request})"
            )
    migrate(engine)
    with engine.connect() as connection:
        found = [vouchers.find(connection, f"GV-{number}") for number in (1, 2)]
    engine.dispose()
    twenty = Money(Decimal("20.00"), "EUR")
    assert [one.worth for one in found if isinstance(one, Voucher)] == [Cash(twenty, twenty)] * 2
    prices = [one.price.amount for one in found if isinstance(one, Voucher)]
    assert prices == [Decimal(20), 0]


def test_the_tax_of_a_coats_fee_is_that_of_its_cloakroom_before(empty_database: str) -> None:
    engine = make_engine(empty_database)
    migrate(engine, "0023")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO cloakroom (id, name, payment, price, tax_percent, closes, kept_days)"
            " VALUES (1, 'West', 'check_in', '2.50', '19', '', 7)"
        )
        connection.exec_driver_sql(
            "INSERT INTO coat_ticket (id, cloakroom, code, secret, state, phone, name, language,"
            " price, currency, paid, receipt, made_at, who, place, fetched_by) VALUES (1, 1,"
            " '4711', 's', 'open', '', '', 'en', '2.50', 'EUR', '2.50', 'anna 1',"
            " '2026-11-20 10:00:00', 'anna', '', '')"
        )
    migrate(engine)
    with engine.connect() as connection:
        coat = coats.find(connection, 1)
    engine.dispose()
    assert isinstance(coat, Coat)
    assert coat.tax_percent == Decimal(19)


FALSE = {"sqlite": "0", "postgresql": "false"}
