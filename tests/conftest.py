"""Shared helpers live in tests/support and are imported as `support.x`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from support.virtual_card import SOCKET, Pcscd

settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A test that runs a whole daemon or demo in this process sets up its log, which another test
    would find."""
    root, names = logging.getLogger(), ("", "wicket", "alembic", "pymodbus")
    levels = {name: logging.getLogger(name).level for name in names}
    known = {type(handler) for handler in root.handlers}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    for handler in [one for one in root.handlers if type(one) not in known]:
        root.removeHandler(handler)


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
