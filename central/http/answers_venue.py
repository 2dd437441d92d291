"""The venue, and what another one would change, as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from central.catalogue.imports import Comparison, Imported
from central.catalogue.venue_diff import Change
from central.catalogue.venues import Revision
from central.http.answers import Json
from central.sale.states import Refused


def venue(revision: Revision) -> Json:
    return {
        "revision": revision.number,
        "at": revision.at.isoformat(),
        "who": revision.who,
        "text": revision.text,
    }


def compared(comparison: Comparison) -> Json:
    """`revision` is the one it was compared with."""
    return {
        "revision": comparison.base,
        "changes": _changes(comparison.changes),
        "refused": list(comparison.refused),
    }


def imported(done: Imported | Refused) -> Json | Refused:
    if isinstance(done, Refused):
        return done
    return {"revision": done.revision.number, "changes": _changes(done.changes)}


def _changes(changes: Iterable[Change]) -> list[Json]:
    return [{"kind": change.kind.value, "text": change.text} for change in changes]
