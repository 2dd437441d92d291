"""Two sites and one centre, each with its own broker and authority, as config/ sets them up."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.access import Broker, authority, running_broker
from support.bus import running
from support.cable import Cable, cable
from support.listening import Heard, listening

from runtime.mqtt import Bus, Connected, Message

NORTH, SOUTH = "north", "south"


@dataclass
class Venue:
    """`auditors` and `ears` say and hear everything at the centre and at each site; `cable` leads
    from north to the centre."""

    centre: Broker
    cable: Cable
    auditors: dict[str, Bus]
    ears: dict[str, Heard[Connected | Message]]
    known: dict[str, set[Message]] = field(default_factory=lambda: defaultdict(set))

    async def says(self, at: str, topic: str, text: str, *, retain: bool = False) -> None:
        assert await self.auditors[at].publish(topic, text.encode(), retain=retain)

    async def hears(self, at: str, topic: str, text: str) -> None:
        """That, and nothing else new before it."""
        wanted = Message(topic, text.encode())
        self.known[at].add(wanted)
        while (item := await self.ears[at].next()) != wanted:
            assert self.is_old(at, item), item

    def nothing_new(self) -> bool:
        return all(
            self.is_old(at, ear.queue.get_nowait())
            for at, ear in self.ears.items()
            for _ in range(ear.queue.qsize())
        )

    def is_old(self, at: str, item: object) -> bool:
        """At QoS 1 a message may come twice, a retained one with every connection."""
        return isinstance(item, Connected) or item in self.known[at]


def site_broker(folder: Path, site: str, centre: Broker, port: int) -> Broker:
    """With its bridge to the centre, which it reaches at `port`."""
    broker = Broker(folder / site, authority(folder / f"{site}-ca"))
    shutil.copytree(centre.authority.folder / site, broker.folder / "wicket-centre")
    broker.add(
        "mosquitto-bridge.conf",
        ("10.8.0.1:8883", f"127.0.0.1:{port}"),
        ("wicket/1/sample/", f"wicket/1/{site}/"),
    )
    return broker


@asynccontextmanager
async def listened(broker: Broker) -> AsyncIterator[tuple[Bus, Heard[Connected | Message]]]:
    bus = Bus(broker.auditor, "auditor", ("wicket/#",))
    async with listening(bus.messages()) as ear, running(bus.run()):
        assert await ear.next() == Connected()
        yield bus, ear


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[Venue]:
    centre = Broker(tmp_path / "centre", authority(tmp_path / "ca", NORTH, SOUTH), acl="acl-centre")
    async with (
        running_broker(centre),
        cable(centre.tls_port) as to_centre,
        running_broker(site_broker(tmp_path, NORTH, centre, to_centre.port)) as north,
        running_broker(site_broker(tmp_path, SOUTH, centre, centre.tls_port)) as south,
        listened(centre) as of_centre,
        listened(north) as of_north,
        listened(south) as of_south,
    ):
        heard = {"centre": of_centre, NORTH: of_north, SOUTH: of_south}
        buses = {name: bus for name, (bus, _) in heard.items()}
        ears = {name: ear for name, (_, ear) in heard.items()}
        venue = Venue(centre, to_centre, buses, ears)
        for site in (NORTH, SOUTH):
            await bridged(venue, site)
        yield venue


async def bridged(venue: Venue, site: str) -> None:
    """Both ways of the bridge carry. A retained status gets across when the bridge comes."""
    status, feed = f"wicket/1/{site}/device/gate-1/status", f"wicket/1/{site}/feed"
    await venue.says(site, status, "there", retain=True)
    await venue.hears(site, status, "there")
    await venue.hears("centre", status, "there")
    await venue.says("centre", feed, "begin")
    await venue.hears("centre", feed, "begin")
    await venue.hears(site, feed, "begin")


async def test_a_site_and_the_centre_hear_each_other_and_nobody_else(venue: Venue) -> None:
    for site in (NORTH, SOUTH):
        for topic in ("facts", "status", "result"):
            said = f"wicket/1/{site}/device/gate-1/{topic}", topic
            await venue.says(site, *said)
            await venue.hears(site, *said)
            await venue.hears("centre", *said)
        for topic in ("feed", "alert", "device/gate-1/ack", "device/gate-1/command"):
            said = f"wicket/1/{site}/{topic}", topic
            await venue.says("centre", *said)
            await venue.hears("centre", *said)
            await venue.hears(site, *said)
    assert venue.nothing_new()


async def test_a_site_cannot_speak_or_listen_for_another(venue: Venue) -> None:
    """Not even with a bridge that is set up to."""
    venue.cable.cut()  # of two with one certificate, who comes later pushes the other out
    greedy = Bus(venue.centre.of(NORTH), "greedy", ("#", f"wicket/1/{SOUTH}/feed"))
    async with listening(greedy.messages()) as ear, running(greedy.run()):
        assert await ear.next() == Connected()
        await greedy.publish(f"wicket/1/{SOUTH}/device/gate-1/facts", b"forged")
        await greedy.publish(f"wicket/1/{NORTH}/feed", b"forged")
        await venue.says(SOUTH, f"wicket/1/{SOUTH}/device/gate-1/facts", "secret")
        await venue.hears("centre", f"wicket/1/{SOUTH}/device/gate-1/facts", "secret")
        await venue.says("centre", f"wicket/1/{SOUTH}/feed", "secret")
        await venue.hears("centre", f"wicket/1/{SOUTH}/feed", "secret")
        await venue.says("centre", f"wicket/1/{NORTH}/feed", "end")
        assert await ear.next() == Message(f"wicket/1/{NORTH}/feed", b"end")


async def test_what_is_said_during_a_cut_gets_across_after_it(venue: Venue) -> None:
    facts, feed = f"wicket/1/{NORTH}/device/gate-1/facts", f"wicket/1/{NORTH}/feed"
    venue.cable.cut()
    for text in ("one", "two"):
        await venue.says(NORTH, facts, text)
        await venue.hears(NORTH, facts, text)
        await venue.says("centre", feed, text)
        await venue.hears("centre", feed, text)
    await venue.cable.mend()
    for text in ("one", "two"):
        await venue.hears("centre", facts, text)
        await venue.hears(NORTH, feed, text)
    assert venue.nothing_new()
