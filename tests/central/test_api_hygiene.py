"""Health, readiness, figures for Prometheus, and that nobody asks too often."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from support.central import BEGUN, CONFIG, DEVICES, MUSEUM, NOW, TOUR, Client, Clock, central_in

from admission.facts import Admitted, Fact
from central.http.rate import Limiter, network_of
from central.http.web import problems
from central.pages.tickets_public import LOOKS
from central.settings import CentralSettings, HttpSettings, Rate
from central.sync import ingest
from central.sync.publisher import STUCK_S, Pulse
from runtime.settings import load
from runtime.wire import encode, fact_to_data

OFFICE = {"Authorization": f"Bearer {DEVICES['office-1'].token}"}
HASTY = Rate(per_s=2, burst=3)


async def figures(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    """Name → values of the labels in the order of their names → figure."""
    async with client.http.get("/metrics") as response:
        assert (response.status, response.content_type) == (200, "text/plain")
        text = await response.text()
    told: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            told.setdefault(sample.name, {})[labels] = sample.value
    return told


async def test_central_is_ready_while_its_database_answers(kiosk: Client) -> None:
    async with kiosk.http.get("/ready") as response:
        assert response.status == 200
        assert await response.json() == {"status": "ready", "feed": "standing_by", "head": BEGUN}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_central_is_alive_but_not_ready_without_its_database(kiosk: Client) -> None:
    kiosk.api.database.engine.dispose()
    for file in kiosk.api.settings.state.glob("central.sqlite*"):
        file.unlink()
    kiosk.api.settings.state.joinpath("central.sqlite").mkdir()
    assert (await kiosk.get("/ready", 503))["code"] == "database_down"
    assert await kiosk.get("/health") == {"status": "ok"}


async def test_central_is_not_ready_while_the_feed_hangs(kiosk: Client) -> None:
    kiosk.api.pulse.beat(asyncio.get_running_loop().time())
    assert (await kiosk.get("/ready"))["feed"] == "publishing"
    kiosk.api.pulse.beat(asyncio.get_running_loop().time() - STUCK_S)
    assert (await kiosk.get("/ready", 503))["code"] == "http_503"
    kiosk.api.pulse.stop()
    assert (await kiosk.get("/ready"))["feed"] == "standing_by"


def test_a_pulse_is_fresh_for_a_while() -> None:
    pulse = Pulse()
    pulse.beat(100.0)
    assert [pulse.state(100.0 + s) for s in (0, STUCK_S - 0.1, STUCK_S)] == [
        *("publishing", "publishing", "stuck")
    ]


async def test_requests_are_counted_by_route_and_status(kiosk: Client) -> None:
    for token in ("one", "two"):
        await kiosk.get(f"/v1/requests/{token}", 404)
    await kiosk.get("/v1/requests/x/y/z", 404)
    await kiosk.get("/health")
    told = await figures(kiosk)
    counted = told["wicket_http_requests_total"]
    assert counted["GET", "/v1/requests/{token}", "404"] == 2
    assert counted["none", "none", "404"] == 1
    assert counted["GET", "/health", "200"] == 1
    assert told["wicket_http_request_seconds_count"]["/v1/requests/{token}",] == 2
    assert told["wicket_http_request_seconds_bucket"]["+Inf", "/v1/requests/{token}"] == 2


async def test_figures_tell_how_things_stand(kiosk: Client) -> None:
    await kiosk.sell(3, MUSEUM, 2)
    await kiosk.reserve(4, TOUR, 3)
    fact = fact_to_data(Fact("gate-1", 1, NOW, Admitted(7, "museum", "1", 1)))
    kiosk.clock.pass_(seconds=2.5)
    for payload in (encode({"facts": [fact]}), b"?"):
        await kiosk.api.database.write(
            lambda c, told=payload: ingest.take(c, "gate-1", told, DEVICES, kiosk.clock())
        )
    told = await figures(kiosk)
    nothing = {(attraction.id,): 0 for attraction in kiosk.api.venue.attractions}
    assert told["wicket_places_sold"] == nothing | {("museum",): 10}
    assert told["wicket_places_reserved"] == nothing | {("tour",): 3}
    assert told["wicket_feed_head"] == {(): BEGUN + 2 + 1}
    assert told["wicket_quarantined"] == {(): 1}
    assert told["wicket_clashes"]["clock",] == 0
    assert told["wicket_device_facts"] == {("gate-1",): 1}
    assert told["wicket_device_ack_lag_seconds"] == {("gate-1",): 2.5}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-Forwarded-For": "192.0.2.1"}, 401),
        ({"forwarded": "for=192.0.2.1"}, 401),
        ({"Via": "1.1 proxy", "Authorization": "Bearer wrong"}, 401),
        ({"Via": "1.1 proxy", "Authorization": f"Bearer {DEVICES['kiosk-1'].token}"}, 403),
        ({"Via": "1.1 proxy"} | OFFICE, 200),
    ],
)
async def test_figures_are_for_this_computer_and_the_office(
    kiosk: Client, headers: dict[str, str], status: int
) -> None:
    async with kiosk.http.get("/metrics", headers=headers) as response:
        assert response.status == status


async def refused_for(response: ClientResponse) -> int:
    """The seconds to wait."""
    assert response.status == 429
    assert response.content_type == "application/problem+json"
    assert (await response.json())["code"] == "too_often"
    return int(response.headers["Retry-After"])


async def test_who_writes_too_often_has_to_wait(tmp_path: Path) -> None:
    slow = HttpSettings(rate=Rate(per_s=0.01, burst=3))
    async with central_in(tmp_path, Clock(), http=slow) as kiosk:
        for _ in range(3):
            await kiosk.reserve(1, MUSEUM)
        headers = {"Authorization": f"Bearer {DEVICES['kiosk-1'].token}"}
        async with kiosk.http.post("/v1/requests", headers=headers) as response:
            assert 30 < await refused_for(response) <= 100  # less for what the three took
        await kiosk.get("/v1/catalogue")
        await kiosk.as_("kiosk-2").reserve(1, MUSEUM)


async def test_who_tells_wrong_tokens_has_to_wait(kiosk: Client) -> None:
    async def told(token: str, path: str = "/v1/catalogue") -> ClientResponse:
        return await kiosk.http.get(path, headers={"Authorization": f"Bearer {token}"})

    assert [(await told(f"wrong{n}")).status for n in range(10)] == [401] * 10
    assert 1 <= await refused_for(await told("wrong again")) <= 6
    assert await refused_for(await told("wrong again", "/health"))
    async with kiosk.http.get("/health") as response:
        assert response.status == 200
    await kiosk.get("/v1/catalogue")


@given(st.lists(st.floats(0, 0.4), max_size=60))
def test_no_more_is_let_through_than_the_rate_says(pauses: list[float]) -> None:
    limiter, now, through = Limiter(HASTY), 0.0, 0
    for pause in pauses:
        now += pause
        wait = limiter.wait("kiosk-1", now)
        through += not wait
        assert 0 <= wait <= 0.5
        assert through <= HASTY.burst + now * HASTY.per_s + 1e-6


def test_who_waits_as_told_is_let_through() -> None:
    limiter = Limiter(HASTY)
    assert [limiter.wait("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.wait("a", 0.5) == 0
    assert limiter.wait("b", 0.5) == 0


def test_a_thousand_phones_of_a_venues_own_network_may_look_three_times_a_minute() -> None:
    limiter = Limiter(LOOKS)
    assert not any(limiter.wait("192.0.2.7", look / 50) for look in range(3000))


def test_buckets_are_bounded() -> None:
    limiter = Limiter(Rate(0.001, 1), most=2)
    assert [limiter.wait(name, 0.0) == 0 for name in "abab"] == [True, True, False, False]
    assert limiter.wait("c", 0.0) == 0
    assert limiter.wait("b", 0.0) > 0
    assert limiter.wait("a", 0.0) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::1", "::"),
        ("", ""),
    ],
)
def test_an_ipv6_address_stands_for_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("told", "rate"),
    [("", Rate(50, 100)), ("rate = { per_s = 0.5, burst = 7 }", Rate(0.5, 7))],
)
def test_the_rate_can_be_set(tmp_path: Path, told: str, rate: Rate) -> None:
    text = (CONFIG / "central.toml").read_text().replace("[http]", f"[http]\n{told}")
    (tmp_path / "central.toml").write_text(text)
    assert load(tmp_path / "central.toml", CentralSettings).http.rate == rate


@pytest.mark.parametrize("rate", [(0, 1), (-1, 1), (1, 0), (1e9, 1), (float("nan"), 1)])
def test_a_rate_that_is_none_is_refused(rate: Any) -> None:
    with pytest.raises(ValueError, match="rate"):
        Rate(*rate)


async def test_a_fault_is_logged_without_the_secret_in_its_path(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def crash(request: web.Request) -> web.Response:
        raise ZeroDivisionError

    app = web.Application(middlewares=[problems])
    app.router.add_get("/t/{secret}", crash)
    async with (
        TestClient(TestServer(app)) as http,
        http.get("/t/known-to-one-visitor") as answer,
    ):
        assert answer.status == 500
    assert "in GET /t/{secret}" in caplog.text
    assert "known-to-one-visitor" not in caplog.text
