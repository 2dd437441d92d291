"""Bytes to codes, however the bytes are chunked."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.code_splitter import CodeSplitter
from hal.drivers.scan_text import clean
from hal.ports import MAX_CODE

GAP_S = 2.0
PIECES = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"W1A", b"\xc3", b"\xbc", b"\0", b"\x1d", b" ", b"\xff"]
    )
    | st.binary(max_size=6)
    | st.integers(0, 3 * MAX_CODE).map(lambda n: b"7K\xe2\x82\xac" * (n // 5)),
    max_size=12,
)


def split(*chunks: bytes | tuple[float, bytes]) -> list[str]:
    """Chunks that come all at once, or each at its time."""
    splitter = CodeSplitter(GAP_S)
    timed = [chunk if isinstance(chunk, tuple) else (0.0, chunk) for chunk in chunks]
    return [code for now, chunk in timed for code in splitter.feed(chunk, now)]


@given(PIECES, st.lists(st.integers(0, 20_000)))
def test_any_chunking_gives_the_same_codes(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    assert split(*(data[a:b] for a, b in pairwise(ends))) == split(data)


@given(st.lists(st.text(max_size=40)))
def test_codes_are_the_lines_without_control_characters(texts: list[str]) -> None:
    data = "\r\n".join(texts).encode() + b"\r\n"
    lines = re.split(r"[\r\n]", data.decode())
    assert [code for code in map(clean, split(data)) if code] == [
        code for code in map(clean, lines) if code
    ]


def test_every_usual_terminator_ends_a_code() -> None:
    assert split(b"A\rB\nC\r\nD") == ["A", "B", "C"]


def test_two_codes_without_a_terminator_are_one() -> None:
    assert split(b"TK-7KQ4-M2XD", b"TK-7KQ4-M2XD\n") == ["TK-7KQ4-M2XDTK-7KQ4-M2XD"]


def test_half_a_code_and_silence_is_no_part_of_the_next() -> None:
    assert split((0.0, b"TK-7K"), (GAP_S + 0.1, b"TK-7KQ4-M2XD\n")) == ["TK-7KQ4-M2XD"]


def test_a_code_may_take_its_time_as_long_as_it_goes_on() -> None:
    assert split(*((n * GAP_S, b"%d" % n) for n in range(9)), (9 * GAP_S, b"\r")) == ["012345678"]


def test_half_codes_are_counted() -> None:
    splitter = CodeSplitter(GAP_S)
    for n in range(3):
        splitter.feed(b"whole\nhalf", n * 10.0)
    assert splitter.half_codes == 2


def test_undecodable_bytes_are_replaced() -> None:
    assert split(b"W1\xff7\n") == ["W1\ufffd7"]


def test_an_endless_line_takes_little_memory_and_gives_one_code() -> None:
    splitter = CodeSplitter(GAP_S)
    for _ in range(64):
        assert splitter.feed(b"x" * 1024, 0.0) == []
    assert len(splitter._line) <= 4 * MAX_CODE
    assert splitter.feed(b"\nnext\n", 0.0) == ["x" * 4 * MAX_CODE, "next"]
