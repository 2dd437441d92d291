"""In step with central and the other gates: a real broker, and a central that says what we want."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from support.broker import free_port, mosquitto
from support.bus import Ear, ear_on, running
from support.central import DEVICES, Clock
from support.central import settings_in as central_settings_in
from support.gate import DEVICE, memory_in, settings_in
from support.listening import until
from support.samples import BERLIN, KEY, NOON, issued, ticket
from support.snapshots import image_of, offer_of, told

from admission.codes import sign_ticket
from admission.decide import decide
from admission.facts import Admitted, Event, Fact, KeyPublished, Lapsed, TicketIssued
from admission.reasons import Reason
from admission.request import AdmissionRequest, Denied, Granted
from admission.values import TicketState
from central.service import serve
from central.settings import HttpSettings
from gate.hearing import AT_ONCE, Hearing
from gate.ledger import GateLedger
from gate.settings import CentralSettings
from gate.sync import keep_in_step
from gate.trust import Trust
from runtime.mqtt import BusSettings
from runtime.outbox import Outbox
from runtime.wire import fact_to_data

CODE = sign_ticket(KEY, ticket())
TAKEN = Admitted(ticket().id, "museum", "South", 1)


def entries(facts: Iterable[Any], first: int = 1) -> list[Any]:
    return [{"n": n, "fact": fact} for n, fact in enumerate(facts, first)]


@dataclass
class PaperCentral:
    """Its feed is what the test writes into it; `answer` replaces every answer."""

    feed: list[Any] = field(default_factory=list)
    taken: int = 0
    epoch: int = 1
    answer: Callable[[], web.Response] | None = None
    asked: list[str] = field(default_factory=list)
    no_snapshots: bool = False

    async def reply(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.answer:
            return self.answer()
        if request.path.startswith("/v1/snapshot"):
            if self.no_snapshots:
                return web.Response(status=507)
            what = told(len(self.feed), self.epoch)
            content = image_of(self.feed, what)
            if request.path == "/v1/snapshot":
                return web.json_response(offer_of(content, what, self.taken))
            return web.Response(body=content)
        after = int(request.query["after"])
        page = self.feed[after : after + int(request.query["limit"])]
        standing = {"head": len(self.feed), "taken": self.taken, "epoch": self.epoch}
        return web.json_response(standing | {"entries": entries(page, after + 1)})

    @asynccontextmanager
    async def open_at(self, port: int) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.reply)
        runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield
        finally:
            await runner.cleanup()


@dataclass
class Gate:
    ledger: GateLedger
    outbox: Outbox

    def decide(self) -> Granted | Denied:
        request = AdmissionRequest(CODE, frozenset({"museum"}), BERLIN)
        return decide(self.ledger, request, NOON)


@asynccontextmanager
async def gate_in(folder: Path, broker: BusSettings, port: int) -> AsyncIterator[Gate]:
    central = CentralSettings(f"http://127.0.0.1:{port}", DEVICES[DEVICE].token)
    settings = settings_in(folder, mqtt=broker, central=central)
    async with (
        memory_in(folder) as (ledger, outbox),
        running(keep_in_step(settings, ledger, outbox, Trust(ledger, outbox))),
    ):
        yield Gate(ledger, outbox)


@dataclass
class Venue:
    gate: Gate
    central: PaperCentral
    ear: Ear


@asynccontextmanager
async def venue_in(folder: Path, central: PaperCentral | None = None) -> AsyncIterator[Venue]:
    """A broker, a central that knows one ticket, and a gate that has heard of it."""
    central = central or PaperCentral([fact_to_data(fact) for fact in issued(ticket())])
    port = free_port()
    async with (
        mosquitto(folder) as broker,
        central.open_at(port),
        ear_on(broker) as ear,
        gate_in(folder / "gate", broker, port) as gate,
    ):
        await until(lambda: gate.ledger.cursor == len(central.feed))
        await gate.ledger.ready.wait()
        while (await ear.hears(f"device/{DEVICE}/status"))["online"] is not True:
            pass
        yield Venue(gate, central, ear)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def told_by(device: str, *events: Event) -> dict[str, Any]:
    return {
        "facts": [fact_to_data(Fact(device, n, NOON, e)) for n, e in enumerate(events, start=1)]
    }


async def test_at_first_start_a_gate_takes_the_snapshot_and_numbers_on(tmp_path: Path) -> None:
    central = PaperCentral([fact_to_data(fact) for fact in issued(ticket())], taken=41)
    async with venue_in(tmp_path, central) as venue:
        assert central.asked[0] == "/v1/snapshot"
        assert venue.gate.ledger.ready.is_set()
        assert isinstance(venue.gate.decide(), Granted)
        assert (await venue.gate.outbox.tell(TAKEN, NOON)).number == 42


async def test_what_the_feed_tells_is_known_without_asking(tmp_path: Path) -> None:
    async with venue_in(tmp_path) as venue:
        venue.central.answer = lambda: web.Response(status=500)
        head = venue.gate.ledger.cursor
        new = Fact("central", head + 1, NOON, TicketIssued(ticket(5)))
        batch = {"after": head, "entries": entries([fact_to_data(new)], head + 1)}
        await venue.ear.says("feed", batch)
        await until(lambda: venue.gate.ledger.ticket(5) == ticket(5))
        assert venue.gate.ledger.cursor == head + 1


async def test_a_gap_in_the_feed_is_asked_for(tmp_path: Path) -> None:
    async with venue_in(tmp_path) as venue:
        head = venue.gate.ledger.cursor
        venue.central.feed += [
            fact_to_data(Fact("central", n, NOON, TicketIssued(ticket(n))))
            for n in range(head + 1, head + 1500)
        ]
        await venue.ear.says("feed", {"after": len(venue.central.feed), "entries": []})
        await until(lambda: venue.gate.ledger.cursor == len(venue.central.feed))
        assert venue.gate.ledger.ticket(head + 1499) == ticket(head + 1499)
        assert "/v1/snapshot" not in venue.central.asked[1:]


async def test_what_comes_behind_a_gap_counts_while_that_cannot_be_filled(tmp_path: Path) -> None:
    async with venue_in(tmp_path) as venue:
        venue.central.answer = lambda: web.Response(status=503)
        head = venue.gate.ledger.cursor
        cancelled = replace(ticket(), state=TicketState.CANCELLED)
        new = Fact("central", head + 2, NOON, TicketIssued(cancelled))
        batch = {"after": head + 1, "entries": entries([fact_to_data(new)], head + 2)}
        await venue.ear.says("feed", batch)
        await until(lambda: isinstance(venue.gate.decide(), Denied))
        assert venue.gate.ledger.cursor == head


@pytest.mark.parametrize("n", [-1, 10, 2**63 - 1])
async def test_a_feed_that_leaps_moves_nobody_on(tmp_path: Path, n: int) -> None:
    async with venue_in(tmp_path) as venue:
        head = venue.gate.ledger.cursor
        first, *others = (
            fact_to_data(Fact("central", head + 1 + i, NOON, TicketIssued(ticket(5 + i))))
            for i in range(2)
        )
        leap = [{"n": head + 1, "fact": first}, {"n": n, "fact": others[0]}]
        await venue.ear.says("feed", {"after": head, "entries": leap})
        await venue.ear.says("feed", {"after": head, "entries": entries([first], head + 1)})
        await until(lambda: venue.gate.ledger.ticket(5) is not None)
        assert venue.gate.ledger.cursor == head + 1


async def test_another_gates_entry_counts_here_at_once_while_central_is_down(
    tmp_path: Path,
) -> None:
    async with venue_in(tmp_path) as venue:
        venue.central.answer = lambda: web.Response(status=503)
        await venue.ear.says("device/gate-2/facts", told_by("gate-2", TAKEN))
        await until(lambda: isinstance(venue.gate.decide(), Denied))
        answer = venue.gate.decide()
        assert isinstance(answer, Denied)
        assert (answer.reason, answer.at, answer.where) == (Reason.ALREADY_USED, NOON, "South")
        lapsed = told_by("gate-2", TAKEN, Lapsed(ticket().id, 1, "South", 1))
        await venue.ear.says("device/gate-2/facts", lapsed)
        await until(lambda: isinstance(venue.gate.decide(), Granted))


async def test_a_device_is_not_believed_what_only_others_may_tell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own_key = KeyPublished(replace(KEY.issuer, id=9))
    crowd = replace(TAKEN, persons=10_001)
    facts = told_by("gate-2", own_key, crowd, TicketIssued(ticket(6)))["facts"]
    facts += told_by("gate-3", replace(TAKEN, ticket=7))["facts"]
    facts += told_by("gate-2", *[TAKEN] * 5)["facts"][4:]
    async with venue_in(tmp_path) as venue:
        await venue.ear.says("device/gate-2/facts", {"facts": facts})
        await until(lambda: isinstance(venue.gate.decide(), Denied))
        assert venue.gate.ledger.issuer(9) is None
        assert venue.gate.ledger.ticket(6) is None
        assert not venue.gate.ledger.history(7).uses
        assert [use.persons for use in venue.gate.ledger.history(ticket().id).uses] == [1]
    assert len([line for line in warnings(caplog) if "fact set aside" in line]) == 4


async def test_lanes_have_their_turn_while_a_long_message_is_read(tmp_path: Path) -> None:
    turns = 0
    read_in: Counter[int] = Counter()

    def facts() -> Iterator[Any]:
        for data in told_by("gate-2", *[TAKEN] * 50)["facts"]:
            read_in[turns] += 1
            yield data

    async with memory_in(tmp_path) as (ledger, outbox):
        reading = asyncio.ensure_future(Hearing(ledger, outbox).take_told(facts(), "gate-2"))
        while not reading.done():
            turns += 1
            await asyncio.sleep(0)
    assert max(read_in.values()) <= AT_ONCE


async def test_facts_are_sent_until_central_has_them(tmp_path: Path) -> None:
    """Also after the broker, and with it the first message, was lost."""
    port = free_port()
    topic = f"device/{DEVICE}/facts"
    async with mosquitto(tmp_path) as broker:
        pass
    async with gate_in(tmp_path / "gate", broker, port) as gate:
        for _ in range(2):
            async with mosquitto(tmp_path, broker.port), ear_on(broker) as ear:
                told = await gate.outbox.tell(TAKEN, NOON)
                facts = [fact_to_data(fact) for fact in gate.outbox.after(0)]
                heard: list[Any] = []
                while not heard or heard[-1]["number"] < told.number:
                    heard += (await ear.hears(topic))["facts"]
                assert [fact for fact in facts if fact in heard] == facts
                if told.number == 2:
                    await ear.says(f"device/{DEVICE}/ack", {"number": 2})
                    await until(lambda: gate.outbox.acknowledged == 2)
        assert gate.outbox.waiting == 0
    async with memory_in(tmp_path / "gate") as (_, outbox):
        assert outbox.acknowledged == 2


async def test_a_central_that_lost_facts_is_told_them_again(tmp_path: Path) -> None:
    """An ack that says so may be an old one that comes late: central itself is asked."""
    topic = f"device/{DEVICE}/facts"
    async with venue_in(tmp_path) as venue:
        outbox, central = venue.gate.outbox, venue.central
        for _ in range(3):
            await outbox.tell(TAKEN, NOON)
        await venue.ear.says(f"device/{DEVICE}/ack", {"number": 3, "epoch": 1})
        await until(lambda: outbox.acknowledged == 3)
        central.taken = 3
        asked = len(central.asked)
        await venue.ear.says(f"device/{DEVICE}/ack", {"number": 1, "epoch": 1})
        await until(lambda: len(central.asked) > asked)
        assert outbox.acknowledged == 3
        central.taken = 1
        await venue.ear.says(f"device/{DEVICE}/ack", {"number": 1, "epoch": 1})
        for _ in range(3):
            await venue.ear.hears(f"device/{DEVICE}/ack")
        again = (await venue.ear.hears(topic))["facts"]
        assert [fact["number"] for fact in again] == [2, 3]
        assert outbox.acknowledged == 1


async def test_what_another_central_says_counts_from_its_snapshot_on(tmp_path: Path) -> None:
    """Its database was put back: what it numbers now is not what the gate knows by that number."""
    async with venue_in(tmp_path) as venue:
        ledger, central = venue.gate.ledger, venue.central
        head = ledger.cursor
        told = [Fact("central", head + 1, NOON, TicketIssued(ticket(5)))]
        central.feed = [fact_to_data(fact) for fact in (*issued(), *told)]
        central.epoch = 2
        other = Fact("central", head + 1, NOON, TicketIssued(ticket(6)))
        batch = {"after": head, "entries": entries([fact_to_data(other)], head + 1)}
        await venue.ear.says("feed", batch | {"epoch": 3})
        await until(lambda: ledger.ticket(5) is not None and ledger.cursor == len(central.feed))
        assert ledger.ticket(6) is None
        assert central.asked.count("/v1/snapshot") == 2
        await until(lambda: venue.gate.outbox.epoch == 2)


async def test_somebody_else_in_this_gates_name_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with venue_in(tmp_path) as venue:
        own = f"device/{DEVICE}"
        await venue.gate.outbox.tell(TAKEN, NOON)
        await venue.ear.hears(f"{own}/facts")
        await venue.ear.says(f"{own}/facts", told_by(DEVICE, replace(TAKEN, lane="Elsewhere")))
        while not (await venue.ear.hears(f"{own}/status")).get("name_taken"):
            pass
    [error] = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert "a copy of its SD card?" in error


@pytest.mark.parametrize("at", ["1970-01-02T00:00:00+00:00", "2999-12-31T00:00:00+00:00"])
async def test_another_gate_with_a_wrong_clock_makes_nobody_doubt_theirs(
    tmp_path: Path, at: str
) -> None:
    async with venue_in(tmp_path) as venue:
        newest = venue.gate.ledger.newest
        [fact] = told_by("gate-2", TAKEN)["facts"]
        await venue.ear.says("device/gate-2/facts", {"facts": [fact | {"at": at}]})
        await until(lambda: isinstance(venue.gate.decide(), Denied))
        assert venue.gate.ledger.newest == newest


async def test_what_is_said_beside_what_is_known_here_is_ignored(tmp_path: Path) -> None:
    async with venue_in(tmp_path) as venue:
        head = venue.gate.ledger.cursor
        new = fact_to_data(Fact("central", head + 1, NOON, TicketIssued(ticket(5))))
        batch = {"after": head, "entries": entries([new | {"colour": "red"}], head + 1)}
        await venue.ear.says("feed", batch | {"newer": 1})
        await until(lambda: venue.gate.ledger.ticket(5) is not None)
        await venue.gate.outbox.tell(TAKEN, NOON)
        await venue.ear.says(f"device/{DEVICE}/ack", {"number": 1, "newer": [1]})
        await until(lambda: venue.gate.outbox.acknowledged == 1)


async def test_a_newer_program_reads_again_what_an_older_one_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coat = {"kind": "coat_hung", "device": "central", "number": 6, "at": NOON.isoformat()}
    central = PaperCentral([*(fact_to_data(fact) for fact in issued(ticket())), coat])
    async with venue_in(tmp_path, central) as venue:
        await venue.ear.says("feed", {"after": 10**6, "entries": []})
        assert central.asked.count("/v1/snapshot") == 1
    async with venue_in(tmp_path, central):
        assert central.asked.count("/v1/snapshot") == 1
    monkeypatch.setattr("gate.hearing.version", lambda: "99")
    async with venue_in(tmp_path, central):
        await until(lambda: central.asked.count("/v1/snapshot") == 2)


async def test_a_gate_that_was_away_for_a_month_takes_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gate.images.FAR_BEHIND", 100)
    central = PaperCentral([fact_to_data(fact) for fact in issued(ticket())])
    for away, snapshots in ((0, 1), (90, 1), (110, 2)):
        first = len(central.feed) + 1
        central.feed += [
            fact_to_data(Fact("central", n, NOON, TicketIssued(ticket(n))))
            for n in range(first, first + away)
        ]
        async with venue_in(tmp_path, central) as venue:
            await until(lambda: venue.gate.ledger.cursor == len(central.feed))
            assert venue.gate.ledger.ticket(first + away - 1) is not None or not away
            assert central.asked.count("/v1/snapshot") == snapshots


async def test_a_central_without_snapshots_has_its_feed_read_from_the_beginning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    central = PaperCentral([fact_to_data(fact) for fact in issued(ticket())])
    central.no_snapshots = True
    async with venue_in(tmp_path, central) as venue:
        assert isinstance(venue.gate.decide(), Granted)
        while not (status := await venue.ear.hears(f"device/{DEVICE}/status")).get("faults"):
            await venue.ear.says("feed", {"after": 10**6, "entries": []})
        assert "central's snapshot is no good: 507" in status["faults"][0]
    assert "central's snapshot is no good: 507" in caplog.text


def no_json() -> web.Response:
    return web.Response(text="<html>It works!</html>")


def no_page() -> web.Response:
    return web.json_response({"head": 9, "entries": 5})


def no_progress() -> web.Response:
    facts = [fact_to_data(fact) for fact in issued()]
    return web.json_response({"head": 9, "entries": entries(facts[:1])})


NONSENSE: dict[str, Callable[[], web.Response]] = {
    "(500,": lambda: web.Response(status=500),
    "(401,": lambda: web.Response(status=401),
    "not JSON": no_json,
    "expected a list": no_page,
    "none after": no_progress,
}
"""What the WARNING says → the answer that it is about."""


async def test_a_central_that_makes_no_sense_is_told_once_and_the_gate_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "wicket")

    async def endure(folder: Path, answer: Callable[[], web.Response]) -> None:
        folder.mkdir()
        async with venue_in(folder) as venue:
            central = venue.central
            central.answer = answer
            await venue.ear.says("feed", {"after": 10**6, "entries": []})
            asked = len(central.asked)
            await until(lambda: len(central.asked) >= asked + 3)
            assert isinstance(venue.gate.decide(), Granted)
            central.answer = None
            new = Fact("central", len(central.feed) + 1, NOON, TicketIssued(ticket(5)))
            central.feed.append(fact_to_data(new))
            await until(lambda: venue.gate.ledger.ticket(5) is not None)
            await until(lambda: caplog.text.count("central answers again") == len(NONSENSE))

    async with asyncio.TaskGroup() as group:
        for n, answer in enumerate(NONSENSE.values()):
            group.create_task(endure(tmp_path / str(n), answer))
    for said in NONSENSE:
        [warning] = [line for line in warnings(caplog) if said in line]
        assert "is [central] url and token right?" in warning
    assert len(warnings(caplog)) == len(NONSENSE)


@pytest.mark.parametrize("topic", ["feed", f"device/{DEVICE}/ack", "device/gate-2/facts"])
async def test_rubbish_on_the_bus_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    rubbish: list[Any] = [
        b"",
        b"\xff\xfe",
        b"[" * 50_000,
        None,
        [],
        {},
        {"facts": 5},
        {"number": 2**70},
        {"number": "1"},
        {"after": "0", "entries": []},
        {"after": 0, "entries": [{"n": 2**70, "fact": {}}]},
    ]
    async with venue_in(tmp_path) as venue:
        before = venue.gate.ledger.cursor
        for payload in rubbish:
            await venue.ear.says(topic, payload)
        await venue.ear.says("device/gate-2/facts", told_by("gate-2", TAKEN))
        await until(lambda: isinstance(venue.gate.decide(), Denied))
        assert (venue.gate.ledger.cursor, venue.gate.outbox.acknowledged) == (before, 0)
    aside = [line for line in warnings(caplog) if f"{topic}: message set aside" in line]
    assert len(aside) == len(rubbish)


@pytest.mark.parametrize(
    "unknown",
    [
        None,
        {"kind": "coat_hung", "device": "central", "number": 9, "at": NOON.isoformat()},
        fact_to_data(Fact("gate-2", 1, NOON, TAKEN)) | {"ticket": 2**64},
        fact_to_data(Fact("gate-2", 1, NOON, TAKEN)) | {"lane": "\ud800"},
    ],
)
async def test_an_unknown_kind_of_fact_is_set_aside_and_the_rest_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, unknown: Any
) -> None:
    async with venue_in(tmp_path) as venue:
        head = venue.gate.ledger.cursor
        good = fact_to_data(Fact("central", head + 2, NOON, TicketIssued(ticket(5))))
        venue.central.feed += [unknown, good, unknown]
        await venue.ear.says("feed", {"after": head + 3, "entries": []})
        await until(lambda: venue.gate.ledger.cursor == head + 3)
        assert venue.gate.ledger.ticket(5) is not None
    assert len([line for line in warnings(caplog) if "fact set aside" in line]) == 2


async def test_a_gate_that_starts_alone_catches_up_when_the_others_come(tmp_path: Path) -> None:
    port = free_port()
    async with mosquitto(tmp_path) as broker:
        pass
    async with memory_in(tmp_path / "gate") as (ledger, _):
        await ledger.fold(issued())
    async with gate_in(tmp_path / "gate", broker, port) as gate:
        await gate.outbox.tell(TAKEN, NOON)
        assert isinstance(gate.decide(), Denied)
        central = PaperCentral([fact_to_data(fact) for fact in issued(ticket(5))])
        async with mosquitto(tmp_path, broker.port), ear_on(broker) as ear, central.open_at(port):
            [fact] = (await ear.hears(f"device/{DEVICE}/facts"))["facts"]
            assert (fact["number"], fact["kind"]) == (1, "admitted")
            await until(lambda: gate.ledger.ticket(5) is not None)


async def test_the_bus_knows_whether_the_gate_is_there(tmp_path: Path) -> None:
    topic = f"device/{DEVICE}/status"
    port = free_port()
    async with mosquitto(tmp_path) as broker:
        async with ear_on(broker) as ear:
            async with gate_in(tmp_path / "gate", broker, port):
                status = await ear.hears(topic)
                assert (status["online"], status["cursor"], status["waiting"]) == (True, 0, 0)
            while (said := await ear.hears(topic))["online"]:
                pass
            assert said == {"online": False}
        async with ear_on(broker) as newcomer:
            assert await newcomer.hears(topic) == {"online": False}


async def test_gate_and_the_real_central_understand_each_other(tmp_path: Path) -> None:
    port = free_port()
    async with mosquitto(tmp_path) as broker, ear_on(broker) as ear:
        central = central_settings_in(
            tmp_path / "central", mqtt=broker, http=HttpSettings(port=port)
        )
        async with (
            running(serve(central, clock=Clock())),
            gate_in(tmp_path / "gate", broker, port) as gate,
        ):
            await gate.ledger.ready.wait()
            await ear.hears("feed")  # central is connected
            begun = gate.ledger.cursor
            assert gate.ledger.product(3) is not None
            await gate.outbox.tell(TAKEN, NOON)
            await until(lambda: gate.outbox.acknowledged == 1)
            while not (batch := await ear.hears("feed"))["entries"]:
                pass
            assert [entry["fact"]["kind"] for entry in batch["entries"]] == ["admitted"]
            await until(lambda: gate.ledger.cursor == begun + 1)
