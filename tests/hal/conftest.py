"""A stage and what builds devices upon it; a pcscd."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.virtual_card import SOCKET, Pcscd

from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def devices(stage: Stage) -> Devices:
    return Devices(structure, stage)


@pytest.fixture(scope="session")
def pcscd_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """libpcsclite asks for the path of the socket only once in a process."""
    return tmp_path_factory.mktemp("pcscd")


@pytest.fixture
def pcscd(pcscd_folder: Path) -> Iterator[Pcscd]:
    pcscd = Pcscd(pcscd_folder)
    pcscd.start()
    yield pcscd
    pcscd.kill()
    del os.environ[SOCKET]  # other tests look where pcscd usually is
