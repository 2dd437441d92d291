"""Snapshots: only what the gate may admit, made once while fresh, read on where it was cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.central import BEGUN, DEVICES, MUSEUM, TOUR, Client
from support.snapshots import heard

from admission.signature import signed_by
from central.sync.snapshots import FRESH, KEPT_OF_SCOPE

MUSEUM_ONLY, TOUR_ONLY = "attraction=museum", "attraction=tour"


async def bytes_of(client: Client, id_: str, status: int, **headers: str) -> bytes:
    token = {"Authorization": f"Bearer {DEVICES[client.device].token}"}
    async with client.http.get(f"/v1/snapshot/{id_}", headers=token | headers) as answer:
        assert answer.status == status
        return await answer.read()


async def test_it_has_the_tickets_of_the_attractions_asked_for(kiosk: Client) -> None:
    [museum], [tour] = await kiosk.sell(1, MUSEUM), await kiosk.sell(4, TOUR)
    ids = int(museum["id"]), int(tour["id"])
    for query, known in (
        ("", (True, True)),
        (MUSEUM_ONLY, (True, False)),
        (TOUR_ONLY, (False, True)),
        (f"{MUSEUM_ONLY}&{TOUR_ONLY}", (True, True)),
        ("attraction=nothing", (False, False)),
    ):
        snapshot = await heard(kiosk, query)
        assert tuple(snapshot.ticket(id_) is not None for id_ in ids) == known
        assert snapshot.product(4) is not None


async def test_it_has_the_tickets_of_so_many_days(kiosk: Client) -> None:
    [today] = await kiosk.sell(1, MUSEUM)
    [later] = await kiosk.sell(1, "museum-20261124T2300Z")
    ids = int(today["id"]), int(later["id"])

    async def known(query: str) -> list[bool]:
        snapshot = await heard(kiosk, query)
        return [snapshot.ticket(id_) is not None for id_ in ids]

    assert await known("days=2") == [True, False]
    assert await known("days=30") == [True, True]
    kiosk.clock.pass_(days=2)
    assert await known("days=30") == [False, True]


async def test_a_cancelled_ticket_is_in_it_as_cancelled(kiosk: Client) -> None:
    request = await kiosk.reserve(1, MUSEUM)
    await kiosk.confirm(request)
    [issued] = (await kiosk.issue(request))["tickets"]
    before = (await heard(kiosk)).ticket(int(issued["id"]))
    await kiosk.cancel(request)
    after = (await heard(kiosk)).ticket(int(issued["id"]))
    assert before is not None
    assert after is not None
    assert (before.state.value, after.state.value) == ("valid", "cancelled")


async def test_it_is_signed_by_one_of_the_keys_that_come_with_it(kiosk: Client) -> None:
    offer = await kiosk.get("/v1/snapshot")
    image = (await heard(kiosk)).image
    id_, signature = image.signature
    [key] = [key for key in offer["keys"] if key["id"] == id_]
    assert signed_by(bytes.fromhex(key["public"]), signature, image.message)
    assert (image.told.site, image.told.as_of) == ("sample", BEGUN)


async def test_while_it_is_fresh_it_is_used_again(kiosk: Client, tmp_path: Path) -> None:
    first = await kiosk.get("/v1/snapshot")
    await kiosk.sell(1, MUSEUM)
    assert await kiosk.get("/v1/snapshot") == first
    newer = await kiosk.get(f"/v1/snapshot?after={first['as_of'] + 1}")
    assert newer["as_of"] == first["as_of"] + 1
    for _ in range(3):
        kiosk.clock.pass_(seconds=FRESH.total_seconds())
        last = await kiosk.get("/v1/snapshot")
    assert last["id"] != newer["id"]
    assert len(list((tmp_path / "snapshots").iterdir())) == KEPT_OF_SCOPE
    await bytes_of(kiosk, last["id"], 200)
    await bytes_of(kiosk, first["id"], 404)


async def test_a_download_goes_on_with_the_same_bytes(kiosk: Client) -> None:
    offer = await kiosk.get("/v1/snapshot")
    whole = await bytes_of(kiosk, offer["id"], 200)
    assert len(whole) == offer["bytes"]
    assert await bytes_of(kiosk, offer["id"], 206, Range="bytes=100-") == whole[100:]


@pytest.mark.parametrize(
    "query", ["attraction=" + "x" * 201, "days=x", "days=99999", "after=-1", "attraction=a&" * 65]
)
async def test_what_makes_no_sense_is_refused(kiosk: Client, query: str) -> None:
    assert (await kiosk.get(f"/v1/snapshot?{query}", 400))["code"] == "invalid"
    for id_ in ("0" * 32, "..", "x.y", "%2e%2e%2fcentral.key"):
        body: Any = await bytes_of(kiosk, id_, 404)
        assert b"key" not in body
