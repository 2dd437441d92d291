"""Bytes to codes, however the bytes are chunked."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.code_splitter import CodeSplitter, clean
from hal.ports import MAX_CODE

PIECES = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"W1A", b"\xc3", b"\xbc", b"\0", b"\x02", b" ", b"\xff"]
    )
    | st.binary(max_size=6)
    | st.integers(0, 3 * MAX_CODE).map(lambda n: b"7K\xe2\x82\xac" * (n // 5)),
    max_size=12,
)


def split(chunks: list[bytes], prefix: str = "", suffix: str = "") -> list[str]:
    splitter = CodeSplitter(prefix, suffix)
    return [code for chunk in chunks for code in splitter.feed(chunk)]


@given(PIECES, st.lists(st.integers(0, 20_000)))
def test_any_chunking_gives_the_same_codes(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    chunks = [data[a:b] for a, b in pairwise(ends)]
    assert split(chunks) == split([data])


@given(st.lists(st.text(max_size=40)))
def test_codes_are_the_lines_without_control_characters(texts: list[str]) -> None:
    data = "\r\n".join(texts).encode() + b"\r\n"
    lines = re.split(r"[\r\n]", data.decode())
    assert split([data]) == [code for code in map(clean, lines) if code]


@given(PIECES)
def test_what_comes_out_is_always_printable_and_short(pieces: list[bytes]) -> None:
    for code in split(pieces):
        assert 0 < len(code) <= MAX_CODE
        assert code == clean(code)


def test_every_usual_terminator_ends_a_code() -> None:
    assert split([b"A\rB\nC\r\nD"]) == ["A", "B", "C"]


def test_undecodable_bytes_are_replaced() -> None:
    assert split([b"W1\xff7\n"]) == ["W1\ufffd7"]


def test_an_endless_line_takes_little_memory_and_gives_one_code() -> None:
    splitter = CodeSplitter()
    for _ in range(64):
        assert splitter.feed(b"x" * 1024) == []
    assert len(splitter._line) <= 4 * MAX_CODE
    assert splitter.feed(b"\nnext\n") == ["x" * MAX_CODE, "next"]


def test_prefix_and_suffix_are_taken_off_where_they_are() -> None:
    assert split([b"]Q1WABC#\nWDEF\n"], prefix="]Q1", suffix="#") == ["WABC", "WDEF"]


def test_a_code_of_nothing_but_prefix_is_none() -> None:
    assert split([b"]Q1\n"], prefix="]Q1") == []
