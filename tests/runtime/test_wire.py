"""The wire format: every fact survives the trip, nothing hostile gets through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admission import facts
from admission.facts import Event, Fact
from admission.foreign import ForeignShop
from admission.values import IssuerKey, Money, Window
from runtime.convert import Invalid
from runtime.wire import KINDS, MAX_PAYLOAD, decode, encode, fact_from_data, fact_to_data

times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
windows = st.tuples(times, times).filter(lambda pair: pair[0] < pair[1]).map(lambda p: Window(*p))
st.register_type_strategy(Window, windows)
st.register_type_strategy(datetime, times)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
st.register_type_strategy(str, texts)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(
    IssuerKey, st.builds(IssuerKey, public=st.binary(min_size=32, max_size=32))
)
amounts = st.decimals(-1000000, 1000000, places=2)
st.register_type_strategy(Money, st.builds(Money, amounts, st.just("EUR")))
keys = st.lists(st.binary(min_size=32, max_size=32)).map(tuple)
st.register_type_strategy(ForeignShop, st.builds(ForeignShop, keys=keys))
events: st.SearchStrategy[Event] = st.one_of(*(st.from_type(kind) for kind in KINDS.values()))
all_facts = st.builds(Fact, texts, st.integers(1, 2**53), times, events)


@given(all_facts)
def test_every_fact_survives_the_trip(fact: Fact) -> None:
    assert fact_from_data(decode(encode(fact_to_data(fact)))) == fact


def test_every_kind_of_event_has_a_name_on_the_wire() -> None:
    assert set(KINDS.values()) == set(facts.Event.__args__)


LET_IN = {
    "device": "gate-1",
    "number": 1,
    "at": "2026-11-21T09:00:00+00:00",
    "kind": "opened",
    "lane": "North",
    "direction": "in",
    "by": "badge 7",
}


def test_a_field_that_a_newer_teller_adds_is_ignored_by_who_is_lenient() -> None:
    newer = LET_IN | {"mood": "fine"}
    assert fact_from_data(newer, lenient=True) == fact_from_data(LET_IN)
    with pytest.raises(Invalid, match="mood"):
        fact_from_data(newer)


@pytest.mark.parametrize("lenient", [False, True])
def test_a_kind_of_a_newer_version_is_set_aside(lenient: bool) -> None:
    assert fact_from_data(LET_IN | {"v": 1}, lenient=lenient) == fact_from_data(LET_IN)
    with pytest.raises(Invalid, match="version 2 of 'opened' is not known here"):
        fact_from_data(LET_IN | {"v": 2}, lenient=lenient)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


@given(anything)
def test_other_data_is_refused_with_a_reason(data: Any) -> None:
    with pytest.raises(Invalid, match=r"\S"):
        fact_from_data(data)


@given(all_facts, st.data())
def test_a_fact_with_one_field_spoilt_is_refused_or_whole(fact: Fact, data: st.DataObject) -> None:
    told = fact_to_data(fact)
    name = data.draw(st.sampled_from(sorted(told)))
    told[name] = data.draw(anything)
    try:
        assert isinstance(fact_from_data(told), Fact)
    except Invalid as invalid:
        assert invalid.problems


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"nul"])
def test_what_is_not_json_is_refused(payload: bytes) -> None:
    with pytest.raises(Invalid, match="not JSON"):
        decode(payload)


@pytest.mark.parametrize("depth", [65, 300, *range(930, 1000, 3)])
def test_what_is_nested_too_deep_to_be_shown_is_refused(depth: int) -> None:
    for left, right in ((b"[", b"]"), (b'{"":', b"}")):
        with pytest.raises(Invalid, match=r"not JSON|nested deeper than 64"):
            decode(left * depth + b"1" + right * depth)
        assert decode(left * 64 + b"1" + right * 64)


def test_a_payload_has_a_limit() -> None:
    with pytest.raises(Invalid, match="more than"):
        decode(json.dumps("x" * MAX_PAYLOAD).encode())


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"ticket": 2**63}, "64 bits"),
        ({"number": -(2**63) - 1}, "64 bits"),
        ({"lane": "\ud800"}, "surrogates"),
        ({"device": "\ud800"}, "surrogates"),
    ],
)
def test_what_no_database_could_store_is_refused(spoilt: dict[str, Any], said: str) -> None:
    event = facts.Admitted(1, "museum", "n", 1)
    told = fact_to_data(Fact("g", 1, datetime(2026, 1, 1, tzinfo=UTC), event))
    with pytest.raises(Invalid, match=said):
        fact_from_data(told | spoilt)


def test_a_key_of_the_wrong_length_is_refused() -> None:
    key = {"id": 1, "public": "00" * 31, "valid_from": "2026-01-01T00:00:00Z"}
    told = {"device": "c", "number": 1, "at": "2026-01-01T00:00:00Z", "kind": "key_published"}
    with pytest.raises(Invalid, match="32 bytes"):
        fact_from_data(told | {"key": key})


def test_a_fact_is_numbered_from_one() -> None:
    told = {"device": "g", "number": 0, "at": "2026-01-01T00:00:00Z", "kind": "ticket_printed"}
    with pytest.raises(Invalid, match="numbered from 1"):
        fact_from_data(told | {"ticket": 1})
