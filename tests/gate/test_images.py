"""The gate's image: only a good one is taken, whole or not at all, while lanes go on."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.clock import on_virtual_time
from support.gate import memory_in
from support.lossy_disk import lossy_disk
from support.samples import KEY, MUSEUM, NOON, issued, ticket
from support.snapshots import image_of_facts, told

from admission.codes import SigningKey, low_bits, sign_ticket
from admission.facts import (
    CENTRAL,
    Admitted,
    Fact,
    KeyPublished,
    OfflineSold,
    Passed,
    TagBound,
    TicketIssued,
)
from admission.values import Direction, IssuerKey, Money, TicketState
from gate.catch_up import NoAnswer
from gate.hearing import Hearing
from gate.images import FAR_BEHIND, Images, Offer
from gate.ledger import GateLedger
from runtime.disk import DiskFault
from runtime.image import Scope, Told

TICKETS = [ticket(id_) for id_ in range(1, 300)]
FACTS = issued(*TICKETS)
HEAD = len(FACTS)
CANCELLED = replace(ticket(1), state=TicketState.CANCELLED)
LATER = [*FACTS, Fact(CENTRAL, HEAD + 1, NOON, TicketIssued(CANCELLED))]
OTHER_KEY = SigningKey(9, bytes(32), NOON)


@dataclass
class Shelf:
    """A Source with one snapshot. The connection is cut once, after so many bytes."""

    facts: Iterable[Fact] = field(default_factory=lambda: FACTS)
    what: Told = field(default_factory=lambda: told(HEAD))
    signer: SigningKey = KEY
    keys: tuple[IssuerKey, ...] = (KEY.issuer,)
    spoil: Callable[[bytes], bytes] = lambda content: content
    cut_after: int | None = None
    asked: list[int] = field(default_factory=list)

    async def offer(self, scope: Scope, after: int) -> Offer:
        size = len(self._all())
        return Offer(f"e{self.what.epoch}", self.what.epoch, HEAD, size, 0, self.keys)

    async def content(self, id_: str, start: int) -> AsyncIterator[bytes]:
        self.asked.append(start)
        content = self.spoil(self._all())
        for at in range(start, len(content), 500):
            if self.cut_after is not None and at >= self.cut_after:
                self.cut_after = None
                raise NoAnswer("cut")
            yield content[at : at + 500]
            await asyncio.sleep(0)

    def _all(self) -> bytes:
        return image_of_facts(self.facts, self.what, self.signer)


@dataclass
class Gate:
    folder: Path
    ledger: GateLedger
    hearing: Hearing

    def images(self, shelf: Shelf) -> Images:
        return Images(self.ledger, self.hearing, shelf, "sample", Scope(("museum",)))

    async def refresh(self, shelf: Shelf) -> Images:
        images = self.images(shelf)
        await images.refresh("test")
        return images


@asynccontextmanager
async def gate_in(folder: Path) -> AsyncIterator[Gate]:
    async with memory_in(folder) as (ledger, outbox):
        yield Gate(folder, ledger, Hearing(ledger, outbox))


async def test_a_gate_knows_what_the_snapshot_says(tmp_path: Path) -> None:
    others = [
        Fact("gate-2", 1, NOON, Admitted(2, "museum", "South", 1)),
        Fact("gate-2", 2, NOON, Passed(2, 1, "South", 1, Direction.OUT, behind="museum")),
        Fact(CENTRAL, HEAD + 1, NOON, TagBound("NFC:1", 3)),
    ]
    what = told(HEAD, counts={"museum": 5}, taken={"gate-2": 2})
    async with gate_in(tmp_path) as gate:
        ledger = gate.ledger
        assert not ledger.ready.is_set()
        images = await gate.refresh(Shelf([*FACTS, *others], what))
        assert [ledger.ticket(one.id) for one in TICKETS] == TICKETS
        assert ledger.ticket(7000) is None
        assert ledger.ticket_by_tag("NFC:1") == ticket(3)
        assert ledger.ticket_by_low_bits(low_bits(4)) == ticket(4)
        assert (ledger.product(1), ledger.issuer(1)) == (MUSEUM, KEY.issuer)
        assert [use.lane for use in ledger.history(2).uses] == ["South"]
        assert ledger.counted() == {"museum": 5}
        assert (ledger.cursor, images.needed(), images.trouble) == (HEAD, "", "")
        assert ledger.ready.is_set()


REFUSED: dict[str, Shelf] = {
    "signed with key 9": Shelf(signer=OTHER_KEY),
    "signature with key 1 is wrong": Shelf(
        spoil=lambda c: c[:2000] + bytes([c[2000] ^ 1]) + c[2001:]
    ),
    "signature with key 9": Shelf(
        signer=replace(OTHER_KEY, seed=bytes(31) + b"\1"), keys=(OTHER_KEY.issuer,)
    ),
    "none of central's": Shelf(
        signer=OTHER_KEY, keys=(replace(OTHER_KEY.issuer, device="kiosk-1"),)
    ),
    "it is for 'elsewhere'": Shelf(what=told(HEAD, site="elsewhere")),
    "Scope(attractions=('tour',)": Shelf(what=told(HEAD, scope=Scope(("tour",)))),
    f"it is as of {HEAD - 1}, not": Shelf(what=told(HEAD - 1)),
    "more than the": Shelf(spoil=lambda c: c + bytes(9_000_000)),
    "0 of": Shelf(spoil=lambda _: b""),
    "no snapshot of a kind": Shelf(spoil=lambda c: b"<" * len(c)),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_a_bad_one_is_refused_and_the_old_one_stays(
    tmp_path: Path, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with gate_in(tmp_path) as gate:
        await gate.refresh(Shelf())
        before, old = (tmp_path / "tickets.image").read_bytes(), gate.ledger.image
        images = await gate.refresh(REFUSED[why])
        assert why in images.trouble
        assert gate.ledger.image is old
        assert gate.ledger.ticket(1) == ticket(1)
        assert images.needed(FAR_BEHIND + 1) == ""  # not again at once
        assert (tmp_path / "tickets.image").read_bytes() == before
        assert not list(tmp_path.glob("*.part"))
    [warning] = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert why in warning.getMessage()


async def test_one_older_than_the_one_here_is_refused(tmp_path: Path) -> None:
    async with gate_in(tmp_path) as gate:
        await gate.refresh(Shelf())
        await gate.ledger.rest_on(told(HEAD + 1))
        assert "older" in (await gate.refresh(Shelf())).trouble


async def test_a_key_that_was_revoked_signs_no_snapshot(tmp_path: Path) -> None:
    revoked = KeyPublished(replace(KEY.issuer, revoked_at=NOON))
    async with gate_in(tmp_path) as gate:
        await gate.ledger.fold([Fact(CENTRAL, 9, NOON, revoked)], 9)
        assert "none of central's" in (await gate.refresh(Shelf())).trouble


async def test_a_download_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    shelf = Shelf(cut_after=2000)
    async with gate_in(tmp_path) as gate:
        images = gate.images(shelf)
        with pytest.raises(NoAnswer):
            await images.refresh("test")
        await images.refresh("test")
        assert gate.ledger.ticket(1) == ticket(1)
    assert shelf.asked == [0, 2000]


async def test_half_of_one_of_a_central_that_is_no_more_is_thrown_away(tmp_path: Path) -> None:
    shelf = Shelf(cut_after=2000)
    async with gate_in(tmp_path) as gate:
        images = gate.images(shelf)
        with pytest.raises(NoAnswer):
            await images.refresh("test")
        shelf.what = told(HEAD, epoch=2)
        await images.refresh("its database was put back", anew=True)
        assert gate.ledger.rests_on == (2, HEAD)
    assert shelf.asked == [0, 0]


async def test_of_a_central_that_has_forgotten_the_end_all_is_heard_again(tmp_path: Path) -> None:
    """Also if its epoch is the same: whoever put its database back did it by hand."""
    async with gate_in(tmp_path) as gate:
        images = await gate.refresh(Shelf())
        await gate.ledger.fold(LATER, HEAD + 9)
        await images.refresh("its database was put back", anew=True)
        assert (gate.ledger.cursor, gate.ledger.rests_on) == (HEAD, (1, HEAD))
        assert gate.ledger.ticket(1) == ticket(1)


async def test_lanes_look_up_while_it_is_swapped(tmp_path: Path) -> None:
    async with gate_in(tmp_path) as gate:
        await gate.refresh(Shelf())
        swapping = asyncio.ensure_future(gate.refresh(Shelf(LATER)))
        seen = []
        while not swapping.done():
            seen.append(gate.ledger.ticket(1))
            assert gate.ledger.ticket(299) == ticket(299)
            await asyncio.sleep(0)
        changes = [seen[0], *(b for a, b in pairwise(seen) if a != b)]
        assert changes in ([ticket(1)], [ticket(1), CANCELLED])
        assert gate.ledger.ticket(1) == CANCELLED


async def test_what_came_after_the_snapshot_counts_more(tmp_path: Path) -> None:
    async with gate_in(tmp_path) as gate:
        await gate.refresh(Shelf())
        await gate.ledger.fold(LATER, HEAD + 1)
        await gate.refresh(Shelf())
        assert gate.ledger.ticket(1) == CANCELLED
        assert gate.ledger.cursor == HEAD + 1
    with closing(sqlite3.connect(tmp_path / "gate.db")) as file:
        assert file.execute("SELECT id FROM ticket").fetchall() == [(1,)]


async def test_it_starts_again_without_central(tmp_path: Path) -> None:
    """Also when all else is lost."""
    async with gate_in(tmp_path) as gate:
        await gate.refresh(Shelf())
    async with gate_in(tmp_path) as again:
        assert again.ledger.ready.is_set()
        assert again.ledger.ticket(1) == ticket(1)
    for file in tmp_path.glob("gate.db*"):
        file.unlink()
    (tmp_path / "e1.part").write_bytes(b"half")
    async with gate_in(tmp_path) as bare:
        images = bare.images(Shelf())
        await images.begin(NOON)
        assert bare.ledger.ready.is_set()
        assert (bare.ledger.product(1), bare.ledger.cursor) == (MUSEUM, HEAD)
        assert images.needed() == ""
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("harm", ["gone", "flipped", "short"])
async def test_an_image_that_went_bad_on_the_card_is_taken_anew(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "tickets.image"
    async with gate_in(tmp_path) as gate:
        await gate.refresh(Shelf())
    content = path.read_bytes()
    path.write_bytes(content[:-1] if harm == "short" else content[:500] + b"!" + content[501:])
    if harm == "gone":
        path.unlink()
    async with gate_in(tmp_path) as gate:
        images = gate.images(Shelf())
        await images.begin(NOON)
        assert images.needed() == "its image is lost"
        await images.refresh("test")
        assert gate.ledger.ticket(1) == ticket(1)


@on_virtual_time
async def test_a_new_one_is_taken_after_a_day_or_a_month_away(tmp_path: Path) -> None:
    async with gate_in(tmp_path) as gate:
        images = await gate.refresh(Shelf())
        assert images.needed(FAR_BEHIND) == ""
        assert "facts are missing" in images.needed(FAR_BEHIND + 1)
        await asyncio.sleep(timedelta(days=1).total_seconds())
        assert images.needed() == "it is a day old"
    async with gate_in(tmp_path) as later:
        images = later.images(Shelf())
        await images.begin(NOON + timedelta(days=2))
        assert images.needed() == "it is a day old"
        other = Images(later.ledger, later.hearing, Shelf(), "sample", Scope(("tour",)))
        assert other.needed() == "its lanes are for others now"


async def test_another_central_counts_more_whatever_its_numbers(tmp_path: Path) -> None:
    """Its database was put back: the ticket was cancelled by a fact that is no more."""
    async with gate_in(tmp_path) as gate:
        await gate.refresh(Shelf())
        await gate.ledger.fold(LATER, HEAD + 1)
        assert gate.ledger.ticket(1) == CANCELLED
        await gate.refresh(Shelf(what=told(HEAD, epoch=2)))
        assert gate.ledger.ticket(1) == ticket(1)
        assert gate.ledger.cursor == HEAD


async def test_a_sale_without_central_is_known_until_central_tells_of_it(tmp_path: Path) -> None:
    kiosk = replace(KEY, id=5)
    code = sign_ticket(kiosk, ticket(7000))
    sold = OfflineSold(ticket(7000), 1, 1, Money(Decimal(9), "EUR"), code=code)
    key = replace(kiosk.issuer, device="kiosk-1")
    async with gate_in(tmp_path) as gate:
        ledger = gate.ledger
        await gate.refresh(Shelf())
        await ledger.fold([Fact("kiosk-1", 1, NOON, sold)])
        assert ledger.ticket(7000) is None
        await ledger.fold([Fact(CENTRAL, HEAD + 1, NOON, KeyPublished(key))], HEAD + 1)
        assert ledger.ticket(7000) == ledger.ticket_by_low_bits(low_bits(7000)) == ticket(7000)
        revoked = replace(key, revoked_at=NOON)
        await ledger.fold([Fact(CENTRAL, HEAD + 2, NOON, KeyPublished(revoked))], HEAD + 2)
        assert ledger.ticket(7000) is None
        blocked = replace(ticket(7000), state=TicketState.BLOCKED)
        await ledger.fold([Fact(CENTRAL, HEAD + 3, NOON, TicketIssued(blocked))], HEAD + 3)
        await ledger.fold([Fact("kiosk-1", 1, NOON, sold)])
        assert ledger.ticket(7000) == blocked


async def test_a_file_of_an_older_version_gets_what_it_lacks(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "gate.db")) as old, old:
        old.execute(
            "CREATE TABLE ticket (id INTEGER PRIMARY KEY, low_bits INTEGER NOT NULL,"
            " product INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,"
            " persons INTEGER NOT NULL, state TEXT NOT NULL, language TEXT NOT NULL)"
        )
        span = (int(t.timestamp()) for t in (ticket(1).window.start, ticket(1).window.end))
        row = (1, 1, 1, *span, 1, "valid", "")
        old.execute("INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    async with gate_in(tmp_path) as gate:
        assert gate.ledger.ticket(1) == ticket(1)
        await gate.ledger.fold(LATER, HEAD + 1)
        assert gate.ledger.ticket(1) == CANCELLED


@pytest.mark.parametrize("seed", range(8))
def test_a_power_cut_leaves_the_old_one_or_the_new_one(tmp_path: Path, seed: int) -> None:
    """At any moment, with some blocks of what was not flushed, or none."""
    asyncio.run(_take(tmp_path / "platter", Shelf(), None))
    ticks = seed * 70 + random.Random(seed).randrange(70)
    with lossy_disk(tmp_path) as disk:
        asyncio.run(_take(disk.mount, Shelf(LATER), lambda n: n == ticks and disk.cut(seed)))
    asyncio.run(_check(tmp_path / "platter"))


async def _take(folder: Path, shelf: Shelf, tick: Callable[[int], Any] | None) -> None:
    folder.mkdir(exist_ok=True)
    with suppress(DiskFault):
        async with gate_in(folder) as gate:
            taking = asyncio.ensure_future(gate.refresh(shelf))
            n = 0
            while not taking.done():
                n += 1
                if tick:
                    tick(n)
                await asyncio.sleep(0)
            await taking


async def _check(folder: Path) -> None:
    async with gate_in(folder) as gate:
        images = gate.images(Shelf())
        await images.begin(NOON)
        assert images.needed() == ""
        assert gate.ledger.ticket(1) in (ticket(1), CANCELLED)
        assert gate.ledger.ticket(299) == ticket(299)
        assert gate.ledger.cursor == HEAD
