"""Two who want the same seat at once, on both databases, with two workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError
from support.central import Client, Clock
from support.hall import CONCERT, SEATS, book, hall_in, taken

from central.store.schema import seat_hold

PAID = {"method": "card", "reference": "1", "amount": {"amount": "25.00", "currency": "EUR"}}


@pytest.fixture
async def workers(
    tmp_path: Path, clock: Clock, database_url: str
) -> AsyncIterator[tuple[Client, Client]]:
    """Two of one database."""
    async with (
        hall_in(tmp_path, clock, database=database_url) as one,
        hall_in(tmp_path, clock, database=database_url) as other,
    ):
        yield one.as_("kiosk-1"), other.as_("kiosk-2")


async def test_of_those_who_want_the_same_seat_at_once_one_gets_it(
    workers: tuple[Client, Client],
) -> None:
    seats = [f"Stalls-B-{n}" for n in (2, 3, 4)]
    wanted = [[seat] for seat in seats] + [seats[:2], seats[1:]]
    answers = await asyncio.gather(
        *(
            book(worker, 1, len(want), status=None, seats=want)
            for want in wanted
            for worker in workers
        )
    )
    got = Counter(s for a in answers if "lines" in a for s in a["lines"][0]["seats"])
    assert set(got.values()) == {1}
    for refused in (answer for answer in answers if "lines" not in answer):
        assert (refused["status"], refused["code"]) == (409, "seat_taken")
        assert set(refused["seats"]) <= set(seats)
    assert await taken(workers[0]) == dict.fromkeys(got, "held")


async def test_the_best_seats_for_all_at_once_are_each_given_once(
    workers: tuple[Client, Client],
) -> None:
    answers: list[Any] = await asyncio.gather(
        *(book(workers[n % 2], 3, status=None) for n in range(SEATS // 2 + 4))
    )
    given = [seat for a in answers if "lines" in a for seat in a["lines"][0]["seats"]]
    assert len(given) == len(set(given)) == SEATS
    assert [a["code"] for a in answers if "lines" not in a] == ["no_room"] * 4


async def test_of_two_who_pay_late_for_the_same_seat_one_gets_it(
    workers: tuple[Client, Client], clock: Clock
) -> None:
    requests = []
    for worker in workers:
        requests.append(await book(worker, 1, seats=["Stalls-B-3"]))
        clock.pass_(minutes=5)
    done = await asyncio.gather(
        *(
            worker.post(f"/v1/requests/{request['token']}/confirm", {"payment": PAID}, None)
            for worker, request in zip(workers, requests, strict=True)
        )
    )
    assert sorted(answer.get("code", answer["status"]) for answer in done) == [
        "confirmed",
        "seat_taken",
    ]
    assert await taken(workers[0]) == {"Stalls-B-3": "sold"}


async def test_blocking_and_selling_at_once_is_one_of_the_two(
    workers: tuple[Client, Client],
) -> None:
    one, other = workers[0], workers[1].as_("office-1")
    why = {"seats": ["Stalls-B-3"], "reason": "camera"}
    sold, blocked = await asyncio.gather(
        book(one, 1, status=None, seats=["Stalls-B-3"]),
        other.post(f"/v1/slots/{CONCERT}/seats/block", why, None),
    )
    assert sorted([sold.get("code", "ok"), blocked.get("code", "ok")]) == ["ok", "seat_taken"]


async def test_the_database_itself_gives_a_seat_to_one_only(
    workers: tuple[Client, Client],
) -> None:
    one, _ = workers
    await book(one, 1, seats=["Stalls-B-3"])

    def take_it_too(connection: Connection) -> None:
        row = {"slot": CONCERT, "seat": "Stalls-B-3", "request": 1}
        connection.execute(insert(seat_hold), row)

    with pytest.raises(IntegrityError):
        await one.api.database.write(take_it_too)
