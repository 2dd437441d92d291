from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.central import Client, Clock, central_in


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def kiosk(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    async with central_in(tmp_path, clock) as client:
        yield client
