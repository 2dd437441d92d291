"""A stage and what builds devices upon it."""

from __future__ import annotations

import pytest

from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def devices(stage: Stage) -> Devices:
    return Devices(structure, stage)
