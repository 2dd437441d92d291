"""What central answers about tickets of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from admission.codes import human_code
from admission.values import Use
from central.foreign.imports import MOST_WRONG, Done
from central.foreign.lists import Overview
from central.foreign.lookup import Foreign
from central.http.answers_office import use

Json = dict[str, Any]


def done(name: str, what: Done) -> Json:
    wrong = [asdict(one) for one in what.wrong[:MOST_WRONG]]
    return {"name": name, **asdict(what.counts), "skipped": len(what.wrong), "wrong": wrong}


def lists(found: Iterable[Overview]) -> Json:
    return {"lists": [_list(one) for one in found]}


def _list(one: Overview) -> Json:
    at = one.imported_at.isoformat() if one.imported_at else None
    return asdict(one) | {"imported_at": at}


def ticket(found: Foreign, uses: Sequence[Use]) -> Json:
    one = found.ticket
    return {
        "foreign": {
            "human_code": human_code(one.id),
            "list": found.list,
            "shop": found.shop,
            "reference": found.reference,
            "product": one.product,
            "persons": one.persons,
            "valid_from": one.window.start.isoformat(),
            "valid_until": one.window.end.isoformat(),
            "state": one.state.value,
        },
        "uses": [use(each) for each in uses],
    }
