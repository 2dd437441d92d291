from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.central import Client, Clock, central_in
from support.coats import Cloaks, cloaks_in
from support.postgres import Postgres, postgres


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is asked with many values is asked of PostgreSQL with the first of them: the statements
    are the same, and so is all else."""
    asked, rest = set[str](), list[pytest.Item]()
    for item in items:
        called = getattr(item, "callspec", None)
        if called and called.params.get("database_url") == "postgresql":
            name = item.nodeid.partition("[")[0]
            if name in asked:
                rest.append(item)
            asked.add(name)
    if rest:
        left_out = set(rest)
        config.hook.pytest_deselected(items=rest)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """PostgreSQL, started when the first test asks for it."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with empty tables, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'central.sqlite'}"
    server: Postgres = request.getfixturevalue("server")
    return server.fresh()


@pytest.fixture
async def kiosk(tmp_path: Path, clock: Clock, database_url: str) -> AsyncIterator[Client]:
    """Central on either database, as a kiosk sees it."""
    async with central_in(tmp_path, clock, database=database_url) as client:
        yield client


@pytest.fixture
def office(kiosk: Client) -> Client:
    """The same central, as the ticket office sees it."""
    return Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")


@pytest.fixture
async def cloaks(database_url: str, clock: Clock) -> AsyncIterator[Cloaks]:
    """A cloakroom with its tags, on either database."""
    async with cloaks_in(database_url, clock) as cloaks:
        yield cloaks
