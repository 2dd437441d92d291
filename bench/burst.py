"""Sixteen lanes scanned in the same moment, and 100,000 scans that wait."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

from admission.decide import decide
from admission.facts import Admitted, Fact
from admission.request import Granted
from admission.values import Direction
from bench import bare
from bench.figure import Figure, Plan, figure, in_turns
from bench.lanes import AtWork, at_work
from bench.sample import ADULT, OPENED, lane_name, listed_code
from runtime import outbox
from runtime.wire import fact_to_data

LANES = 16
GROUP = 100
NAMES = ("admission, 16 lanes", "slowest lane of 16", "rules and journal", "a queued scan")
LIMIT_S = 60e-6


async def measure(plan: Plan) -> list[Figure]:
    async with at_work(plan.folder / "burst", lanes=LANES, tickets=plan.many) as lanes:
        fast, fair = await _bursts(lanes, plan)
    async with at_work(plan.folder / "queue", tickets=plan.many) as lane:
        with one_core():
            effort, queued = await _queue(lane, plan)
    return [fast, fair, effort, queued]


async def _bursts(lanes: AtWork, plan: Plan) -> tuple[Figure, Figure]:
    numbers = count()
    slowest: list[tuple[float, float]] = []

    async def burst() -> float:
        """Seconds for each admission."""
        codes = [listed_code(next(numbers)) for _ in range(LANES)]
        begun = perf_counter()
        await asyncio.gather(*(lanes.scan(code, n) for n, code in enumerate(codes, 1)))
        took = sorted(visit.released_at - begun for visit in lanes.watch.visits.values())
        slowest.append((took[-1], median(took)))
        await asyncio.gather(*(lanes.walk(n) for n in range(1, LANES + 1)))
        await lanes.written()
        return took[-1] / LANES

    async def alone() -> float:
        return await lanes.admit(listed_code(next(numbers)), 1 + next(numbers) % LANES)

    measured = await in_turns((burst, alone), plan.rounds, 4 if plan.quick else 15)
    pairs = [(median(ours), median(single)) for ours, single in measured]
    return (
        figure(NAMES[0], pairs, against="one lane alone, from scan to release", aim=0.2),
        figure(NAMES[1], slowest[1:], against="the median lane of the same burst", aim=2.0),
    )


async def _queue(lane: AtWork, plan: Plan) -> tuple[Figure, Figure]:
    """Judged and journalled one after the other as fast as it goes, GROUP under way at most: what
    a lane does with a code, without the visitor who walks."""
    share = (2_000 if plan.quick else 100_000) // plan.rounds
    check = bare.check_signature()
    ours, verified, appended = [], [], []
    with closing(_bare(plan.folder / "bare.db")) as connection:
        for turn in range(plan.rounds):
            codes = [listed_code(turn * share + n) for n in range(share)]
            facts = [_fact(turn * share + n + 1) for n in range(share)]
            begun = perf_counter()
            await _judge_all(lane, codes)
            between = perf_counter()
            _append_all(connection, facts)
            ours.append((between - begun) / share)
            appended.append((perf_counter() - between) / share)
            verified.append(median([await check() for _ in range(GROUP)]) + LIMIT_S)
    against = f"the same facts appended to SQLite, {GROUP} a transaction; one core"
    return (
        figure(
            NAMES[2],
            list(zip(ours, verified, strict=True)),
            against="one signature's check + 60 us; of a scan that waits, on one core",
            unit="us",
            aim=1.0,
        ),
        figure(NAMES[3], list(zip(ours, appended, strict=True)), against=against, unit="us"),
    )


async def _judge_all(work: AtWork, codes: list[str]) -> None:
    gate, lane = work.gate, work.gate.lanes[0]
    for begin in range(0, len(codes), GROUP):
        writing = []
        for code in codes[begin : begin + GROUP]:
            answer = decide(gate.ledger, lane.request(Direction.IN, code), gate.trust.now())
            assert isinstance(answer, Granted), answer
            writing.append(gate.journal.record(_entry(answer.ticket.id)))
        await asyncio.gather(*writing)


def _entry(ticket: int) -> Admitted:
    return Admitted(ticket, ADULT.entitlements[0].attraction, lane_name(1), 1)


def _fact(number: int) -> tuple[str, int, int, str]:
    fact = Fact("gate-1", number, OPENED, _entry(number))
    return fact.device, fact.number, number, json.dumps(fact_to_data(fact))


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + outbox.SCHEMA)
    return connection


def _append_all(connection: sqlite3.Connection, facts: list[tuple[str, int, int, str]]) -> None:
    for begin in range(0, len(facts), GROUP):
        connection.execute("BEGIN IMMEDIATE")
        sql = "INSERT INTO fact (device, number, ticket, body) VALUES (?, ?, ?, ?)"
        connection.executemany(sql, facts[begin : begin + GROUP])
        connection.execute("COMMIT")


@contextmanager
def one_core() -> Iterator[None]:
    """All threads of this process on one core."""
    before = os.sched_getaffinity(0)
    _bind({min(before)})
    try:
        yield
    finally:
        _bind(before)


def _bind(cores: set[int]) -> None:
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)
