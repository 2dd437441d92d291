"""The statements of one sale, taken down from central's own rules and run by the driver alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import Connection, event, make_url, select

from bench.figure import Sample
from central.http.api import Api
from central.http.idempotency import Answer, Call, once
from central.sale import requests, tickets
from central.sale.states import By, Payment, TicketRequest
from central.sale.wishes import Wanted, Wish
from central.service import opened
from central.settings import CentralSettings
from central.store.schema import time_slot
from runtime.service import utc_now
from wicket.demo.venue import samples

Transaction = list[tuple[str, Any]]
"""Statements with their parameters."""


@asynccontextmanager
async def bare_sale(folder: Path, url: str) -> AsyncIterator[Sample]:
    """The three transactions of a sale. They are rolled back, for nothing can be sold twice, and
    each is followed by a commit of one row; foreign keys are not checked."""
    settings = CentralSettings(folder / "bare", {}, samples() / "venue.toml", database=url)
    async with opened(settings, utc_now) as api:
        transactions = _sale(api)
    where = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(where) as connection, connection.cursor() as cursor:
        connection.execute("CREATE TABLE bench_bare (at timestamptz)")
        connection.execute("SET session_replication_role = replica")
        connection.commit()

        async def sell() -> float:
            begun = perf_counter()
            for transaction in transactions:
                for statement, parameters in transaction:
                    many = isinstance(parameters, list)
                    (cursor.executemany if many else cursor.execute)(statement, parameters)
                connection.rollback()
                connection.execute("INSERT INTO bench_bare (at) VALUES (now())")
                connection.commit()
            return perf_counter() - begun

        yield sell


def _sale(api: Api) -> list[Transaction]:
    """What central says to the database; nothing is left of it."""
    by, heard = By("bench", utc_now()), Transaction()

    def hear(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        heard.append((statement, parameters))

    def told(path: str, work: Callable[[], Any]) -> tuple[Any, Transaction]:
        heard.clear()
        done: list[Any] = []

        def act(_: Connection) -> Answer:
            done.append(work())
            return Answer(200, {})

        once(connection, Call(by.who, path, "key"), by.at, act)
        return done[0], list(heard)

    with api.database.engine.connect() as connection:
        slots = select(time_slot.c.id).where(time_slot.c.attraction == "museum")
        slot = connection.scalars(slots.order_by(time_slot.c.start.desc())).first()
        assert slot
        event.listen(connection, "before_cursor_execute", hear)
        wish = Wish((Wanted(1, slot),), "office", "en", timedelta(minutes=25))
        made, first = told("/reserve", lambda: requests.reserve(connection, api.venue, wish, by))
        assert isinstance(made, TicketRequest), made
        payment = Payment("cash", "bench", made.total)
        _, second = told(
            "/confirm", lambda: requests.confirm(connection, made.token, payment, None, by)
        )
        _, third = told("/issue", lambda: tickets.issue(connection, made.token, api.key, by))
        connection.rollback()
    return [first, second, third]
