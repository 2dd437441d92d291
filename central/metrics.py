"""What Prometheus asks: how this worker answers, and how things stand in the database.

Labels are bounded: routes, statuses, attractions and devices are all known beforehand, and of the
zones that gates count it tells some.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import Connection, func, select

from admission.facts import Clash
from central.capacity import slots
from central.delivery import list as deliveries
from central.delivery.outbox import Kind, State
from central.http.web import Handler
from central.settings import DeviceSettings
from central.store.schema import feed as facts
from central.store.schema import quarantine, sequence, time_slot
from central.sync import feed
from central.watch import clash_list, head_counts, standing
from central.watch.standing import Link

MOST_ZONES = 64
UNKNOWN_ROUTE = "none"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True)
class Device:
    """`taken` facts are stored; the newest of them came so many seconds after it was told."""

    name: str
    taken: int
    lag_s: float | None


@dataclass(frozen=True)
class Standing:
    """How things stand. `places` are (attraction, sold, reserved) of today's time slots."""

    head: int
    quarantined: int
    clashes: Mapping[Clash, int]
    places: Sequence[tuple[str, int, int]]
    devices: Sequence[Device]
    links: Sequence[standing.Standing]
    persons: Mapping[str, int]
    now: datetime
    deliveries: Sequence[deliveries.Sums]


def look(
    connection: Connection, today: date, now: datetime, known: Mapping[str, DeviceSettings]
) -> Standing:
    """`known` are the devices of which it is told."""
    return Standing(
        feed.head(connection),
        connection.scalar(select(func.count()).where(quarantine.c.fate.is_(None))) or 0,
        clash_list.unsettled(connection),
        _places(connection, today, now),
        _devices(connection, sorted(known)),
        [one for one in standing.standings(connection, known, now) if one.link is not Link.HTTP],
        dict(sorted(head_counts.counted(connection).items())[:MOST_ZONES]),
        now,
        deliveries.sums(connection),
    )


class Metrics:
    """Those of one worker."""

    def __init__(self) -> None:
        self._answers, self._stand = CollectorRegistry(), CollectorRegistry()
        self._requests = Counter(
            "wicket_http_requests", "Requests answered", ("method", "route", "status"),
            registry=self._answers,
        )  # fmt: skip
        self._seconds = Histogram(
            "wicket_http_request_seconds", "Seconds until the answer", ("route",),
            registry=self._answers, buckets=SECONDS,
        )  # fmt: skip
        self._head = self._gauge("wicket_feed_head", "Number of the newest fact in the feed")
        self._quarantined = self._gauge("wicket_quarantined", "Facts and payloads set aside")
        self._clashes = self._gauge(
            "wicket_clashes", "Facts that do not fit together, not settled yet", "clash"
        )
        self._sold = self._gauge(
            "wicket_places_sold", "Places sold in today's time slots", "attraction"
        )
        self._reserved = self._gauge(
            "wicket_places_reserved", "Places reserved in today's time slots", "attraction"
        )
        self._taken = self._gauge(
            "wicket_device_facts", "Facts of a device that are acknowledged", "device"
        )
        self._lag = self._gauge(
            "wicket_device_ack_lag_seconds",
            "Seconds from a device's newest acknowledged fact to its acknowledgement",
            "device",
        )
        self._online = self._gauge(
            "wicket_device_online", "Whether a device is connected and heard", "device"
        )
        self._behind = self._gauge(
            "wicket_device_behind", "Facts of the feed that a device lacks", "device"
        )
        self._waiting = self._gauge(
            "wicket_device_waiting", "Facts that a device has not got acknowledged", "device"
        )
        self._persons = self._gauge("wicket_zone_persons", "Persons counted in a zone", "zone")
        self._deliveries = self._gauge(
            "wicket_deliveries", "SMS, e-mails and prints not sent (waiting, dead)", "kind", "state"
        )
        self._delivery_age = self._gauge(
            "wicket_delivery_oldest_seconds", "Age of the oldest that waits to be sent", "kind"
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, found: Standing) -> bytes:
        """All of it in the Prometheus text format 0.0.4."""
        self._head.set(found.head)
        self._quarantined.set(found.quarantined)
        for clash, count in found.clashes.items():
            self._clashes.labels(clash.value).set(count)
        counted = (self._sold, self._reserved, self._taken, self._lag)
        for gauge in (*counted, self._online, self._behind, self._waiting, self._persons):
            gauge.clear()
        for attraction, sold, reserved in found.places:
            self._sold.labels(attraction).set(sold)
            self._reserved.labels(attraction).set(reserved)
        for device in found.devices:
            self._taken.labels(device.name).set(device.taken)
            if device.lag_s is not None:
                self._lag.labels(device.name).set(device.lag_s)
        self._set_links(found.links)
        for zone, persons in found.persons.items():
            self._persons.labels(zone).set(persons)
        self._set_deliveries(found)
        return generate_latest(self._answers) + generate_latest(self._stand)

    def _set_links(self, links: Sequence[standing.Standing]) -> None:
        for one in links:
            self._online.labels(one.device).set(one.link is Link.ONLINE)
            if one.behind is not None:
                self._behind.labels(one.device).set(one.behind)
            if one.status and one.status.waiting is not None:
                self._waiting.labels(one.device).set(one.status.waiting)

    def _set_deliveries(self, found: Standing) -> None:
        for kind in Kind:
            self._delivery_age.labels(kind.value).set(0)
            for state in (State.WAITING, State.DEAD):
                self._deliveries.labels(kind.value, state.value).set(0)
        for one in found.deliveries:
            self._deliveries.labels(one.kind.value, one.state.value).set(one.count)
            if one.state is State.WAITING:
                age = (found.now - one.oldest).total_seconds()
                self._delivery_age.labels(one.kind.value).set(age)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, registry=self._stand)


def measured(metrics: Metrics, clock: Any) -> Any:
    """Middleware: counts what is answered. `clock` gives seconds and never goes back."""

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        begun = clock()
        answer = await handler(request)
        resource = request.match_info.route.resource
        route = resource.canonical if resource else UNKNOWN_ROUTE
        method = request.method if resource else UNKNOWN_ROUTE
        metrics.count(method, route, answer.status, clock() - begun)
        return answer

    return measure


def _places(connection: Connection, today: date, now: datetime) -> list[tuple[str, int, int]]:
    sums: dict[str, tuple[int, int]] = {}
    for one in slots.listed(connection, now, time_slot.c.day == today, count_all=True):
        sold, reserved = sums.get(one.slot.attraction, (0, 0))
        taken = one.occupancy
        sums[one.slot.attraction] = (sold + taken.sold, reserved + taken.reserved)
    return [(attraction, *both) for attraction, both in sums.items()]


def _devices(connection: Connection, known: Sequence[str]) -> list[Device]:
    numbers = select(sequence.c.device, sequence.c.last).where(sequence.c.device.in_(known))
    taken = {row.device: row.last for row in connection.execute(numbers)}
    return [Device(name, taken[name], _lag(connection, name, taken[name])) for name in taken]


def _lag(connection: Connection, device: str, newest: int) -> float | None:
    """None if the newest fact was set aside."""
    this = (facts.c.device == device, facts.c.number == newest)
    row = connection.execute(select(facts.c.at, facts.c.received_at).where(*this)).first()
    return (row.received_at - row.at).total_seconds() if row else None
