"""A flash sale with a kill -9 half-way; `python -m bench --only flash` does a larger one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.flash import flash_sale
from support.postgres import Postgres

BUYERS, PLACES = 300, 30


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_the_last_places_are_sold_and_every_buyer_gets_a_definite_answer(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: Postgres | None = None
    url = f"sqlite:///{tmp_path}/central.sqlite"
    if kind == "postgresql":
        server = request.getfixturevalue("server")
        url = server.fresh()
    sold = await flash_sale(tmp_path, url, buyers=BUYERS, places=PLACES, at_once=64, server=server)
    assert (sold.oversold, sold.paid_without_place, sold.undecided) == (0, 0, 0)
    assert (sold.sales, sold.sold_out) == (PLACES, BUYERS - PLACES)
    assert sold.findings == []
    assert sold.retries > 0
