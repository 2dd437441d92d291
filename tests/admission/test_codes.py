"""Ticket codes: round trips, hostile input, published vectors."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import KEY, NOON

from admission.codes import (
    ALPHABET,
    HumanCode,
    SignedCode,
    SigningKey,
    code_beginning,
    genuine,
    human_code,
    low_bits,
    new_ticket_id,
    read_code,
    sign_ticket,
)
from admission.foreign import FOREIGN_IDS, OpaqueCode, foreign_ticket_id
from admission.values import Ticket, Window

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "codes.json").read_text())

ids = st.integers(1, 2**63 - 1)
starts = st.integers(0, 2**32 - 2)


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    start = draw(starts)
    end = draw(st.integers(start + 1, 2**32 - 1))
    window = Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
    return Ticket(draw(ids), draw(st.integers(0, 65535)), window, draw(st.integers(1, 255)))


@given(tickets(), st.integers(0, 65535))
def test_how_a_signed_code_begins_tells_its_key(ticket: Ticket, key: int) -> None:
    code = sign_ticket(replace(KEY, id=key), ticket)
    assert code.startswith(code_beginning(key))
    assert not code.startswith(code_beginning(key ^ 1))


@given(tickets())
def test_a_signed_code_tells_its_ticket_and_its_issuer(ticket: Ticket) -> None:
    read = read_code(sign_ticket(KEY, ticket))
    assert isinstance(read, SignedCode)
    assert (read.key, read.ticket) == (KEY.id, ticket)
    assert genuine(read, KEY.issuer)


@given(tickets(), st.data())
def test_no_changed_character_stays_genuine(ticket: Ticket, data: st.DataObject) -> None:
    code = sign_ticket(KEY, ticket)
    at = data.draw(st.integers(1, len(code) - 1))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != code[at]]))
    read = read_code(code[:at] + wrong + code[at + 1 :])
    assert not isinstance(read, SignedCode) or not genuine(read, KEY.issuer)
    assert isinstance(read, SignedCode | OpaqueCode)


def test_another_key_does_not_vouch() -> None:
    other = SigningKey(1, bytes(32), NOON)
    ticket = Ticket(1, 1, Window(NOON, NOON + timedelta(days=1)))
    read = read_code(sign_ticket(other, ticket))
    assert isinstance(read, SignedCode) and not genuine(read, KEY.issuer)


@given(ids)
def test_a_human_code_tells_the_low_bits_however_it_is_typed(ticket_id: int) -> None:
    code = human_code(ticket_id)
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert read_code(code) == read_code(sloppy) == HumanCode(low_bits(ticket_id))


@given(ids, st.data())
def test_one_wrong_character_is_noticed(ticket_id: int, data: st.DataObject) -> None:
    digits = human_code(ticket_id).replace("-", "")[2:]
    at = data.draw(st.integers(0, len(digits) - 1))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != digits[at]]))
    assert isinstance(read_code("TK" + digits[:at] + wrong + digits[at + 1 :]), OpaqueCode)


@given(ids, st.integers(0, 6))
def test_two_swapped_neighbours_are_noticed(ticket_id: int, at: int) -> None:
    digits = human_code(ticket_id).replace("-", "")[2:]
    swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    assert swapped == digits or isinstance(read_code("TK" + swapped), OpaqueCode)


@given(st.text(max_size=2000))
def test_any_text_is_read_without_an_error(text: str) -> None:
    read_code(text)


@pytest.mark.parametrize("length", [4, 140, 141, 142, 256])
def test_any_text_may_be_a_code_of_others(length: int) -> None:
    assert read_code("  " + "w" * length) == OpaqueCode("w" * length)


@pytest.mark.parametrize("text", ["", "W", "W" * 3, "W" * 257, "W" * 65536, "a\nb c", "a\0bcd"])
def test_garbage_and_what_is_too_long_or_too_short_is_no_code(text: str) -> None:
    assert read_code(text) is None


def test_a_foreign_code_has_one_spelling() -> None:
    assert len({foreign_ticket_id(text) for text in ("abcd", "ABCD", "ab-cd", "ab cd")}) == 4


@given(st.text())
def test_foreign_tickets_and_ours_never_have_the_same_id(text: str) -> None:
    assert 0 < new_ticket_id() < FOREIGN_IDS <= foreign_ticket_id(text) < 2**63


@pytest.mark.parametrize("vector", VECTORS["signed"], ids=lambda v: v["note"])
def test_published_signed_vectors(vector: dict[str, object]) -> None:
    key = SigningKey(int(str(vector["key_id"])), bytes.fromhex(str(vector["seed"])), NOON)
    times = [datetime.fromtimestamp(int(str(vector[n])), UTC) for n in ("start", "end")]
    ticket = Ticket(
        int(str(vector["ticket"])),
        int(str(vector["product"])),
        Window(*times),
        int(str(vector["persons"])),
    )
    assert sign_ticket(key, ticket) == vector["code"]


@pytest.mark.parametrize("vector", VECTORS["human"], ids=lambda v: v["code"])
def test_published_human_vectors(vector: dict[str, str]) -> None:
    assert human_code(int(vector["ticket"])) == vector["code"]
