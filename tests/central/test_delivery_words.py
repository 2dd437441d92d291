"""Words of messages, and phone numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.central import CONFIG
from support.delivery import PHONE

from central.catalogue.venue import load_venue
from central.delivery import phones, words
from central.delivery.outbox import Draft, Kind
from central.sale.states import Refused


def test_a_venue_says_it_in_its_own_words() -> None:
    own = {"sms.tickets": {"de": "Moin! {link}"}}
    venue = replace(load_venue(CONFIG / "venue.toml"), messages=own)
    draft = Draft(Kind.SMS, PHONE, "sms.tickets", "de-AT", {"link": "/t/x"})
    assert words.render(draft, venue, "https://m.example/").body == "Moin! https://m.example/t/x"
    french = words.render(replace(draft, language="fr"), venue, "https://m.example")
    assert french.body.startswith("Harbour Museum : voici")
    with pytest.raises(words.NoWords):
        words.render(replace(draft, language="fr", values={}), venue, "")


@pytest.mark.parametrize(
    ("text_id", "language", "text", "said"),
    [
        ("sms.tickets", "de", "Moin!", "{link} is missing"),
        ("sms.tickets", "de", "{link} {phone}", "{phone} is not known"),
        ("sms.tickets", "de", "{link.__class__}", "plain name"),
        ("sms.tickets", "de", "{link:>1000000000}", "plain name"),
        ("sms.tickets", "de", "{link!r}", "plain name"),
        ("sms.tickets", "de", "{link} {", "'{'"),
        ("sms.tickets", "nl", "{link}", "does not speak"),
        ("sms.tickets", "de", "", "characters"),
        ("sms.nothing", "de", "{link}", "there are mail.tickets"),
        ("price.free", "de", "gratis", "no message is called so"),
    ],
)
def test_words_that_cannot_be_said_are_refused(
    text_id: str, language: str, text: str, said: str
) -> None:
    [problem] = words.problems({text_id: {language: text}})
    assert said in problem


@pytest.mark.parametrize(
    ("text", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ş" * 70, 1), ("😀" * 36, 2)],
)
def test_segments_are_counted_as_gateways_do(text: str, count: int) -> None:
    assert words.segments(text) == count


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0151 234 567 89", "+4915123456789"),
        ("(0)151/2345-6789", "+4915123456789"),
        ("0033 6 12 34 56 78", "+33612345678"),
        ("tel:+44 7911 123456", "+447911123456"),
        (
            "\u0660\u0661\u0665\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669",
            "+4915123456789",
        ),
    ],
)
def test_numbers_are_understood_as_people_write_them(typed: str, number: str) -> None:
    assert phones.parse(typed, "DE") == number
    assert phones.parse(phones.shown(number)) == number


@pytest.mark.parametrize(
    ("typed", "country", "why"),
    [
        ("0151 23456789", "", "with + and the code of its country"),
        ("", "DE", "write a phone number"),
        ("+49" * 50, "DE", "write a phone number"),
        ("hello", "DE", "no phone number"),
        ("\x00\x1b", "DE", "no phone number"),
        ("+999 123456789", "DE", "no phone number"),
        ("+49 12", "DE", "area code is missing"),
        ("+1 555 0100", "US", "area code is missing"),
        ("+49 0000", "", "begins like that"),
        ("0000", "DE", "begins like that"),
        ("0900 1234567", "DE", "cost extra"),
    ],
)
def test_an_impossible_number_is_refused_with_its_reason(
    typed: str, country: str, why: str
) -> None:
    refused = phones.parse(typed, country)
    assert isinstance(refused, Refused) and why in refused.detail


def test_the_last_digits_tell_a_number_from_another() -> None:
    assert phones.last_digits("+49 151 2345-6789") == "6789"
    assert phones.last_digits("12") == "12"
