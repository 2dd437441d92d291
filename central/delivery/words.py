"""The words of SMS and e-mails: central's own, or those that the venue has written instead."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

from central.delivery.outbox import Draft, Kind
from central.texts import messages, spoken

if TYPE_CHECKING:
    from central.catalogue.venue import Venue

AREAS = ("sms.", "mail.")
MAX_TEXT = 2000
MAX_OWN = 200
"""Texts that a venue writes itself."""
_EVERYWHERE = {"venue"}

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("\f^{}\\[~]|€")
"""The default alphabet and its extension, whose characters take two places: 3GPP TS 23.038."""


@dataclass(frozen=True)
class Message:
    """`subject` is "" for an SMS."""

    subject: str
    body: str
    language: str


class NoWords(Exception):
    """A draft whose text is unknown or lacks values: a mistake in the program that made it."""


def render(draft: Draft, venue: Venue, url: str) -> Message:
    """`url` is the public address of central. Raises NoWords."""
    language = spoken([draft.language], venue.languages[0])
    values = {"venue": venue.name} | {name: str(value) for name, value in draft.values.items()}
    if values.get("link", "").startswith("/"):
        values["link"] = url.rstrip("/") + values["link"]

    def said(text_id: str) -> str:
        own = venue.messages.get(text_id, {}).get(language)
        try:
            return (own or messages("central", language)[text_id]).format(**values)
        except (KeyError, IndexError, ValueError) as error:
            raise NoWords(f"text {text_id!r} in {language!r}: {error!r}") from error

    subject = said(f"{draft.text}.subject") if draft.kind is Kind.EMAIL else ""
    return Message(" ".join(subject.split()), said(draft.text), language)


def problems(own: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What is wrong with the texts that a venue has written: text id → language → text."""
    if len(own) > MAX_OWN:
        yield f"messages: more than {MAX_OWN}"
    for text_id, texts in own.items():
        for language, text in texts.items():
            if told := _problem(text_id, language, text):
                yield f"messages: {text_id!r}, {language}: {told}"


def segments(text: str) -> int:
    """Of how many SMS a gateway makes the text: 160 characters, or 153 of each of several; if one
    of them is not of GSM's alphabet, 70 and 67 (3GPP TS 23.038, 23.040)."""
    if all(c in _GSM or c in _GSM_TWICE for c in text):
        length, alone, each = len(text) + sum(c in _GSM_TWICE for c in text), 160, 153
    else:
        length, alone, each = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= alone else math.ceil(length / each)


def placeholders(text: str) -> set[str]:
    """Their names. Raises ValueError for a text that cannot be filled, or that wants more than to
    be filled ("{name!r}", "{name:>9}", "{0.real}")."""
    names = set()
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}}} should be a plain name in braces")
        names.add(name)
    return names


def _problem(text_id: str, language: str, text: str) -> str:
    known = messages("central", "en")
    if not text_id.startswith(AREAS) or text_id not in known:
        ids = ", ".join(sorted(one for one in known if one.startswith(AREAS)))
        return f"no message is called so; there are {ids}"
    if spoken([language], "en") != language:
        return "central does not speak that language"
    if not 0 < len(text) <= MAX_TEXT:
        return f"1 to {MAX_TEXT} characters"
    try:
        here, there = placeholders(text), placeholders(known[text_id])
    except ValueError as error:
        return str(error)
    if more := sorted(here - there - _EVERYWHERE):
        return f"{{{more[0]}}} is not known here"
    if lacking := sorted(there - here - _EVERYWHERE):
        return f"{{{lacking[0]}}} is missing"
    return ""
