"""What is said to people: `texts/<language>.po` of a package, read at run time; dates and money as
each language has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, get_timezone
from babel.messages.pofile import read_po
from babel.numbers import format_currency

from admission.values import Money

_LOCALES = {"en": "en_GB", "de": "de_DE", "fr": "fr_FR"}


@lru_cache
def messages(package: str, language: str) -> Mapping[str, str]:
    """Message id → text."""
    with files(package).joinpath("texts", f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {str(m.id): str(m.string) for m in catalogue if m.id}


def own_name(language: str) -> str:
    """As its speakers call it: "Deutsch" of "de"; the tag of one that nobody knows."""
    try:
        name = Locale.parse(language).language_name or language
    except (ValueError, UnknownLocaleError):
        return language
    return name[:1].upper() + name[1:]


class Texts:
    """One language of a package; times are shown in `timezone` (IANA name)."""

    def __init__(self, package: str, language: str, timezone: str = "UTC") -> None:
        self.language = language
        self._messages = messages(package, language)
        self._locale = Locale.parse(_LOCALES.get(language, language))
        self._zone: ZoneInfo = get_timezone(timezone)  # type: ignore[assignment]

    @property
    def direction(self) -> str:
        """ "ltr" or "rtl", as HTML calls it."""
        return str(self._locale.text_direction)

    def say(self, text_id: str, **values: object) -> str:
        """The text with its {placeholders} filled. KeyError for an id that no file has."""
        return self._messages[text_id].format(**values)

    def count(self, text_id: str, n: int) -> str:
        """The text for `n` things: ids end in .one and .other."""
        form = "one" if self._locale.plural_form(n) == "one" else "other"
        return self.say(f"{text_id}.{form}", n=n)

    def money(self, money: Money) -> str:
        return format_currency(money.amount, money.currency, locale=self._locale)

    def free_or_money(self, money: Money) -> str:
        return self.say("price.free") if money.amount == Decimal(0) else self.money(money)

    def day(self, day: date) -> str:
        """Saturday 21 November"""
        pattern = {"de": "EEEE, d. MMMM"}.get(self._locale.language, "EEEE d MMMM")
        return format_date(day, pattern, locale=self._locale)

    def full_day(self, time: datetime) -> str:
        """Saturday 21 November 2026, where it is then"""
        pattern = {"de": "EEEE, d. MMMM yyyy"}.get(self._locale.language, "EEEE d MMMM yyyy")
        return format_date(time.astimezone(self._zone).date(), pattern, locale=self._locale)

    def weekday(self, day: date) -> str:
        return format_date(day, "EEEE", locale=self._locale)

    def day_and_month(self, day: date) -> str:
        """21 November"""
        pattern = {"de": "d. MMMM"}.get(self._locale.language, "d MMMM")
        return format_date(day, pattern, locale=self._locale)

    def time(self, time: datetime) -> str:
        """14:30"""
        return format_time(time, "HH:mm", tzinfo=self._zone, locale=self._locale)

    def moment(self, time: datetime) -> str:
        return format_datetime(time, "short", tzinfo=self._zone, locale=self._locale)
