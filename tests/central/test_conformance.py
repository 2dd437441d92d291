"""Whatever docs/openapi.yaml allows to ask, and what it does not, is answered as it says, and never
by a fault. schemathesis makes up the questions; the app and its database are real."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from support.central import DEVICES, MUSEUM, TOUR, Client, Clock, central_in

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "openapi.yaml"
SCHEMA = schemathesis.openapi.from_path(DOCUMENT)
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations())
}
EXAMPLES = 8
HEADERS = {"Authorization": f"Bearer {DEVICES['office-1'].token}"}
PATIENCE_S = 30


@dataclass(frozen=True)
class Running:
    """Central in a thread. `known` is what there is of each path parameter."""

    url: str
    known: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running: Future[Running] = Future()
    done: Future[asyncio.Event] = Future()

    async def serve() -> None:
        folder = tmp_path_factory.mktemp("central")
        async with central_in(folder, Clock()) as client:
            over = asyncio.Event()
            done.set_result(over)
            running.set_result(await _stocked(client.as_("office-1")))
            await over.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    yield running.result(PATIENCE_S)
    loop.call_soon_threadsafe(done.result().set)
    thread.join(PATIENCE_S)
    loop.close()


async def _stocked(office: Client) -> Running:
    """Something of everything, to be asked about."""
    requests = [await office.reserve(1, MUSEUM), await office.reserve(4, TOUR)]
    await office.confirm(requests[0])
    await office.issue(requests[0])
    wanted = {"product": 1, "slot": MUSEUM, "quantity": 2, "payment_option": "postpaid"}
    batch = await office.post("/v1/batches", wanted, 201)
    customer = await office.post("/v1/customers", {"name": "Ada"}, 201)
    await office.post("/v1/promo-codes", {"code": "SPRING", "percent": "10"}, 201)
    value = {"amount": "50.00", "currency": "EUR"}
    voucher = await office.post("/v1/vouchers", {"value": value}, 201)
    known = {
        "token": [request["token"] for request in requests],
        "code": ["SPRING", voucher["code"]],
        "number": [customer["number"]],
        "id": [str(batch["id"]), "museum", TOUR],
    }
    return Running(str(office.http.make_url("")), known)


@pytest.mark.parametrize("label", OPERATIONS)
def test_what_is_asked_is_answered_as_documented(central: Running, label: str) -> None:
    operation = OPERATIONS[label]

    @given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), st.data())
    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    def ask(case: Case, data: st.DataObject) -> None:
        for name in case.path_parameters:
            if name in central.known:
                case.path_parameters[name] = data.draw(st.sampled_from(central.known[name]))
        case.call_and_validate(base_url=central.url, headers=HEADERS)

    ask()


@pytest.mark.parametrize("label", OPERATIONS)
def test_nonsense_is_answered_as_documented(central: Running, label: str) -> None:
    operation = OPERATIONS[label]

    @given(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    def ask(case: Case) -> None:
        case.call_and_validate(base_url=central.url, headers=HEADERS)

    ask()
