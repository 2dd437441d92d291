"""config/mosquitto.conf and config/acl in a real broker: a device speaks only for itself."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

CONFIG = Path(__file__).parent.parent / "config"
PREFIX = "wicket/1/sample/"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("broker")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    conf = (CONFIG / "mosquitto.conf").read_text()
    conf = conf.replace("\nlistener 1883 127.0.0.1\n", f"\nlistener {port} 127.0.0.1\n")
    conf = conf.replace("/etc/mosquitto/", f"{folder}/")
    (folder / "wicket.conf").write_text(f"{conf}\nlog_dest stderr\nuser root\n")
    shutil.copy(CONFIG / "acl", folder / "wicket.acl")
    passwords = folder / "wicket.passwd"
    passwords.touch(mode=0o600)
    for name in ("central", "gate-1", "gate-2", "kiosk-1"):
        subprocess.run(["mosquitto_passwd", "-b", passwords, name, f"pw-{name}"], check=True)
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "Debian's package mosquitto is missing"
    command = [program, "-c", str(folder / "wicket.conf")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as broker:
        assert broker.stderr
        assert any(line.rstrip().endswith("running") for line in broker.stderr)
        yield port
        broker.terminate()


def connect(port: int, name: str) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, username=name, password=f"pw-{name}", identifier=name)


@pytest.mark.parametrize(
    ("writer", "topic", "reader", "passes"),
    [
        ("central", "feed", "gate-1", True),
        ("central", "feed", "kiosk-1", True),
        ("central", "device/gate-1/ack", "gate-1", True),
        ("central", "device/gate-1/command", "gate-1", True),
        ("gate-1", "device/gate-1/facts", "central", True),
        ("gate-1", "device/gate-1/facts", "gate-2", True),
        ("gate-1", "device/gate-1/status", "central", True),
        ("kiosk-1", "device/kiosk-1/result", "central", True),
        ("gate-1", "device/gate-2/facts", "central", False),
        ("gate-1", "device/gate-2/status", "central", False),
        ("gate-1", "device/gate-2/result", "central", False),
        ("gate-1", "feed", "gate-2", False),
        ("gate-1", "device/gate-2/ack", "gate-2", False),
        ("gate-1", "device/gate-2/command", "gate-2", False),
        ("gate-1", "device/gate-1/status", "gate-2", False),
        ("central", "device/gate-1/ack", "gate-2", False),
        ("central", "device/gate-1/command", "gate-2", False),
    ],
)
async def test_who_may_say_what_to_whom(
    port: int, writer: str, topic: str, reader: str, passes: bool
) -> None:
    """The broker keeps the order of one writer, so what is not there before "end" never comes."""
    open_topic = "feed" if writer == "central" else f"device/{writer}/facts"
    heard = []
    async with connect(port, reader) as hearing, connect(port, writer) as saying:
        await hearing.subscribe([(PREFIX + topic, 1), (PREFIX + open_topic, 1)])
        await saying.publish(PREFIX + topic, "said", qos=1)
        await saying.publish(PREFIX + open_topic, "end", qos=1)
        async with asyncio.timeout(10):
            async for message in hearing.messages:
                heard.append(message.payload)
                if message.payload == b"end":
                    break
    assert heard == ([b"said", b"end"] if passes else [b"end"])


@pytest.mark.parametrize(("name", "password"), [(None, None), ("gate-1", "pw-gate-2")])
async def test_strangers_stay_outside(port: int, name: str | None, password: str | None) -> None:
    with pytest.raises(aiomqtt.MqttError, match="Not authorized"):
        async with aiomqtt.Client("127.0.0.1", port, username=name, password=password):
            pass
