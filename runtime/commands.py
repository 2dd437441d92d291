"""What the office may order a device to do, what came of it, and both as data on the bus.

A command is never retained and is obeyed once, before it expires. What is not known here is
refused whole: nobody obeys half of an order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from admission.values import Direction, LaneMode
from runtime.convert import Invalid, structure, unstructure

LONGEST = timedelta(seconds=60)
"""From `at` to `expires_at`."""
MAX_NAME = 64
MAX_BY = 40
MAX_CODE = 1024
MAX_REASON = 200
MAX_SAID = 500
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class OpenLane:
    """Let one body through."""

    lane: str
    way: Direction

    def __post_init__(self) -> None:
        _check("lane", self.lane, MAX_NAME)


@dataclass(frozen=True, slots=True)
class SetMode:
    """`mode` until the schedule's next change; None: what the schedule says."""

    lane: str
    way: Direction
    mode: LaneMode | None

    def __post_init__(self) -> None:
        _check("lane", self.lane, MAX_NAME)
        if self.mode is LaneMode.EMERGENCY:
            raise ValueError("mode: emergency comes from the fire input")


@dataclass(frozen=True, slots=True)
class AdmitCode:
    """Do as if a reader of the lane had read `code`."""

    lane: str
    way: Direction
    code: str

    def __post_init__(self) -> None:
        _check("lane", self.lane, MAX_NAME)
        _check("code", self.code, MAX_CODE)


@dataclass(frozen=True, slots=True)
class CloseSales:
    """A kiosk sells nothing more until OpenSales; `reason` is for staff who stand before it."""

    reason: str

    def __post_init__(self) -> None:
        _check("reason", self.reason, MAX_REASON)


@dataclass(frozen=True, slots=True)
class OpenSales:
    pass


Deed = OpenLane | SetMode | AdmitCode | CloseSales | OpenSales

KINDS: dict[str, type[Deed]] = {
    "open_once": OpenLane,
    "mode": SetMode,
    "admit": AdmitCode,
    "close": CloseSales,
    "open": OpenSales,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_HEAD = ("id", "by", "at", "expires_at")


@dataclass(frozen=True, slots=True)
class Command:
    """`id` is drawn at random, `by` the member of staff; not to be obeyed after `expires_at`. Both
    times are central's."""

    id: str
    by: str
    at: datetime
    expires_at: datetime
    deed: Deed

    def __post_init__(self) -> None:
        _check_id(self.id)
        _check("by", self.by, MAX_BY)
        if not self.at < self.expires_at <= self.at + LONGEST:
            raise ValueError(f"expires_at: later than `at`, at most {LONGEST.seconds} s")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the command `id`, in words for staff."""

    id: str
    done: bool
    said: str
    at: datetime

    def __post_init__(self) -> None:
        _check_id(self.id)
        _check("said", self.said, MAX_SAID)


class Refusal(Exception):
    """A command is not obeyed; the text tells why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Head:
    id: str
    by: str
    at: datetime
    expires_at: datetime


def kind_of(deed: Deed) -> str:
    return _NAMES[type(deed)]


def deed_to_data(deed: Deed) -> dict[str, Any]:
    """Its fields without its kind."""
    data: dict[str, Any] = unstructure(deed)
    return data


def deed_from_data(kind: str, data: Any) -> Deed:
    """Raises Invalid."""
    if kind not in KINDS:
        raise Invalid([("kind", f"{kind[:40]!r} is no kind of command known here")])
    return structure(data, KINDS[kind])


def command_to_data(command: Command) -> dict[str, Any]:
    head = _Head(command.id, command.by, command.at, command.expires_at)
    return {"kind": kind_of(command.deed), **unstructure(head), **deed_to_data(command.deed)}


def command_from_data(data: Any) -> Command:
    """Raises Invalid."""
    if not isinstance(data, Mapping) or not isinstance(data.get("kind"), str):
        raise Invalid([("", f"expected a command, got {str(data)[:40]!r}")])
    own = {name: value for name, value in data.items() if name not in (*_HEAD, "kind")}
    head = structure({name: data[name] for name in _HEAD if name in data}, _Head)
    deed = deed_from_data(data["kind"], own)
    try:
        return Command(head.id, head.by, head.at, head.expires_at, deed)
    except ValueError as error:
        raise Invalid([("", str(error))]) from error


def id_of(data: Any) -> str | None:
    """The id of what may be no good command, so that it can be refused by name."""
    id_ = data.get("id") if isinstance(data, Mapping) else None
    return id_ if isinstance(id_, str) and _ID.fullmatch(id_) else None


def result_to_data(result: Result) -> dict[str, Any]:
    data: dict[str, Any] = unstructure(result)
    return data


def result_from_data(data: Any) -> Result:
    """Raises Invalid."""
    return structure(data, Result)


def _check_id(id_: str) -> None:
    if not _ID.fullmatch(id_):
        raise ValueError("id: 32 hexadecimal digits")


def _check(name: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most or not text.isprintable():
        raise ValueError(f"{name}: 1 to {most} printable characters")
