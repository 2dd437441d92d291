"""Everything the kiosk says, it says in every language, with the same placeholders."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from support.kiosk_sample import CODE, NOW, euro, issued

import kiosk
from admission.booking import SaleBlocked
from hal.ports import SlipCode, SlipText
from kiosk.goods import Order
from kiosk.screens import STEP_NAMES
from kiosk.settings import LANGUAGES
from kiosk.slip import ticket_slip
from kiosk.texts import Texts, messages

SOURCES = sorted(Path(kiosk.__file__).parent.glob("*.py"))
FAMILIES = (
    *(f"slot.{reason.value}" for reason in SaleBlocked),
    *(f"step.{name}" for name in STEP_NAMES),
    *(f"order.{source}" for source in ("printer", "terminal", "central", "other")),
    *(f"{name}.title" for name in ("attraction", "date", "slot", "quantity", "holder", "review")),
    *(f"{name}.none" for name in ("attraction", "date", "slot")),
)


def ids_in_the_source() -> set[str]:
    """Every text id written in full in kiosk/*.py: they all look like "area.name"."""
    known_areas = {text_id.partition(".")[0] for text_id in messages("en")}
    found = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                area, dot, name = node.value.partition(".")
                if dot and area in known_areas and name.replace("_", "").isalpha():
                    found.add(node.value)
    return found


def known(text_id: str, language: str) -> bool:
    said = messages(language)
    return text_id in said or {f"{text_id}.one", f"{text_id}.other"} <= set(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_the_source_uses_is_translated(language: str) -> None:
    used = ids_in_the_source() | set(FAMILIES)
    assert len(used) > 60
    assert [text_id for text_id in sorted(used) if not known(text_id, language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_texts_with_the_same_placeholders(language: str) -> None:
    def placeholders(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    english, said = messages("en"), messages(language)
    assert set(said) == set(english)
    for text_id, text in said.items():
        assert text, text_id
        assert placeholders(text) == placeholders(english[text_id]), text_id


def test_translations_are_translations() -> None:
    same = {
        text_id
        for text_id, text in messages("de").items()
        if text == messages("en")[text_id] == messages("fr")[text_id]
    }
    assert same <= {"review.line", "step.date"}


@pytest.mark.parametrize(
    ("language", "price", "day", "left"),
    [
        ("en", "€1,234.50", "Saturday 21 November", ["0 places left", "1 place left"]),
        ("de", "1.234,50\xa0€", "Samstag, 21. November", ["Noch 0 Plätze", "Noch 1 Platz"]),
        ("fr", "1\u202f234,50\xa0€", "samedi 21 novembre", ["0 place restante"]),
    ],
)
def test_money_dates_and_numbers_are_said_as_the_language_does(
    language: str, price: str, day: str, left: list[str]
) -> None:
    texts = Texts(language, "Europe/Berlin")
    assert texts.money(euro("1234.50")) == price
    assert texts.day(date(2026, 11, 21)) == day
    assert [texts.count("slot.left", n) for n in range(len(left))] == left


def test_times_are_the_venues() -> None:
    assert Texts("en", "Europe/Berlin").time(NOW) == "09:00"
    assert Texts("en", "America/New_York").time(NOW) == "03:00"


@pytest.mark.parametrize(
    ("language", "product", "persons"),
    [
        ("en", "Adult", "Admits 1 person"),
        ("de", "Erwachsene", "Gültig für 1 Person"),
        ("fr", "Adulte", "Valable pour 1 personne"),
    ],
)
def test_a_slip_says_it_all_in_the_visitors_language(
    language: str, product: str, persons: str
) -> None:
    order = Order((), language, "Harbour Museum", "Europe/Berlin")
    slip = ticket_slip(issued(0), order, "7KQ4-M2X0")
    said = [part.text for part in slip.parts if isinstance(part, SlipText)]
    assert said[0] == "Harbour Museum"
    assert {product, persons, "Sat 21 Nov - 14:30"} <= set(said)
    assert any("12" in text and "€" in text for text in said)
    assert any("09:00" in text and "19:00" in text for text in said)
    assert any(text.endswith(" 7KQ4-M2X0") for text in said)
    codes = [part for part in slip.parts if isinstance(part, SlipCode)]
    assert codes == [SlipCode(f"{CODE}0", "TK-7KQ4-M2X0")]


def test_a_slip_tells_what_visitor_and_venue_add() -> None:
    welcome = {"en": "Welcome!", "de": "Willkommen!"}
    ticket = replace(issued(0), text="Happy birthday, Ada", product_text=welcome)
    slip = ticket_slip(ticket, Order((), "de", "Harbour Museum", "Europe/Berlin"), "7KQ4-M2X0")
    said = [part.text for part in slip.parts if isinstance(part, SlipText)]
    assert {"Happy birthday, Ada", "Willkommen!"} <= set(said)


def test_a_slip_tells_the_seats() -> None:
    ticket = replace(issued(0), seats=("Stalls C 12", "Stalls C 13"))
    slip = ticket_slip(ticket, Order((), "en", "Harbour Museum", "Europe/Berlin"), "7KQ4-M2X0")
    said = [part.text for part in slip.parts if isinstance(part, SlipText)]
    assert said[2:5] == [ticket.description, "Stalls C 12", "Stalls C 13"]
