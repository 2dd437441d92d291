"""Strict conversion between plain data (TOML, JSON) and our frozen dataclasses, both ways.

Nothing is coerced: "5" is no int and 1 is no bool. Every problem is found in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import AttributeValidationNote, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

T = TypeVar("T")


class Invalid(ValueError):
    """Plain data that is not of the wanted shape. `problems` are (path, what is wrong) pairs."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {what}" if path else what for path, what in problems))
        self.problems = problems


def structure(data: Any, kind: type[T]) -> T:
    """Build `kind` from plain data. Raises Invalid with every problem."""
    try:
        return _converter.structure(data, kind)
    except BaseValidationError as error:
        raise Invalid(list(_problems(error, ""))) from error
    except Exception as error:
        raise Invalid([("", _say(error))]) from error


def structure_known(data: Any, kind: type[T]) -> T:
    """The same of a dataclass, but keys that it does not know are ignored: for the envelope of what
    somebody newer may say."""
    if isinstance(data, Mapping):
        known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
        data = {key: value for key, value in data.items() if key in known}
    return structure(data, kind)


def unstructure(value: Any) -> Any:
    """The plain data from which `structure` builds an equal value."""
    return _converter.unstructure(value)


def brief_unstructure(kind: type[T]) -> Callable[[T], dict[str, Any]]:
    """An `unstructure` for `kind` that leaves out fields with their default value, at any depth."""
    return make_dict_unstructure_fn(kind, _brief, _cattrs_omit_if_default=True)


def parse_time(data: Any) -> datetime:
    """An ISO 8601 time of the years 1970 to 2999 with its zone. Raises ValueError."""
    if not isinstance(data, str):
        raise ValueError(f"expected a time in quotes, got {data!r}")
    time = datetime.fromisoformat(data)
    if time.tzinfo is None:
        raise ValueError(f"{data!r} lacks a time zone (write 2026-01-31T09:00:00+01:00)")
    if not 1970 <= time.year < 3000:
        raise ValueError(f"{data!r} is not within the years 1970 to 2999")
    return time


def parse_day(data: Any) -> date:
    """A day of the years 1970 to 2999, like 2026-11-21. Raises ValueError."""
    if not isinstance(data, str):
        raise ValueError(f"expected a day in quotes, got {data!r}")
    day = date.fromisoformat(data)
    if day.isoformat() != data:
        raise ValueError(f"expected a day like {day.isoformat()!r}, got {data!r}")
    if not 1970 <= day.year < 3000:
        raise ValueError(f"{data!r} is not within the years 1970 to 2999")
    return day


def _exactly(kind: type, *also: type) -> Any:
    def hook(data: Any, _: Any) -> Any:
        if (isinstance(data, bool) and kind is not bool) or not isinstance(data, (kind, *also)):
            raise ValueError(f"expected {_NAMES[kind]}, got {data!r}")
        return kind(data)

    return hook


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


_AN_INT, _A_TEXT = _exactly(int), _exactly(str)


def _whole_number(data: Any, _: Any) -> int:
    number: int = _AN_INT(data, int)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{number} does not fit into 64 bits")
    return number


def _text(data: Any, _: Any) -> str:
    """JSON can spell half a surrogate pair, which no file, database or socket would take, and
    NUL, which PostgreSQL does not."""
    text: str = _A_TEXT(data, str)
    text.encode()
    if "\0" in text:
        raise ValueError(f"a text has no NUL, got {text!r}")
    return text


_AMOUNT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,4})?")


def _decimal(data: Any, _: Any) -> Decimal:
    if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
        raise ValueError(f'expected an amount in quotes like "12.50", got {data!r}')
    return Decimal(data)


def _enum(data: Any, kind: type[Enum]) -> Enum:
    try:
        return kind(data)
    except ValueError as error:
        known = [str(member.value) for member in kind]
        choice = f"one of {', '.join(known)}{_meant(data, known)}"
        raise ValueError(f"{data!r} is not {choice}") from error


def _table(data: Any, _: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"expected a table, got {data!r}")
    return data


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[-1] is ...


def _items(data: Any) -> Any:
    """A text and a table can be iterated too, but are no list."""
    if not isinstance(data, list | tuple):
        raise ValueError(f"expected a list, got {data!r}")
    return data


def _make_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)

    def dataclass_hook(kind: type[Any]) -> Any:
        fill = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
        return lambda data, _: fill(_table(data, kind), kind)

    def tuple_hook(kind: type[Any]) -> Any:
        fill = homogenous_tuple_structure_factory(kind, converter)
        return lambda data, _: fill(_items(data), kind)

    converter.register_structure_hook_factory(is_dataclass, dataclass_hook)
    converter.register_structure_hook_factory(_is_tuple, tuple_hook)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _whole_number)
    converter.register_structure_hook(float, _exactly(float, int))
    converter.register_structure_hook(bool, _exactly(bool))
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(date, lambda data, _: parse_day(data))
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_structure_hook(datetime, lambda data, _: parse_time(data))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(bytes, lambda data, _: bytes.fromhex(data))
    converter.register_unstructure_hook(bytes, bytes.hex)
    converter.register_structure_hook(Path, lambda data, _: Path(_text(data, str)))
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, Enum), _enum
    )
    converter.register_structure_hook_func(lambda kind: kind == Mapping[str, Any], _table)
    return converter


_converter = _make_converter()
_brief = _make_converter()
_brief.register_unstructure_hook_factory(
    is_dataclass,
    lambda kind: make_dict_unstructure_fn(kind, _brief, _cattrs_omit_if_default=True),
)


def _problems(error: BaseException, path: str) -> Iterator[tuple[str, str]]:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            path = f"{path}.{note.name}" if path else note.name
        elif isinstance(note, IterableValidationNote):
            index = note.index
            path = f"{path}[{index}]" if isinstance(index, int) else _join(path, index)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _problems(part, path)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [field.name for field in fields(error.cl)] if is_dataclass(error.cl) else []
        for name in sorted(error.extra_fields):
            yield _join(path, name), f"no such key{_meant(name, known)}"
    elif isinstance(error, KeyError):
        yield path or str(error.args[0]), "missing"
    else:
        yield path, _say(error)


def _join(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _say(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _meant(word: Any, known: list[str]) -> str:
    close = get_close_matches(str(word), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
