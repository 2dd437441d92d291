"""docs/asyncapi.yaml and what is really said: its examples are replayed on a real broker, to a real
central and a real gate, and whatever passes there is as it says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml  # type: ignore[import-untyped]
from support.broker import free_port, mosquitto
from support.bus import running
from support.central import BEGUN, DEVICES, Clock
from support.central import settings_in as central_in
from support.gate import gate_in, memory_in
from support.gate import settings_in as gate_settings
from support.listening import until

from central.http.api import Api
from central.service import do_duty, listening, opened
from central.settings import DeviceKind, DeviceSettings, HttpSettings
from central.sync import feed, quarantine
from gate.commands import obedience
from gate.health import health_of
from gate.hearing import Entry, Hearing
from gate.settings import CentralSettings
from gate.sync import keep_in_step
from runtime.bus import Message
from runtime.commands import result_from_data
from runtime.mqtt import Bus
from runtime.wire import KINDS, decode, encode

DOCUMENT = yaml.safe_load(Path(__file__).parents[2].joinpath("docs/asyncapi.yaml").read_text())
CHANNELS = DOCUMENT["channels"]
MESSAGES = DOCUMENT["components"]["messages"]
OTHER = DeviceSettings("gate-2-gate-2-gate-2-gate-2", DeviceKind.GATE)


def examples(name: str) -> list[Any]:
    return [one["payload"] for one in MESSAGES[name].get("examples", [])]


def follows(payload: Any, *names: str) -> bool:
    """Whether it is one of the messages with these names."""
    any_of = [MESSAGES[name]["payload"] for name in names]
    schema = {"anyOf": any_of, "components": DOCUMENT["components"]}
    return jsonschema_rs.is_valid(schema, payload)


def names_on(topic: str) -> list[str]:
    """The messages that may stand on the topic."""
    for channel in CHANNELS.values():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", channel["address"]), topic):
            return list(channel["messages"])
    raise AssertionError(f"{topic} is no channel")


def all_examples() -> Iterator[Any]:
    for name in MESSAGES:
        for number, payload in enumerate(examples(name)):
            yield pytest.param(name, payload, id=f"{name} {number}")


@pytest.mark.parametrize(("name", "payload"), all_examples())
def test_an_example_is_as_its_own_schema_says(name: str, payload: Any) -> None:
    assert follows(payload, name)
    for field in payload:
        assert not follows(payload | {field: {"non": ["sense"]}}, name), field


def test_every_message_and_every_kind_of_fact_has_an_example() -> None:
    assert [name for name in MESSAGES if not examples(name)] == []
    told = [fact for payload in examples("facts") for fact in payload["facts"]]
    fed = [entry["fact"] for payload in examples("batch") for entry in payload["entries"]]
    assert {fact["kind"] for fact in told + fed} == set(KINDS)


@dataclass
class Venue:
    api: Api
    bus: Bus
    heard: list[Message]

    def on(self, topic: str) -> list[Any]:
        """What was heard on the topic so far."""
        ending = f"/{topic}"
        return [decode(m.payload) for m in self.heard if m.topic.endswith(ending)]


@asynccontextmanager
async def venue_in(folder: Path) -> AsyncIterator[Venue]:
    """Central and gate-2 at work and connected, and somebody who hears all and may say anything."""
    port, heard = free_port(), list[Message]()
    async with mosquitto(folder) as broker:
        changes = {"devices": DEVICES | {"gate-2": OTHER}, "http": HttpSettings(port=port)}
        settings = central_in(folder / "central", mqtt=broker, **changes)
        central = CentralSettings(f"http://127.0.0.1:{port}", OTHER.token)
        own = replace(gate_settings(folder / "gate", mqtt=broker, central=central), device="gate-2")
        ear = Bus(broker, "ear", ("wicket/#",))
        async with (
            opened(settings, Clock()) as api,
            listening(api),
            gate_in(own) as rig,
            running(ear.run(), _keep(ear, heard)),
        ):
            gate = rig.gate
            told, obeys = partial(health_of, gate), obedience(gate)
            await until(lambda: ear.online)
            step = keep_in_step(own, gate.ledger, gate.outbox, gate.trust, told, obedience=obeys)
            async with running(do_duty(api), step):
                venue = Venue(api, ear, heard)
                await until(lambda: gate.ledger.cursor >= BEGUN)
                await until(lambda: bool(venue.on("feed") and venue.on("device/gate-2/status")))
                yield venue


async def _keep(ear: Bus, heard: list[Message]) -> None:
    async for item in ear.messages():
        if isinstance(item, Message):
            heard.append(item)  # noqa: PERF401 - it is looked at meanwhile


async def test_examples_of_facts_are_taken_acknowledged_and_fed_on(tmp_path: Path) -> None:
    told = sorted(
        (fact for payload in examples("facts") for fact in payload["facts"]),
        key=lambda fact: (fact["device"], fact["number"]),
    )
    devices = {fact["device"] for fact in told}
    async with venue_in(tmp_path) as venue:
        for device in devices:
            await tell(venue, device, [fact for fact in told if fact["device"] == device])
        assert await venue.api.database.read(quarantine.listed) == []
        await until(lambda: len(fed_by(venue, devices)) == len(told))
        assert sorted(fed_by(venue, devices), key=str) == sorted(told, key=str)
        await until(lambda: venue.on("device/gate-2/status") != [])
        for message in venue.heard:
            assert follows(decode(message.payload), *names_on(message.topic)), message


async def tell(venue: Venue, device: str, facts: list[Any]) -> None:
    """As if the device had told everything before them already; returns when central has them."""
    take_up = partial(feed.take_up_to, device=device, number=facts[0]["number"] - 1)
    await venue.api.database.write(take_up)
    topic = f"wicket/1/sample/device/{device}/facts"
    assert await venue.bus.publish(topic, encode({"facts": facts}))
    ack = f"device/{device}/ack"
    await until(lambda: facts[-1]["number"] in [said["number"] for said in venue.on(ack)])


def fed_by(venue: Venue, devices: set[str]) -> list[Any]:
    entries = [entry for batch in venue.on("feed") for entry in batch["entries"]]
    return [entry["fact"] for entry in entries if entry["fact"]["device"] in devices]


async def test_examples_of_commands_are_answered_one_by_one(tmp_path: Path) -> None:
    """They have expired long since: each is refused, and well understood."""
    topic = "wicket/1/sample/device/gate-2/command"
    async with venue_in(tmp_path) as venue:
        for payload in examples("command"):
            assert await venue.bus.publish(topic, encode(payload))
        asked = [payload["id"] for payload in examples("command")]
        await until(lambda: len(venue.on("device/gate-2/result")) == len(asked))
        told = venue.on("device/gate-2/result")
        assert [one["id"] for one in told] == asked
        assert all(one["said"].endswith("s too late") for one in told)
        assert all(follows(one, "result") for one in told)
    for payload in examples("result"):
        assert result_from_data(payload).id == payload["id"]


async def test_examples_of_the_feed_are_folded_by_a_gate(tmp_path: Path) -> None:
    async with memory_in(tmp_path) as (ledger, outbox):
        hearing = Hearing(ledger, outbox)
        for payload in examples("batch"):
            await hearing.take_feed([Entry(**entry) for entry in payload["entries"]])
            assert ledger.cursor == payload["entries"][-1]["n"]
        assert hearing.set_aside == 0
