"""A snapshot's file gives back what was put in, and nothing else that calls itself one."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.samples import KEY, NOON, TODAY, issued, ticket
from support.snapshots import image_of, image_of_facts, told

from admission.codes import low_bits
from admission.facts import CENTRAL, Fact, TicketIssued
from admission.signature import signed_by
from admission.values import Ticket, TicketState, Window
from runtime.disk import DiskFault
from runtime.image import MAX_HEADER, BadImage, Image
from runtime.image_draft import Draft
from runtime.wire import fact_to_data

seconds = st.integers(0, 32_000_000_000)
windows = st.lists(seconds, min_size=2, max_size=2, unique=True).map(
    lambda pair: Window(*(datetime.fromtimestamp(at, UTC) for at in sorted(pair)))
)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
ids = st.integers(1, 2**63 - 1) | st.sampled_from([1, 2**62, 2**63 - 1, 5 << 35, 6 << 35])
tickets = st.builds(
    Ticket,
    ids,
    st.integers(0, 65535),
    windows,
    st.integers(0, 65535),
    st.sampled_from(TicketState),
    words,
    st.lists(st.tuples(words, windows), max_size=3).map(tuple),
)


def image_at(path: Path, content: bytes) -> Image:
    path.write_bytes(content)
    return Image(path)


@settings(max_examples=80, deadline=None)
@given(st.lists(tickets, max_size=30, unique_by=lambda one: one.id), st.sets(ids))
def test_what_is_put_in_comes_out_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, held: list[Ticket], asked: set[int]
) -> None:
    facts = [Fact(CENTRAL, n, NOON, TicketIssued(one)) for n, one in enumerate(held, 1)]
    what = told(7, counts={"museum": -3}, taken={"gate-1": 9}, missing=(("gate-1", 4),))
    path = tmp_path_factory.mktemp("image") / "image"
    image = image_at(path, image_of_facts([*issued(), *facts], what))
    assert image.told == what
    assert [image.ticket(one.id) for one in held] == held
    by_id = {one.id: one for one in held}
    assert [image.ticket(id_) for id_ in asked] == [by_id.get(id_) for id_ in asked]
    for id_ in (*asked, *by_id):
        like = [one for one in by_id if low_bits(one) == low_bits(id_)]
        assert image.first_id(low_bits(id_)) == min(like, default=None)
    assert list(image.rest()) == [fact_to_data(fact) for fact in issued()]
    id_, signature = image.signature
    assert id_ == KEY.id
    assert signed_by(KEY.issuer.public, signature, image.message)


@pytest.mark.parametrize("many", [1023, 1024, 40_000])
def test_every_ticket_is_found_with_any_number_of_buckets(tmp_path: Path, many: int) -> None:
    dice, draft = random.Random(many), Draft()
    ids = {dice.getrandbits(62) or 1: dice.randrange(5) for _ in range(many)}
    sorts = [draft.sort_of(ticket(persons=persons + 1)) for persons in range(5)]
    for id_, sort in ids.items():
        draft.add(id_, sorts[sort])
    draft.sort()
    image = image_at(tmp_path / "image", b"".join(draft.finish(told(1), 1, KEY.sign)))
    assert image.tickets == many
    for id_ in dice.sample(list(ids), 1000):
        assert image.ticket(id_) == ticket(id_, persons=ids[id_] + 1)
        assert image.first_id(low_bits(id_)) == id_
        assert image.ticket(id_ ^ 1 << dice.randrange(62)) is None


CONTENT = image_of_facts(issued(*(ticket(id_) for id_ in range(1, 60))), told(3))


def test_half_a_file_is_no_snapshot(tmp_path: Path) -> None:
    for length in range(0, len(CONTENT), 7):
        with pytest.raises(BadImage):
            image_at(tmp_path / "image", CONTENT[:length])
    with pytest.raises(BadImage):
        image_at(tmp_path / "image", CONTENT + b"\0")


def test_a_flipped_bit_anywhere_shows_and_crashes_nothing(tmp_path: Path) -> None:
    for place in range(0, len(CONTENT), 3):
        flipped = bytearray(CONTENT)
        flipped[place] ^= 1 << place % 8
        with suppress(BadImage, DiskFault):
            image = image_at(tmp_path / "image", bytes(flipped))
            with suppress(DiskFault):
                image.ticket(17)
                image.first_id(18)
            with suppress(BadImage, DiskFault):
                list(image.rest())
            id_, signature = image.signature
            genuine = signed_by(KEY.issuer.public, signature, image.message)
            assert not (genuine and id_ == KEY.id), place


def test_what_a_header_says_is_bounded(tmp_path: Path) -> None:
    numbers = count()
    path = tmp_path / "image"
    too_long = CONTENT[:8] + (MAX_HEADER + 1).to_bytes(4, "little") + bytes(MAX_HEADER * 2)
    nonsense: list[Any] = [b"[]", b'{"told": 1, "sizes": {}}', b"{" * 90_000, b"\xff\xff"]
    for content in (
        too_long,
        *(CONTENT[:8] + len(said).to_bytes(4, "little") + said + bytes(99) for said in nonsense),
    ):
        with pytest.raises(BadImage):
            image_at(path.with_name(str(next(numbers))), content)


def test_a_file_that_shrinks_under_the_gate_is_a_fault_of_the_disk(tmp_path: Path) -> None:
    image = image_at(tmp_path / "image", CONTENT)
    (tmp_path / "image").write_bytes(CONTENT[:40])
    with pytest.raises(DiskFault):
        image.ticket(17)


def test_facts_without_an_end_are_no_facts(tmp_path: Path) -> None:
    endless = image_of([{"kind": "x", "text": "x" * 2_000_000}], told(1))
    with pytest.raises(BadImage, match="without an end"):
        list(image_at(tmp_path / "image", endless).rest())


def test_what_does_not_fit_the_form_is_refused_by_the_maker() -> None:
    with pytest.raises(ValueError, match="ticket 4711"):
        Draft().sort_of(replace(ticket(), persons=70_000, window=TODAY))
