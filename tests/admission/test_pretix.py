"""Codes of a web shop: what is good, and that nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from support.pretix import (
    CHILD,
    ITEM,
    KEY,
    SHOP,
    UNKNOWN,
    VECTORS,
    framed,
    payload,
    sign,
    spelled,
    varint,
)
from support.samples import BERLIN, MUSEUM, NOON, TODAY, TOUR, issued, ticket

from admission.codes import human_code, low_bits, read_code
from admission.decide import decide
from admission.facts import CENTRAL, Admitted, Fact, ForeignShopPublished, TicketIssued
from admission.foreign import (
    FOREIGN_IDS,
    ForeignShop,
    OpaqueCode,
    foreign_ticket_id,
)
from admission.ledger import Ledger
from admission.pretix import PretixCode, genuine, read_pretix, ticket_of
from admission.reasons import Reason
from admission.request import LENIENT, AdmissionRequest, Denied, Doubt, Granted, Policy
from admission.values import TicketState, Window

CODE = sign(payload(ITEM))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


def read(code: str) -> PretixCode:
    found = read_pretix(code)
    assert found is not None
    return found


def ask(book: Ledger, code: str, attraction: str = "museum", policy: Policy = LENIENT) -> Any:
    request = AdmissionRequest(code, frozenset({attraction}), BERLIN, policy=policy)
    answer = decide(book, request, NOON)
    return answer.reason if isinstance(answer, Denied) else answer


def ledger(*shops: ForeignShop) -> Ledger:
    book = Ledger()
    for fact in issued():
        book.fold(fact)
    for n, shop in enumerate(shops, 100):
        book.fold(Fact(CENTRAL, n, NOON, ForeignShopPublished(shop)))
    return book


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda v: v["note"])
def test_published_vectors(vector: dict[str, Any]) -> None:
    code = read(vector["code"])
    told = {
        "item": str(code.item),
        "variation": str(code.variation),
        "subevent": str(code.subevent),
        "valid_from": code.valid_from,
        "valid_until": code.valid_until,
        "payload": code.payload.hex(),
        "ticket": str(code.ticket),
    }
    assert told.items() <= vector.items()
    assert genuine(code, replace(SHOP, keys=(bytes.fromhex(VECTORS["public"]),)))
    assert read_code(f" {vector['code']}\n") == code


@given(st.data())
def test_no_changed_character_stays_genuine(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(CODE) - 1))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != CODE[at]]))
    found = read_pretix(CODE[:at] + wrong + CODE[at + 1 :])
    assert found is None or not genuine(found, SHOP)


@given(st.integers(0, 8 * 90 - 1))
def test_no_flipped_bit_stays_genuine(bit: int) -> None:
    body = payload(ITEM)
    raw = framed(body, KEY.sign(body))
    number = int.from_bytes(raw) ^ 1 << bit % (8 * len(raw))
    found = read_pretix(spelled(number.to_bytes(len(raw))))
    assert found is None or not genuine(found, SHOP)


@given(st.binary(max_size=300), st.integers(0, 255), st.binary(min_size=60, max_size=68))
def test_any_bytes_are_read_without_an_error(body: bytes, version: int, signature: bytes) -> None:
    read_pretix(spelled(body))
    read_pretix(spelled(framed(body, signature, version)))
    read_pretix(sign(body))


@given(st.text(alphabet=ALPHABET, max_size=500) | st.text(max_size=20))
def test_any_text_is_read_without_an_error(text: str) -> None:
    read_pretix(text)


_GOOD = payload(ITEM)
_SIGNED = framed(_GOOD, KEY.sign(_GOOD))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x01",
        b"\x01\x00\x01\x00\x40",
        b"\x01\xff\xff\xff\xff",
        b"\x02" + _SIGNED[1:],
        _SIGNED + b"\0",
        _SIGNED[:-1],
        framed(_GOOD, KEY.sign(_GOOD)[:-1]),
        framed(_GOOD, KEY.sign(_GOOD) + b"\0"),
        framed(b"", KEY.sign(b"")),
    ],
)
def test_lengths_that_do_not_add_up_are_no_code(raw: bytes) -> None:
    assert read_pretix(spelled(raw)) is None


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x02ab",  # no item
        _GOOD + b"\x10\x0c",  # the item twice
        _GOOD + b"\x38\x01",  # field 7
        _GOOD + b"\x00\x01",  # field 0
        b"\x15" + bytes(4),  # the item in 4 bytes
        b"\x10" + b"\x80" * 9 + b"\x02",  # 65 bits
        b"\x10" + b"\xff" * 9 + b"\x01",  # less than nothing
        b"\x10" + b"\x80" * 11 + b"\x00",
        b"\x10\x80",  # ends in the middle of a number
        b"\x10",
        b"\x10\x0c\x0a\x05abc",  # ends in the middle of the seed
        b"\x10\x0c\x0a\xff\xff\xff\xff\x0fabc",
        b"\x10\x0c\x0a\x41" + b"a" * 65,
        b"\x10\x0c\x0a\x01\xff",
        b"\x10\x0c\x28" + varint(1 << 32),
    ],
)
def test_what_is_no_ticket_is_no_code_however_well_it_is_signed(body: bytes) -> None:
    assert read_pretix(sign(body)) is None


def test_a_code_has_one_spelling() -> None:
    """So nobody enters twice by writing it in another way."""
    for padded in (sign(payload(ITEM, seed)) for seed in ("a", "ab", "abc")):
        bits = [c for c in ALPHABET if c != "=" and read_pretix(_last_replaced(padded, c))]
        assert len(bits) == (64, 16, 4)[padded.count("=")]
        spellings = {bytes_of(_last_replaced(padded, c)) for c in bits}
        assert len(spellings) == len(bits)
    for other in (CODE.swapcase(), CODE + "=", f"{CODE[:9]}\n{CODE[9:]}", CODE.replace("+", "-")):
        assert other == CODE or read_pretix(other) is None


def _last_replaced(code: str, by: str) -> str:
    """The character before the padding, which is at the front, replaced."""
    at = code.count("=")
    return code[:at] + by + code[at + 1 :]


def bytes_of(code: str) -> bytes:
    found = read(code)
    return found.payload + found.signature


@pytest.mark.parametrize("typed", [CODE.upper(), CODE.lower(), CODE.swapcase()])
def test_what_a_scanner_typed_with_caps_lock_is_no_ticket(typed: str) -> None:
    assert read_code(typed) == OpaqueCode(typed)
    assert ask(ledger(SHOP), typed) is Reason.UNREADABLE


def test_a_gate_admits_by_the_shops_signature_alone_and_once() -> None:
    book = ledger(SHOP)
    answer = ask(book, CODE)
    assert isinstance(answer, Granted)
    assert (answer.ticket.product, answer.ticket.window, answer.persons) == (MUSEUM.id, TODAY, 1)
    book.fold(Fact("gate-2", 1, NOON, Admitted(answer.ticket.id, "museum", "North", 1)))
    assert ask(book, CODE) is Reason.ALREADY_USED
    assert isinstance(ask(book, sign(payload(ITEM, "another01"))), Granted)


def test_what_is_not_signed_by_the_shop_is_refused() -> None:
    forged = sign(payload(ITEM), STRANGER)
    assert ask(ledger(SHOP), forged) is Reason.UNKNOWN_KEY
    assert ask(ledger(), CODE) is Reason.UNREADABLE
    assert ask(ledger(SHOP, replace(SHOP, keys=())), CODE) is Reason.UNKNOWN_KEY


def test_any_of_several_keys_and_shops_may_have_signed() -> None:
    other = replace(SHOP, id=2, keys=(STRANGER.public_key().public_bytes_raw(), *SHOP.keys))
    assert isinstance(ask(ledger(other), CODE), Granted)
    fresh = replace(SHOP, id=3, keys=(STRANGER.public_key().public_bytes_raw(),), window=None)
    assert isinstance(ask(ledger(fresh, SHOP), CODE), Granted)


def test_items_and_variations_are_our_products() -> None:
    book = ledger(SHOP)
    assert isinstance(ask(book, sign(payload(ITEM, variation=CHILD)), "tour"), Granted)
    assert isinstance(ask(book, sign(payload(ITEM, variation=99)), "museum"), Granted)
    assert ask(book, sign(payload(UNKNOWN))) is Reason.UNKNOWN_PRODUCT


def test_the_code_says_when_and_else_its_date_and_else_the_shop() -> None:
    later = Window(NOON + timedelta(days=1), NOON + timedelta(days=2))
    start, end = (int(time.timestamp()) for time in (later.start, later.end))
    series = replace(SHOP, dates=((7, later),))

    def window(shop: ForeignShop, **told: Any) -> Window | None:
        found = ticket_of(read(sign(payload(ITEM, **told))), shop)
        return found and found.window

    assert window(SHOP, subevent=7) == TODAY
    assert window(series, subevent=7) == later
    assert window(series, subevent=8) is None
    assert window(series, subevent=8, times=(start, end)) == later
    assert window(SHOP, times=(0, end)) == Window(TODAY.start, later.end)
    assert window(SHOP, times=(start, 0)) is None
    assert window(replace(SHOP, window=None), times=(start, 0)) is None
    assert window(replace(SHOP, window=None), times=(1, 2**32 - 1)) == Window(
        datetime.fromtimestamp(1, UTC), datetime.fromtimestamp(2**32 - 1, UTC)
    )


def test_a_revoked_code_is_refused_whatever_its_signature_says() -> None:
    for code in (CODE, sign(payload(UNKNOWN)), "not-signed-at-all"):
        book = ledger(SHOP)
        gone = replace(ticket(foreign_ticket_id(code)), product=0, state=TicketState.BLOCKED)
        book.fold(Fact(CENTRAL, 200, NOON, TicketIssued(gone)))
        assert ask(book, code) is Reason.BLOCKED


def test_a_venue_may_send_to_staff_what_central_never_listed() -> None:
    strict = Policy(unlisted=Doubt.STAFF_LANE)
    assert ask(ledger(SHOP), CODE, policy=strict) is Reason.NOT_LISTED


def test_a_code_of_a_list_is_a_ticket_like_any_other() -> None:
    book, code = ledger(), "Ab-12 / äöü"
    listed = ticket(foreign_ticket_id(code), TOUR, 3)
    book.fold(Fact(CENTRAL, 200, NOON, TicketIssued(listed)))
    answer = ask(book, f"  {code} ", "tour")
    assert isinstance(answer, Granted)
    assert answer.persons == 3
    assert ask(book, code.upper(), "tour") is Reason.UNREADABLE


@pytest.mark.parametrize("foreign_first", [True, False])
def test_a_typed_code_of_ours_is_never_taken_for_a_foreign_ticket(foreign_first: bool) -> None:
    own = ticket(4711)
    foreign = ticket(FOREIGN_IDS | low_bits(own.id), TOUR)
    book = ledger()
    for n, one in enumerate((foreign, own) if foreign_first else (own, foreign), 200):
        book.fold(Fact(CENTRAL, n, NOON, TicketIssued(one)))
    answer = ask(book, human_code(own.id))
    assert isinstance(answer, Granted)
    assert answer.ticket == own
