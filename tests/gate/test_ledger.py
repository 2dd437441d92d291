"""The gate's mirror says what the model in memory says, whatever comes twice or late."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gate import memory_in
from support.samples import (
    BERLIN,
    DAY_PASS,
    KEY,
    MUSEUM,
    NOON,
    PRODUCTS,
    THREE_TIMES,
    central_facts,
    issued,
    ticket,
)
from support.snapshots import image_of_facts, told

from admission.codes import SigningKey, human_code, low_bits, sign_ticket
from admission.decide import decide
from admission.facts import (
    CENTRAL,
    Admitted,
    Event,
    Fact,
    KeyPublished,
    Lapsed,
    Passed,
    ProductPublished,
    Refused,
    TicketIssued,
)
from admission.ledger import Ledger
from admission.request import AdmissionRequest, LedgerView
from admission.values import Entitlement, TicketState, Validation, Window
from gate.ledger import GateLedger
from runtime.image import Image
from runtime.outbox import Outbox
from runtime.wire import fact_from_data

IDS = (4711, 4712 << 40 | 5, 2**63 - 1)
OTHER_KEY = SigningKey(2, bytes(32), NOON)
TICKETS = [
    replace(ticket(id_, product, 2), state=state)
    for id_ in IDS
    for product in (MUSEUM, DAY_PASS, THREE_TIMES)
    for state in TicketState
]
MORNING, EVENING = (
    Window(NOON + timedelta(hours=a), NOON + timedelta(hours=b)) for a, b in ((-3, 1), (1, 6))
)
TICKETS += [
    replace(TICKETS[0], windows=windows)
    for windows in (
        (("museum", MORNING),),
        (("museum", EVENING), ("tour", MORNING)),
        (("tour", EVENING),),
    )
]
KEYS = [KEY.issuer, OTHER_KEY.issuer, replace(KEY.issuer, id=2)]
CODES = [
    *(sign_ticket(key, ticket(id_)) for id_ in IDS for key in (KEY, OTHER_KEY)),
    *(human_code(id_) for id_ in IDS),
]
TIMES = (NOON, NOON + timedelta(hours=7), NOON + timedelta(days=1))

ids = st.sampled_from(IDS)
few = st.integers(1, 3)
one = st.builds(
    Entitlement,
    st.sampled_from(["museum", "tour"]),
    st.sampled_from(Validation),
    few,
    persons=st.none() | few,
)
entitlements = st.tuples(one) | st.tuples(one, one)
catalogue: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(TICKETS).map(TicketIssued),
    st.sampled_from(KEYS).map(KeyPublished),
    st.builds(replace, st.sampled_from(PRODUCTS), entitlements=entitlements).map(ProductPublished),
)
uses: st.SearchStrategy[Event] = st.one_of(
    st.builds(Admitted, ids, st.sampled_from(["museum", "tour"]), st.just("n"), few),
    st.builds(Lapsed, ids, st.integers(1, 9), st.just("n"), few),
    st.builds(Passed, ids, st.integers(1, 9), st.just("n"), few),
    st.builds(Refused, st.none() | ids, st.just("n"), st.just("unreadable"), st.just("?")),
)


@dataclass(frozen=True)
class PageComes:
    """A page of central's feed, from `back` entries before the cursor on."""

    back: int
    length: int


@dataclass(frozen=True)
class OtherGateTells:
    event: Event
    again: bool
    """The fact before comes once more instead."""


@dataclass(frozen=True)
class WeTell:
    event: Event


Step = PageComes | OtherGateTells | WeTell
feeds = st.lists(catalogue | uses, max_size=20)
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(PageComes, st.integers(0, 5), st.integers(1, 8)),
        st.builds(OtherGateTells, uses, st.booleans()),
        st.builds(WeTell, uses),
    ),
    max_size=25,
)


