"""config/ in a real broker: every topic and action tried with the certificates of a gate, a kiosk
and central. A refused publish looks well and a refused subscription is granted, so what counts is
what arrives."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiomqtt
import pytest
from support.access import (
    SITE,
    Broker,
    authority,
    client,
    heard_until,
    now,
    running_broker,
)
from support.listening import PATIENCE_S

from runtime.mqtt import BusSettings, try_broker
from runtime.tls import TlsSettings, client_context
from wicket.authority import Authority

DEVICES = ("gate-1", "gate-2", "kiosk-1", "central")
OF_A_DEVICE = ("facts", "status", "result", "ack", "command")
TOPICS = [
    f"wicket/1/{site}/{what}"
    for site in (SITE, "other")
    for what in (
        "feed",
        "alert",
        "anything",
        *(f"device/{device}/{topic}" for device in DEVICES for topic in OF_A_DEVICE),
        "device/gate-1/facts/more",
    )
] + [f"wicket/2/{SITE}/feed", "elsewhere", "$SYS/broker/version", "$CONTROL/dynamic-security/v1"]
FILTERS = [
    *TOPICS,
    "#",
    "+/#",
    "wicket/#",
    "$SYS/#",
    "$CONTROL/#",
    f"wicket/1/{SITE}/device/+/+",
    f"$share/central/wicket/1/{SITE}/device/+/facts",
    f"$share/central/wicket/1/{SITE}/device/+/command",
    "$share/central/#",
]
END = b"end"


def device(name: str, *what: str) -> set[str]:
    return {f"wicket/1/{SITE}/device/{name}/{topic}" for topic in what}


EVERYBODY = {f"wicket/1/{SITE}/feed", f"wicket/1/{SITE}/alert"}.union(
    *(device(name, "facts", "status") for name in DEVICES)
)
MAY_SAY = {
    "gate-1": device("gate-1", "facts", "status", "result"),
    "kiosk-1": device("kiosk-1", "facts", "status", "result"),
    "central": {f"wicket/1/{SITE}/feed", f"wicket/1/{SITE}/alert"}
    | device("central", "facts", "status", "result").union(
        *(device(name, "ack", "command") for name in DEVICES)
    ),
}
MAY_HEAR = {
    "gate-1": EVERYBODY | device("gate-1", "ack", "command"),
    "kiosk-1": EVERYBODY | device("kiosk-1", "ack", "command"),
    "central": EVERYBODY
    | device("central", "ack", "command").union(*(device(name, "result") for name in DEVICES)),
}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("authority") / "ca", *DEVICES)


@pytest.fixture
async def broker(tmp_path: Path, issuer: Authority) -> AsyncIterator[Broker]:
    async with running_broker(Broker(tmp_path, issuer)) as broker:
        yield broker


@pytest.mark.parametrize("name", MAY_SAY)
@pytest.mark.parametrize("retain", [False, True])
async def test_a_certificate_says_only_its_own(broker: Broker, name: str, retain: bool) -> None:
    own = min(MAY_SAY[name])
    async with client(broker.auditor) as auditor, client(broker.of(name)) as speaker:
        await auditor.subscribe([("#", 1), ("$SYS/#", 1), ("$CONTROL/#", 1)])
        for topic in TOPICS:
            await speaker.publish(topic, name, qos=1, retain=retain)
        await speaker.publish(own, END, qos=1)
        heard = await heard_until(auditor, END)
    assert sorted(topic for topic, said in heard if said == name.encode()) == sorted(MAY_SAY[name])
    async with client(broker.auditor) as newcomer:
        await newcomer.subscribe([("#", 1), ("$SYS/#", 1), ("$CONTROL/#", 1)])
        await newcomer.publish("elsewhere", END, qos=1)
        kept = [topic for topic, said in await heard_until(newcomer, END) if said == name.encode()]
    assert sorted(kept) == (sorted(MAY_SAY[name]) if retain else [])


@pytest.mark.parametrize("name", MAY_HEAR)
async def test_a_certificate_hears_only_what_is_for_it(broker: Broker, name: str) -> None:
    async with client(broker.auditor) as auditor, client(broker.of(name)) as listener:
        for topic in TOPICS:
            await auditor.publish(topic, b"kept", qos=1, retain=True)
        for topic in FILTERS:
            await listener.subscribe(topic, qos=1)
        for topic in TOPICS:
            await auditor.publish(topic, b"said", qos=1)
        await auditor.publish(f"wicket/1/{SITE}/feed", END, qos=1)
        heard = await heard_until(listener, END)
    for payload in (b"kept", b"said"):
        assert {topic for topic, said in heard if said == payload} == MAY_HEAR[name]
    assert {topic for topic, _ in heard} == MAY_HEAR[name]


async def test_nobody_vanishes_with_a_last_will_for_another(broker: Broker) -> None:
    """Written by hand, for a client that ends without a goodbye."""
    async with client(broker.auditor) as auditor:
        await auditor.subscribe("#", qos=1)
        for topic in sorted(device("gate-2", *OF_A_DEVICE) | device("gate-1", "facts")):
            await connect_and_vanish(broker.of("gate-1"), topic)
        heard = await heard_until(auditor, f"wicket/1/{SITE}/device/gate-1/facts".encode())
    assert heard == []


async def connect_and_vanish(settings: BusSettings, topic: str) -> None:
    """A last will with the topic as its text, for all that are not refused because of it."""
    assert settings.tls

    def text(data: str) -> bytes:
        return len(data).to_bytes(2) + data.encode()

    will_flag_at_qos_1, keepalive = 0x0E, b"\0\x3c"
    body = text("MQTT") + bytes([4, will_flag_at_qos_1]) + keepalive
    body += text("gate-1") + text(topic) + text(topic)
    reader, writer = await asyncio.open_connection(
        settings.host, settings.port, ssl=client_context(settings.tls)
    )
    writer.write(bytes([0x10, len(body)]) + body)
    connack = await reader.read(4)
    assert connack in (b"\x20\x02\0\0", b"\x20\x02\0\x05")
    writer.transport.abort()


async def test_nobody_pushes_another_out_by_its_client_id(broker: Broker) -> None:
    async with client(broker.of("gate-1"), "gate-1") as victim:
        await victim.subscribe(f"wicket/1/{SITE}/feed", qos=1)
        async with (
            client(broker.of("gate-2"), "gate-1"),
            client(broker.of("central"), "gate-1") as central,
        ):
            await central.publish(f"wicket/1/{SITE}/feed", END, qos=1)
            assert await heard_until(victim, END) == []


async def refused(settings: BusSettings, why: str) -> None:
    with pytest.raises(ConnectionError, match=why):
        await try_broker(settings, PATIENCE_S)
    with pytest.raises(aiomqtt.MqttError):
        async with client(settings, patience_s=1):
            pass


async def test_those_who_are_known_are_let_in(broker: Broker) -> None:
    for name in DEVICES:
        await try_broker(broker.of(name), PATIENCE_S)


async def test_another_authority_is_a_stranger(broker: Broker, tmp_path: Path) -> None:
    foreign = authority(tmp_path / "foreign", "gate-1")
    await refused(broker.of("gate-1", foreign), "unknown ca")


async def test_a_self_signed_certificate_is_a_strangers(broker: Broker, tmp_path: Path) -> None:
    """An authority's own certificate is one."""
    foreign = Authority.begin(tmp_path / "foreign", "gate-1", now()).folder
    ours = broker.authority.folder / "ca.pem"
    tls = TlsSettings(ours, foreign / "ca.pem", foreign / "ca_key.pem")
    await refused(BusSettings(port=broker.tls_port, tls=tls), "unknown ca")


