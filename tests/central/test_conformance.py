"""Whatever docs/openapi.yaml allows to ask, and what it does not, is answered as it says, and never
by a fault. schemathesis makes up the questions; the app and its database are real.

WICKET_CONFORMANCE_EXAMPLES=200 asks that many questions of each kind instead of a few.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from schemathesis import Case, GenerationMode, SerializationContext
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import ignored_auth
from support.central import DEVICES, MUSEUM, TOUR, Client, Clock, central_in
from support.listening import PATIENCE_S

from central.http.access import SCOPES

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "openapi.yaml"
SCHEMA = schemathesis.openapi.from_path(DOCUMENT)
SCHEMA.config.generation.update(
    allow_x00=False,  # the document says in words that no text holds it
    allow_extra_parameters=False,  # of a query; OpenAPI does not forbid them, HTTP ignores them
)
SCHEMA.config.checks.positive_data_acceptance.expected_statuses = [
    *("2xx", "400", "401", "403", "404", "409", "422")
]
SCHEMA.config.checks.negative_data_rejection.expected_statuses = ["4xx"]
schemathesis.openapi.format("date", st.dates(date(1970, 1, 1), date(2999, 12, 31)).map(str))
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 30), timezones=st.just(UTC)).map(
        datetime.isoformat
    ),
)


@schemathesis.serializer("application/toml")
def as_text(ctx: SerializationContext, value: Any) -> bytes:
    return str(value).encode(errors="replace")


RULES = re.compile(
    "(amount|value): (more than nothing|write it like .*)|currency: .*"
    "|max_per_order: only of a code per ticket|percent: more than 0, at most 100"
    "|payment: of all that a prepaid batch costs, others have none|no control characters"
    "|name: letters or digits|quantity: 1 to [0-9]+ of a product"
    "|wheelchair: 0 to [0-9]+, and only without seats"
    "|reason: tell who is invited, and why|tell either an amount or tickets"
    "|id: the ticket's id, a number in quotes|tickets: their ids"
    "|(tickets|seats): (1 to [0-9]+, )?each once"
    "|valid_until: (after valid_from|a time to come)"
    "|write either [a-z]+ or [a-z_]+|until: from .*|(from|until): a day like"
    "|no foreign code|[0-9]+ wrong, nothing was imported|the first at [0-9]+: .*|csv: .*"
)
"""What no schema can say, but words in the document do: refused with 400 all the same."""
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations())
}
WITH_INPUT = [
    label
    for label, operation in OPERATIONS.items()
    if list(operation.iter_parameters()) or operation.body
]
EXAMPLES = int(os.environ.get("WICKET_CONFORMANCE_EXAMPLES", "3"))
BEFORE_CENTRAL = b"Got more than 8190 bytes when reading"
"""aiohttp refuses an address or header by itself if it is so long."""
TOKENS = {name: f"Bearer {device.token}" for name, device in DEVICES.items()}


@dataclass(frozen=True)
class Running:
    """Central in a thread. `known` is what there is: resource of a path, or field of a body → ids.
    A field's first values are told as often as what schemathesis makes up."""

    url: str
    known: Mapping[str, list[Any]]


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running: Future[tuple[Running, Callable[[], None]]] = Future()

    async def serve() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with central_in(tmp_path_factory.mktemp("central"), Clock()) as client:
            told = await _stocked(client.as_("office-1"))
            running.set_result((told, lambda: loop.call_soon_threadsafe(over.set)))  # type: ignore[arg-type,return-value]
            await over.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if running.done():
                raise
            running.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    told, stop = running.result(PATIENCE_S)
    yield told
    stop()
    thread.join(PATIENCE_S)


async def _stocked(office: Client) -> Running:
    """Something of everything, to be asked about."""
    reserved, sold = await office.reserve(4, TOUR), await office.reserve(1, MUSEUM)
    await office.confirm(sold)
    tickets = (await office.issue(sold))["tickets"]
    wanted = {"product": 1, "slot": MUSEUM, "quantity": 2, "payment_option": "postpaid"}
    batch = await office.post("/v1/batches", wanted, 201)
    customer = await office.post("/v1/customers", {"name": "Ada"}, 201)
    await office.post("/v1/promo-codes", {"code": "SPRING", "percent": "10"}, 201)
    value = {"amount": "50.00", "currency": "EUR"}
    voucher = await office.post("/v1/vouchers", {"value": value}, 201)
    lease = await office.post("/v1/leases", {"slot": TOUR, "places": 2, "minutes": 9}, 201)
    end = await office.post("/v1/day-ends", {}, 201)
    known = {
        "attractions": ["museum", "tour"],
        "requests": [reserved["token"], sold["token"]],
        "promo-codes": ["SPRING"],
        "vouchers": [voucher["code"]],
        "customers": [customer["number"]],
        "batches": [batch["id"]],
        "slots": [TOUR, MUSEUM],
        "leases": [str(lease["id"])],
        "day-ends": [end["id"]],
        "product": [1, 4, 8, 9],
        "slot": [TOUR, MUSEUM],
        "currency": ["EUR"],
        "customer": [customer["number"], ""],
        "request": [sold["token"]],
        "promo_codes": [["SPRING"], []],
        "tickets": [[tickets[0]["id"]], []],
        "device": ["office-1"],
    }
    return Running(str(office.http.make_url("")), known)


