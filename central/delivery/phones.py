"""Phone numbers as people type, paste and read them; kept as E.164 (+4915123456789)."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from central.sale.states import Refused

MOST = 60
"""Characters of a number as it is typed."""
_DEAR = frozenset(
    {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.VOICEMAIL}
)
_WRONG = {
    ValidationResult.INVALID_COUNTRY_CODE: "no country has that code",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
    ValidationResult.TOO_SHORT: "too few digits",
    ValidationResult.TOO_LONG: "too many digits",
    ValidationResult.INVALID_LENGTH: "no number there has so many digits",
}


def parse(text: str, country: str = "") -> str | Refused:
    """The number as E.164. `country` ("DE") is where numbers without + are, "" if that is not
    known. What nobody can be reached by, or what costs extra, is refused."""
    told = text.strip()
    if not told or len(told) > MOST:
        return _no("write a phone number, like +49 151 23456789")
    try:
        number = phonenumbers.parse(told, country or None)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and "+" not in told:
            return _no("write it with + and the code of its country")
        return _no("that is no phone number")
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE:
        return _no(_WRONG.get(possible, "no number is like that"))
    if not phonenumbers.is_valid_number(number):
        return _no("nobody has a number that begins like that; look at its digits again")
    if phonenumbers.number_type(number) in _DEAR:
        return _no("messages to that number cost extra")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def shown(number: str) -> str:
    """An E.164 number with spaces; any other text as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return number
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def last_digits(number: str, count: int = 4) -> str:
    """By which staff and visitor know that they mean the same one."""
    return "".join(c for c in number if c.isdigit())[-count:]


def _no(detail: str) -> Refused:
    return Refused("bad_phone", detail)
