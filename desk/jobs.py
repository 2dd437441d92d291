"""What central has to print here, from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hal.ports import Slip, SlipRule, SlipText
from hal.slips import read_slip
from runtime.convert import Invalid, structure_known

MAX_SLIPS = 500


@dataclass(frozen=True)
class Job:
    """`again` is what a slip says that may have been printed before, in the visitor's language."""

    id: int
    slips: tuple[Slip, ...]
    again: str = ""


@dataclass(frozen=True)
class Unreadable:
    """A job that this desk cannot print, and why."""

    id: int
    why: str


@dataclass(frozen=True)
class _Told:
    id: int
    slips: tuple[Mapping[str, Any], ...]
    again: str = ""


@dataclass(frozen=True)
class _Jobs:
    jobs: tuple[Mapping[str, Any], ...]


def read_jobs(body: Any) -> tuple[Job | Unreadable, ...]:
    """In their order. Raises Invalid for what is no list of jobs at all."""
    return tuple(_job(one) for one in structure_known(body, _Jobs).jobs)


def marked(slip: Slip, again: str) -> Slip:
    """The slip that says that there may be another one of it."""
    return replace(slip, parts=(SlipText(again, bold=True), SlipRule(), *slip.parts))


def _job(data: Mapping[str, Any]) -> Job | Unreadable:
    id_ = data.get("id")
    if not isinstance(id_, int) or id_ < 1:
        raise Invalid([("jobs.id", f"{id_!r} is no number of a job")])
    try:
        told = structure_known(data, _Told)
        if not 1 <= len(told.slips) <= MAX_SLIPS:
            raise Invalid([("slips", f"1 to {MAX_SLIPS} of them")])
        return Job(id_, tuple(map(read_slip, told.slips)), told.again)
    except ValueError as error:
        return Unreadable(id_, str(error))