def _known(case: Case, known: Mapping[str, list[Any]], data: st.DataObject) -> None:
    """Let the case ask, now and then, about what there is."""
    parts = case.operation.path.split("/")
    for resource, part in pairwise(parts):
        name = part[1:].partition("}")[0]
        if part.startswith("{") and resource in known:
            told = case.path_parameters[name]
            case.path_parameters[name] = data.draw(st.sampled_from([*known[resource], told]))
    case.body = _without_points(case.body)
    bodies = [case.body]
    while bodies:
        body = bodies.pop()
        if isinstance(body, dict):
            for name, value in body.items():
                if name in known and _alike(value, known[name][0]):
                    body[name] = data.draw(st.sampled_from([*known[name], value]))
            bodies += body.values()
        elif isinstance(body, list):
            bodies += body


def _without_points(value: Any) -> Any:
    """To JSON Schema 1.0 is a whole number too; the document says in words that it is not here."""
    if isinstance(value, dict):
        return {name: _without_points(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_points(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _alike(value: Any, other: Any) -> bool:
    of = [type(one) for one in (value, other)]
    items = [{type(item) for item in one} for one in (value, other) if isinstance(one, list)]
    return of[0] is of[1] and (not items or not items[0] or items[0] == items[1])


def asked(
    operation: Any, mode: GenerationMode, examples: int = EXAMPLES
) -> Callable[[Callable[[Case, st.DataObject], None]], Callable[[], None]]:
    """Makes a function one that asks several cases that schemathesis makes up."""
    few = settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
    )
    cases = operation.as_strategy(generation_mode=mode)

    def asking(ask: Callable[[Case, st.DataObject], None]) -> Callable[[], None]:
        return few(given(cases, st.data())(ask))

    return asking


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def call(central: Running, session: requests.Session, case: Case, token: str | None) -> Response:
    """The answer, which is as documented. test_only_who_may… asks what schemathesis would itself
    ask with wrong tokens, which central soon answers with 429."""
    headers = {"Authorization": token} if token else None
    how: dict[str, Any] = {"base_url": central.url, "session": session, "headers": headers}
    answer = case.call(**how)
    assume(BEFORE_CENTRAL not in answer.content)
    case.validate_response(
        answer, headers=headers, excluded_checks=[ignored_auth], transport_kwargs=how
    )
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert "Traceback" not in problem["detail"]
    return answer


@pytest.mark.parametrize("label", OPERATIONS)
def test_what_is_asked_is_answered_as_documented(
    central: Running, session: requests.Session, label: str
) -> None:
    @asked(OPERATIONS[label], GenerationMode.POSITIVE)
    def ask(case: Case, data: st.DataObject) -> None:
        _known(case, central.known, data)
        answer = call(central, session, case, TOKENS["office-1"])
        if answer.status_code == 400 and answer.json()["code"] != "venue_invalid":
            problems = answer.json()["detail"].split("; ")
            assert [p for p in problems if not RULES.search(p)] == []

    ask()


@pytest.mark.parametrize("label", WITH_INPUT)
def test_nonsense_is_answered_as_documented(
    central: Running, session: requests.Session, label: str
) -> None:
    @asked(OPERATIONS[label], GenerationMode.NEGATIVE)
    def ask(case: Case, data: st.DataObject) -> None:
        call(central, session, case, TOKENS["office-1"])

    ask()


@pytest.mark.parametrize("label", OPERATIONS)
def test_only_who_may_ask_is_answered(central: Running, label: str) -> None:
    """Each operation is asked from an address of its own, so that wrong tokens get no 429."""
    operation = OPERATIONS[label]
    needed = scopes_of(operation)

    @asked(operation, GenerationMode.POSITIVE, examples=1)
    def ask(case: Case, data: st.DataObject) -> None:
        wrong = ("Bearer wrong", f"Basic {DEVICES['office-1'].token}")
        for token in (None, *(wrong if needed is not None else ())):
            answer = call(central, session, case, token)
            assert (answer.status_code == 401) == (needed is not None), token
        for device, kind in ((name, one.kind) for name, one in DEVICES.items()):
            answer = call(central, session, case, TOKENS[device])
            has = {scope.value for scope in SCOPES[kind]}
            assert (answer.status_code == 403) == (not (needed or set()) <= has), device

    with requests.Session() as session:
        if label != "GET /metrics":  # for this computer only
            session.mount("http://", From(f"127.0.1.{1 + list(OPERATIONS).index(label)}"))
        ask()


def scopes_of(operation: Any) -> set[str] | None:
    """The scopes that the document asks for; None if anybody may ask."""
    told = operation.definition.raw.get("security", SCHEMA.raw_schema["security"])
    return None if not told or {} in told else {scope for one in told for scope in one["device"]}


class From(HTTPAdapter):
    """Calls from a network address of this computer."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(self._address, 0))