@pytest.mark.parametrize(
    ("days", "why"), [(-3, "certificate expired"), (3, "bad certificate|not yet valid")]
)
async def test_a_certificate_is_good_for_its_time_only(tmp_path: Path, days: int, why: str) -> None:
    made = authority(tmp_path / "ca")
    made.issue("gate-1", [], 1, now() + timedelta(days=days))
    async with running_broker(Broker(tmp_path / "etc", made)) as broker:
        await refused(broker.of("gate-1"), why)


async def test_a_servers_certificate_is_no_devices(broker: Broker) -> None:
    await refused(broker.of("broker"), "unsupported certificate")


async def test_a_devices_certificate_is_no_brokers(tmp_path: Path, issuer: Authority) -> None:
    """Else a stolen gate could pose as the broker."""
    false = Broker(tmp_path, issuer)
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / "wicket" / name).write_bytes((issuer.folder / "gate-2" / name).read_bytes())
    async with running_broker(false):
        await refused(false.of("gate-1"), "certificate verify failed")


async def test_without_a_certificate_nobody_is_let_in(broker: Broker) -> None:
    bare = ssl.create_default_context(cafile=broker.authority.folder / "ca.pem")
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.tls_port, ssl=bare)
    with pytest.raises(ssl.SSLError, match="certificate required"):
        await reader.read()
    writer.transport.abort()


async def test_without_tls_nobody_is_let_in(broker: Broker) -> None:
    with pytest.raises(ConnectionError):
        await try_broker(BusSettings(port=broker.tls_port, username="gate-1"), 1)


async def test_old_tls_is_not_spoken(broker: Broker) -> None:
    tls = broker.of("gate-1").tls
    assert tls
    context = client_context(tls)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="protocol version"):
        await asyncio.open_connection("127.0.0.1", broker.tls_port, ssl=context)


@pytest.mark.parametrize(("name", "password"), [(None, None), ("auditor", "wrong")])
async def test_the_plain_door_wants_a_password(
    broker: Broker, name: str | None, password: str | None
) -> None:
    settings = BusSettings(port=broker.plain_port, username=name, password=password)
    await refused(settings, "Not authorized")
