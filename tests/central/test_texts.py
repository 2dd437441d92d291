"""What central says to visitors, it says in every language, with the same placeholders."""

from __future__ import annotations

import pytest

from central.delivery.words import placeholders
from central.texts import LANGUAGES, messages


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_texts_with_the_same_placeholders(language: str) -> None:
    english, said = messages("central", "en"), messages("central", language)
    assert set(said) == set(english)
    for text_id, text in said.items():
        assert text, text_id
        assert placeholders(text) == placeholders(english[text_id]), text_id


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_email_has_a_subject(language: str) -> None:
    mails = [one for one in messages("central", language) if one.startswith("mail.")]
    bodies = {one for one in mails if not one.endswith(".subject")}
    assert {f"{one}.subject" for one in bodies} == set(mails) - bodies
