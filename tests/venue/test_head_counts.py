"""However facts travel, whoever begins anew, and whatever is set aside and taken later after all:
in the end central and every gate count the same persons in each zone."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from support.central import DEVICES, NOW
from support.gates import Gate as Teller
from support.gates import payload

from admission.facts import CENTRAL, CountCorrected, Event, Fact, Passed
from admission.presence import moves
from admission.values import Direction
from central.sale.states import By
from central.store import schema
from central.store.database import make_engine
from central.sync import feed, ingest
from central.watch import head_counts, zones
from central.watch.head_counts import Baseline
from gate import counts
from runtime import outbox
from runtime.wire import fact_from_data

NAMES = ("gate-1", "gate-2", "gate-3")
KNOWN = dict.fromkeys(NAMES, DEVICES["gate-1"])
LONG = "x" * ingest.MAX_FACT
"""A lane whose facts central sets aside."""


@dataclass
class Gate:
    """One gate's counting, and all that it told."""

    memory: sqlite3.Connection
    teller: Teller
    cursor: int = 0
    told: list[Fact] = field(default_factory=list)
    taken: Baseline | None = None

    def hear(self, facts: list[Fact]) -> None:
        outbox.insert(self.memory, facts, counts.fold)

    def tell(self, event: Event) -> None:
        self.told.append(self.teller.fact(NOW, event))
        self.hear(self.told[-1:])

    def begin(self) -> None:
        """With the snapshot that it took some time ago."""
        if self.taken and self.taken.as_of >= self.cursor:
            one = self.taken
            assert counts.begin(self.memory, one.as_of, one.counts, one.taken, one.missing)
            self.cursor = one.as_of

    @property
    def counted(self) -> dict[str, int]:
        return nonzero(dict(self.memory.execute("SELECT zone, persons FROM presence")))


@dataclass
class Venue:
    central: Connection
    gates: list[Gate]

    def take(self, gate: Gate, last: int) -> None:
        """Central hears the gate's facts up to `last`, all of them once more."""
        ingest.take(self.central, gate.teller.device, payload(gate.told[:last]), KNOWN, NOW)

    def take_after_all(self, gate: Gate) -> None:
        """What was set aside."""
        there = self.facts(0)
        last = feed.last_taken(self.central, gate.teller.device)
        late = [fact for fact in gate.told if fact.number <= last and fact not in there]
        feed.accept(self.central, late, NOW)

    def facts(self, after: int, last: int = 2**40) -> list[Fact]:
        entries = feed.after(self.central, after, 10_000)
        return [fact_from_data(entry.fact) for entry in entries if entry.n <= last]

    def follow(self, gate: Gate, count: int = 10_000) -> None:
        last = min(gate.cursor + count, feed.head(self.central))
        gate.hear(self.facts(gate.cursor, last))
        gate.cursor = max(gate.cursor, last)

    def correct(self, zone: str, persons: int) -> None:
        zones.correct(self.central, zone, persons, "looked", By("office-1", NOW))

    @property
    def counted(self) -> dict[str, int]:
        return nonzero(head_counts.counted(self.central))


def nonzero(counted: dict[str, int]) -> dict[str, int]:
    return {zone: persons for zone, persons in counted.items() if persons}


@contextmanager
def venue() -> Iterator[Venue]:
    engine = make_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.connect() as central:
        gates = []
        for name in NAMES:
            memory = sqlite3.connect(":memory:", isolation_level=None)
            memory.executescript(outbox.SCHEMA + counts.SCHEMA)
            gates.append(Gate(memory, Teller(name)))
        yield Venue(central, gates)
        for gate in gates:
            gate.memory.close()
    engine.dispose()


ZONES = st.sampled_from(["", "museum", "tower"])
LANES = st.sampled_from(["North", "South", LONG])
EVENTS = st.one_of(
    st.builds(
        Passed,
        st.sampled_from([7, None]),
        st.none(),
        LANES,
        st.integers(1, 3),
        st.sampled_from(Direction),
        ZONES,
        ZONES,
    ),
    st.builds(CountCorrected, ZONES, st.integers(-9, 9), st.just("page"), st.just("looked")),
)
ONE = st.integers(0, len(NAMES) - 1)
SOME = st.integers(1, 6)
STEPS = st.one_of(
    st.tuples(st.just("tell"), ONE, EVENTS),
    st.tuples(st.just("take"), ONE, SOME),
    st.tuples(st.just("take after all"), ONE),
    st.tuples(st.just("gossip"), ONE, ONE, SOME),
    st.tuples(st.just("follow"), ONE, SOME),
    st.tuples(st.just("snapshot"), ONE),
    st.tuples(st.just("begin"), ONE),
    st.tuples(st.just("correct"), st.sampled_from(["museum", "tower"]), st.integers(0, 9)),
)


def do(at: Venue, step: tuple[object, ...]) -> None:
    match step:
        case "tell", int(n), (Passed() | CountCorrected()) as event:
            at.gates[n].tell(event)
        case "take", int(n), int(more):
            last = feed.last_taken(at.central, at.gates[n].teller.device)
            at.take(at.gates[n], last + more)
        case "take after all", int(n):
            at.take_after_all(at.gates[n])
        case "gossip", int(n), int(to), int(first):
            at.gates[to].hear(at.gates[n].told[-first:])
        case "follow", int(n), int(more):
            at.follow(at.gates[n], more)
        case "snapshot", int(n):
            at.gates[n].taken = head_counts.baseline(at.central)
        case "begin", int(n):
            at.gates[n].begin()
        case "correct", str(zone), int(persons):
            at.correct(zone, persons)


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_after_healing_all_count_the_same(steps: list[tuple[object, ...]]) -> None:
    with venue() as at:
        for step in steps:
            do(at, step)
        for gate in at.gates:
            at.take(gate, len(gate.told))
            at.take_after_all(gate)
        for gate in at.gates:
            at.follow(gate)
        told = [fact for gate in at.gates for fact in gate.told]
        told += [fact for fact in at.facts(0) if fact.device == CENTRAL]
        truth = Counter[str]()
        for fact in told:
            for zone, persons in moves(fact.event):
                truth[zone] += persons
        assert at.counted == nonzero(dict(truth))
        assert [gate.counted for gate in at.gates] == [at.counted] * len(NAMES)


def test_a_snapshot_older_than_the_one_a_gate_began_with_is_refused() -> None:
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.executescript(outbox.SCHEMA + counts.SCHEMA)
        assert counts.begin(memory, 9, {"museum": 5}, {"gate-2": 3})
        assert not counts.begin(memory, 8, {"museum": 4}, {"gate-2": 2})
        assert list(memory.execute("SELECT * FROM presence")) == [("museum", 5)]
        counts.begin_anew(memory)
        assert counts.begin(memory, 8, {"museum": 4}, {"gate-2": 2})
