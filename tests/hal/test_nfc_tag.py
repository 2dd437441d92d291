"""What is read of a tag, whatever it answers."""

from __future__ import annotations

import ndef
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.virtual_card import Type2, Type4, ndef_text

from hal.drivers.nfc_tag import code_of, first_code, message_in
from hal.ports import MAX_CODE

UID = bytes.fromhex("04A1B2C3D4E5F6")
CODES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x2FF, exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=MAX_CODE,
).filter(lambda code: not code.upper().startswith(("NFC:", "CARD:")))
OK = b"\x90\x00"


@given(CODES)
def test_a_text_on_a_type_4_tag_comes_back(code: str) -> None:
    assert code_of(Type4(ndef_text(code), UID), wants_ndef=True) == code


@given(CODES)
def test_a_text_on_a_type_2_tag_comes_back(code: str) -> None:
    message = ndef_text(code)
    head = b"\xe1\x10\xff\x00\x00\x03\xff" + len(message).to_bytes(2)
    found = code_of(Type2(head + message, UID), wants_ndef=True)
    assert found == (code if len(head) + len(message) <= 4 + 0xFF * 8 else "NFC:04A1B2C3D4E5F6")


@pytest.mark.parametrize("text", ["NFC:04A1B2C3D4E5F7", "card:26:2A31C0"])
def test_a_text_on_a_tag_is_never_the_uid_of_another(text: str) -> None:
    assert code_of(Type4(ndef_text(text), UID), wants_ndef=True) == f"?{text}"


@given(st.lists(st.binary(max_size=40) | st.binary(max_size=300).map(lambda data: data + OK)))
def test_any_answers_end_soon_in_a_code_or_none(answers: list[bytes]) -> None:
    left, asked = iter(answers * 3), []

    def ask(command: bytes) -> bytes:
        asked.append(command)
        return next(left, OK)

    code = code_of(ask, wants_ndef=True)
    assert len(code) <= MAX_CODE
    assert code == code.strip()
    assert len(asked) < 600


@given(st.binary(max_size=600))
def test_any_answer_to_everything_ends_soon(data: bytes) -> None:
    asked = []

    def ask(command: bytes) -> bytes:
        asked.append(command)
        return data + OK

    assert len(code_of(ask, wants_ndef=True)) <= MAX_CODE
    assert len(asked) < 600


@given(st.binary(max_size=200))
def test_any_message_is_a_code_or_none(message: bytes) -> None:
    code = first_code(message)
    assert len(code) <= MAX_CODE
    assert code == code.strip()


@given(st.binary(max_size=40), st.sampled_from([b"T", b"U", b"Sp", b"\xff"]))
def test_any_record_is_a_code_or_none(payload: bytes, kind: bytes) -> None:
    record = b"\xd1" + bytes([len(kind), len(payload)]) + kind + payload
    assert len(first_code(record)) <= 100


@given(st.binary(max_size=600), st.binary(max_size=600))
def test_a_message_found_in_a_memory_stays_the_message(memory: bytes, more: bytes) -> None:
    found = message_in(memory)
    assert found is None or message_in(memory + more) == found


@pytest.mark.parametrize("at", range(15))
def test_a_broken_capability_file_is_no_ndef(at: int) -> None:
    tag = Type4(ndef_text("code"), UID)
    good = tag.files[b"\xe1\x03"]
    tag.files[b"\xe1\x03"] = good[:at]
    assert code_of(tag, wants_ndef=True) == "NFC:04A1B2C3D4E5F6"


@pytest.mark.parametrize("uid", [b"", bytes(3), bytes(11), bytes(200)])
def test_an_impossible_uid_is_none(uid: bytes) -> None:
    assert code_of(lambda command: uid + OK, wants_ndef=False) == ""


def test_a_message_longer_than_its_file_is_none() -> None:
    tag = Type4(ndef_text("code"), UID)
    tag.files[b"\xe1\x04"] = b"\xff\xff" + bytes(65535)
    assert code_of(tag, wants_ndef=True) == "NFC:04A1B2C3D4E5F6"


def test_text_in_utf_16_is_text() -> None:
    record = ndef.TextRecord("grüße", encoding="UTF-16")
    assert first_code(b"".join(ndef.message_encoder([record]))) == "grüße"