@dataclass
class Both:
    """The gate's ledger and the model, told the same."""

    mirror: GateLedger
    outbox: Outbox
    feed: list[Fact]
    model: Ledger = field(default_factory=Ledger)
    other: list[Fact] = field(default_factory=list)

    async def take(self, step: Step) -> None:
        match step:
            case PageComes(back, length):
                first = max(0, self.mirror.cursor - back)
                facts = self.feed[first : first + length]
                await self.mirror.fold(facts, first + len(facts))
            case OtherGateTells(event, again):
                if not (again and self.other):
                    self.other.append(Fact("gate-2", len(self.other) + 1, NOON, event))
                facts = self.other[-1:]
                await self.mirror.fold(facts)
            case WeTell(event):
                facts = [await self.outbox.tell(event, NOON)]
        for fact in facts:
            self.model.fold(fact)


def numbered(events: list[Event]) -> list[Fact]:
    """Central's feed; the uses in it are of a third gate."""
    own = (TicketIssued, KeyPublished, ProductPublished)
    return [
        Fact(CENTRAL if isinstance(event, own) else "gate-3", n, NOON, event)
        for n, event in enumerate(events, start=1)
    ]


def answers(view: LedgerView) -> list[object]:
    """Everything that the rules can ask of a ledger, and what they make of it."""
    requests = [
        AdmissionRequest(code, frozenset(entrances), BERLIN)
        for code in CODES
        for entrances in (["museum"], ["museum", "tour"])
    ]
    return [
        *(view.ticket(id_) for id_ in IDS),
        *(view.ticket_by_low_bits(low_bits(id_)) for id_ in IDS),
        *(set(view.history(id_).uses) for id_ in IDS),
        *(view.product(product.id) for product in PRODUCTS),
        *(view.issuer(key) for key in (1, 2, 3)),
        *(decide(view, request, now) for request in requests for now in TIMES),
    ]


@settings(max_examples=60, deadline=None)
@given(feeds, steps)
async def test_the_mirror_answers_as_the_model_does_also_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, feed: list[Event], told: list[Step]
) -> None:
    folder = tmp_path_factory.mktemp("gate")
    async with memory_in(folder) as (mirror, outbox):
        both = Both(mirror, outbox, numbered(feed))
        for step in told:
            await both.take(step)
        assert answers(mirror) == answers(both.model)
        cursor = mirror.cursor
    async with memory_in(folder) as (again, _):
        assert answers(again) == answers(both.model)
        assert again.cursor == cursor


@settings(max_examples=40, deadline=None)
@given(st.lists(catalogue | uses, max_size=20), st.integers(0, 20), st.randoms())
async def test_in_whatever_order_feed_and_snapshot_come_the_gate_knows_the_same(
    tmp_path_factory: pytest.TempPathFactory, told_: list[Event], as_of: int, dice: Random
) -> None:
    """Facts up to that of the snapshot may come before it, after it, or never."""
    folder = tmp_path_factory.mktemp("gate")
    facts = numbered(told_)
    model = Ledger()
    for fact in facts:
        model.fold(fact)
    old, new = facts[:as_of], facts[as_of:]
    async with memory_in(folder) as (mirror, _):
        parts = [[fact] for fact in (*new, *dice.sample(old, dice.randint(0, len(old))))]
        dice.shuffle(parts)
        swapped_after = dice.randint(0, len(parts))
        for place in range(len(parts) + 1):
            if place == swapped_after:
                await take_snapshot(mirror, old, folder / "tickets.image")
            for part in parts[place : place + 1]:
                await mirror.fold(part)
        assert answers(mirror) == answers(model)
    async with memory_in(folder) as (again, _):
        assert answers(again) == answers(model)


async def take_snapshot(mirror: GateLedger, facts: list[Fact], path: Path) -> None:
    what = told(len(facts), 0)
    path.write_bytes(image_of_facts(facts, what))
    image = Image(path)
    await mirror.fold_rest([fact_from_data(data) for data in image.rest()])
    mirror.image = image
    await mirror.rest_on(what)


async def test_a_late_page_does_not_put_back_a_cancelled_ticket(tmp_path: Path) -> None:
    cancelled = replace(ticket(), state=TicketState.CANCELLED)
    facts = issued(ticket(), cancelled)
    async with memory_in(tmp_path) as (ledger, _):
        await ledger.fold(facts, len(facts))
        await ledger.fold(facts[:-1], len(facts) - 1)
        assert ledger.ticket(ticket().id) == cancelled
        assert ledger.cursor == len(facts)


