"""What a scan says without what the scanner adds."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admission.codes import TagCode, read_code
from hal.drivers.scan_text import GS, ScanOptions, clean, read_scan
from hal.ports import MAX_CODE

GTIN = "0107032069804988"
LINK = "https://id.gs1.org/01/07032069804988/21/TK7KQ4M2XD"

PARTS = st.sampled_from(
    [
        "NFC:",
        "-card:",
        "n f-C",
        "04A1",
        "]Q3",
        "]C1",
        "]d2",
        "]",
        "01",
        GTIN,
        "21TK-1",
        "21",
        GS,
        LINK,
        "HTTP://",
        "/21/",
        "%",
        " ",
    ]
)
TEXTS = st.lists(PARTS | st.text(max_size=12), max_size=8).map("".join)
OPTIONS = st.builds(
    ScanOptions,
    prefix=st.sampled_from(["", "]", "+"]),
    suffix=st.sampled_from(["", "#"]),
    aim=st.sampled_from(["auto", True, False]),
    gs1=st.sampled_from(["off", "01", "21", "8005"]),
)


def read(raw: str, ai: str = "off", aim: Literal["auto", True, False] = "auto") -> str:
    return read_scan(raw, ScanOptions(gs1=ai, aim=aim))


@given(TEXTS | st.text(max_size=3 * MAX_CODE), OPTIONS)
def test_what_comes_out_is_always_printable_and_short(raw: str, options: ScanOptions) -> None:
    text = read_scan(raw, options)
    assert len(text) <= MAX_CODE
    assert text == clean(text)
    assert not isinstance(read_code(text), TagCode)


@pytest.mark.parametrize(
    "raw",
    ["NFC:04A1B2C3D4E5F6", "]Q1nfc:04a1", " card:26:2A31C0", "-N F-C:04", "\0CARD:26:2A31C0\x1d"],
)
def test_a_printed_code_is_never_a_card(raw: str) -> None:
    assert isinstance(read_code(clean(raw).removeprefix("]Q1")), TagCode)
    text = read(raw)
    assert text.startswith("?")
    assert not isinstance(read_code(text), TagCode)


def test_a_gs1_element_is_never_a_card() -> None:
    assert read("]d221NFC:04A1", ai="21") == "?NFC:04A1"


def test_a_printed_code_that_pretends_to_be_a_card_is_cut_like_any_other() -> None:
    assert read("NFC:" + "0" * MAX_CODE) == "?NFC:" + "0" * (MAX_CODE - 5)


def test_control_characters_and_blanks_around_are_dropped() -> None:
    assert read("\x02 W1\x1dA\x03 \x00") == "W1A"


def test_prefix_and_suffix_are_taken_off_where_they_are() -> None:
    options = ScanOptions(prefix="+", suffix="#")
    assert [read_scan(raw, options) for raw in ("+WABC#", "WDEF", "+]Q1WGHI#")] == [
        "WABC",
        "WDEF",
        "WGHI",
    ]


def test_a_code_of_nothing_but_prefix_is_none() -> None:
    assert read_scan("+", ScanOptions(prefix="+")) == ""
    assert read("]Q1") == ""


@pytest.mark.parametrize("symbol", ["]Q1", "]C0", "]C1", "]d2", "]z0", "]E0", "]X0", "]A4"])
def test_the_kind_of_symbol_is_taken_off(symbol: str) -> None:
    assert read(f"{symbol}TK-1") == "TK-1"
    assert read(f"{symbol}TK-1", aim=False) == f"{symbol}TK-1"


def test_what_no_standard_lists_is_taken_off_only_when_the_scanner_is_known_to_say_it() -> None:
    assert read("]?!TK-1") == "]?!TK-1"
    assert read("]?!TK-1", aim=True) == "TK-1"
    assert read("TK-1", aim=True) == "TK-1"


@pytest.mark.parametrize(
    "raw",
    [
        f"]C1{GTIN}21TK7KQ4M2XD",
        f"]d2{GTIN}10LOT{GS}21TK7KQ4M2XD",
        f"]Q321TK7KQ4M2XD{GS}{GTIN}",
        f"{GS}{GTIN}21TK7KQ4M2XD",
        LINK,
        f"]Q1{LINK}",
        f"{LINK}?17=271231",
        "HTTPS://EXAMPLE.ORG/01/07032069804988/21/TK7KQ4M2XD",
    ],
)
def test_the_wanted_element_of_a_gs1_scan_is_its_code(raw: str) -> None:
    assert read(raw, "21") == "TK7KQ4M2XD"


@pytest.mark.parametrize(
    "raw",
    [
        "W1ABC",
        "TK-7KQ4-M2XD",
        GTIN,
        "https://example.org/tickets/21/",
        "0107032069804980",
        "21" + "X" * 21,
        "21A\u0663",
        "http://[21",
        "21" + "9" * (MAX_CODE - 2),
    ],
)
def test_a_scan_without_that_element_stays_as_it_is(raw: str) -> None:
    assert read(raw, "21") == raw


def test_a_symbol_that_is_not_of_gs1_is_not_read_as_one() -> None:
    assert read("]Q121TK1", "21") == "21TK1"


def test_two_glued_gs1_codes_pass_for_neither() -> None:
    assert read("]C180051234568005654321", "8005") == "80051234568005654321"
    assert read(f"]d221TK1{GS}21TK2", "21") == "21TK121TK2"
    assert read(f"{LINK}?a=b{LINK}", "21") == f"{LINK}?a=b{LINK}"
    assert read("21" + 20 * "X" + GTIN, "21") == "21" + 20 * "X" + GTIN


@pytest.mark.parametrize("ai", ["", "2", "99999", "on", "21 ", "8001x", "²1"])
def test_what_is_no_application_identifier_is_a_configuration_error(ai: str) -> None:
    with pytest.raises(ValueError, match="no application identifier"):
        ScanOptions(gs1=ai)


@pytest.mark.parametrize("gap_s", [0.0, -1.0, float("nan")])
def test_the_gap_is_some_time(gap_s: float) -> None:
    with pytest.raises(ValueError, match="gap_s"):
        ScanOptions(gap_s=gap_s)
