"""A stage and what builds devices upon it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pytest

from hal.registry import BadDevice, Devices
from hal.sim.stage import Stage
from runtime.convert import Invalid, structure

T = TypeVar("T")


def read(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    try:
        return structure(table, kind)
    except Invalid as invalid:
        raise BadDevice([f"{where}.{path}: {what}" for path, what in invalid.problems]) from invalid


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def devices(stage: Stage) -> Devices:
    return Devices(read, stage)