@pytest.mark.parametrize("by", ["feed", "snapshot"])
async def test_of_two_facts_under_one_number_the_one_that_central_has_counts(
    tmp_path: Path, by: str
) -> None:
    """The gate that told them got a new disk while central had not heard of the first one."""
    walked = Passed(None, None, "South", 5, zone="museum")
    heard = [Admitted(4711, "museum", "South", 1), walked, walked]
    there = [Admitted(4712, "museum", "South", 1), Refused(None, "South", "unknown", "X"), walked]
    feed = [Fact("gate-2", n, NOON, event) for n, event in enumerate(there, 1)]
    async with memory_in(tmp_path) as (ledger, outbox):
        own = await outbox.tell(Admitted(4713, "museum", "n", 1), NOON)
        await ledger.fold(Fact("gate-2", n, NOON, event) for n, event in enumerate(heard, 1))
        assert ledger.counted() == {"museum": 10}
        if by == "feed":
            await ledger.fold([*feed, replace(own, event=there[0])], 4)
            assert ledger.counted() == {"museum": 5}
        else:
            await ledger.fold_rest(feed[:1])
        assert [len(ledger.history(id_).uses) for id_ in (4711, 4712, 4713)] == [0, 1, 1]
        assert outbox.after(0) == [own]


async def test_a_changed_product_and_a_new_key_count_at_once(tmp_path: Path) -> None:
    async with memory_in(tmp_path) as (ledger, _):
        assert not ledger.ready.is_set()
        await ledger.fold(issued())
        assert ledger.ready.is_set()
        assert ledger.product(1) == MUSEUM
        changed = replace(MUSEUM, name="Tribe")
        news = central_facts(ProductPublished(changed), KeyPublished(OTHER_KEY.issuer))
        await ledger.fold(news[-2:])
        assert ledger.product(1) == changed
        assert ledger.issuer(2) == OTHER_KEY.issuer


async def test_an_entry_counts_before_it_is_on_the_disk(tmp_path: Path) -> None:
    async with memory_in(tmp_path) as (ledger, outbox), asyncio.TaskGroup() as group:
        telling = group.create_task(outbox.tell(Admitted(4711, "museum", "n", 1), NOON))
        await asyncio.sleep(0)
        assert [use.persons for use in ledger.history(4711).uses] == [1]
        assert not telling.done()


async def test_a_batch_is_folded_whole_or_not_at_all(tmp_path: Path) -> None:
    unstorable = Fact(CENTRAL, 7, NOON, TicketIssued(replace(ticket(), id=2**70)))
    async with memory_in(tmp_path) as (ledger, _):
        with pytest.raises(OverflowError):
            await ledger.fold([*issued(ticket()), unstorable], 7)
        assert ledger.ticket(ticket().id) is None
        assert ledger.cursor == 0


async def test_a_gate_whose_clock_is_ahead_makes_no_other_doubt_its_own(tmp_path: Path) -> None:
    ahead = Fact("gate-9", 1, NOON + timedelta(days=400), Admitted(4711, "museum", "n", 1))
    async with memory_in(tmp_path) as (ledger, _):
        await ledger.fold([*issued(ticket()), ahead])
        assert ledger.newest == NOON


async def test_a_refusal_shown_all_day_does_not_lengthen_a_ticket_history(tmp_path: Path) -> None:
    refused = Refused(4711, "North", "already_used", "code")
    async with memory_in(tmp_path) as (ledger, outbox):
        await outbox.tell(Admitted(4711, "museum", "n", 1), NOON)
        for _ in range(5):
            await outbox.tell(refused, NOON)
        assert len(ledger.history(4711).uses) == 1
    with closing(sqlite3.connect(tmp_path / "gate.db")) as file:
        (read,) = file.execute("SELECT count(*) FROM fact WHERE ticket = 4711").fetchone()
        (kept,) = file.execute("SELECT count(*) FROM fact").fetchone()
    assert (read, kept) == (1, 6)
