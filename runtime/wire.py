"""The wire format: facts as JSON. The one place where bytes become frozen values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import chain
from typing import Any

from admission import facts
from admission.facts import Event, Fact
from runtime.convert import Invalid, brief_unstructure, structure

MAX_PAYLOAD = 1024 * 1024
"""The largest message, in bytes, that anyone of us reads."""
MOST_NESTED = 64
"""Lists and objects within each other. Python's own limit is no help: what was read just below it
cannot be shown or written again."""

KINDS: dict[str, type[Event]] = {
    "product_published": facts.ProductPublished,
    "key_published": facts.KeyPublished,
    "foreign_shop_published": facts.ForeignShopPublished,
    "ticket_issued": facts.TicketIssued,
    "ticket_printed": facts.TicketPrinted,
    "tag_bound": facts.TagBound,
    "admitted": facts.Admitted,
    "passed": facts.Passed,
    "lapsed": facts.Lapsed,
    "refused": facts.Refused,
    "forgiven": facts.Forgiven,
    "opened": facts.Opened,
    "mode_changed": facts.ModeChanged,
    "alarmed": facts.Alarmed,
    "evacuated": facts.Evacuated,
    "count_corrected": facts.CountCorrected,
    "counted": facts.Counted,
    "offline_sold": facts.OfflineSold,
    "lease_returned": facts.LeaseReturned,
    "conflicted": facts.Conflicted,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_FIELDS = {name: {field.name for field in fields(kind)} for name, kind in KINDS.items()}
_WRITERS = {kind: brief_unstructure(kind) for kind in _NAMES}
_NESTING = (dict, list)
_ENVELOPE = {"device", "number", "at", "kind", "v"}
VERSION = 1
"""A kind whose meaning changes is told as a higher version: who does not know that sets it aside.
A new field that may be ignored changes no version."""


def encode(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def decode(payload: bytes, limit: int | None = MAX_PAYLOAD) -> Any:
    """The data in a JSON payload of at most `limit` bytes. Raises Invalid for anything else."""
    if limit is not None and len(payload) > limit:
        raise Invalid([("", f"{len(payload)} bytes are more than {limit}")])
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Invalid([("", f"not JSON: {error}")]) from error
    _check_depth(data)
    return data


def fact_to_data(fact: Fact) -> dict[str, Any]:
    """{"device": …, "number": …, "at": …, "kind": …} and the event's own fields beside them.

    Those with their default value are left out, at any depth: a default is part of the format, and
    never changes.
    """
    return {
        "device": fact.device,
        "number": fact.number,
        "at": fact.at.isoformat(),
        "kind": _NAMES[type(fact.event)],
        **_WRITERS[type(fact.event)](fact.event),
    }


def kind_of(fact: Fact) -> str:
    return _NAMES[type(fact.event)]


def fact_from_data(data: Any, *, lenient: bool = False) -> Fact:
    """The opposite of fact_to_data. Raises Invalid naming what is wrong. `lenient`: fields of the
    event that are not known here are ignored, for whoever tells it may be newer."""
    if not isinstance(data, Mapping):
        raise Invalid([("", f"expected a fact, got {str(data)[:40]!r}")])
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Invalid([("kind", f"{kind!r} is no kind of fact known here")])
    own = {name: value for name, value in data.items() if name not in _ENVELOPE}
    envelope = {name: value for name, value in data.items() if name in _ENVELOPE}
    head = structure(envelope, _Envelope)
    if lenient:
        own = {name: value for name, value in own.items() if name in _FIELDS[kind]}
    return Fact(head.device, head.number, head.at, structure(own, KINDS[kind]))


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(MOST_NESTED + 1):
        level = [one for one in level if isinstance(one, _NESTING)]
        if not level:
            return
        level = list(chain.from_iterable(map(_inner, level)))
    raise Invalid([("", f"nested deeper than {MOST_NESTED}")])


def _inner(many: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return many.values() if isinstance(many, dict) else many


@dataclass(frozen=True, slots=True)
class _Envelope:
    device: str
    number: int
    at: datetime
    kind: str
    v: int = VERSION

    def __post_init__(self) -> None:
        if self.v != VERSION:
            raise ValueError(f"version {self.v} of {self.kind!r} is not known here")
        if self.number < 1:
            raise ValueError("facts are numbered from 1")
